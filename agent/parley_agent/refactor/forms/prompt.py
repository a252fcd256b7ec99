"""The small pieces that prompts are made of. Short, since small models follow the last line most."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parley_agent.refactor.context import View


def block(code: str, tag: str) -> str:
    """`code` in a fence that it does not hold itself."""
    fence = "```"
    while fence in code:
        fence += "`"
    return f"{fence}{tag}\n{code}\n{fence}"


def wish_line(view: View) -> str:
    """What the person said beyond the task class, as a line of its own; "" where there is nothing."""
    return f"The wish: {view.instruction}\n\n" if view.instruction else ""


def surroundings(view: View, tag: str) -> str:
    """The imports and the neighbours' signatures, to be known and not repeated."""
    known = "\n\n".join(part for part in (view.imports, view.neighbours) if part.strip())
    return f"The file also has:\n{block(known, tag)}\n\n" if known else ""
