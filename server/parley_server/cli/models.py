"""`parley models`: which models there are, fetching and removing those of the embedded engine, choosing one."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parley_agent.refactor.tasks import TaskClass
from parley_server.cli.names import ASK, kind_of_work

if TYPE_CHECKING:
    from datetime import datetime

    from rich.table import Table

    from parley_server.overview import CatalogRow, Overview, ServedRow, Standing

models = typer.Typer(
    help="List, fetch, remove and choose models.\n\nOnly `parley models pull` and `parley demo` download anything.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_Yes = Annotated[bool, typer.Option("--yes", "-y", help="Agree beforehand: do not ask.")]
_AUTO = "auto"
_KINDS = ", ".join((*TaskClass, ASK))
_WIDE, _WIDER = 100, 156
"""Columns that licences and weights need, and what a model is good for; narrower terminals leave them out."""


@models.command("list")
def list_models(
    remote: Annotated[
        bool,
        typer.Option("--remote", help="Show what the vendors that you named offer, too; they are asked once a day."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, sizes in bytes.")] = False,
) -> None:
    """Show which models there are, and which one answers.

    Those that can be fetched, too.

    A window is what fits at once, in tokens. A tier tells how good answers are, higher is better: by a model's
    weights, or as `facts` in your settings say. Prices are in US dollars for a million tokens, of the prompt and of
    the answer.
    """
    import asyncio

    from parley_server.app import models_overview

    found = asyncio.run(models_overview(remote=remote))
    if as_json:
        import json

        typer.echo(json.dumps(found.document(), indent=2, ensure_ascii=False))
    else:
        _print(found)


@models.command()
def pull(
    name: Annotated[str | None, typer.Argument(help="The model; without it, the recommended one.")] = None,
    yes: _Yes = False,
    from_path: Annotated[
        Path | None, typer.Option("--from", help="Take this GGUF file instead of downloading; it is copied.")
    ] = None,
) -> None:
    """Fetch a model for the embedded engine. A download that was broken off goes on where it stopped.

    Size, licence and source are shown first. The sha256 decides whether the file is the model, wherever it came from.
    """
    import asyncio

    from parley_server.app import catalog, current_settings, model_store
    from parley_server.cli.pulling import announcement, pull_shown

    known = catalog()
    model, store = known.get(name or known.default), model_store(current_settings())
    if from_path is None and store.state(model) == "absent":
        typer.echo(announcement(model, store), err=True)
        _agree(f"Fetch {model.name}?", yes)
    asyncio.run(pull_shown(model, store, from_path))


@models.command()
def rm(
    name: Annotated[str, typer.Argument(help="The model, as `parley models list` shows it.")], yes: _Yes = False
) -> None:
    """Remove a model from this machine's disk.

    One of the embedded engine, and what is left of a broken download or copy.
    """
    from parley_server.app import catalog, current_settings, model_store

    model, store = catalog().get(name), model_store(current_settings())
    begun = (store.partial(model), store.copied(model), *store.scratches(model))
    if store.state(model) == "absent" and not any(each.exists() for each in begun):
        typer.echo(f"{model.name} is not on this machine; there was nothing to remove.")
        return
    _agree(f"Remove {model.name} from {store.root}?", yes)
    typer.echo(f"Removed {model.name}: {store.remove(model) / 1e6:,.0f} MB are free again.")


@models.command()
def use(
    name: Annotated[str, typer.Argument(help=f"A model, or `{_AUTO}`: let Parley find the best one here.")],
    task: Annotated[
        str | None,
        typer.Option("--for", parser=kind_of_work, metavar="TASK", help=f"Only for this kind of work: {_KINDS}."),
    ] = None,
) -> None:
    """Choose the model that answers, in your own settings file. Comments in it stay.

    parley models use ollama/qwen2.5-coder:7b

    parley models use embedded/qwen2.5-coder-0.5b --for rename

    For one terminal, set PARLEY_MODEL; for one request, say --model.
    """
    import asyncio

    from parley_server.app import choose_model
    from parley_server.config_file import READ_AT_START

    written = asyncio.run(choose_model(None if name == _AUTO else name, task))
    of_task = f" for {task}" if task else ""
    if written.model is None:
        chosen = f"{task} has no model of its own any more" if task else "Parley chooses the model itself"
    else:
        chosen = f"{written.model} answers from now on{of_task}"
    typer.echo(f"{chosen} ({written.path}). {READ_AT_START}")
    if task is None and os.environ.get("PARLEY_MODEL"):
        typer.echo("PARLEY_MODEL is set in this environment and goes before the file.", err=True)


def _agree(question: str, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        typer.echo("Nobody can be asked here. Add --yes to agree.", err=True)
        raise typer.Exit(1)
    if not typer.confirm(question, err=True):
        typer.echo("Nothing was changed.", err=True)
        raise typer.Exit(1)


def _print(found: Overview) -> None:
    from rich.console import Console

    console = Console(highlight=False, markup=False)
    console.print(_catalog_table(found, width=console.width))
    if found.served:
        console.print()
        console.print(_served_table(found, wide=console.width >= _WIDE))
    console.print()
    for why in found.silent:
        console.print(why)
    console.print(f"* answers: {found.route.why}" if found.route else found.why_no_route)
    console.print(f"Models are kept in {found.folder}")


def _catalog_table(found: Overview, *, width: int) -> Table:
    wide, wider = width >= _WIDE, width >= _WIDER
    licence, purpose = ("licence",) if wide else (), ("good for",) if wider else ()
    table = _table("embedded model", "size", "window", "tier", *licence, "state", *purpose)
    for row in found.catalog:
        model, mark = row.model, "*" if found.is_used("embedded", row.model.name) else ""
        size, window = f"{model.size_bytes / 1e6:,.0f} MB", f"{model.max_window_tokens:,}"
        cells = (f"embedded/{model.name}", size, window, _tier(row.standing, wide=wider))
        table.add_row(
            mark, *cells, *((model.licence,) if wide else ()), _state(row), *((model.purpose,) if wider else ())
        )
    return table


def _served_table(found: Overview, *, wide: bool) -> Table:
    from parley_providers.clock import SYSTEM_CLOCK

    now = SYSTEM_CLOCK.now()
    table = _table("model at a server", *(("weights",) if wide else ()), "window", "price", "tier", "told", "state")
    for row in found.served:
        facts = row.facts
        mark = "*" if found.is_used(facts.provider, facts.name) else ""
        window = "–" if facts.window_tokens is None else f"{facts.window_tokens:,}"
        weights = (" ".join(filter(None, (facts.parameters, facts.quantization))) or "–",) if wide else ()
        told = _told(row, now) + (", corrected" if row.standing.corrected else "")
        state = "there" if not row.standing.local else "loaded" if facts.loaded else "here"
        price, tier = _price(row.standing), _tier(row.standing, wide=wide)
        table.add_row(mark, f"{facts.provider}/{facts.name}", *weights, window, price, tier, told, state)
    return table


def _table(*headings: str) -> Table:
    from rich.table import Table

    table = Table("", box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, no_wrap=True, justify="right" if heading in ("size", "window") else "left")
    return table


def _tier(standing: Standing, *, wide: bool) -> str:
    if standing.tier is None:
        return "–"
    return f"{standing.tier} by {standing.tier_by}" if wide else str(standing.tier)


def _price(standing: Standing) -> str:
    if standing.local:
        return "free"
    price = standing.price
    return "unknown" if price is None else f"${price.input_usd:,.2f} / ${price.output_usd:,.2f}"


def _told(row: ServedRow, now: datetime) -> str:
    """When its provider told of a model, in words."""
    if row.told_at is None:
        return "just now"
    minutes = int((now - row.told_at).total_seconds() // 60)
    if minutes < 1:
        return "just now"
    return (
        f"{minutes} min ago"
        if minutes < 60
        else f"{minutes // 60} h ago"
        if minutes < 2880
        else f"{minutes // 1440} d ago"
    )


def _state(row: CatalogRow) -> str:
    if row.state == "installed":
        return "here"
    if row.state == "unverified":
        return "changed: pull it again"
    return f"{100 * row.fetched_bytes // row.model.size_bytes}% fetched" if row.fetched_bytes else "can be fetched"
