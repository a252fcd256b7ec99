"""Describes `wire` as JSON for the editors' sides: `python -m parley_server.lsp.protocol_file` prints it.

The result is kept as `editors/protocol.json`; a test fails when it is stale. What is on the wire belongs to `wire`.
"""

from __future__ import annotations

import json
import sys

from parley_server.lsp import wire
from parley_server.lsp.shapes import Json, schema

_COMMANDS: dict[wire.Command, tuple[type | None, tuple[type, ...]]] = {
    wire.Command.REFACTOR: (wire.RefactorArguments, (wire.Accepted, wire.Finished)),
    wire.Command.EXPLAIN: (wire.ExplainArguments, (wire.Accepted, wire.Finished)),
    wire.Command.APPLY: (wire.ApplyArguments, (wire.Accepted, wire.Finished)),
    wire.Command.CANCEL: (wire.CancelArguments, (wire.CancelResult,)),
    wire.Command.MODELS: (wire.ModelsArguments, (wire.ModelsResult,)),
    wire.Command.PROFILE: (wire.ProfileArguments, (wire.ProfileResult,)),
}
_REQUESTS: dict[wire.Method, tuple[type, type]] = {wire.Method.RESEND: (wire.ResendParams, wire.ResendResult)}


def protocol() -> dict[str, Json]:
    """Commands, notifications, requests and shapes, as JSON."""
    definitions: dict[str, Json] = {}
    return {
        "protocolVersion": wire.PROTOCOL_VERSION,
        "contentScheme": wire.CONTENT_SCHEME,
        "commands": {
            command: {
                "argument": schema(argument, definitions) if argument else None,
                "result": _one_of(results, definitions),
            }
            for command, (argument, results) in _COMMANDS.items()
        },
        "clientCommands": {
            wire.ClientCommand.ASK: {
                "argument": schema(wire.RefactorArguments, definitions),
                "description": "Ask the person for an instruction, then execute parley.refactor with it.",
            }
        },
        "failureReasons": {
            wire.MOVED: "The person said yes to an edit, and the text was another by then: it is moved and sent again."
        },
        "notifications": {method: schema(shape, definitions) for shape, method in wire.METHODS.items()},
        "requests": {
            method: {"params": schema(params, definitions), "result": schema(result, definitions)}
            for method, (params, result) in _REQUESTS.items()
        },
        "experimental": schema(wire.ClientAbilities, definitions),
        "$defs": dict(sorted(definitions.items())),
    }


def text() -> str:
    """The contents of `editors/protocol.json`."""
    return json.dumps(protocol(), indent=2, ensure_ascii=False) + "\n"


def _one_of(shapes: tuple[type, ...], definitions: dict[str, Json]) -> Json:
    described = [schema(each, definitions) for each in shapes]
    return described[0] if len(described) == 1 else {"oneOf": described}


if __name__ == "__main__":
    sys.stdout.write(text())
