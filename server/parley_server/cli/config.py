"""`parley config`: what is set, whence, and the schema of what can be.

Reading settings belongs to `parley_server.config`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley_server.config import Explained

config = typer.Typer(help="Settings: what is set, whence, and what can be.", no_args_is_help=True)


@config.command("show")
def show(
    explain: Annotated[
        bool, typer.Option("--explain", help="Beside each value, the file and line, variable or default it is from.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: one object for each key.")] = False,
) -> None:
    """Show the settings in force, as YAML."""
    import json
    from dataclasses import asdict

    from parley_server.config import explained_settings, user_path

    found = explained_settings()
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found], indent=2, ensure_ascii=False))
        return
    if explain:
        typer.echo(f"# Your file is {user_path()}. Later sources win: defaults, file, environment, command line.")
    typer.echo(_yaml(found, explain=explain), nl=False)


@config.command("schema")
def schema() -> None:
    """Print the JSON Schema of the settings file, for an editor's completion."""
    import json

    from parley_server.config import json_schema

    typer.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


def _yaml(found: Sequence[Explained], *, explain: bool) -> str:
    import io

    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap
    from ruamel.yaml.representer import RoundTripRepresenter

    class Telling(RoundTripRepresenter):
        """Null has a meaning of its own here, and is said."""

    Telling.add_representer(type(None), lambda made, _: made.represent_scalar("tag:yaml.org,2002:null", "null"))
    document = CommentedMap()
    for each in found:
        inner: Any = document
        for section in each.path[:-1]:
            inner = inner.setdefault(section, CommentedMap())
        inner[each.path[-1]] = each.value
        if explain:
            inner.yaml_add_eol_comment(each.where, each.path[-1], column=48)
    text = io.StringIO()
    yaml = YAML()
    yaml.width = 4096
    yaml.Representer = Telling
    yaml.dump(document, text)
    return text.getvalue()
