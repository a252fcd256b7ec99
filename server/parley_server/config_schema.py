"""The published JSON Schemas (2020-12) of the person's settings file and of a workspace's, for editors' completion."""

from __future__ import annotations

from typing import Any

from parley_server.harmless import HARMLESS
from parley_server.settings import Settings

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """The schema of the person's own file."""
    described = {"$schema": _DIALECT, "title": "Parley's settings"}
    return described | {key: value for key, value in Settings.model_json_schema().items() if key != "title"}


def project_schema() -> dict[str, Any]:
    """The schema of a workspace's `.parley.yaml`: the part of it that counts there."""
    whole = Settings.model_json_schema()
    groups: dict[str, Any] = {}
    for key in sorted(HARMLESS):
        group, name = key.split(".")
        section = whole["$defs"][whole["properties"][group]["$ref"].rsplit("/", 1)[1]]
        shown = groups.setdefault(
            group,
            {
                "type": "object",
                "description": section["description"],
                "additionalProperties": False,
                "properties": {},
            },
        )
        shown["properties"][name] = section["properties"][name]
    return {
        "$schema": _DIALECT,
        "title": "Parley's settings of a workspace",
        "description": "What a trusted workspace may set in .parley.yaml. A budget counts where it is the lower one.",
        "type": "object",
        "additionalProperties": False,
        "properties": {"version": whole["properties"]["version"], **groups},
    }
