"""What an editor set in this session: one layer among the settings' sources, taken over while the process runs.

What counts of it belongs to `harmless`. Nothing is imported for an editor that sets nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley_server.app.models import deadlines_of, engine_settings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from parley_providers.chain import ProviderChain
    from parley_server.config_text import Entry
    from parley_server.settings import Settings


class EditorLayer:
    """The entries that an editor gave last.

    Args:
        read: Reads the settings from every source, with the editor's entries among them.
    """

    def __init__(self, read: Callable[[tuple[Entry, ...]], Settings]) -> None:
        self._read = read
        self._entries: tuple[Entry, ...] = ()

    def settings(self) -> Settings:
        """The settings now, this layer included.

        Raises:
            ConfigError: they cannot be used; the message says where and why.
        """
        return self._read(self._entries)

    def take(self, given: Mapping[str, object], chain: ProviderChain | None, *, bare: bool) -> tuple[str, ...]:
        """Let `given` count from the next request on; a sentence about each key that does not.

        With `bare`, it may be another server's: it counts only if it names a setting of Parley's.
        """
        if not given and not self._entries:
            return ()
        from parley_server.config_file import ConfigError
        from parley_server.editor_settings import entries_in, names_a_setting
        from parley_server.harmless import sifted

        before = self._entries
        found = sifted(() if bare and not names_a_setting(given) else entries_in(given), before)
        self._entries = found.entries
        if chain is None or before == found.entries:
            return found.problems
        try:
            adjust(chain, self.settings())
        except ConfigError as error:
            return (*found.problems, f"The editor's settings count from the next start on: {error}")
        return found.problems

    def apply_to(self, chain: ProviderChain) -> None:
        """Let what the editor set, if anything, count for a chain that was built without the person's settings."""
        if self._entries:
            adjust(chain, self.settings())


def adjust(chain: ProviderChain, settings: Settings) -> None:
    """Change a running chain by what can change meanwhile; what was spent and which engine is loaded stay."""
    from parley_providers.engine.embedded import EmbeddedProvider
    from parley_server.policy import limits_of

    chain.set_bounds(deadlines_of(settings), limits_of(settings))
    for provider in chain.providers:
        if isinstance(provider, EmbeddedProvider):
            provider.set_settings(engine_settings_of(settings))
