"""Random interleavings of edits, cancels, closes and answers, against a real server process.

What may happen is here; whether the server did right by it is judged by `piped_editor` and `verdicts`.
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from support.editor import lines_of

HEAD = "#^ above 1\r\n#^ above 2\n"
FUNCTION = (
    "def area(w, h):\r\n\ttag = '😋 é'; x = w * h\n\ttag += 'one'\n\ttag += 'two'\r\n\ttag += 'three'\n\treturn x\n"
)
TAIL = "# below 1\n# é😋\r\n# two\n# three"
CODE = HEAD + FUNCTION + TAIL
ANSWER = {"task_class": "rename", "pieces": [{"text": each, "delay_ms": 1} for each in ('{"x"', ': "prod', 'uct"}')]}
ENDLESS = {"task_class": "docstring", "pieces": [{"text": " ", "delay_ms": 2}], "ending": "endless"}
SCRIPT = [ANSWER, ENDLESS]
_PIECES = st.lists(st.sampled_from(["a", "é", "😋", "\t", " ", "e\u0301", "漢", "\n# ", "\r\n# "]), max_size=3).map(
    "".join
)
_COUNT = st.integers(0, 5)
_STATEMENTS = ["tag += '{}'"] * 4 + ["x += {}", "product = {}"]


class Interleavings(RuleBasedStateMachine):
    """Two documents, and everything that may happen to them at once."""

    editor = None

    @initialize()
    def begin(self):
        number = self.editor.number()
        self.uris = [f"file:///nowhere/{number}/{name}.py" for name in ("a", "b")]
        self.requests, self.endless, self.shown_before = {}, [], {}
        self.editor.verdicts.kept.clear()
        self.editor.traffic.clear()
        for uri in self.uris:
            self.editor.open(uri, CODE)
            self.requests[self.editor.refactor(uri, task="rename")] = True

    @rule(which=_COUNT, start=st.integers(0, 40), length=_COUNT, text=_PIECES, above=st.booleans())
    def type_around(self, which, start, length, text, above):
        """In the comments above the function or below it, next to it or farther away."""
        buffer = self._buffer(which)
        if buffer is None:
            return
        begin, end = (0, buffer.text.index("def ")) if above else (_end_of_function(buffer.text), len(buffer.text))
        at = min(begin + 2 + start, end)
        until = min(at + length, end)
        text = text.replace("#", "#^") if above else text
        lines = lines_of(buffer.text[begin:at] + text + buffer.text[until:end])
        lines = lines[:-1] if above and not lines[-1] else lines
        is_split = any(buffer.text[max(0, each - 1) : each + 1] == "\r\n" for each in (at, until))
        if not is_split and all(each.startswith("#") for each in lines) and (not above or lines[-1].endswith("\n")):
            self._change(buffer, at, until, text)

    @rule(which=_COUNT, line=_COUNT, statement=st.sampled_from(_STATEMENTS))
    def type_inside(self, which, line, statement):
        """In the function, next to what the refactoring changes or not; or what it does not know, or must not do."""
        buffer = self._buffer(which)
        if buffer is not None:
            begin, lines = buffer.text.index("def "), _function_lines(buffer.text)
            at = begin + sum(map(len, lines[: 1 + line % (len(lines) - 1)]))
            self._change(buffer, at, at, f"\t{statement.format(self.editor.number())}\n")

    @rule(which=_COUNT, line=_COUNT)
    def change_inside(self, which, line):
        """A statement goes, or one that the refactoring changes becomes longer."""
        buffer = self._buffer(which)
        if buffer is None:
            return
        tags = [each for each in _function_lines(buffer.text) if each.startswith("\ttag +=")]
        if line < len(tags):
            at = buffer.text.index(tags[line])
            self._change(buffer, at, at + len(tags[line]), "")
        else:
            at = buffer.text.index(" * h")
            self._change(buffer, at, at, " * w")

    @rule(which=_COUNT, first=_PIECES, undo=st.booleans())
    def replace_everything(self, which, first, undo):
        """All at once: by another text, or by that before the person's last change."""
        buffer = self._buffer(which)
        if buffer is not None:
            before, now = self.shown_before.get(buffer.uri, buffer.text), buffer.text
            self.editor.replace(buffer, before if undo else f"{HEAD}{FUNCTION}# {first}")
            self.shown_before[buffer.uri] = now

    @rule(which=_COUNT, again=st.sampled_from([True, True, False]))
    def close(self, which, again):
        """Where the document is opened again its text begins anew."""
        uri = self.uris[which % 2]
        self.editor.close(uri)
        if again:
            self.editor.open(uri, CODE)

    @rule(
        which=_COUNT, task=st.sampled_from(["rename"] * 4 + ["docstring"]), apply=st.sampled_from([True, True, False])
    )
    def refactor(self, which, task, apply):
        """By the model, which takes its time; a docstring never ends by itself."""
        buffer = self._buffer(which)
        if buffer is not None:
            request = self.editor.refactor(buffer.uri, task=task, apply=apply, wait=bool(which // 2 % 2))
            self.requests[request] = apply
            if task == "docstring":
                self.endless.append(request)

    @rule(which=_COUNT)
    def apply_what_was_kept(self, which):
        """The person wants it after all."""
        kept = self.editor.verdicts.kept
        if kept:
            self.requests[self.editor.apply_kept(*kept.pop(which % len(kept)))] = True

    @rule(which=_COUNT, everything=st.sampled_from([False, False, True]))
    def cancel(self, which, everything):
        """By `$/cancelRequest`, or all by the command."""
        if everything:
            self.requests[self.editor.cancel_started()] = True
        elif self.requests:
            self.editor.cancel(list(self.requests)[which % len(self.requests)])

    @rule(count=_COUNT)
    def listen(self, count):
        """Some of what the server said reaches the editor."""
        for _ in range(count):
            self.editor.hear(wait_s=0.002)

    @rule()
    def wait_for_an_edit(self):
        """The person looks on until the server wants something, or is done."""
        if not self.endless:
            self.editor.wait_for_an_edit()

    @rule(which=_COUNT, willing=st.sampled_from([True, True, True, False]), above=st.sampled_from(["", "", "#^ new\n"]))
    def answer_an_edit(self, which, willing, above):
        """The editor gets round to it, perhaps just after the person typed a line above everything."""
        if not self.editor.asked_edits:
            return
        message = self.editor.asked_edits.pop(which % len(self.editor.asked_edits))
        buffer = self.editor.buffer_of(message)
        if above and buffer is not None:
            self._change(buffer, 0, 0, above)
        self.editor.apply(message, willing=willing)

    def teardown(self):
        """Everything ends, each once, and the texts agree."""
        editor = self.editor
        if not hasattr(self, "uris"):
            return
        for request in self.endless:
            editor.cancel(request)
        self._hear_until(lambda: editor.answers.keys() >= self.requests.keys())
        answers = {request: editor.answers.pop(request) for request in self.requests}
        started = {request: each["result"]["id"] for request, each in answers.items() if _started(each)}
        for request in started.keys() & set(self.endless):
            editor.answer(editor.cancel_started(id=started[request]))
        self._hear_until(lambda: not editor.is_waited_for() and not editor.asked_edits)
        for request, each in started.items():
            outcome, is_applied = editor.finished[each]["outcome"], self.requests[request]
            assert outcome != "diff" if is_applied else outcome in ("diff", "refused", "cancelled"), outcome
        for uri in self.uris:
            if uri in editor.buffers:
                editor.check(uri)
                editor.close(uri)
        editor.interleavings += 1

    def _hear_until(self, is_over):
        """Every edit that is asked for is carried out at once."""
        while not is_over():
            if self.editor.asked_edits:
                self.editor.apply(self.editor.asked_edits.pop())
            else:
                self.editor.hear_more()

    def _change(self, buffer, start, end, text):
        self.shown_before[buffer.uri] = buffer.text
        self.editor.change(buffer, [(start, end, text)])

    def _buffer(self, which):
        return self.editor.buffers.get(self.uris[which % 2])


def _started(answered):
    return isinstance(answered.get("result"), dict) and "id" in answered["result"]


def _function_lines(text):
    return lines_of(text[text.index("def ") : _end_of_function(text)])[:-1]


def _end_of_function(text):
    return text.index("\n", text.index("\treturn ")) + 1
