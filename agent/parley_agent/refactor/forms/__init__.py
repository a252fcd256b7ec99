"""The forms: how each task class is put to a model.

Reading order: `form` (what a form is), `prompt`; `rename`, `docstring`: the model decides and a tool makes the edit;
`rewrite`: the model writes the code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from parley_agent.refactor.forms.docstring import DocstringForm
from parley_agent.refactor.forms.rename import RenameForm
from parley_agent.refactor.forms.rewrite import RewriteForm
from parley_agent.refactor.tasks import TaskClass

if TYPE_CHECKING:
    from parley_agent.refactor.context import Context
    from parley_agent.refactor.forms.form import Form


def form_for(context: Context, wanted: Literal["auto", "decision", "rewrite"]) -> Form:
    """The form in which `context` is put to a model: the decision where there is one, unless the rewrite is wanted."""
    if wanted != "rewrite" or context.wish.names:
        match context.task:
            case TaskClass.RENAME:
                return RenameForm()
            case TaskClass.DOCSTRING:
                return DocstringForm()
            case _:
                pass
    return RewriteForm()
