"""The room that a model leaves, and what a person is told who needs more."""

import pytest

from parley_agent.refactor.context import Room
from parley_providers.provider import ModelFacts


@pytest.mark.parametrize(
    ("most", "setting", "larger"),
    [
        (32768, "embedded.context", " set embedded.context higher (this model takes up to 32,768),"),
        (None, "ollama.context", " set ollama.context higher,"),
        (8192, "embedded.context", ""),
        (32768, None, ""),
    ],
    ids=["can be larger", "may be larger", "is as large as it can be", "is its provider's to say"],
)
def test_the_ways_out_of_a_window_that_is_too_small_are_those_there_are(most, setting, larger):
    """The setting is named only where it can help."""
    facts = ModelFacts(name="m", provider="p", window_tokens=8192, max_window_tokens=most, window_setting=setting)
    assert Room.of(facts, hides_secrets=True).too_small(9000, select="fewer lines") == (
        "question and answer need about 9,000 tokens, and its window has 8,192. "
        f"Select fewer lines,{larger} or use a model with a larger window."
    )


def test_an_unknown_window_is_taken_for_a_small_one():
    """What a local server is started with when nobody says otherwise."""
    assert Room.of(ModelFacts(name="m", provider="p"), hides_secrets=False) == Room(
        window_tokens=4096, hides_secrets=False
    )
