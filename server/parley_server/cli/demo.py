"""`parley demo`: one refactoring after another, as an editor and a model on this machine make it, shown live."""

from __future__ import annotations

import sys
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from parley_server.cli.demo_view import DemoView
    from parley_server.lsp.demo import DemoEditor, OfferedAction

SAMPLE = """\
def invoice(items, rate):
    t = 0
    for i in items:
        p = i["price"] * i["count"]
        t = t + p
    x = t * rate
    return t + x
"""
_KINDS = ("refactor.rewrite.parley.rename", "refactor.rewrite.parley.docstring")


def demo(
    scripted: Annotated[Path | None, typer.Option(hidden=True, help="Answer from a script.")] = None,
) -> None:
    """Watch refactorings happen: a real server, driven as an editor would, with a model on this machine.

    If no model is here yet, the recommended one is fetched; its size is shown first. Ctrl-C stops it, and the download
    goes on there the next time. No file of yours is changed: only a sample in a temporary folder.
    """
    import asyncio
    import subprocess

    from rich.console import Console

    console = Console(highlight=False)
    try:
        if scripted is None:
            asyncio.run(_have_a_model(console))
        applied = asyncio.run(_watch(console, () if scripted is None else ("--scripted", str(scripted))))
    except KeyboardInterrupt:
        typer.echo("Cancelled.", err=True)
        raise typer.Exit(130) from None
    console.rule("what was learnt: parley profile")
    subprocess.run([sys.executable, "-P", "-m", "parley_server.cli", "profile"], check=False)
    raise typer.Exit(0 if applied else 1)


async def _have_a_model(console: Console) -> None:
    """Find a model that answers here, or fetch the recommended one."""
    from parley_server.app import catalog, current_settings, model_store, models_overview
    from parley_server.cli.pulling import announcement, pull_shown

    console.rule("a model on this machine")
    found = await models_overview()
    if found.route is not None:
        console.print(f"{found.route.provider}/{found.route.model}: {found.route.why}", markup=False)
        return
    known, store = catalog(), model_store(current_settings())
    model = known.get(known.default)
    console.print("None is here yet; running the demo is your consent to fetch this one:")
    console.print(announcement(model, store), markup=False)
    await pull_shown(model, store)


async def _watch(console: Console, arguments: Sequence[str]) -> int:
    """Refactor the sample; how many refactorings landed."""
    import tempfile

    from parley_server.cli.demo_view import DemoView
    from parley_server.lsp.demo import DemoEditor

    with tempfile.TemporaryDirectory(prefix="parley-demo-") as folder:
        path = Path(folder) / "invoice.py"
        path.write_text(SAMPLE, encoding="utf-8")
        view = DemoView(console)
        editor = DemoEditor(path, view.told)
        console.rule("an editor starts parley serve")
        view.code(SAMPLE, f"{path.name}, as it is")
        started = perf_counter()
        await editor.start(arguments)
        console.print(f"The server answered initialize {perf_counter() - started:.2f} s after it was started.")
        try:
            return sum([await _one(editor, view, kind) for kind in _KINDS])
        finally:
            await editor.stop()


async def _one(editor: DemoEditor, view: DemoView, kind: str) -> bool:
    started = perf_counter()
    offered = await editor.code_actions(editor.text.index("invoice"))
    view.offered(offered, perf_counter() - started)
    action = _of_kind(offered, kind)
    if action is None:
        return False
    view.chosen(action.title)
    finished = await editor.choose(action)
    view.ended(finished, editor.text)
    return finished.outcome == "applied"


def _of_kind(offered: Sequence[OfferedAction], kind: str) -> OfferedAction | None:
    return next((action for action in offered if action.kind == kind and action.disabled is None), None)
