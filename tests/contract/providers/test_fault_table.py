"""What the chain does with every fault that a real Ollama was recorded with, and the table of all faults, published."""

import json
import re
from collections import Counter
from dataclasses import replace

import pytest

from parley_providers.breaker import BreakerStatus
from support.fault_table import DOCUMENT, RECORDED, Handling, document, faulty_recordings, handled_recording
from support.replay import OLLAMA

EXPECTED = json.loads((OLLAMA.parent / "ollama.expected.json").read_text())
# What each asks for, or came of it, is at fault: nobody else would fare better, and no server is blamed.
AT_FAULT = {
    *("bad_keep_alive", "bad_model_name", "bad_option_type", "chat_format_bad", "chat_format_bad_value"),
    *("chat_image_unsupported", "chat_think_unsupported", "chat_tools_unsupported"),
    *("shape_tool_call_bad_arguments", "shape_tool_call_cut"),
}
# Another may have the model, or more room; the server is well.
NOT_HERE = {"chat_no_such_model", "chat_truncated_gguf", "chat_overflow_history_refused", "chat_overflow_one_message"}
# Asked three times: nothing was shown yet.
DOWN = {"busy", "fault_server_gone"}
# Asked three times, and what was shown is void each time.
BROKEN = {
    *("fault_runner_killed", "fault_server_killed", "shape_error_line", "shape_no_done", "shape_no_done_nonstream"),
}


def _expected(name: str) -> Handling:
    error = EXPECTED[name]["error"]["message"]
    told = {"answer": None, "error": error, "status": BreakerStatus.CLOSED, "asked": 1, "restarts": 0, "went_on": True}
    if name in AT_FAULT:
        told |= {"went_on": False}
    elif name in DOWN:
        told |= {"asked": 3, "status": BreakerStatus.OPEN}
    elif name in BROKEN:
        told |= {"asked": 3, "restarts": 3, "status": BreakerStatus.OPEN}
    elif name == "bad_origin":
        told |= {"status": BreakerStatus.DISABLED}
    elif name == "chat_overflow_history":  # it was cut in silence, which shows at the end only
        told |= {"restarts": 1}
    else:
        assert name in NOT_HERE
    return Handling(**told)


def test_every_recorded_fault_of_a_chat_is_in_the_table():
    """Those whose request is none of ours, as a wrong path or an empty body, cannot come from a chain."""
    recorded = {name for name, told in EXPECTED.items() if isinstance(told, dict) and "error" in told}
    assert recorded - set(RECORDED) == {
        *("bad_empty_body", "bad_host", "bad_json", "bad_method", "bad_no_model", "show_missing"),
    }
    assert Counter(RECORDED.values()).most_common(1)[0][1] == 1


@pytest.mark.parametrize("recording", faulty_recordings(), ids=lambda recording: recording.name)
async def test_a_recorded_fault_is_told_and_handled_as_what_it_is(recording):
    """The person reads the sentence; the chain asks again, goes on, or stops; the breaker blames who is to blame."""
    handling = await handled_recording(recording)
    said = re.sub(r"http://127\.0\.0\.1:\d{2,}", "http://SERVER", handling.error)
    assert replace(handling, error=said) == _expected(recording.name)


async def test_the_published_table_is_what_happens():
    """Each line, done again. In the folder tests: python -m support.fault_table makes it."""
    assert await document() == DOCUMENT.read_text(encoding="utf-8")
