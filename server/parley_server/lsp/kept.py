"""Proposals that were not applied, kept for as long as the server lives: the person may still want them.

How one is applied after all belongs to `applying`. Only the latest are kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

from parley_server.lsp.documents import moved

if TYPE_CHECKING:
    from collections.abc import Callable

    from parley_agent.refactor.requests import Proposed, RefactorRequest

_MOST = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptProposal:
    """A proposal under the id of the request that it ended; `request` is about the text that it was made for."""

    id: str
    request: RefactorRequest
    proposed: Proposed


class KeptProposals:
    """The latest proposals, the latest last."""

    def __init__(self) -> None:
        self._kept: dict[str, KeptProposal] = {}

    def keep(self, proposal: KeptProposal) -> None:
        """Keep one more; the oldest may be forgotten."""
        self._kept[proposal.id] = proposal
        if len(self._kept) > _MOST:
            del self._kept[next(iter(self._kept))]

    def take(self, proposal_id: str | None) -> KeptProposal | None:
        """The proposal of that id, or the latest for None; it is kept no more."""
        wanted = next(reversed(self._kept), "") if proposal_id is None else proposal_id
        return self._kept.pop(wanted, None)

    def of(self, uri: str) -> tuple[KeptProposal, ...]:
        """The proposals for a document."""
        return tuple(each for each in self._kept.values() if unquote(each.request.document.uri) == unquote(uri))

    def rename(self, old: str, new: str, to_path: Callable[[str], str | None]) -> None:
        """A document, or the folder that it is in, has another name now."""
        for each in tuple(self._kept.values()):
            uri = moved(each.request.document.uri, old, new)
            if uri is not None:
                document = replace(each.request.document, uri=uri, path=to_path(uri))
                self._kept[each.id] = replace(each, request=replace(each.request, document=document))

    def forget(self, uri: str) -> None:
        """A document, or the folder that it was in, is gone."""
        for each in tuple(self._kept.values()):
            if moved(each.request.document.uri, uri, uri) is not None:
                del self._kept[each.id]
