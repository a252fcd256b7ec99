"""A group of commands whose modules are imported when one is run: listing them costs nothing.

What the commands are belongs to `root`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

import typer
from typer.core import TyperGroup
from typer.main import get_command

if TYPE_CHECKING:
    from collections.abc import Mapping


class LateGroup(TyperGroup):
    """Finds the command `name` as what is called so in the module `parley_server.cli.name`.

    `summaries` says what each command does, in the order in which they are listed.
    """

    summaries: ClassVar[Mapping[str, str]] = {}

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - whatever typer hands its group
        super().__init__(**attributes)
        # Typer suggests from these keys; what they hold is never asked.
        self.commands = dict.fromkeys(self.summaries)  # type: ignore[assignment]

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """The arguments that are left for the command, none of which is blank.

        What is blank is mostly an empty variable of the shell, and would pass for what was left out: another store,
        another folder, no test.

        Raises:
            BadParameter: one is.
        """
        for before, given in zip(("parley", *args), args, strict=False):
            name, equals, value = given.partition("=")
            is_option = bool(equals) and name.startswith("--")
            if not (value if is_option else given).strip():
                raise typer.BadParameter(
                    f"what comes after {name if is_option else before!r} is blank. Write it, or leave it out with its "
                    "option; perhaps a variable of your shell is empty.",
                    ctx=ctx,
                )
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # noqa: ARG002 - typer's own face
        """The names, in the order of `summaries`."""
        return list(self.summaries)

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Any:  # type: ignore[override]  # noqa: ANN401, ARG002
        """The command, imported now; None where there is none of this name."""
        if cmd_name not in self.summaries:
            return None
        found = getattr(import_module(f"parley_server.cli.{cmd_name}"), cmd_name)
        if not isinstance(found, typer.Typer):
            alone = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)
            alone.command(cmd_name)(found)
            found = alone
        found.rich_markup_mode = None
        found._add_completion = False  # noqa: SLF001 - groups of their own are made without knowing that they are below one
        return get_command(found)

    def format_commands(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]  # noqa: ANN401, ARG002
        """List the commands by their summaries."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.summaries.items()))
