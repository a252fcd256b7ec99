"""Whether an answer is one JSON value of a schema, and in words what is wrong where it is not.

Asking again belongs to `schema_answers`. The library that knows JSON Schema is imported at the first check, which is
therefore made on a thread.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from parley_providers.messages import JsonObject

_FENCED = re.compile(r"```[\w+-]*[ \t]*\n(.*?)\n?[ \t]*```", re.DOTALL)
_SHOWN_CHARACTERS = 300


def value_in(text: str) -> str:
    """The JSON value in an answer that put a fence or words around it; what holds none comes back as it is."""
    bare = text.strip()
    if _value(bare) is not None:
        return bare
    fenced = _FENCED.search(bare)
    if fenced is not None and _value(fenced[1].strip()) is not None:
        return fenced[1].strip()
    begin = min((at for at in (bare.find("{"), bare.find("[")) if at >= 0), default=-1)
    if begin < 0:
        return text
    try:
        _, end = _DECODER.raw_decode(bare, begin)
    except (ValueError, RecursionError):
        return text
    return bare[begin:end]


def problem_of(text: str, schema: JsonObject) -> str | None:
    """What is wrong with `text` as one JSON value of `schema`, shortly; None where nothing is.

    By a schema that is none, or refers to what does not stand in it, nothing is wrong with any value.
    """
    found = _value(text)
    if found is None:
        return "it is not one JSON value"
    from jsonschema.exceptions import UnknownType, best_match
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    # Nothing is fetched for a `$ref` elsewhere: the registry knows what stands in the schema alone.
    validator = _validator_of(schema)(schema, registry=Registry())
    try:
        error = best_match(validator.iter_errors(found[0]))
    except (UnknownType, Unresolvable):
        return None
    return None if error is None else f"at {error.json_path}: {error.message[:_SHOWN_CHARACTERS]}"


def is_schema(schema: JsonObject) -> bool:
    """Whether `schema` is a JSON Schema."""
    from jsonschema.exceptions import SchemaError

    try:
        _validator_of(schema).check_schema(schema)
    except SchemaError:
        return False
    return True


def _validator_of(schema: JsonObject) -> Any:  # noqa: ANN401 - the library tells no type for its classes
    from jsonschema import Draft202012Validator
    from jsonschema.validators import validator_for

    return validator_for(schema, default=Draft202012Validator)


def _value(text: str) -> tuple[Any] | None:
    """The value that the whole of `text` is, in a tuple, for it may be null; None where it is not JSON."""
    try:
        return (json.loads(text, parse_constant=_refuse),)
    except (ValueError, RecursionError):
        return None


def _refuse(constant: str) -> None:
    """Python reads NaN and the infinities, JSON has none."""
    raise ValueError(constant)


_DECODER = json.JSONDecoder(parse_constant=_refuse)
