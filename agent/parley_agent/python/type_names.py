"""The types that Python itself brings, and what is known of each: where it is from, how many arguments it takes."""

from __future__ import annotations

import builtins

# How many type arguments a generic takes; None is any number.
BUILTIN_GENERICS: dict[str, int | None] = {"list": 1, "set": 1, "frozenset": 1, "dict": 2, "tuple": None, "type": 1}
BUILTIN_TYPES = frozenset(name for name, value in vars(builtins).items() if isinstance(value, type))

ABC_GENERICS: dict[str, int | None] = {
    **dict.fromkeys(
        ("Awaitable", "AsyncIterable", "AsyncIterator", "Collection", "Container", "Iterable", "Iterator"), 1
    ),
    **dict.fromkeys(("KeysView", "MutableSequence", "MutableSet", "Reversible", "Sequence", "Set", "ValuesView"), 1),
    **dict.fromkeys(("AsyncGenerator", "ItemsView", "Mapping", "MutableMapping"), 2),
    **dict.fromkeys(("Coroutine", "Generator"), 3),
    "Callable": 2,
    "Hashable": 0,
    "Sized": 0,
}
# Nothing newer than Python 3.9: the code may run on an older Python than Parley does.
TYPING_GENERICS: dict[str, int | None] = {
    **dict.fromkeys(("ClassVar", "Final", "Optional"), 1),
    **dict.fromkeys(("AnyStr", "NoReturn", "SupportsFloat", "SupportsIndex"), 0),
    **dict.fromkeys(("Any", "BinaryIO", "SupportsBytes", "SupportsInt", "Text", "TextIO"), 0),
    **dict.fromkeys(("IO", "SupportsAbs", "SupportsRound"), 1),
    "Literal": None,
    "Union": None,
}
NOT_FOR_FUNCTIONS = frozenset({"ClassVar", "Final"})

# What models write for what they mean, where the module does not give the name another meaning.
SPELLINGS = {
    "any": "Any",
    "callable": "Callable",
    "List": "list",
    "Dict": "dict",
    "Set": "set",
    "FrozenSet": "frozenset",
    "Tuple": "tuple",
    "Type": "type",
}

# Types of the standard library that are safe to evaluate; True if they take type arguments when the code runs.
STANDARD_TYPES: dict[tuple[str, str], bool] = {
    **dict.fromkeys(
        (("datetime", name) for name in ("date", "datetime", "time", "timedelta", "timezone", "tzinfo")), False
    ),
    **dict.fromkeys(
        (("collections", name) for name in ("ChainMap", "Counter", "OrderedDict", "defaultdict", "deque")), True
    ),
    **dict.fromkeys((("pathlib", name) for name in ("Path", "PurePath", "PosixPath", "PurePosixPath")), False),
    **dict.fromkeys((("re", name) for name in ("Match", "Pattern")), True),
    **dict.fromkeys((("asyncio", name) for name in ("Future", "Queue", "Task")), True),
    **dict.fromkeys((("asyncio", name) for name in ("AbstractEventLoop", "Event", "Lock", "Semaphore")), False),
    **dict.fromkeys((("argparse", name) for name in ("ArgumentParser", "Namespace")), False),
    **dict.fromkeys((("io", name) for name in ("BytesIO", "StringIO", "TextIOWrapper")), False),
    **dict.fromkeys((("types", name) for name in ("ModuleType", "SimpleNamespace", "TracebackType")), False),
    **dict.fromkeys((("subprocess", name) for name in ("CompletedProcess", "Popen")), True),
    **dict.fromkeys((("sqlite3", name) for name in ("Connection", "Cursor", "Row")), False),
    ("decimal", "Decimal"): False,
    ("enum", "Enum"): False,
    ("fractions", "Fraction"): False,
    ("functools", "partial"): True,
    ("logging", "Logger"): False,
    ("os", "PathLike"): True,
    ("random", "Random"): False,
    ("socket", "socket"): False,
    ("threading", "Thread"): False,
    ("uuid", "UUID"): False,
}


def home_of(name: str) -> str | None:
    """The module that a type hint's name is imported from; None if it is from neither typing nor collections.abc."""
    if name in ABC_GENERICS:
        return "collections.abc"
    return "typing" if name in TYPING_GENERICS else None


def arity_of(origin: str) -> int | None:
    """How many type arguments a type that Python brings takes: 0 for a plain type, None for any number or unknown."""
    for table in (BUILTIN_GENERICS, ABC_GENERICS, TYPING_GENERICS):
        if origin in table:
            return table[origin]
    plain = origin in BUILTIN_TYPES or any(name == origin and not takes for (_, name), takes in STANDARD_TYPES.items())
    return 0 if plain else None
