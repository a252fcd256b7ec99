"""Random and malformed messages by a seed; `tests/benchmarks/bench_lsp_faults.py` sends a hundred thousand."""

import random

import pytest

from support.fuzzing import fuzz
from support.raw_server import raw_server


def test_each_random_message_is_answered_or_ignored_as_the_specification_says(tmp_path):
    """Every request once, what is no message by an error without an id, notifications and responses never."""
    with raw_server(tmp_path) as server:
        server.initialize()
        assert fuzz(server, random.Random(4), 3_000) == {}
        assert b"Traceback" not in b"".join(server.errors)


@pytest.mark.parametrize("request_id", [{}, [], None, 1.5, True])
def test_a_cancel_of_no_id_stops_nothing(tmp_path, request_id):
    """The request that follows is answered."""
    with raw_server(tmp_path) as server:
        server.initialize()
        server.tell("$/cancelRequest", {"id": request_id})
        assert server.ask("no/such")["error"]["code"] == -32601


def test_half_a_character_reaches_the_log_without_a_stack_trace(tmp_path):
    """JSON may hold it, UTF-8 may not."""
    log = tmp_path / "log"
    with raw_server(tmp_path, "--log-file", str(log)) as server:
        server.initialize()
        server.tell("$/cancelRequest", {"id": "\ud800"})
        assert server.ask("no/such")["error"]["code"] == -32601
    assert "\\ud800" in log.read_text()
    assert server.errors == []
