"""The log holds no key and is its owner's alone, whatever is logged and whatever was there."""

import logging
import stat

import pytest

from parley_server.lsp.log_file import LogFile

KEY = "ghp_" + "0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX"


@pytest.fixture
def logged(tmp_path):
    """Logs one error, with the exception that it is about; the log's path and text."""

    def log(message, *arguments, error=None):
        path = tmp_path / "parley.log"
        handler = LogFile(path)
        about = None if error is None else (type(error), error, error.__traceback__)
        handler.emit(logging.LogRecord("test", logging.ERROR, "", 0, message, arguments, about))
        handler.close()
        return path, path.read_text(encoding="utf-8")

    return log


@pytest.mark.parametrize(
    ("message", "arguments", "error"),
    [
        (f"no answer with {KEY}", (), None),
        ("no answer with %s", (KEY,), None),
        ("no answer", (), RuntimeError(f"refused: {KEY}")),
    ],
)
def test_a_key_is_hidden_wherever_it_stands(logged, message, arguments, error):
    """In the words, in what is put into them, and in the stack trace."""
    _, text = logged(message, *arguments, error=error)
    assert "no answer" in text
    assert KEY not in text


def test_a_log_that_others_could_read_becomes_private(logged, tmp_path):
    """What was written before is as much its owner's as what follows."""
    (tmp_path / "parley.log").touch()
    (tmp_path / "parley.log").chmod(0o644)
    path, _ = logged("hello")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
