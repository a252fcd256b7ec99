"""Where in an editor's settings ours are. What they say belongs to `editor_settings`; this imports nothing of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

SECTION = "parley"


def section_of(settings: Mapping[str, Any]) -> object:
    """What is ours of all settings of an editor: what stands below `SECTION`, nested or dotted; None: nothing is."""
    dotted = {name.removeprefix(f"{SECTION}."): value for name, value in settings.items() if _is_dotted(name)}
    if SECTION not in settings:
        return dotted or None
    ours = settings[SECTION]
    return {**dotted, **ours} if isinstance(ours, dict) else ours


def _is_dotted(name: object) -> bool:
    return isinstance(name, str) and name.startswith(f"{SECTION}.")
