"""Whatever happens in whatever order: no document differs from what the editor shows, and nothing hangs.

`tests/benchmarks/bench_lsp_faults.py` runs thousands of these.
"""

import json

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from support.interleavings import SCRIPT, Interleavings, Session
from support.raw_server import WITHIN_S, raw_server


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_random_interleavings_leave_every_document_as_the_editor_shows_it(tmp_path, encoding):
    """Edits are exact and for the version shown, requests end once, and both sides hold the same texts."""
    (tmp_path / "script.jsonl").write_text("".join(json.dumps(each) + "\n" for each in SCRIPT))
    with raw_server(tmp_path) as server:
        session = Session(server, encoding)
        machine = type("Interleaved", (Interleavings,), {"session": session})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=12,
                stateful_step_count=15,
                deadline=None,
                database=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            ),
        )
        assert session.interleavings >= 12
        assert _applied_at_last(session) == 1


def _applied_at_last(session):
    """How many edits land where nothing comes between: one, or the judge of edits judged none."""
    before = session.applied
    session.open("file:///nowhere/last.py")
    session.refactor("file:///nowhere/last.py", task="rename")
    while not session.asked_edits:
        assert session.hear(wait_s=WITHIN_S)
    session.apply(session.asked_edits.pop())
    session.check("file:///nowhere/last.py")
    return session.applied - before
