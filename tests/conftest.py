"""What every test lives in: folders of its own for settings and records, and none of the person's addresses or keys.

Downloaded models are shared with the person: they are large, and known by their hash.
"""

import os
import signal

import pytest
from hypothesis import HealthCheck, settings

from parley_providers.models.store import default_root
from support.local_models import small_model, tiny_model

__all__ = ["interruptible", "own_folders", "small_model", "tiny_model"]

# How long an example takes, or making it, says something about the machine only: it fails no test.
settings.register_profile("parley", settings(deadline=None, suppress_health_check=[HealthCheck.too_slow]))
settings.load_profile("parley")

_OUTSIDE = ("OLLAMA_HOST", "ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY")


@pytest.fixture(scope="session", autouse=True)
def interruptible():
    """Processes that tests start can be interrupted, also where a shell in the background made them deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session", autouse=True)
def own_folders(tmp_path_factory):
    """No test reads or writes the settings, records or events of the person who runs it."""
    folder = tmp_path_factory.mktemp("person")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PARLEY_MODELS_DIR", str(default_root()))
        environment.setenv("PARLEY_DATA_DIR", str(folder / "data"))
        environment.setenv("PARLEY_CONFIG", str(folder / "config.yaml"))
        for name in (*_OUTSIDE, *(name for name in os.environ if name.startswith("PARLEY_OLLAMA"))):
            environment.delenv(name, raising=False)
        yield
