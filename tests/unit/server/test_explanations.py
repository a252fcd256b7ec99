"""Files of explanations and changes: one folder for one connection, gone with it."""

import threading

import pytest

from parley_server.lsp.explanations import Explanations


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The system's folder for what is temporary."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_nothing_is_left_of_what_is_written_after_the_end(temporary):
    """As by a thread that was about to write when the editor was closed."""
    explanations = Explanations()
    explanations.write("explanation", "one", "before")
    explanations.close()
    with pytest.raises(RuntimeError):
        explanations.write("explanation", "two", "after")
    assert list(temporary.iterdir()) == []


def test_those_who_write_at_the_same_time_share_the_folder(temporary):
    """One that nobody knew of would stay."""
    explanations, together = Explanations(), threading.Barrier(8)

    def write(number):
        together.wait()
        explanations.write("change", str(number), "diff")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(temporary.iterdir())) == 1
    explanations.close()
    assert list(temporary.iterdir()) == []
