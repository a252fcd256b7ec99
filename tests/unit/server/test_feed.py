"""Notifications are numbered, kept, and joined when the editor reads slowly."""

from hypothesis import given
from hypothesis import strategies as st

from parley_server.lsp import wire
from parley_server.lsp.feed import MOST_BACKLOG_BYTES, Feed


class SlowLink:
    """An editor that takes what was sent only when it is told to."""

    def __init__(self):
        self.backlog = 0
        self.sent = []
        self.waiting = []

    def on_drained(self, callback):
        self.waiting.append(callback)

    def notify(self, method, params):
        self.sent.append((method, params))
        self.backlog += len(params.get("text", "")) + 100

    def drain(self):
        self.backlog = 0
        waiting, self.waiting = self.waiting, []
        for callback in waiting:
            callback()


def repairing():
    return wire.Repairing(id="r", seq=0, attempt=1, problem="p")


def test_text_is_sent_at_once_while_the_editor_keeps_up():
    """Nothing is held back for the sake of fewer messages."""
    link = SlowLink()
    feed = Feed("r", link)
    for piece in "abc":
        feed.stream(piece)
    assert link.sent == [
        ("parley/token", {"id": "r", "seq": seq, "text": text}) for seq, text in enumerate("abc", start=1)
    ]


def test_text_is_joined_while_the_editor_is_slow():
    """However many tokens come, one message waits."""
    link = SlowLink()
    feed = Feed("r", link)
    link.backlog = MOST_BACKLOG_BYTES + 1
    for piece in "abc":
        feed.stream(piece)
    assert (link.sent, len(link.waiting)) == ([], 1)
    link.drain()
    assert link.sent == [("parley/token", {"id": "r", "seq": 1, "text": "abc"})]


def test_what_happens_is_told_after_the_text_before_it():
    """Order holds, also for a slow editor."""
    link = SlowLink()
    feed = Feed("r", link)
    link.backlog = MOST_BACKLOG_BYTES + 1
    feed.stream("half")
    feed.tell(repairing())
    link.drain()
    assert [method for method, _ in link.sent] == ["parley/token", "parley/repairing"]


@given(steps=st.lists(st.sampled_from(["text", "event", "drain"]), max_size=60), since=st.integers(0, 70))
def test_nothing_is_lost_doubled_or_misnumbered(steps, since):
    """All text arrives once, numbers have no gaps, and what is sent again is what was sent."""
    link = SlowLink()
    feed = Feed("r", link)
    text = ""
    for number, step in enumerate(steps):
        if step == "text":
            text += f"{number}," + "x" * 9_000
            feed.stream(f"{number}," + "x" * 9_000)
        elif step == "event":
            feed.tell(repairing())
        else:
            link.drain()
    feed.tell(repairing())
    assert "".join(params.get("text", "") for _, params in link.sent) == text
    assert [params["seq"] for _, params in link.sent] == list(range(1, len(link.sent) + 1))
    assert [(sent.method, sent.params) for sent in feed.since(since)] == link.sent[since:]
