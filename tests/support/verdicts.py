"""Judges what became of each request, by what the person did to its document meanwhile.

What is foretold of an edit is `moved_edits`; hearing and changing belong to `piped_editor`. Versions are counted over
all documents, so that a version means one text, and tells what came after what.
"""

from __future__ import annotations

import hashlib
from collections import Counter

from support.moved_edits import can_be_renamed, is_to_follow, renamed

CANCELLED, CONTENT_MODIFIED = -32800, -32801
_TRIES = 4


class Verdicts:
    """What the editor did and heard, and the judgement of it.

    `counted`: how often each end was foretold and came: as-is, rebased, kept, refused, declined, diff, cancelled.
    """

    def __init__(self):
        self.counted = Counter()
        self.kept = []
        self._texts = {}
        self._now = 0
        self._started = {}
        self._closed, self._cancelled, self._refused = {}, {}, {}
        self._landed = []

    def shows(self, uri, version, text):
        """The editor shows a text, and has told so."""
        self._texts.setdefault(uri, {})[version] = text
        self._now = version

    def text_at(self, uri, version):
        """The text of a version."""
        return self._texts[uri][version]

    def closes(self, uri):
        """The document was closed."""
        self._closed[uri] = self._cancelled[uri] = self._now

    def cancels(self, uri=None):
        """What runs about a document, or about any, is cancelled."""
        self._cancelled |= dict.fromkeys([uri] if uri else self._texts, self._now)

    def lands(self, uri, version):
        """The editor carried out an edit for a version."""
        self._landed.append((uri, version))

    def refuses(self, uri):
        """The person said no to an edit for the text that is shown."""
        self._refused[uri] = self._now

    def begins(self, started):
        """The server told that a request began."""
        self._started[started["id"]] = started

    def is_running(self):
        """Whether a request began and did not end."""
        return bool(self._started)

    def asks(self, uri, version):
        """An edit is asked for: some request is to be applied to the text of that version."""
        now = self.text_at(uri, version)
        running = [each for each in self._started.values() if each["uri"] == uri and each["version"] <= version]
        bases = [self.text_at(uri, each["version"]) for each in running]
        assert any(can_be_renamed(base) and is_to_follow(base, now) for base in bases), (
            f"an edit for version {version}, whose text no request may follow to: {bases!r} became {now!r}"
        )

    def ends(self, finished):
        """The server told how a request ended: so it had to be."""
        started = self._started.pop(finished["id"])
        uri, version = started["uri"], started["version"]
        base = self.text_at(uri, version)
        if finished.get("kept"):
            self.kept.append((uri, finished["id"]))
        outcome = finished["outcome"]
        told = f"{finished!r} of {base!r}, which became {self._after(uri, version)!r}"
        match outcome:
            case "cancelled":
                assert self._cancelled.get(uri, -1) >= version, f"nobody cancelled: {told}"
            case "refused":
                assert not can_be_renamed(base), f"refused, and it was right: {told}"
            case "diff":
                assert _hash(renamed(base)) == finished["editSha256"], f"another edit: {told}"
            case "applied":
                outcome = self._applied(finished, uri, version, told)
            case "stale":
                assert _is_kept(finished), f"it was to be kept: {told}"
                outcome = "kept"
                assert self._is_kept_rightly(finished, uri, version, base), f"kept, and it was to follow: {told}"
            case "declined":
                assert _is_kept(finished), f"it was to be kept: {told}"
                assert max(self._refused.get(uri, -1), self._closed.get(uri, -1)) >= version, f"nobody said no: {told}"
            case _:
                raise AssertionError(f"no such end is right here: {told}")
        self.counted[outcome] += 1

    def fails(self, uri, version, error):
        """The server answered a request about a version with an error."""
        code = error["code"]
        is_closed, is_cancelled = (marks.get(uri, -1) >= version for marks in (self._closed, self._cancelled))
        has_moved = bool(self._after(uri, version))
        assert is_closed or (code == CANCELLED and is_cancelled) or (code == CONTENT_MODIFIED and has_moved), error
        self.counted[f"error {code}"] += 1

    def _applied(self, finished, uri, version, told):
        # Two requests may ask for the same edit: it lands for both.
        landed = [at for at in self._landed if at[0] == uri and self._result(*at) == finished["editSha256"]]
        assert landed, f"no such edit was carried out: {told}"
        base, now = self.text_at(uri, version), self.text_at(*landed[0])
        assert is_to_follow(base, now), f"applied, and it was to be kept: {told}"
        may_be_rebased = any(each != base for each in self._after(uri, version))
        assert base == now or finished["rebased"], f"it is told that the text had not moved: {told}"
        assert may_be_rebased or not finished["rebased"], f"it is told that the text had moved: {told}"
        return "rebased" if base != now else "as-is"

    def _is_kept_rightly(self, finished, uri, version, base):
        after = self._after(uri, version)
        if self._closed.get(uri, -1) >= version or "faster" in finished["message"]:
            return uri in self._closed or len(after) >= _TRIES
        return not all(is_to_follow(base, now) for now in after)

    def _result(self, uri, version):
        return _hash(renamed(self.text_at(uri, version)))

    def _after(self, uri, version):
        return [text for number, text in self._texts[uri].items() if number > version]


def _is_kept(finished):
    return finished["kept"] and bool(finished["diff"])


def _hash(text):
    return hashlib.sha256(text.encode()).hexdigest()
