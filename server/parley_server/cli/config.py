"""`parley config`: what is set, whence, and the schema of what can be.

Reading settings belongs to `parley_server.config`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley_server.config import Explained
    from parley_server.harmless import Sifted

config = typer.Typer(help="Settings: what is set, whence, and what can be.", no_args_is_help=True)


@config.command("show")
def show(
    explain: Annotated[
        bool, typer.Option("--explain", help="Beside each value, the file and line, variable or default it is from.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: one object for each key.")] = False,
    editor: Annotated[
        Path | None, typer.Option(help="What an editor would add to them: its settings, as a file of JSON.")
    ] = None,
) -> None:
    """Show the settings in force, as YAML."""
    import json
    from dataclasses import asdict

    from parley_providers.plain_text import printable
    from parley_server.app import project_at
    from parley_server.config import explained_settings, own_sources, user_path

    project = project_at()
    given = None if editor is None else _layer_of(editor)
    found = explained_settings(own_sources(project=project.entries, editor=given.entries if given else ()))
    for problem in (*project.problems, *(given.problems if given else ())):
        typer.echo(printable(problem), err=True)
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found], indent=2, ensure_ascii=False))
        return
    if explain:
        typer.echo(f"# Your file is {user_path()}; the workspace's is {project.file} ({project.standing}).")
        typer.echo("# Later sources win: defaults, your file, the workspace's, environment, editor, command line.")
    typer.echo(_yaml(found, explain=explain), nl=False)


@config.command("schema")
def schema(
    project: Annotated[bool, typer.Option("--project", help="That of a workspace's .parley.yaml instead.")] = False,
) -> None:
    """Print the JSON Schema of the settings file.

    For an editor's completion.
    """
    import json

    from parley_server.config_schema import json_schema, project_schema

    typer.echo(json.dumps(project_schema() if project else json_schema(), indent=2, ensure_ascii=False))


def _layer_of(file: Path) -> Sifted:
    """What counts of an editor's settings, as the server takes them from it."""
    import json

    from parley_server.config_file import ConfigError
    from parley_server.editor_section import section_of
    from parley_server.editor_settings import entries_in
    from parley_server.harmless import sifted

    try:
        settings = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigError(f"{file} is no JSON ({error}). Comments and commas before an end have to go.") from error
    section = section_of(settings) if isinstance(settings, dict) else None
    if not isinstance(section, dict):
        raise ConfigError(f'{file} holds no settings of Parley\'s, such as {{"parley.timeouts.idle_s": 60}}.')
    return sifted(entries_in(section))


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
