"""Looking for models: the embedded engine and what is downloaded, servers that run, and who would serve a request.

No model is loaded and nothing is downloaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from parley_providers.errors import ProviderError
from parley_providers.messages import user
from parley_providers.origins import is_loopback
from parley_providers.requests import LLMRequest
from parley_server.checkup.findings import Area, Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from parley_profiling.errors import StoreError
    from parley_profiling.stores import DayTotal
    from parley_providers.provider import ModelFacts, Provider
    from parley_providers.route import Route
    from parley_providers.spending import Limits
    from parley_server.access import KeyStatus

_SHOWN = 5
_DOWNLOADED = "Downloaded models"


class Chain(Protocol):
    """The part of a provider chain that is needed to find out who would serve a request."""

    async def routes(self, request: LLMRequest) -> tuple[Route, ...]:
        """Who would be asked, in order; never empty."""
        ...

    async def facts_of(self, route: Route) -> ModelFacts:
        """What is known of the model of that route."""
        ...


async def serving(chain: Chain, advice: str) -> Finding:
    """Whether a request could be served now, by whom, and why by that one; those before it that could not are told.

    Where nobody can, the errors say what would help; `advice` is what they end with where there is no model at all.
    """
    silent: list[str] = []
    try:
        for route in await chain.routes(LLMRequest(messages=(user("Hello"),), task_class="custom")):
            try:
                facts = await chain.facts_of(route)
            except ProviderError as error:
                silent.append(str(error))
                continue
            window = "" if facts.window_tokens is None else f", window {facts.window_tokens:,} tokens"
            served = f"served by {route.provider}/{route.model}{window}. {route.why}"
            verdict = Verdict.WARNING if silent else Verdict.OK
            return Finding(area=Area.SERVING, name="Requests", verdict=verdict, found=" ".join((served, *silent)))
    except ProviderError as error:
        silent.append(str(error))
    told = " ".join(silent)
    found = told.removesuffix(advice).rstrip()
    fix = None if found == told else advice
    return Finding(area=Area.SERVING, name="Requests", verdict=Verdict.PROBLEM, found=found, fix=fix)


def engine(version: str | None, install: str) -> Finding:
    """Whether the embedded engine is installed: `version` is its package and version, `install` what installs it."""
    if version is not None:
        return Finding(area=Area.MODELS, name="Embedded engine", verdict=Verdict.OK, found=version)
    return Finding(
        area=Area.MODELS,
        name="Embedded engine",
        verdict=Verdict.ABSENT,
        found="not installed",
        fix=f"To run downloaded models: {install}",
    )


async def downloaded(embedded: Provider) -> Finding:
    """Which models the embedded engine could run. Whether one is missing, and which, is for `serving` to say."""
    try:
        models = await embedded.models()
    except ProviderError as error:
        return Finding(area=Area.MODELS, name=_DOWNLOADED, verdict=Verdict.WARNING, found=str(error))
    if models:
        return Finding(area=Area.MODELS, name=_DOWNLOADED, verdict=Verdict.OK, found=_names(models))
    found = "none; `parley models list` shows what can be fetched"
    return Finding(area=Area.MODELS, name=_DOWNLOADED, verdict=Verdict.ABSENT, found=found)


async def servers(providers: Iterable[Provider], named: Collection[str] = ()) -> tuple[Finding, ...]:
    """Whether each server that Parley would ask answers, and with which models; those `named` are in the settings."""
    return tuple([await _server(each, "providers." * (each.name in named) + each.name) for each in providers])


def unused_keys(statuses: Iterable[KeyStatus]) -> tuple[Finding, ...]:
    """For each key in the environment whose vendor is not named: that it enables nothing, and how to use it."""
    return tuple(
        Finding(
            area=Area.MODELS,
            name=each.provider.capitalize(),
            verdict=Verdict.ABSENT,
            found=f"{each.source} is set, but {each.provider} is not named in the settings, so it is never asked",
            fix=f"To use it, name it under `providers` in the settings, or: parley auth set {each.provider}",
        )
        for each in statuses
        if not each.named
    )


def budget(limits: Limits, today: DayTotal | StoreError) -> Finding:
    """What may be spent, and what this day (UTC) cost so far, as far as it is known, or why that cannot be told."""
    set_limits = [
        f"${limit:.2f} a {name}"
        for name, limit in (("request", limits.request_usd), ("session", limits.session_usd), ("day", limits.day_usd))
        if limit is not None
    ]
    found = f"{'at most ' + ', '.join(set_limits) if set_limits else 'no limit'}; {_spent(today)}"
    fix = None
    if limits.day_usd is not None:
        if isinstance(today, Exception) or not today.whole:
            fix = "No call that costs anything is sent meanwhile: ask a local model, or take `budget.day_usd` away."
        elif today.used_usd >= limits.day_usd:
            fix = "Raise `budget.day_usd`, or ask a local model; tomorrow (UTC) it begins anew."
    verdict = Verdict.OK if fix is None else Verdict.WARNING
    return Finding(area=Area.MODELS, name="Budget", verdict=verdict, found=found, fix=fix)


def _spent(today: DayTotal | StoreError) -> str:
    if isinstance(today, Exception):
        return f"what was spent today cannot be told: {today}"
    if not today.whole:
        return f"${today.spent_usd:.4f} spent today, and more, since records of today were damaged"
    reserved = f" and ${today.reserved_usd:.4f} set aside" if today.reserved_usd else ""
    return f"${today.spent_usd:.4f} spent{reserved} today"


async def _server(provider: Provider, setting: str) -> Finding:
    name = provider.name.capitalize()
    if not await provider.is_available() and is_loopback(provider.origin):
        found = f"nothing answers at {provider.origin}"
        fix = f"To use it, start it, or correct its address: `{setting}.url` in the settings."
        return Finding(area=Area.MODELS, name=name, verdict=Verdict.ABSENT, found=found, fix=fix)
    try:
        models = await provider.models()
    except ProviderError as error:  # of one elsewhere it says best what is missing: a key, a library, a connection
        return Finding(area=Area.MODELS, name=name, verdict=Verdict.WARNING, found=str(error))
    version = next((each.server_version for each in models if each.server_version), None)
    where = f"{version} at {provider.origin}" if version else provider.origin
    if not models:
        found = f"{where}, without a model that can answer"
        return Finding(
            area=Area.MODELS, name=name, verdict=Verdict.WARNING, found=found, fix="ollama pull qwen2.5-coder:1.5b"
        )
    return Finding(area=Area.MODELS, name=name, verdict=Verdict.OK, found=f"{where}: {_names(models)}")


def _names(models: Sequence[ModelFacts]) -> str:
    shown = ", ".join(f"{each.name} (loaded)" if each.loaded else each.name for each in models[:_SHOWN])
    more = len(models) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
