"""What a person is shown in a message: plain words, of which no editor makes a link.

Messages quote code, settings of a repository and what models said, and some editors turn `[words](command:…)` in a
message into a link that runs a command of theirs.
"""

from __future__ import annotations

from lsprotocol import types

from parley_providers.plain_text import printable


def shown(params: types.ShowMessageParams) -> types.ShowMessageParams:
    """The same message, to be shown."""
    return types.ShowMessageParams(type=params.type, message=_plain(params.message))


def asked(params: types.ShowMessageRequestParams) -> types.ShowMessageRequestParams:
    """The same question, to be asked."""
    return types.ShowMessageRequestParams(type=params.type, message=_plain(params.message), actions=params.actions)


def _plain(text: str) -> str:
    return printable(text).replace("](", "] (")
