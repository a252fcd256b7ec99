"""`parley auth`: the keys of providers, kept in the operating system's keyring; none is ever shown.

Keeping belongs to `parley_server.access`.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

auth = typer.Typer(help="Keys of providers: keep, remove, and see whence they come.", no_args_is_help=True)

Provider = Annotated[str, typer.Argument(metavar="PROVIDER", help="Its name, such as anthropic, or your own.")]


@auth.command("set")
def set_key(
    provider: Provider,
    kind: Annotated[str | None, typer.Option(help="What it speaks; without it, the provider's own name.")] = None,
    url: Annotated[str | None, typer.Option(help="Its address, where the kind does not fix it.")] = None,
) -> None:
    """Keep a key in the keyring, and allow this provider to be asked.

    The key is asked for without an echo, or read from standard input: parley auth set anthropic < key.txt
    """
    from parley_server.app import build_access
    from parley_server.config_file import READ_AT_START

    access = build_access()
    text = typer.prompt(f"Key for {provider}", hide_input=True) if sys.stdin.isatty() else sys.stdin.read()
    kept = access.keep(provider, text, kind=kind, url=url)
    named = "" if provider in access.settings.providers else f" {READ_AT_START}"
    typer.echo(f"The key for {kept.provider} is in the keyring. It goes to {kept.origin} only.{named}")


@auth.command("rm")
def remove_key(provider: Provider) -> None:
    """Remove a key from the keyring. A provider that `parley auth set` named is named no longer."""
    from parley_server.app import build_access

    if build_access().forget(provider):
        typer.echo(f"The key for {provider} is removed.")
    else:
        typer.echo(f"The keyring had no key for {provider}.")


@auth.command("status")
def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: one object for each provider.")] = False,
) -> None:
    """Show who is named, and whence keys come; never a key."""
    import json
    from dataclasses import asdict

    from parley_server.app import build_access

    statuses = build_access().statuses()
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in statuses], indent=2))
        return
    if not statuses:
        typer.echo("No provider is named. Local models need no key; for another: parley auth set PROVIDER")
    for each in statuses:
        if not each.named:
            told = f"{each.source} is set, but {each.provider} is not named, so it is never asked."
        elif each.problem is not None:
            told = each.problem
        else:
            told = "no key" if each.source is None else f"key from {each.source}, for {each.origin} only"
        typer.echo(f"{each.provider}: {told}")
