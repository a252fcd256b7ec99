"""`parley usage`: tokens and money, added up by day, session, model or request."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from parley_profiling.totals import Grouping

if TYPE_CHECKING:
    from parley_profiling.totals import Total

_SHOWN = 30


def usage(
    by: Annotated[Grouping, typer.Option(help="What to add up by; days are those of UTC.")] = Grouping.DAY,
    since: Annotated[
        str | None, typer.Option(help="Only calls since then: 90m, 12h, 7d, 2w, or a date like 2026-11-21.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: one object for each group, all.")] = False,
) -> None:
    """Show how many tokens went to models and what they cost.

    A call whose price or tokens are unknown is counted apart, never as nothing. Local calls cost nothing.
    """
    from parley_profiling.stores import Selection
    from parley_profiling.totals import total, totals
    from parley_server.app import call_records
    from parley_server.cli.profile import moment

    records = call_records(Selection(since=None if since is None else moment(since)))
    groups = totals(records, by)
    if as_json:
        import json
        from dataclasses import asdict

        document = {"by": by.value, "totals": [asdict(each) for each in groups]}
        typer.echo(json.dumps(document, indent=2, default=datetime.isoformat))
    elif not groups:
        typer.echo("No call of a model has been recorded since then." if since else "No call of a model yet.")
    else:
        _print(groups, total(records), by)


def _print(groups: tuple[Total, ...], whole: Total, by: Grouping) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_footer=True)
    table.add_column(
        f"{by.value.capitalize()}{'' if by is Grouping.MODEL else ' (UTC)'}", footer="together", overflow="fold"
    )
    shown = [_cells(each) for each in groups[-_SHOWN:]]
    for column, (heading, cell) in enumerate(zip(_HEADINGS, _cells(whole), strict=True)):
        # A heading may wrap; a figure that was cut would be another one.
        widest = max(len(each) for each in (cell, *(row[column] for row in shown), *heading.split()))
        table.add_column(heading, footer=cell, justify="right", min_width=widest)
    for group, cells in zip(groups[-_SHOWN:], shown, strict=True):
        table.add_row(escape(_named(group, by)), *cells)
    console = Console(highlight=False)
    console.print(table)
    if len(groups) > _SHOWN:
        console.print(f"The last {_SHOWN} of {len(groups)}; --json prints all.", style="dim")
    if whole.uncounted:
        console.print("+ and more: the tokens of some calls are unknown, as of those that did not end.", style="dim")
    if whole.unpriced:
        console.print("+ and more: the price of some calls is unknown. Set it under `prices`.", style="dim")


def _named(total: Total, by: Grouping) -> str:
    """A group as a person knows it: a request or session by when it began, and the beginning of its id."""
    if by in (Grouping.DAY, Grouping.MODEL) or total.began is None:
        return total.group or "–"
    what = f" {total.task_class}" if by is Grouping.REQUEST and total.task_class else ""
    return f"{total.began:%Y-%m-%d %H:%M}{what} {total.group[:8] or '–'}"


_HEADINGS = ("Calls", "Failed", "Prompt tokens", "of them cached", "Output tokens", "US$")


def _cells(total: Total) -> tuple[str, ...]:
    plus = "+" if total.uncounted else ""
    return (
        f"{total.calls:,}",
        f"{total.failed:,}" if total.failed else "",
        f"{total.prompt_tokens:,}{plus}",
        f"{total.cached_prompt_tokens:,}",
        f"{total.output_tokens:,}{plus}",
        f"{total.cost_usd:.4f}" + ("+" if total.unpriced else ""),
    )
