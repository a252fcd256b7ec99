"""A vendor asked through its own SDK: our connections, deadlines and faults around the SDK's calls.

What is asked, and what an answer means, belongs to each vendor's adapter, through the `Sdk` it passes.

**Invariants.** An SDK is imported at the first call that needs it, in a thread. It neither retries nor follows a
redirect, and the key is sent to its own origin only. Leaving `answer`, by cancellation too, closes the connection.
"""

from __future__ import annotations

import asyncio
import importlib
import json
from contextlib import aclosing, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from parley_providers.addresses import client_for
from parley_providers.errors import (
    AuthenticationError,
    ModelNotFoundError,
    ProviderError,
    ServerError,
    StreamTruncatedError,
)
from parley_providers.guard import Guard
from parley_providers.http import Patience, Pieces
from parley_providers.rate_limits import limits_of
from parley_providers.refusals import IN_BAND, Refusal

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

    import httpx2

    from parley_providers.addresses import ServerAddress
    from parley_providers.keys import Key

T = TypeVar("T")
# What an SDK made of JSON: whoever reads it checks it.
SdkValue: TypeAlias = Any
_END = object()


class SdkMissingError(ModelNotFoundError):
    """The vendor's SDK is not installed; the message names the command that installs it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sdk:
    """What there is to know of a vendor's SDK.

    `module` is imported, and installed by our `extra`. `build` makes its client from the module, the base URL, the key
    and our HTTP client. `errors` are its own error classes. `explain` says which error a refusal is, for a model's
    name. `speaks` tells a piece of the answer from events that only say that one is being made.
    """

    module: str
    extra: str
    key_variable: str
    build: Callable[[Any, str, str, httpx2.AsyncClient], Any]
    errors: Callable[[Any], tuple[type[Exception], ...]]
    explain: Callable[[Refusal, str], ProviderError]
    speaks: Callable[[Any], bool]


@dataclass(slots=True)
class _Exchange:
    """The request that is being sent: for whom, and the response once there is one."""

    model: str
    connect_s: float
    idle_s: float
    response: httpx2.Response | None = None


_EXCHANGE: ContextVar[_Exchange] = ContextVar("exchange")


@dataclass(slots=True)
class VendorServer:
    """A vendor's server behind its SDK.

    Args:
        address: Where it is; the key is not part of it.
        key: The key, or None: then every call says how to set one.
        sdk: The vendor's SDK.
    """

    address: ServerAddress
    key: Key | None
    sdk: Sdk
    _guard: Guard = field(init=False)
    _http: httpx2.AsyncClient | None = None
    _client: Any = None
    _errors: tuple[type[Exception], ...] = ()
    _building: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self._guard = Guard(self.address)

    @property
    def origin(self) -> str:
        """Scheme, host and port that requests go to."""
        return self.address.origin

    @asynccontextmanager
    async def answer(
        self, call: Callable[[Any], Awaitable[Any]], patience: Patience, model: str
    ) -> AsyncIterator[Pieces[Any]]:
        """The SDK's events of the streamed answer to `call(client)`, from the first one on.

        Raises:
            ProviderError: what `Sdk.explain` made of a refusal, or what broke the exchange.
        """
        client = await self._connected(model)
        exchange = _Exchange(model=model, connect_s=patience.connect_s, idle_s=patience.idle_s)
        at, late = patience.until(patience.first_at, f"{self._guard.name} did not begin to answer in time")
        try:
            stream = aiter(await self._wait(call(client), at, late, exchange))
            first = await self._wait(anext(stream, _END), at, late, exchange)
            async with aclosing(self._events(first, stream, patience, exchange)) as events:
                headers = {} if exchange.response is None else exchange.response.headers
                yield Pieces(coming=events, limits=limits_of(headers))
        finally:
            if exchange.response is not None:
                await exchange.response.aclose()

    async def ask(self, call: Callable[[Any], Awaitable[T]], *, within_s: float, model: str = "") -> T:
        """What `call(client)` gives; see `answer`."""
        client = await self._connected(model)
        patience = Patience.short(within_s)
        exchange = _Exchange(model=model, connect_s=patience.connect_s, idle_s=patience.idle_s)
        late = f"{self._guard.name} did not answer in time"
        return await self._wait(call(client), patience.total_at, late, exchange)

    async def aclose(self) -> None:
        """Close every connection; a later call opens new ones."""
        http, self._http, self._client = self._http, None, None
        if http is not None:
            await http.aclose()

    async def _events(
        self, first: object, stream: AsyncIterator[Any], patience: Patience, exchange: _Exchange
    ) -> AsyncGenerator[Any, None]:
        loop = asyncio.get_running_loop()
        at, late = patience.first_at, f"{self._guard.name} did not begin to answer in time"
        event: SdkValue = first
        spoken = False
        while event is not _END:
            yield event
            spoken = spoken or self.sdk.speaks(event)
            if spoken:
                at = loop.time() + patience.idle_s
                late = f"{self._guard.name} said nothing more for {patience.idle_s:g} s"
            event = await self._wait(anext(stream, _END), *patience.until(at, late), exchange)

    async def _wait(self, waited: Awaitable[T], at: float, why: str, exchange: _Exchange) -> T:
        started = exchange.response is not None
        token = _EXCHANGE.set(exchange)
        try:
            return await self._guard.wait(
                self._translated(waited, exchange.model), at, why, exchange.model, started=started
            )
        finally:
            _EXCHANGE.reset(token)

    async def _translated(self, waited: Awaitable[T], model: str) -> T:
        """What `waited` gives; the SDK's wrappings taken off what failed."""
        try:
            return await waited
        except self._errors as error:
            raise self._cause(error, model) from error
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            if isinstance(error, json.JSONDecodeError) or isinstance(error.__cause__, json.JSONDecodeError):
                cut = f"{self._guard.name} broke off in the middle of its answer; nothing of it was used. Try again."
                raise self._guard.fault(StreamTruncatedError, cut, model) from error
            odd = f"{self._guard.name} sent something of an unknown shape ({type(error).__name__})."
            raise self._guard.fault(ServerError, odd, model) from error

    def _cause(self, error: Exception, model: str) -> Exception:
        import httpx2

        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, ProviderError | httpx2.TransportError | httpx2.StreamError | httpx2.InvalidURL):
                return cause
            cause = cause.__cause__
        told = getattr(error, "body", None) or getattr(error, "details", None) or str(error)
        body = told if isinstance(told, str) else json.dumps(told, default=str)
        return self.sdk.explain(Refusal(status=IN_BAND, body=body.encode()), model)

    async def _connected(self, model: str) -> SdkValue:
        async with self._building:
            if self._client is None:
                self._client = await asyncio.to_thread(self._built, self._usable_key(model), model)
            return self._client

    def _usable_key(self, model: str) -> str:
        if self.key is None:
            raise AuthenticationError(
                f"There is no key for {self.address.provider}. Set it in the environment variable "
                f"{self.sdk.key_variable}, or keep it in the keyring: parley auth set {self.address.provider}",
                provider=self.address.provider,
                model=model,
            )
        try:
            return self.key.text_for(self.address.origin)
        except AuthenticationError as error:
            error.provider, error.model = self.address.provider, model
            raise

    def _built(self, key: str, model: str) -> SdkValue:
        try:
            module = importlib.import_module(self.sdk.module)
        except ImportError as error:
            raise SdkMissingError(
                f"{self.address.provider} needs a package that is not installed ({error}). Install it: "
                f"pip install 'parley-ls[{self.sdk.extra}]'",
                provider=self.address.provider,
                model=model,
            ) from error
        self._errors = self.sdk.errors(module)
        self._http = client_for(self.address)
        self._http.event_hooks = {"request": [self._before], "response": [self._after]}
        return self.sdk.build(module, self.address.base_url, key, self._http)

    async def _before(self, request: httpx2.Request) -> None:
        exchange = _EXCHANGE.get()
        url = request.url
        origin = f"{url.scheme}://{url.netloc.decode()}"
        if self.key is not None:
            self.key.text_for(origin)
        request.extensions["timeout"] = {
            "connect": exchange.connect_s,
            "read": None,
            "write": exchange.idle_s,
            "pool": None,
        }

    async def _after(self, response: httpx2.Response) -> None:
        """Looks at every response before the SDK does, so that one fault is one error whatever the SDK makes of it."""
        import httpx2

        from parley_providers.adapters.vendor_limits import LimitedBody, read_refusal  # they need httpx2

        exchange = _EXCHANGE.get()
        exchange.response = response
        model = exchange.model
        self._guard.see_that_it_answers(response, model)
        if response.status_code != 200:
            body = await read_refusal(response)
            raise self.sdk.explain(Refusal.of(response.status_code, body, response.headers), model)
        if isinstance(response.stream, httpx2.AsyncByteStream):
            response.stream = LimitedBody(response.stream, self._guard.endless(model))
