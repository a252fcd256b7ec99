"""How a request ended, as the editor is told: one function for each way.

Decides nothing and sends nothing: that belongs to `running`.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from parley_agent.document import apply_edits
from parley_server.diffs import proposal_diff
from parley_server.lsp import wire

if TYPE_CHECKING:
    from parley_agent.document import Document
    from parley_agent.refactor.requests import Explained, Proposed, Refused
    from parley_server.lsp.applying import Applied


async def shown(request_id: str, applied: Applied) -> wire.Finished:
    """A proposal, applied or not as `applied` says."""
    proposed, document = applied.wanted.proposed, applied.wanted.request.document
    diff, edit_sha256 = await asyncio.to_thread(_diff_and_hash, document, proposed)
    return replace(unshown(request_id, applied), diff=diff, edit_sha256=edit_sha256)


def unshown(request_id: str, applied: Applied) -> wire.Finished:
    """The same without what takes time to make: its diff, and the hash of the result."""
    proposed = applied.wanted.proposed
    return wire.Finished(
        id=request_id,
        seq=0,
        outcome=applied.outcome,
        message=applied.message,
        title=proposed.title,
        proof=proposed.proof,
        evidence=proposed.evidence,
        notes=proposed.notes,
        rebased=applied.wanted.rebased,
        kept=applied.keeps,
        created=applied.created,
    )


def explained(request_id: str, explanation: Explained) -> wire.Finished:
    """An explanation."""
    return wire.Finished(
        id=request_id, seq=0, outcome="explained", message="Here is the explanation.", text=explanation.text
    )


def refused(request_id: str, refusal: Refused) -> wire.Finished:
    """The agent refused."""
    return wire.Finished(id=request_id, seq=0, outcome="refused", message=refusal.reason, code=refusal.code)


def failed(request_id: str, message: str, code: str) -> wire.Finished:
    """A model, or Parley, failed."""
    return wire.Finished(id=request_id, seq=0, outcome="failed", message=message, code=code)


def cancelled(request_id: str, *, kept: bool) -> wire.Finished:
    """The person did not want it any more, or with `kept` not yet."""
    message = "Cancelled; nothing was changed." + (" It is kept among the code actions." if kept else "")
    return wire.Finished(id=request_id, seq=0, outcome="cancelled", message=message, kept=kept)


def unknown(request_id: str) -> wire.Finished:
    """The server ended while the editor had the edit."""
    message = "Parley ended while the editor had the edit; look at the document."
    return wire.Finished(id=request_id, seq=0, outcome="unconfirmed", message=message)


def _diff_and_hash(document: Document, proposed: Proposed) -> tuple[str, str]:
    after = apply_edits(document.text, proposed.edits)
    digest = hashlib.sha256(after.encode("utf-8", "surrogatepass")).hexdigest()
    return proposal_diff(document, proposed.edits, proposed.new_files), digest
