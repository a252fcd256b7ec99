"""Type hints: which answers are types of the scope, and how they are written."""

import pytest

from parley_agent.python.errors import EditRefusedError
from parley_agent.python.type_hints import add_hints, unannotated, usable_hints
from support.python_source import span_of

CASES = [
    ("def f(a, *b, c=1, **d): return a\n", {"a": "int", "b": "str", "c": "int", "d": "bool", "return": "int"},
     "def f(a: int, *b: str, c: int = 1, **d: bool) -> int: return a\n"),
    ("def f(a=None, b = None, c=None): return a", {"a": "int", "b": "str | None", "c": "Any"},
     "from typing import Any\n\n\ndef f(a: int | None = None, b: str | None = None, c: Any = None): return a"),
    ("from typing import Optional\ndef f(a=None): return a", {"a": "int"},
     "from typing import Optional\ndef f(a: Optional[int] = None): return a"),
    ('"""Doc."""\r\n\r\nx = 1\r\ndef f(a): return a\r\n', {"a": "Sequence[int]"},
     '"""Doc."""\r\n\r\nfrom collections.abc import Sequence\r\n\r\nx = 1\r\ndef f(a: Sequence[int]): return a\r\n'),
    ("import os\nimport sys\nfrom types import X\n\nimport numpy\ndef f(a): return a\n", {"a": "Iterable[Any]"},
     ("import os\nimport sys\nfrom collections.abc import Iterable\nfrom types import X\nfrom typing import Any\n\n"
     "import numpy\ndef f(a: Iterable[Any]): return a\n")),
    ("# licence\nimport numpy\n\n\ndef f(a): return a\n", {"a": "Any"},
     "# licence\nfrom typing import Any\n\nimport numpy\n\n\ndef f(a: Any): return a\n"),
    ("from typing import Any, Union\ndef f(a): return a\n", {"a": "Literal['x', -1]"},
     "from typing import Any, Literal, Union\ndef f(a: Literal['x', -1]): return a\n"),
    ("from typing import (\n    Any,\n    IO,\n)\ndef f(a): return a\n", {"a": "Union[int, TextIO]"},
     "from typing import (\n    Any,\n    IO,\n    TextIO,\n    Union,\n)\ndef f(a: Union[int, TextIO]): return a\n"),
    ("import typing as t\ndef f(a): return a\n", {"a": "Callable[[int], Any]", "return": "typing.Any"},
     "import typing as t\ndef f(a: t.Callable[[int], t.Any]) -> t.Any: return a\n"),
    ("from collections import abc\ndef f(a): return a\n", {"a": "Mapping[str, int]"},
     "from collections import abc\ndef f(a: abc.Mapping[str, int]): return a\n"),
    ("def f(a): return a\nclass A: pass\n", {"a": "list[A]", "return": "A | None"},
     'def f(a: "list[A]") -> "A | None": return a\nclass A: pass\n'),
    ("from __future__ import annotations\ndef f(a): return a\nclass A: pass\n", {"a": "'A'", "return": "A | None"},
     "from __future__ import annotations\ndef f(a: A) -> A | None: return a\nclass A: pass\n"),
    ("class A:\n    def f(self, other): return other\n", {"other": "A", "return": "bool"},
     'class A:\n    def f(self, other: "A") -> bool: return other\n'),
    ("class A: pass\ndef f(a): return a\n", {"a": "A", "return": "'A' | None"},
     "class A: pass\ndef f(a: A) -> A | None: return a\n"),
    ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from m import A\ndef f(a): return a\n", {"a": "A"},
     'from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from m import A\ndef f(a: "A"): return a\n'),
    ("import numpy as np\nimport datetime\ndef f(a, b): return a\n",
     {"a": "np.ndarray", "b": "datetime.date | None"},
     'import numpy as np\nimport datetime\ndef f(a: "np.ndarray", b: datetime.date | None): return a\n'),
    (("from datetime import date\nfrom m import thing\ndef f(a, b): return a\n"
     ""), {"a": "date | None", "b": "thing | None"},
     'from datetime import date\nfrom m import thing\ndef f(a: date | None, b: "thing | None"): return a\n'),
    ("from collections import deque\nfrom m import G\ndef f(a, b): return a\n", {"a": "deque[int]", "b": "G[int]"},
     'from collections import deque\nfrom m import G\ndef f(a: deque[int], b: "G[int]"): return a\n'),
    ("def f(a, b, c): return a\n", {"a": "List[Dict[str, any]]", "b": "tuple[int, ...]", "c": "callable"},
     ("from collections.abc import Callable\nfrom typing import Any\n\n\n"
     "def f(a: list[dict[str, Any]], b: tuple[int, ...], c: Callable): return a\n")),
    (("def f(\n    a,  # first\n    b = (1),\n    /,\n): # c\n    yield a\n"
     ""), {"a": "int", "b": "int", "return": "Iterator[int]"},
     ("from collections.abc import Iterator\n\n\ndef f(\n    a: int,  # first\n    b: int = (1),\n    /,\n)"
     " -> Iterator[int]: # c\n    yield a\n")),
    ("#!/bin/python\n# coding: utf-8\n\n# about f\n@staticmethod\ndef f(a): return a\n", {"a": "Any"},
     ("#!/bin/python\n# coding: utf-8\n\nfrom typing import Any\n\n\n# about f\n@staticmethod\n"
     "def f(a: Any): return a\n")),
    ("#!/bin/python\ndef f(a): return a\n", {"a": "Any"},
     "#!/bin/python\nfrom typing import Any\n\n\ndef f(a: Any): return a\n"),
    ("def g():\n    class A: pass\n    async def f(a): return a\n", {"a": "A", "return": "A"},
     "def g():\n    class A: pass\n    async def f(a: A) -> A: return a\n"),
    ("Id = int\nT = TypeVar('T')\ndef f(a): return a\n", {"a": "Id", "return": "T"},
     "Id = int\nT = TypeVar('T')\ndef f(a: Id) -> T: return a\n"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "hints", "after"), CASES)
def test_hints_are_written_with_the_imports_they_need(before, hints, after):
    """Only annotations and typing imports come in; what cannot be evaluated yet is quoted."""
    assert add_hints(before, span_of(before, "f"), hints) == after


REFUSED = [
    ("def f(a): return a", {"a": "'Hello, World!'"}, "is not a type"),
    ("def f(a): return a", {"a": "5"}, "is not a type"),
    ("def f(a): return a", {"a": "[int]"}, "is not a type"),
    ("def f(a): return a", {"a": "int or str"}, "is not a type"),
    ("def f(a): return a", {"a": "list(int)"}, "is not a type"),
    ("def f(a): return a", {"a": "__import__('os').x"}, "is not a type"),
    ("def f(a): return a", {"a": "list[print]"}, "not a type that is known"),
    ("def f(a): return a", {"a": "Widget"}, "'Widget' is not a type that is known here"),
    ("def f(a): return a", {"a": "np.ndarray"}, "'np' in 'np.ndarray' is not known"),
    ("import os\ndef f(a): return a", {"a": "os"}, "is a module"),
    ("def g(): pass\ndef f(a): return a", {"a": "g"}, "is a function"),
    ("x = 1\ndef f(a): return a", {"a": "x"}, "is a value"),
    ("class A:\n    def list(self): pass\n    def f(self, a): return a", {"a": "list[int]"}, "'list' is a function"),
    ("def f(a): return a", {"a": "int[str]"}, "takes no brackets"),
    ("def f(a): return a", {"a": "dict[str]"}, "takes 2"),
    ("def f(a): return a", {"a": "Callable[int, str]"}, "list of types first"),
    ("def f(a): return a", {"a": "Literal[x]"}, "is not a type"),
    ("def f(a): return a", {"a": ""}, "is not a type"),
    ("def f(a): return a", {"a": "int: 3"}, "is not a type"),
    ("def f(a): return a", {"b": "int"}, "no parameter 'b'"),
    ("def f(a: int): return a", {"a": "str"}, "no parameter 'a' without"),
    ("def f(a=1): return a", {"a": "str"}, "the default 1 is no str"),
    ("def f(a): return a", {"return": "None"}, "returns a value"),
    ("def f(a): print(a)", {"return": "str"}, "never returns a value"),
    ("def f(a): yield a", {"return": "int"}, "yields"),
    ("@app.get('/')\ndef f(a): return a", {"a": "int"}, "may read type hints"),
    ("def f(a):\n    # type: (int) -> int\n    return a", {"a": "int"}, "type comment"),
    ("from m import *\ndef f(a): return a", {"a": "Any"}, "could change what another name"),
    ("def g(): return Any\ndef f(a): return a", {"a": "Any"}, "could change what another name"),
]


@pytest.mark.parametrize(("source", "hints", "reason"), REFUSED)
def test_what_is_no_type_here_is_refused_with_the_reason(source, hints, reason):
    """Values, unknown names and hints that the code contradicts never reach the file."""
    with pytest.raises(EditRefusedError, match=reason):
        add_hints(source, span_of(source, "f"), hints)


def test_missing_hints_are_named_without_self():
    """Parameters in order, then "return"; a static method's first parameter counts."""
    source = "class A:\n    def f(self, a, b: int, *, c=1, **d): ...\n    @staticmethod\n    def g(x) -> int: ...\n"
    assert unannotated(source, span_of(source, "f")) == ("a", "c", "d", "return")
    assert unannotated(source, span_of(source, "g")) == ("x",)


def test_the_usable_part_of_an_answer_is_kept_and_the_rest_explained():
    """Each hint that does not pass has a sentence that starts with its parameter."""
    source = "def f(a, b=1):\n    return a\n"
    assert usable_hints(source, span_of(source, "f"), {"a": "list[int]", "b": "'x y'", "c": "int"}) == (
        {"a": "list[int]"},
        (
            "b: 'x y' is not a type: write a type expression, never a value.",
            "c: f has no parameter 'c' without a type hint.",
        ),
    )
