"""The settings of a process that serves several folders: each has those of its workspace, all those of the editor.

What is taken over while the process runs is what cannot hurt (`harmless`): how long a request of a folder may take,
what it may cost, and how the embedded engine runs. Nothing is read for a folder before its first request.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from parley_server.app.models import deadlines_of, engine_settings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from parley_agent.refactor.requests import RefactorRequest
    from parley_providers.chain import ProviderChain
    from parley_server.config_text import Entry
    from parley_server.project import Project
    from parley_server.settings import Settings

logger = logging.getLogger(__name__)
_Entries = tuple["Entry", ...]


class Layers:
    """The workspaces' layers, and the entries that an editor gave last.

    Args:
        read: The settings from every source, with a workspace's and the editor's entries among them.
        read_project: The file of the workspace that holds a folder, as far as it counts.
        folder: Where the work is when a request does not say; None is in no workspace.
    """

    def __init__(
        self,
        read: Callable[[_Entries, _Entries], Settings],
        read_project: Callable[[Path], Project],
        folder: Path | None = None,
    ) -> None:
        self._read = read
        self._read_project = read_project
        self._folder = folder
        self._editor: _Entries = ()
        self._known: dict[tuple[_Entries, _Entries], Settings] = {}
        self._told: set[str] = set()

    def settings(self, folder: Path | None = None) -> Settings:
        """The settings that count now in a folder.

        Raises:
            ConfigError: they cannot be used; the message says where and why.
        """
        wanted = folder or self._folder
        layers = (self._project(wanted) if wanted else (), self._editor)
        if layers not in self._known:
            self._known[layers] = self._read(*layers)
        return self._known[layers]

    def take(self, given: Mapping[str, object], chain: ProviderChain | None, *, bare: bool) -> tuple[str, ...]:
        """See `SettingsLayers`."""
        if not given and not self._editor:
            return ()
        from parley_server.config_text import ConfigError
        from parley_server.editor_settings import entries_in, names_a_setting
        from parley_server.harmless import sifted

        before = self._editor
        found = sifted(() if bare and not names_a_setting(given) else entries_in(given), before)
        self._editor = found.entries
        if chain is None or before == found.entries:
            return found.problems
        try:
            _run_engine(chain, self.settings())
        except ConfigError as error:
            return (*found.problems, f"The editor's settings count from the next start on: {error}")
        return found.problems

    @contextmanager
    def bounded(self, chain: ProviderChain, request: RefactorRequest) -> Iterator[None]:
        """See `SettingsLayers`."""
        from parley_providers.resilience import Bounds
        from parley_server.policy import limits_of

        settings = self.settings(_folder_of(request))
        _run_engine(chain, settings)
        bounds = Bounds(deadlines=deadlines_of(settings), limits=limits_of(settings))
        with chain.bounded(request.correlation_id, bounds):
            yield

    def problems(self, folders: Iterable[str]) -> tuple[str, ...]:
        """See `SettingsLayers`."""
        found = (problem for folder in folders for problem in self._read_project(Path(folder)).problems)
        return tuple(dict.fromkeys(found))

    def _project(self, folder: Path) -> _Entries:
        project = self._read_project(folder)
        for problem in project.problems:
            if problem not in self._told:
                self._told.add(problem)
                logger.warning("%s", problem)
        return project.entries


def _folder_of(request: RefactorRequest) -> Path | None:
    """The workspace folder of a request's document, else the folder of its file."""
    if request.workspace_root is not None:
        return Path(request.workspace_root)
    return None if request.document.path is None else Path(request.document.path).parent


def _run_engine(chain: ProviderChain, settings: Settings) -> None:
    """Let the embedded engine run so from now on; what it has loaded stays as long as it fits."""
    from parley_providers.engine.embedded import EmbeddedProvider

    for provider in chain.providers:
        if isinstance(provider, EmbeddedProvider):
            provider.set_settings(engine_settings_of(settings))
