"""The editor's settings: asked for where it can be asked, taken where it sends them, and told about once where wrong.

Which settings count, and what each does, belongs to the services.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Protocol

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from parley_server.editor_section import SECTION, section_of

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from parley_server.lsp.client import ClientFacts

logger = logging.getLogger(__name__)
# Whoever writes a hundred wrong keys into a project shall not fill the person's screen.
_MOST_SHOWN = 5
_NO_OBJECT = f'The editor\'s settings "{SECTION}" have to be an object, such as {{"timeouts": {{"idle_s": 60}}}}.'


class SettingsEditor(Protocol):
    """The editor as far as its settings go: a part of pygls' `LanguageServer`."""

    def workspace_configuration_async(self, params: types.ConfigurationParams) -> Awaitable[Sequence[Any]]:
        """Ask for settings; may never be answered."""
        ...

    def client_register_capability_async(self, params: types.RegistrationParams) -> Awaitable[None]:
        """Ask to be told of something; may never be answered."""
        ...

    def window_show_message(self, params: types.ShowMessageParams) -> None:
        """Tell the person."""
        ...


class Configuring:
    """One connection's settings. What comes later goes before what came earlier, even if that is still on its way.

    Args:
        group: The parent of every task.
        editor: Who is asked.
        take: Lets settings count, bare ones if they name one of ours; a sentence about each that does not.
        look: What the person should know of the settings files of workspace folders.
    """

    def __init__(
        self,
        group: asyncio.TaskGroup,
        editor: SettingsEditor,
        take: Callable[[Mapping[str, Any], bool], Awaitable[tuple[str, ...]]],
        look: Callable[[tuple[str, ...]], Awaitable[tuple[str, ...]]],
    ) -> None:
        self._group = group
        self._editor = editor
        self._take = take
        self._look = look
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._told: dict[str, frozenset[str]] = {}

    def begin(self, client: ClientFacts) -> None:
        """The editor is ready: ask for its settings, and to be told when they change."""
        if client.registers_configuration:
            self._start("registering", self._register)
        if client.answers_configuration:
            self._start("settings", self._pull)
        self.workspaces(client)

    def workspaces(self, client: ClientFacts) -> None:
        """These are the workspace folders now: tell once what should be known of their settings files."""
        if client.workspace_roots:
            self._start("workspaces", lambda: self._looked(client.workspace_roots))

    def changed(self, client: ClientFacts, settings: object) -> None:
        """The editor says that settings changed: `settings` are the new ones, or null: ask for them."""
        if client.answers_configuration:
            self._start("settings", self._pull)
        elif settings is not None:
            self._start("settings", lambda: self._push(settings))

    def close(self) -> None:
        """Wait for no answer any more."""
        for task in self._tasks.values():
            task.cancel()

    def _start(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        if name in self._tasks:
            self._tasks[name].cancel()
        self._tasks[name] = self._group.create_task(self._guarded(name, work), name=f"parley-{name}")

    async def _guarded(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except JsonRpcException as error:
            logger.warning("%s: the editor answered with an error: %s", name, error.message)
        except Exception:
            # The settings stay as they were, and the server lives.
            logger.exception("%s failed", name)

    async def _register(self) -> None:
        wanted = types.Registration(
            id="parley-settings",
            method=types.WORKSPACE_DID_CHANGE_CONFIGURATION,
            register_options=types.DidChangeConfigurationRegistrationOptions(section=SECTION),
        )
        await self._editor.client_register_capability_async(types.RegistrationParams([wanted]))

    async def _pull(self) -> None:
        asked = types.ConfigurationParams([types.ConfigurationItem(section=SECTION)])
        answer = await self._editor.workspace_configuration_async(asked)
        await self._use(next(iter(answer or ()), None), bare=False)

    async def _push(self, settings: object) -> None:
        if not isinstance(settings, dict):
            await self._use(settings, bare=False)
            return
        section = section_of(settings)
        if section is None and SECTION not in settings:
            await self._use(settings, bare=True)
        else:
            await self._use(section, bare=False)

    async def _looked(self, roots: tuple[str, ...]) -> None:
        self._tell("workspaces", await self._look(roots))

    async def _use(self, section: object, *, bare: bool) -> None:
        # An empty table of Lua is an empty list here.
        section = {} if section in (None, [], ()) else section
        if isinstance(section, dict):
            self._tell("settings", await self._take(section, bare))
        else:
            self._tell("settings", (_NO_OBJECT,))

    def _tell(self, source: str, problems: tuple[str, ...]) -> None:
        new = [each for each in problems if each not in self._told.get(source, ())]
        self._told[source] = frozenset(problems)
        for each in new:
            logger.warning("%s", each)
        shown = new[:_MOST_SHOWN]
        if len(new) > _MOST_SHOWN:
            shown.append(f"{len(new) - _MOST_SHOWN} more settings are wrong; the log names them.")
        for each in shown:
            self._editor.window_show_message(types.ShowMessageParams(types.MessageType.Warning, each))
