"""Small Python programs that are run before and after each edit: `f` is edited, `CALLS` are evaluated.

Each program is one paragraph: its source, and the calls whose results must not change.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A source that defines `f`, and expressions over it."""

    source: str
    calls: tuple[str, ...]


def _programs(text: str) -> tuple[Program, ...]:
    found = []
    for part in text.strip().split("\n---\n"):
        source, _, calls = part.partition("\n>>> ")
        found.append(Program(source=source.strip("\n") + "\n", calls=tuple(calls.split("\n>>> "))))
    return tuple(found)


PROGRAMS = _programs('''
def f(a, b):
    t = a + b
    u = t * 2
    return u
>>> f(1, 2)
>>> f("a", "b")
---
def f(rows):
    res = []
    for i, r in enumerate(rows):
        if r % 2:
            tmp = r * i
            res.append(tmp)
        else:
            continue
    return res
>>> f([1, 2, 3, 5])
---
def f(n):
    x, y = 0, 1
    while x < n:
        yield x
        x, y = y, x + y
>>> list(f(50))
---
def f(words):
    d = {}
    for w in words:
        d[w] = d.get(w, 0) + 1
    s = sorted(d.items(), key=lambda p: (-p[1], p[0]))
    return [f"{k:>{len(k) + 1}}={v!r}" for k, v in s]
>>> f("b a b c".split())
---
def f(s):
    try:
        v = int(s)
    except ValueError as er:
        v = str(er)
    else:
        v += 1
    finally:
        z = 2
    return v, z
>>> f("1"), f("x")
---
def f(m):
    match m:
        case {"k": a, **r}:
            return a, r
        case [a, *r] if r:
            q = a
            return q, r
        case (int() | str()) as a:
            return a
        case _:
            return None
>>> f({"k": 1, "z": 2}), f([1, 2]), f([1]), f("s"), f(1.5)
---
def f(k):
    c = k
    def step(by):
        nonlocal c
        c += by
        return c
    step(1)
    step(2)
    return c
>>> f(1)
---
def f(xs):
    t = 0
    out = [t := t + x for x in xs]
    return out, t
>>> f([1, 2, 3])
---
class C:
    base = 10

    def f(self, n):
        v = self.base + n
        w = v * 2
        self.seen = w
        return w

    def g(self):
        return self.seen
>>> [(c.f(2), c.g()) for c in [C()]]
---
class P:
    def f(self):
        return "p"

class C(P):
    def __init__(self):
        t = 3
        self.t = t

    def f(self):
        a = super().f()
        b = a + str(self.t)
        return b
>>> P().f(), C().f()
---
def f(xs):
    fs = []
    for q in xs:
        fs.append(lambda d=q: d + q)
    return [g() for g in fs]
>>> f([1, 2, 3])
---
def f(*ar, sep=",", **kw):
    a1 = sep.join(map(str, ar))
    a2 = sep.join(f"{k}={kw[k]}" for k in sorted(kw))
    return a1 + "|" + a2
>>> f(1, 2, z=3, sep="-")
---
def f(a, /, b=2, *, c=None):
    if c is None:
        c = []
    c.append(a)
    c.append(b)
    return c
>>> f(1), f(1, 3, c=[0])
---
import contextlib
def f(p):
    n = 0
    with contextlib.suppress(ZeroDivisionError):
        n = 1
        n = n / p
        n += 1
    return n
>>> f(0), f(2)
---
def f(p):
    n = 0
    try:
        n = 1
        n = n / p
    except ZeroDivisionError:
        n += 10
    return n
>>> f(0), f(2)
---
def f(xs):
    for v in xs:
        for u in v:
            if u == 0:
                break
        else:
            return v
    return None
>>> f([[0, 1], [1, 2]]), f([[0]])
---
def f(xs):
    last = None
    n = 0
    for v in xs:
        if last is not None and v < last:
            n += 1
        last = v
    return n
>>> f([3, 1, 2, 0])
---
import asyncio
def f(n):
    async def h(k):
        await asyncio.sleep(0)
        return k + 1
    async def run():
        a = await h(n)
        b = await h(a)
        return b
    return asyncio.run(run())
>>> f(1)
---
import functools
def f(xs):
    r = functools.reduce(lambda p, q: p * q, xs, 1)
    m = max(xs, key=lambda e: -e)
    return r, m
>>> f([2, 3, 4])
---
def f(text):
    """Count."""
    x = text.splitlines()
    y = """a
  b"""
    z = len(x)  # lines
    # the end
    return z, y
>>> f("a\\nb")
>>> f.__doc__ is not None
---
def f(n):
    if n > 2:
        a = "big"
        b = n
    elif n > 1:
        a = "two"
        b = 2
    else:
        a = "small"
        b = 0
    return a, b
>>> f(0), f(2), f(5)
---
def f(d):
    t = d["x"]
    del d["x"]
    q = dict(t=t, **d)
    return q
>>> f({"x": 1, "y": 2})
---
g = 5
def f(n):
    global g
    t = g + n
    g = t
    u = g * 2
    return u
>>> f(1), f(1), g
---
def f(n):
    def rec(k):
        if k <= 1:
            return 1
        m = rec(k - 1)
        return k * m
    return rec(n)
>>> f(5)
---
def f(rows):
    a = {r: len(r) for r in rows}
    b = {v for v in a.values()}
    c = [(x, y) for x in b for y in b if x < y]
    return a, b, c
>>> f(["a", "bb"])
---
def f(x):
    s = f'{x:{"0"}>{4}} {x!s} {{x}} \\N{BULLET}' "x" rf"\\d{x}"
    t = f"""{
        x
    } and {s + f"{x}"}"""
    return s, t
>>> f(7)
---
def f(n):
    if n: v = 1; w = 2
    else: v = w = 3
    while True:
        v += w
        if v > 9: break
    return v
>>> f(0), f(1)
---
def f(a=None, b=1.5, c="x"):
    t = (a or 0) + b
    return c * 2, t
>>> f(), f(1, 2, "z")
---
def f(it):
    a, *b = it
    (c, d), e = (b[0], b[1]), b[2:]
    a += c
    return a, d, e
>>> f([1, 2, 3, 4])
---
def f(n):
    try:
        t = 10 // n
        u = t + 1
    except ZeroDivisionError:
        return -1
    finally:
        n = 0
    return t, u
>>> f(0), f(3)
---
def f(n):
    class K:
        t = n
        def m(self): return self.t + n
    k = K()
    r = k.m()
    return r, K.t
>>> f(2)
---
def f(n):
    t = [0]
    def add(v):
        t[0] += v
    add(n)
    add(2)
    u = t[0]
    return u
>>> f(1)
''')
