"""Sends random messages to a server process and judges every answer. What the messages are belongs to `fuzz`."""

from __future__ import annotations

from collections import Counter
from itertools import islice

from support.fuzz import messages


def fuzz(server, random, count, *, batch=500, after_batch=lambda sent: None):
    """Send `count` messages; the ids that were answered too often or not at all, each with how often.

    `after_batch` is called with how many were sent so far, once the server has read all those.
    """
    expected, seen, sent_so_far = Counter(), Counter(), 0
    stream = messages(random, count)
    while sent := list(islice(stream, batch)):
        for each in sent:
            server.write(each.data)
        expected.update(each.answered_by for each in sent if each.answered_by is not None)
        sent_so_far += len(sent)
        _hear(server, seen, f"batch-{sent_so_far}")
        after_batch(sent_so_far)
    # Some answers are made in threads of their own: whoever is asked last in each answers last.
    for method, params in _LAST.items():
        server.send({"jsonrpc": "2.0", "id": method, "method": method, "params": params})
        expected[method] = 1
    while expected - seen and _hear(server, seen, None):
        pass
    return (expected - seen) + (seen - expected)


def _hear(server, seen, last):
    """Count answers up to that to a request which is sent now; without one, the next message alone."""
    if last is not None:
        server.send({"jsonrpc": "2.0", "id": last, "method": "parley/resend", "params": {"id": "none"}})
    while (message := server.next()) is not None:
        if message.get("id") == last and last is not None:
            return True
        if "method" not in message:
            assert "result" in message or message["error"]["code"] < 0
            seen["null" if message["id"] is None else message["id"]] += 1
        if last is None:
            return True
    raise AssertionError(f"the server ended: {b''.join(server.errors).decode()[-2000:]}")


_LAST = {
    "workspace/executeCommand": {"command": "parley.models", "arguments": []},
    "parley/resend": {"id": "none"},
}
