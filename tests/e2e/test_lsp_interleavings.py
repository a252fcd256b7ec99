"""Whatever happens in whatever order: no document differs from what the editor shows, and nothing hangs.

`tests/benchmarks/bench_lsp_faults.py` runs thousands of these.
"""

import json

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from support.interleavings import SCRIPT, Interleavings, Session
from support.raw_server import raw_server


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
                suppress_health_check=list(HealthCheck),
            ),
        )
        assert session.applied > 0
