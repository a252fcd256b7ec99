"""Generate tests: one new test file. How it reaches what it tests is ours to say; the cases are the model's."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Literal

from parley_agent.document import NewFile
from parley_agent.refactor.answers import read_code
from parley_agent.refactor.errors import AnswerRejectedError
from parley_agent.refactor.forms.form import Answer, Candidate, Question
from parley_agent.refactor.forms.prompt import block, surroundings, wish_line
from parley_agent.refactor.layout import newline_of
from parley_agent.syntax import definitions, identifiers, parse
from parley_providers.messages import system, user

if TYPE_CHECKING:
    from parley_agent.refactor.context import Context, View
    from parley_agent.refactor.new_test_file import NewTestFile

_MAX_OUTPUT_TOKENS = 800
_TEST_START = {
    "pytest": r"^(?:@.*\n)*(?:async\s+)?def test",
    "Go's testing package": r"^func Test[A-Z_]",
}
_ANY_TEST = r"^(?:test|it|describe)(?:\.\w+)*\s*\("
_CHECKS = r"\bassert|\bexpect\s*\(|\bpytest\.raises|\bt\.(?:Error|Fatal|Fail)|\bself\.assert"


class GenerateTestsForm:
    """See `Form`.

    Args:
        test_file: Where the tests go, and how they reach the target.
    """

    kind: Literal["rewrite"] = "rewrite"

    def __init__(self, test_file: NewTestFile) -> None:
        self._file = test_file

    def held(self, context: Context) -> Candidate | None:
        """Nothing is held."""
        del context
        return None

    def question(self, context: Context, view: View) -> Question:
        """The code to test, the file's first lines, and the wish."""
        tag = context.place.language.fence_tags[0]
        return Question(
            messages=(
                system(
                    f"You write small, exact {context.place.language.name} tests with {self._file.framework}. "
                    "You answer with one code block that holds the complete test file."
                ),
                user(
                    f"{surroundings(view, tag)}The code to test:\n{block(view.code, tag)}\n\n"
                    f"The test file begins with:\n{block(self._file.head, tag)}\n\n{wish_line(view)}"
                    f"Write three short tests of {self._file.subject}, each with at most three checks: usual "
                    "and edge cases whose result is certain. Do not repeat the code to test. Answer with the complete "
                    "test file in one code block."
                ),
            ),
            max_output_tokens=_MAX_OUTPUT_TOKENS,
        )

    def propose(self, context: Context, view: View, answer: Answer) -> Candidate:
        """The test file, with our own way to reach the target."""
        language = context.place.language
        code = read_code(self._whole_tests(answer), language, "")
        view.screen.check_placeholders(code, "")
        code = self._with_head(context, code)
        tree = parse(code, language)
        if tree.errors():
            raise AnswerRejectedError(
                "syntax", "The test file has a syntax error. Write it again, complete and correct."
            )
        if not re.search(_TEST_START.get(self._file.framework, _ANY_TEST), code, re.MULTILINE):
            raise AnswerRejectedError("no-test", f"There is no test in it. Write tests for {self._file.framework}.")
        used = [each for each in identifiers(tree) if each.name == self._file.subject]
        if len(used) < 2 or not re.search(_CHECKS, code):
            raise AnswerRejectedError(
                "no-check", f"The tests must call {self._file.subject} and check what comes back."
            )
        if context.place.is_python:
            _refuse_unknown_names(code)
        text = code.strip("\n").replace("\n", newline_of(context.place.document.text)) + newline_of(
            context.place.document.text
        )
        return Candidate(
            text=context.place.document.text,
            new_files=(NewFile(path=str(self._file.path), text=text),),
            evidence="Not run: what the tests expect was written by a model. Run them, and read what fails.",
        )

    def _whole_tests(self, answer: Answer) -> Answer:
        """An answer that was cut, without the test that it broke off in: those before it are whole."""
        if not answer.cut:
            return answer
        starts = [
            each.start()
            for each in re.finditer(_TEST_START.get(self._file.framework, _ANY_TEST), answer.text, re.MULTILINE)
        ]
        if len(starts) < 2:
            return answer
        return Answer(text=answer.text[: starts[-1]].rstrip())

    def _with_head(self, context: Context, code: str) -> str:
        """`code` that begins with the head, without other ways to the target and without a copy of it."""
        tree = parse(code, context.place.language)
        copies = [each for each in definitions(tree) if each.qualified_name == self._file.subject]
        for copy in reversed(copies):
            code = code[: copy.span.start] + code[copy.span.end :]
        head = self._file.head.splitlines()
        kept = [line for line in code.splitlines() if line.strip() not in head and not self._reaches(line)]
        if context.place.language.id == "go":
            kept = [line for line in kept if not re.match(r"package\s", line)]
            brought = {each for line in kept for each in re.findall(r'^(?:import\s+)?\s*("testing")\s*$', line)}
            head = [line for line in head if not (brought and line.startswith("import"))]
        body = "\n".join(kept).strip("\n")
        if context.place.is_python:
            lines, rest = _imports_apart(body)
            return "\n".join([*lines, *([""] if lines else []), *head, "", "", rest])
        return "\n".join([*head, "", body])

    def _reaches(self, line: str) -> bool:
        """Whether the line imports the subject from somewhere."""
        is_import = re.match(r"\s*(?:from\s+\S+\s+import\b|import\b.*\bfrom\b|(?:const|let|var)\b.*\brequire\()", line)
        return is_import is not None and re.search(rf"\b{re.escape(self._file.subject)}\b", line) is not None


def _imports_apart(body: str) -> tuple[list[str], str]:
    lines = body.splitlines()
    top = [line for line in lines if re.match(r"(?:import|from)\s+[\w.]+", line)]
    rest = "\n".join(line for line in lines if line not in top).strip("\n")
    return top, rest


def _refuse_unknown_names(code: str) -> None:
    from parley_agent.python import scopes

    try:
        ast.parse(code)
    except (SyntaxError, ValueError) as error:
        raise AnswerRejectedError("syntax", f"The test file has a syntax error: {error}.") from error
    if unknown := sorted(scopes.undefined_names(code)):
        raise AnswerRejectedError("unknown-name", f"Nothing is called {', '.join(unknown[:5])}. Import or define it.")
