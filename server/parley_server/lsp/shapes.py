"""Reads, writes and describes the frozen dataclasses that stand for JSON on the wire: one definition, three uses.

A shape's fields are `str`, `int`, `float`, `bool`, `Literal`, other shapes, tuples of these, or any of them or None,
each perhaps `Annotated` with a sentence that documents it. Names are snake_case here and camelCase on the wire. Which
shapes exist belongs to `parley_server.lsp.wire`.
"""

from __future__ import annotations

import types
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from functools import cache
from typing import Annotated, Any, Literal, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

S = TypeVar("S")
Json: TypeAlias = Any
Shape: TypeAlias = Any


class ShapeError(Exception):
    """JSON that does not have the shape asked for; the message names the place, the value and what was expected."""


def read(shape: type[S], value: Json, where: str) -> S:
    """The value of type `shape` that `value` describes; `where` names it in messages.

    Raises:
        ShapeError: a field is missing, unknown or of the wrong type.
    """
    result: S = _read(shape, value, where)
    return result


def write(value: object) -> Json:
    """The JSON of a shape's value; fields that are None are left out."""
    if isinstance(value, tuple):
        return [write(each) for each in value]
    shape: Shape = type(value)
    if not _is_object(shape):
        return value
    return {
        each.wire_name: write(content) for each in _fields(shape) if (content := getattr(value, each.name)) is not None
    }


def schema(shape: Shape, definitions: dict[str, Json]) -> Json:
    """The JSON schema of `shape`; the schemas of shapes below it are put into `definitions` by name."""
    shape, doc = _undocumented(shape)
    described = _schema(shape, definitions)
    return {**described, "description": doc} if doc else described


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    name: str
    wire_name: str
    type: Any
    required: bool


@cache
def _fields(shape: type) -> tuple[_Field, ...]:
    hints = get_type_hints(shape, include_extras=True)
    return tuple(
        _Field(name=each.name, wire_name=_camel(each.name), type=hints[each.name], required=_required(each))
        for each in fields(shape)
    )


def _required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(each.capitalize() for each in others)


def _is_object(shape: Shape) -> bool:
    return is_dataclass(shape)


def _undocumented(shape: Shape) -> tuple[Shape, str]:
    origin: Shape = get_origin(shape)
    if origin is Annotated:
        inner, doc, *_ = get_args(shape)
        return inner, doc
    return shape, ""


def _read(shape: Shape, value: Json, where: str) -> Json:
    shape, _ = _undocumented(shape)
    origin: Shape = get_origin(shape)
    if origin in (Union, types.UnionType):
        return None if value is None else _read(_present(shape), value, where)
    if origin is Literal:
        return _read_literal(get_args(shape), value, where)
    if origin is tuple:
        return _read_tuple(get_args(shape)[0], value, where)
    if _is_object(shape):
        return _read_object(shape, value, where)
    if shape is Any or _is(shape, value):
        return value
    raise ShapeError(f"{where} must be {_JSON_NAMES[shape]}, not {_shown(value)}.")


def _is(shape: type, value: Json) -> bool:
    if isinstance(value, bool):
        return shape is bool
    return isinstance(value, (int, float) if shape is float else shape)


def _read_literal(allowed: tuple[Any, ...], value: Json, where: str) -> Json:
    if isinstance(value, bool) or value not in allowed:
        raise ShapeError(f"{where} must be one of {', '.join(map(repr, allowed))}, not {_shown(value)}.")
    return value


def _read_tuple(item: Shape, value: Json, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise ShapeError(f"{where} must be an array, not {_shown(value)}.")
    return tuple(_read(item, each, f"{where}[{index}]") for index, each in enumerate(value))


def _read_object(shape: Shape, value: Json, where: str) -> Json:
    if not isinstance(value, dict):
        raise ShapeError(f"{where} must be an object, not {_shown(value)}.")
    known = {each.wire_name: each for each in _fields(shape)}
    # Emacs's lsp-mode sends back the false of a code action's argument as null.
    value = {
        name: each for name, each in value.items() if each is not None or name not in known or known[name].required
    }
    for name in value:
        if name not in known:
            raise ShapeError(f"{where} has no field {_shown(name)}; its fields are {', '.join(known)}.")
    for name, field in known.items():
        if field.required and name not in value:
            raise ShapeError(f"{where} needs the field {name!r}.")
    return shape(**{known[name].name: _read(known[name].type, each, f"{where}.{name}") for name, each in value.items()})


def _present(shape: Shape) -> Shape:
    """The one type of an optional that is not None."""
    return next(each for each in get_args(shape) if each is not types.NoneType)


def _schema(shape: Shape, definitions: dict[str, Json]) -> Json:
    origin: Shape = get_origin(shape)
    if origin in (Union, types.UnionType):
        return _schema(_present(shape), definitions)
    if origin is Literal:
        return {"enum": list(get_args(shape))}
    if origin is tuple:
        return {"type": "array", "items": schema(get_args(shape)[0], definitions)}
    if not _is_object(shape):
        return {} if shape is Any else {"type": _JSON_TYPES[shape]}
    name: str = shape.__name__
    if name not in definitions:
        definitions[name] = {}
        definitions[name] = _object_schema(shape, definitions)
    return {"$ref": f"#/$defs/{name}"}


def _object_schema(shape: Shape, definitions: dict[str, Json]) -> Json:
    return {
        "type": "object",
        "description": " ".join((shape.__doc__ or "").split()),
        "properties": {each.wire_name: schema(each.type, definitions) for each in _fields(shape)},
        "required": [each.wire_name for each in _fields(shape) if each.required],
        "additionalProperties": False,
    }


def _shown(value: Json) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


_JSON_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean"}
_JSON_NAMES = {str: "a string", int: "an integer", float: "a number", bool: "true or false"}
