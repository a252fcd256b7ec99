"""Names: which are poor enough to be worth another, and what a new one must be."""

from __future__ import annotations

import keyword
import re
import unicodedata

from parley_agent.python.bindings import BUILTINS

_FAMILIAR = frozenset({"i", "j", "k", "n", "_", "ok", "id", "ip", "fd", "fp", "db", "df", "ax", "os", "io", "re", "dt"})
_VAGUE = frozenset(
    {
        "tmp",
        "temp",
        "data",
        "dat",
        "val",
        "vals",
        "var",
        "res",
        "ret",
        "rv",
        "obj",
        "thing",
        "stuff",
        "foo",
        "bar",
        "baz",
    }
    | {"arr", "lst", "dct", "dic", "tup", "str_", "string", "num", "nums", "cnt", "elem", "buf", "aux", "flag", "misc"}
)
_NUMBERED = re.compile(r"_?\d+$")


def is_poor(name: str, kind: str) -> bool:
    """Whether a local name of `kind` says so little that asking for a better one is worth a model's time."""
    if name.startswith("_") or (name in _FAMILIAR and (kind == "loop" or len(name) > 1)):
        return False
    if kind in ("exception", "with") and len(name) <= 3:
        return False
    stem = _NUMBERED.sub("", name)
    return len(stem) <= 2 or stem.lower() in _VAGUE or stem != name


def problem_with(name: str) -> str | None:
    """What is wrong with `name` as the name of a local variable, as a clause to follow it; None if nothing is."""
    if not name.isidentifier() or unicodedata.normalize("NFKC", name) != name:
        return "is not a valid name in Python"
    if keyword.iskeyword(name):
        return "is a keyword of Python"
    if not name.strip("_") or name.startswith("__"):
        return "begins with two underscores or says nothing"
    if name in BUILTINS:
        return "would hide a builtin"
    return None
