"""Files of ten thousand lines, as code is: functions, classes, comments, some characters outside ASCII."""

from __future__ import annotations

LINES = 10_000
_PYTHON = '''def area_{n}(w, h):
    # {n}: the é of the largest side
    x = w * h
    if x > {n}:
        print(x, "large")
    for i in range(x):
        x += i
    return x


class Shape{n}(Base):
    """A shape."""

    def side(self, k: int = {n}) -> int:
        y = k + self.scale[{n}]
        return y * 2

    def name(self) -> str:
        return f"shape {{self.side({n})}}"


'''
_TYPESCRIPT = """export function area{n}(w: number, h: number): number {{
  // {n}: the é of the largest side
  let x = w * h;
  if (x > {n}) {{
    console.log(x, `large ${{x}}`);
  }}
  for (let i = 0; i < x; i++) {{
    x += i;
  }}
  return x;
}}

/** A shape. */
export class Shape{n} extends Base {{
  side(k: number = {n}): number {{
    const y = k + this.scale[{n}];
    return y * 2;
  }}
}}

"""
_PARTS = {"python": _PYTHON, "typescript": _TYPESCRIPT}


def long_file(language: str) -> str:
    """A valid text of at least `LINES` lines."""
    part = _PARTS[language]
    return "".join(part.format(n=number) for number in range(LINES // part.count("\n") + 1))
