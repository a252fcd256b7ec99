"""`parley trust`: which workspaces may have settings of their own.

Keeping belongs to `parley_server.trust`, what such a file may say to `parley_server.harmless`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from parley_server.project import Project

trust = typer.Typer(
    help="Which workspaces may have settings of their own.\n\n"
    "A file .parley.yaml at a workspace's root is read only where you trust it, as it was when you did; and of it only "
    "what cannot hurt you: waiting times, how the embedded engine uses this machine, and a lower budget.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Folder = Annotated[Path | None, typer.Argument(help="The workspace's root; without it, that of the present folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@trust.command("add")
def add(folder: Folder = None) -> None:
    """Trust a workspace, with its .parley.yaml as it is now.

    When the file changes, it is not read until you add it again.
    """
    from parley_providers.clock import SYSTEM_CLOCK
    from parley_server.app import trust_store
    from parley_server.project import trust_project, workspace_of

    project = trust_project(folder or workspace_of(Path.cwd()), trust_store(), SYSTEM_CLOCK.now())
    _say(f"{project.folder} is trusted.")
    _tell(project)


@trust.command("rm")
def remove(folder: Folder = None) -> None:
    """Trust a workspace no longer."""
    from parley_server.app import trust_store
    from parley_server.project import workspace_of

    root = (folder or workspace_of(Path.cwd())).resolve()
    if trust_store().forget(root):
        _say(f"{root} is trusted no longer.")
    else:
        _say(f"{root} was not trusted; nothing was changed.")


@trust.command("list")
def list_trusted(as_json: AsJson = False) -> None:
    """Show every workspace that is trusted."""
    import json

    from parley_server.app import trust_store
    from parley_server.project import read_project

    store = trust_store()
    found = [(each, read_project(each.folder, store)) for each in store.all()]
    if as_json:
        documents = [_document(project) | {"at": each.at.isoformat()} for each, project in found]
        typer.echo(json.dumps(documents, indent=2, ensure_ascii=False))
        return
    if not found:
        typer.echo("No workspace is trusted. To trust one: parley trust add FOLDER")
    for each, project in found:
        _say(f"{each.folder}  since {each.at:%Y-%m-%d}: {_STANDINGS[project.standing]}")


@trust.command("status")
def status(folder: Folder = None, as_json: AsJson = False) -> None:
    """Show whether a workspace is trusted.

    And what of its settings counts.

    Exit code 1 if it has settings that are not read.
    """
    import json

    from parley_server.app import trust_store
    from parley_server.project import read_project, workspace_of

    project = read_project(folder or workspace_of(Path.cwd()), trust_store())
    if as_json:
        typer.echo(json.dumps(_document(project), indent=2, ensure_ascii=False))
    else:
        _say(f"{project.folder} is {'trusted' if project.is_trusted else 'not trusted'}.")
        _tell(project)
    raise typer.Exit(0 if project.standing in ("absent", "trusted") else 1)


def _tell(project: Project) -> None:
    if project.standing == "absent":
        typer.echo("It has no settings of its own.")
    for entry in project.entries:
        _say(f"It sets {entry.key} to {entry.value} ({entry.where}).")
    for problem in project.problems:
        _say(problem, err=True)


def _say(sentence: str, *, err: bool = False) -> None:
    """Print a sentence that may quote what came with a repository."""
    from parley_providers.plain_text import printable

    typer.echo(printable(sentence), err=err)


def _document(project: Project) -> dict[str, Any]:
    return {
        "folder": str(project.folder),
        "trusted": project.is_trusted,
        "standing": project.standing,
        "settings": {entry.key: entry.value for entry in project.entries},
        "problems": list(project.problems),
    }


_STANDINGS = {
    "absent": "no settings of its own",
    "untrusted": "not trusted",
    "changed": "its settings changed since and are not read",
    "trusted": "its settings are read",
    "unusable": "its settings cannot be used",
}
