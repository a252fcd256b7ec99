"""Adding up, while a process runs, what each request and all of them used and cost; told in one line to the person.

What a call costs belongs to `prices`, what may be spent to `spending`, and the totals of days to the records of calls.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from parley_providers.origins import is_loopback

if TYPE_CHECKING:
    from parley_providers.records import CallObserver, CallRecord

_MOST_KEPT = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What the calls of one request used, as far as it is known, and what the session cost with them.

    `uncounted` is the number of its calls whose tokens are unknown, `unpriced` of those whose cost is; `remote` whether
    any of them left this machine.
    """

    calls: int = 0
    prompt_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    uncounted: int = 0
    unpriced: int = 0
    remote: bool = False
    session_usd: float = 0.0
    session_unpriced: int = 0

    def sentence(self, wall_s: float) -> str:
        """One line, such as "1,240 in / 210 out, $0.0031, session $0.0120", or "600 in / 40 out, free, 12 s"."""
        if self.uncounted == self.calls:
            tokens = "tokens unknown"
        else:
            more = "+" if self.uncounted else ""
            tokens = f"{self.prompt_tokens:,}{more} in / {self.output_tokens:,}{more} out"
        if not self.remote:
            return f"{tokens}, free, {wall_s:.0f} s"
        if self.unpriced == self.calls:
            return f"{tokens}, cost unknown"
        cost = _dollars(self.cost_usd, self.unpriced)
        return f"{tokens}, {cost}, session {_dollars(self.session_usd, self.session_unpriced)}"


class Tally:
    """Takes each call that ended on its way to another observer, and knows what the latest requests used.

    For several threads. The session is that of the process.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: OrderedDict[str, Spent] = OrderedDict()
        self._session = Spent()

    def before(self, observer: CallObserver) -> CallObserver:
        """An observer that adds each call up here before `observer` takes it."""
        return _Adding(self, observer)

    def add(self, record: CallRecord) -> None:
        """Add up one call that ended."""
        with self._lock:
            self._session = _plus(self._session, record)
            key = record.correlation_id
            self._requests[key] = _plus(self._requests.pop(key, Spent()), record)
            if len(self._requests) > _MOST_KEPT:
                self._requests.popitem(last=False)

    def spent(self, correlation_id: str) -> Spent | None:
        """What the calls of one request used so far; None where none ended."""
        with self._lock:
            found, session = self._requests.get(correlation_id), self._session
        return found and replace(found, session_usd=session.cost_usd, session_unpriced=session.unpriced)


@dataclass(frozen=True, slots=True)
class _Adding:
    tally: Tally
    inner: CallObserver

    def observe(self, record: CallRecord) -> None:
        """See `CallObserver`."""
        self.tally.add(record)
        self.inner.observe(record)


def _plus(before: Spent, record: CallRecord) -> Spent:
    usage = record.usage
    return replace(
        before,
        calls=before.calls + 1,
        prompt_tokens=before.prompt_tokens + (usage.prompt_tokens or 0),
        output_tokens=before.output_tokens + (usage.output_tokens or 0),
        cost_usd=before.cost_usd + (record.cost_usd or 0.0),
        uncounted=before.uncounted + (usage.prompt_tokens is None or usage.output_tokens is None),
        unpriced=before.unpriced + (record.cost_usd is None and not is_loopback(record.origin)),
        remote=before.remote or not is_loopback(record.origin),
    )


def _dollars(usd: float, unpriced: int) -> str:
    return f"${usd:.4f}" + (" and what is unknown" if unpriced else "")
