"""Every edit over real code: a sample of the standard library's functions, always the same one."""

import ast
import random
from pathlib import Path

import pytest

from parley_agent.python.docstring import set_docstring
from parley_agent.python.extract import extract, extractable
from parley_agent.python.module import FUNCTIONS, read, whole_span
from parley_agent.python.proof import (
    comments_kept,
    same_program,
    same_up_to_renaming,
    same_without_annotations,
    same_without_docstrings,
)
from parley_agent.python.rename import rename, renameable
from parley_agent.python.type_hints import add_hints, unannotated, usable_hints

FILES = [path for path in sorted(Path(ast.__file__).parent.glob("*.py")) if path.stat().st_size < 40_000]
SAMPLE = random.Random(7).sample(FILES, 24)


def _functions(source: str) -> list[ast.AST]:
    found = [node for node in ast.walk(read(source).tree) if isinstance(node, FUNCTIONS)]
    return random.Random(len(source)).sample(found, min(2, len(found)))


@pytest.mark.parametrize("path", SAMPLE, ids=lambda path: path.name)
def test_edits_of_real_code_are_proved_and_can_be_undone(path):
    """Each result compiles, keeps every comment and passes its proof; a rename back gives the text, byte for byte."""
    source = path.read_bytes().decode()
    for node in _functions(source):
        span = whole_span(read(source), node)
        names = {each.name: f"{each.name}_renamed" for each in renameable(source, span)}
        renamed = rename(source, span, names)
        assert same_up_to_renaming(source, renamed)
        assert same_program(source, renamed) is not bool(names)
        assert renamed.replace("_renamed", "") == source
        documented = set_docstring(source, span, "Say so.\n\nAnd more.", replace=True)
        assert same_without_docstrings(source, documented)
        hints, _ = usable_hints(source, span, dict.fromkeys(unannotated(source, span), "Iterable[Any] | None"))
        hinted = add_hints(source, span, hints)
        assert same_without_annotations(source, hinted)
        for result in (renamed, documented, hinted, *_extracted(source, span)):
            compile(result, path.name, "exec", dont_inherit=True)
            assert comments_kept(source, result)


def _extracted(source, span):
    candidates = extractable(source, span)[:3]
    return [extract(source, span, each.first_line, each.last_line, "a_part_of_it") for each in candidates]
