"""The forms: how each task class is put to a model.

Reading order: `form` (what a form is), `prompt`; `rename`, `docstring`, `type_hints`, `extract`: the model decides
and a tool makes the edit; `rewrite`, `generate_tests`: the model writes the code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from parley_agent.refactor.decision_edits import can_document, can_rename
from parley_agent.refactor.forms.docstring import DocstringForm
from parley_agent.refactor.forms.extract import ExtractForm
from parley_agent.refactor.forms.generate_tests import GenerateTestsForm
from parley_agent.refactor.forms.rename import RenameForm
from parley_agent.refactor.forms.rewrite import RewriteForm
from parley_agent.refactor.forms.type_hints import TypeHintsForm
from parley_agent.refactor.new_test_file import new_test_file
from parley_agent.refactor.tasks import TaskClass

if TYPE_CHECKING:
    from parley_agent.refactor.context import Context
    from parley_agent.refactor.forms.form import Form
    from parley_agent.refactor.new_test_file import Workspace


def form_for(context: Context, wanted: Literal["auto", "decision", "rewrite"], workspace: Workspace) -> Form:
    """The form in which `context` is put to a model: the decision where there is one, unless the rewrite is wanted.

    Raises:
        RefactorRefusedError: there is no way to put it, such as tests of what no test could import.
    """
    if context.task is TaskClass.GENERATE_TESTS:
        return GenerateTestsForm(new_test_file(context.place, workspace))
    if wanted != "rewrite" or context.wish.names or context.wish.new_name:
        match context.task:
            case TaskClass.RENAME if can_rename(context.place):
                return RenameForm()
            case TaskClass.DOCSTRING if can_document(context.place):
                return DocstringForm()
            case TaskClass.EXTRACT_FUNCTION if context.place.is_python:
                return ExtractForm()
            case TaskClass.TYPE_HINTS if context.place.is_python:
                return TypeHintsForm()
            case _:
                pass
    return RewriteForm()
