"""The router that needs no measurements: what was asked for, else what is configured, else what this machine has.

It never downloads. Routing by measured profiles belongs to whoever implements `Router` next.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from parley_providers.errors import ModelNotFoundError, NoModelError, ProviderError
from parley_providers.keys import VENDORS
from parley_providers.provider import ModelFacts
from parley_providers.route import Route

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from parley_providers.provider import Provider
    from parley_providers.requests import LLMRequest

# Above this a model without a graphics card answers slower than a person types; below it, larger is better.
COMFORTABLE_PARAMETERS = 8e9
_MULTIPLES = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
_TIERS = (4e9, 15e9, 40e9)
_BITS = re.compile(r"(?:IQ|Q|F|BF|FP)(\d+)", re.IGNORECASE)
# Bits of a weight beyond its nominal ones: scales and minima of k-quants, and the tensors that stay larger.
_EXTRA_BITS = 1.0
_UNKNOWN_BITS = 8.0
# Keys, values and buffers beside the weights.
_SPARE_BYTES = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the person has set: the model to use ("provider/model", or a bare name), and the embedded one to prefer."""

    model: str | None = None
    embedded_model: str | None = None


class LocalRouter:
    """Routes to models of this machine.

    Args:
        servers: Providers whose models are found by asking, such as a running Ollama, in order of preference.
        embedded: The provider of downloaded models.
        remote: Providers elsewhere, which are asked for a model only when it is named together with them.
        choices: What the person has set.
        available_bytes: How much memory a model that is not loaded yet could use.
        advice: How to get a model, for the person who has none.
    """

    def __init__(
        self,
        *,
        servers: Sequence[Provider],
        embedded: Provider,
        remote: Sequence[Provider] = (),
        choices: Choices,
        available_bytes: Callable[[], int],
        advice: str,
    ) -> None:
        self._servers = servers
        self._embedded = embedded
        self._remote = remote
        self._choices = choices
        self._available_bytes = available_bytes
        self._advice = advice

    async def routes(self, request: LLMRequest) -> tuple[Route, ...]:
        """See `Router`. Whoever named a model gets that one or an error; else a downloaded model is the fallback."""
        if request.model is not None:
            return (await self._named(request.model, "requested", f"you asked for {request.model}"),)
        if self._choices.model is not None:
            why = f"{self._choices.model} is the configured model"
            return (await self._named(self._choices.model, "configured", why),)
        routes = tuple(route for route in (await self._found(), await self._downloaded()) if route is not None)
        if not routes:
            raise NoModelError(f"There is no model to ask. {self._advice}")
        return routes

    async def _named(self, name: str, reason: str, why: str) -> Route:
        provider, _, model = name.partition("/")
        if model and provider in (each.name for each in (*self._all(), *self._remote)):
            return Route(provider=provider, model=model, reason=reason, why=f"{why}.")
        known: list[str] = []
        refusal: ModelNotFoundError | None = None
        for each in self._all():
            try:
                facts = await each.facts(name)
            except ModelNotFoundError as error:
                # Only what can be fetched into our own store comes with the command that fetches it.
                refusal = error if each is self._embedded else refusal
            except ProviderError:
                continue
            else:
                return Route(
                    provider=each.name, model=facts.name, reason=reason, why=f"{why}, which {each.name} has here."
                )
            known += [f"{each.name}/{facts.name}" for facts in await _models_of(each)]
        if refusal is not None and provider not in VENDORS:
            raise refusal
        raise NoModelError(_unknown(name, known), model=name)

    async def _found(self) -> Route | None:
        available = self._available_bytes()
        for server in self._servers:
            best = best_of(await _models_of(server), available)
            if best is None:
                continue
            coder = "a coder model" if _is_coder(best) else "a model"
            state = "and is loaded" if best.loaded else f"and fits into the {available / 1e9:.1f} GB that are free"
            why = f"{server.name} is running and has {best.name}, {coder} that can be used now {state}."
            return Route(provider=server.name, model=best.name, reason="found", why=why)
        return None

    async def _downloaded(self) -> Route | None:
        names = [facts.name for facts in await _models_of(self._embedded)]
        if not names:
            return None
        preferred = self._choices.embedded_model
        if preferred in names:
            why = f"{preferred} is set as the embedded model."
            return Route(provider=self._embedded.name, model=preferred, reason="embedded", why=why)
        why = f"{names[0]} is downloaded and runs on this machine."
        return Route(provider=self._embedded.name, model=names[0], reason="embedded", why=why)

    def _all(self) -> tuple[Provider, ...]:
        return (self._embedded, *self._servers)


def best_of(models: Iterable[ModelFacts], available_bytes: int) -> ModelFacts | None:
    """The model of a server to use when nobody named one; None if none fits.

    Coder models come before others; among them those of a comfortable size, the larger first; then those already
    loaded. A model of unknown size comes last, for it may not fit.
    """
    fitting = [each for each in models if _can_answer(each) and _fits(each, available_bytes)]
    return max(fitting, key=_preference, default=None)


def parameters_of(facts: ModelFacts) -> float | None:
    """The number of weights from a size such as "1.5B", or from the name; None is unknown."""
    for text in (facts.parameters or "", facts.name):
        if found := re.search(r"(\d+(?:\.\d+)?)\s*([KMBT])\b", text, re.IGNORECASE):
            return float(found[1]) * _MULTIPLES[found[2].upper()]
    return None


def tier_of(model: str) -> int | None:
    """A model's quality tier by the weights that its name tells: 1 below 4 billion, 2 below 15, 3 below 40, then 4.

    None is unknown, as for a vendor's model: a price or a name says nothing of how good an answer is.
    """
    count = parameters_of(ModelFacts(name=model, provider=""))
    return None if count is None else 1 + sum(count >= least for least in _TIERS)


def tier_told(facts: ModelFacts) -> int | None:
    """A model's tier by its name, or by the weights that its provider tells of; see `tier_of`."""
    return tier_of(f"{facts.name} {facts.parameters or ''}")


def _preference(facts: ModelFacts) -> tuple[bool, bool, float, bool]:
    count = parameters_of(facts)
    comfortable = count is not None and count <= COMFORTABLE_PARAMETERS
    rank = 0.0 if count is None else (count if comfortable else 1 / count)
    return (_is_coder(facts), comfortable, rank, bool(facts.loaded))


def _fits(facts: ModelFacts, available_bytes: int) -> bool:
    count = parameters_of(facts)
    if facts.loaded or count is None:
        return True
    bits = _BITS.search(facts.quantization or "")
    weight_bits = float(bits[1]) + _EXTRA_BITS if bits else _UNKNOWN_BITS
    return count * weight_bits / 8 + _SPARE_BYTES <= available_bytes


def _can_answer(facts: ModelFacts) -> bool:
    return not facts.abilities or "completion" in facts.abilities


def _is_coder(facts: ModelFacts) -> bool:
    return re.search(r"code|coder|devstral|starcoder|granite-code", facts.name, re.IGNORECASE) is not None


async def _models_of(provider: Provider) -> tuple[ModelFacts, ...]:
    """The provider's models, or none where it cannot be asked: a server that is off is no error here."""
    if not await provider.is_available():
        return ()
    try:
        return await provider.models()
    except ProviderError:
        return ()


def _unknown(name: str, known: Sequence[str]) -> str:
    vendor, slash, _ = name.partition("/")
    if slash and vendor in VENDORS:
        return (
            f"{vendor} is not named in your settings, so it is never asked, and nothing was sent. To name it: "
            f"parley auth set {vendor} (a server that runs knows it from its next start)"
        )
    near = get_close_matches(name, known, n=1, cutoff=0.4)
    hint = f"Did you mean {near[0]}?" if near else "`parley models list` shows what there is."
    return f"No provider here has a model called {name!r}. {hint}"
