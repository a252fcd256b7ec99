"""`parley doctor`: what is found on this machine and how to mend what is not, as text or as JSON.

Looking belongs to `parley_server.checkup`, gathering all looks to `parley_server.app`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley_server.checkup.findings import Finding

_SIGNS = {
    "ok": ("ok", "green"),
    "absent": ("--", "bright_black"),
    "warning": ("!!", "yellow"),
    "problem": ("NO", "red"),
}
_INDENT = 6


def doctor(
    json: bool = typer.Option(False, "--json", help="Print JSON: one object for each thing that was looked at."),
) -> None:
    """Look at this machine: models, engine, editors, folders; and say how to mend what is not well.

    Changes nothing and shows no secret. Exit code 1 if no request could be served.
    """
    import asyncio

    from parley_server.app import look_at_everything

    findings = asyncio.run(look_at_everything())
    can_serve = all(finding.verdict != "problem" for finding in findings if finding.area == "serving")
    if json:
        typer.echo(_document(findings, can_serve=can_serve))
    else:
        _print(findings, can_serve=can_serve)
    raise typer.Exit(0 if can_serve else 1)


def _document(findings: Sequence[Finding], *, can_serve: bool) -> str:
    import json
    from dataclasses import asdict

    document = {"format": 1, "can_serve": can_serve, "findings": [asdict(finding) for finding in findings]}
    return json.dumps(document, indent=2, ensure_ascii=False)


def _print(findings: Sequence[Finding], *, can_serve: bool) -> None:
    from itertools import groupby

    for area, group in groupby(findings, key=lambda finding: finding.area):
        typer.secho(area.value.capitalize(), bold=True)
        for finding in group:
            sign, color = _SIGNS[finding.verdict.value]
            typer.echo("  " + typer.style(sign, fg=color) + "  " + _wrapped(f"{finding.name}: {finding.found}"))
            if finding.fix is not None:
                typer.echo(" " * _INDENT + _wrapped(f"> {finding.fix}"))
    if not can_serve:
        typer.secho("No request can be served yet: begin with the line marked NO.", fg="red")


def _wrapped(text: str) -> str:
    import shutil
    from textwrap import wrap

    from parley_providers.plain_text import printable

    width = max(40, shutil.get_terminal_size().columns - _INDENT)
    lines = wrap(printable(text), width, break_long_words=False, break_on_hyphens=False)
    return ("\n" + " " * _INDENT).join(lines)
