"""`parley profile`: what calls of models have cost on this machine, as a table with intervals or as JSON.

Only shows: the statistics belong to `parley_profiling.profiles`, the JSON to `parley_profiling.report`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from parley_server.cli.moments import age

if TYPE_CHECKING:
    from rich.table import Table

    from parley_profiling.intervals import Summary
    from parley_profiling.profiles import Profile, Waiting

_WIDTH = 92
"""Columns that the whole table needs; in a narrower terminal the time to the first text is left out."""

_EMPTY = """No call of a model has been measured on this machine yet.
Parley measures every call by itself. Refactor something in your editor, or try:

  parley refactor FILE:START-END "add a docstring"

and come back: this table then shows how long you wait, and how sure that is."""

_LEGEND = (
    "Means; below each the 95% interval of the mean, then (where the next call falls), with 95%. "
    "Prefill counts uncached tokens only. Cold calls had to load the model first. – is unknown, never zero."
)


def profile(
    model: str | None = typer.Option(None, help="Only this model; without its tag, all its tags."),
    task: str | None = typer.Option(None, help="Only this task class, such as rename or docstring."),
    since: str | None = typer.Option(None, help="Only calls since then: 90m, 12h, 7d, 2w, or a date like 2026-11-21."),
    json: bool = typer.Option(False, "--json", help="Print JSON, with units in the names and null for unknown."),
) -> None:
    """Show what calls of models have cost: waiting, speed and length, with intervals."""
    from parley_profiling.profiles import profiles_of
    from parley_profiling.stores import Selection
    from parley_server.app import call_records

    wanted = Selection(model=model, task_class=task, since=None if since is None else moment(since))
    profiles = profiles_of(call_records(wanted))
    if json:
        import json as encoder

        from parley_profiling.report import document

        typer.echo(encoder.dumps(document(profiles), indent=2, ensure_ascii=False))
    elif profiles:
        _print(profiles)
    else:
        typer.echo(_nothing_found())


def moment(since: str) -> datetime:
    """The moment that a person named by an age or a date."""
    from parley_providers.clock import SYSTEM_CLOCK

    try:
        if (back := age(since)) is not None:
            return SYSTEM_CLOCK.now() - back
        moment = datetime.fromisoformat(since)
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{since!r} is neither an age (90m, 12h, 7d, 2w) nor a date (2026-11-21).", param_hint="--since"
        ) from None
    return moment if moment.tzinfo else moment.astimezone(UTC)


def _nothing_found() -> str:
    from parley_server.app import call_records

    everything = call_records(None)
    if not everything:
        return _EMPTY
    models = ", ".join(sorted({record.model for record in everything}))
    tasks = ", ".join(sorted({record.task_class for record in everything}))
    newest = max(record.started_at for record in everything).astimezone()
    return (
        "No measured call matches. There are calls\n"
        f"  of the models:       {models}\n"
        f"  of the task classes: {tasks}\n"
        f"  until:               {newest:%Y-%m-%d %H:%M}"
    )


def _print(profiles: tuple[Profile, ...]) -> None:
    from itertools import groupby

    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for title, group in groupby(profiles, key=_title):
        console.print(Text(title, style="bold"))
        console.print(_table(tuple(group), narrow=console.width < _WIDTH))
    console.print(_LEGEND, style="dim")


def _title(profile: Profile) -> str:
    key = profile.key
    known = [
        f"{profile.model} ({key.provider})",
        "" if key.identity == profile.model else key.identity[:12],
        key.hardware,
        f"window {key.window_tokens:,}" if key.window_tokens else "",
        f"{key.offload}% on the GPU" if key.offload else "",
        key.server_version,
        "" if key.settings == "{}" else key.settings,
    ]
    return " · ".join(filter(None, known))


def _table(profiles: tuple[Profile, ...], *, narrow: bool) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.markup import escape
    from rich.table import Table

    waits = ("First token\ns", "Whole\ns") if narrow else ("First token\ns", "First text\ns", "Whole\ns")
    table = Table(box=SIMPLE_HEAD, show_lines=True, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("Task\nand calls", no_wrap=True)
    for heading in (*waits, "Prefill\ntokens/s", "Decode\ntokens/s", "Answer tokens\np50 / p90"):
        table.add_column(heading, justify="right", no_wrap=True)
    for each in profiles:
        rates = (_cell(each.prefill), _cell(each.decode), _lengths(each.output_tokens))
        for state, waiting in (("warm", each.warm), ("cold", each.cold), ("cold or warm", each.either)):
            if waiting.calls:
                table.add_row(escape(_calls(each, state, waiting)), *_waits(waiting, narrow=narrow), *rates)
                rates = ("", "", "")
    return table


def _calls(profile: Profile, state: str, waiting: Waiting) -> str:
    lines = [profile.key.task_class, f"{waiting.calls} {state}"]
    if profile.key.constrained:
        lines.insert(1, "by schema")
    if profile.answered < profile.calls:
        lines += [f"of all: {count} {outcome}" for outcome, count in profile.outcomes.items()]
    return "\n".join(lines)


def _waits(waiting: Waiting, *, narrow: bool) -> tuple[str, ...]:
    first, visible, whole = _cell(waiting.first_event), _cell(waiting.first_visible), _cell(waiting.whole)
    return (first, whole) if narrow else (first, visible, whole)


def _cell(summary: Summary | None) -> str:
    if summary is None:
        return "–"
    lines = [_number(summary.mean)]
    if summary.mean_interval is not None and summary.prediction is not None:
        lines.append(f"{_number(summary.mean_interval.low)}–{_number(summary.mean_interval.high)}")
        lines.append(f"({_number(summary.prediction.low)}–{_number(summary.prediction.high)})")
    return "\n".join(lines)


def _lengths(summary: Summary | None) -> str:
    return "–" if summary is None else f"{summary.p50:,.0f} / {summary.p90:,.0f}"


def _number(value: float) -> str:
    """Three digits that count: 0.0512, 5.12, 51.2, 5,120."""
    if value >= 100 or value == 0:
        return f"{value:,.0f}"
    return f"{value:#.3g}"
