"""A plot of lines over two logarithmic axes, as SVG text: small enough to need no library."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WIDTH, HEIGHT = 820, 460
LEFT, RIGHT, TOP, BOTTOM = 70, 230, 50, 60
COLOURS = ("#1f6fb4", "#c2571a", "#2e8540", "#7a4fa3", "#8a6d00")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: its name, and its points (x, y), both above zero."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """Whole decades from `low` to `high` (exponents of ten), laid over the pixels from `start` to `end`."""

    low: int
    high: int
    start: float
    end: float

    def at(self, value: float) -> float:
        return self.start + (math.log10(value) - self.low) / (self.high - self.low) * (self.end - self.start)


def log_log(title: str, x_label: str, y_label: str, lines: Sequence[Line]) -> str:
    """The lines with their axes, each named at its end.

    Raises:
        ValueError: there is no point.
    """
    across = _scale([x for line in lines for x, _ in line.points], LEFT, WIDTH - RIGHT)
    up = _scale([y for line in lines for _, y in line.points], HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        _text(LEFT, 28, title, size=16),
        *_grid(across, up),
        _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 15, x_label, anchor="middle"),
        f'<g transform="translate(18 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)">',
        _text(0, 0, y_label, anchor="middle"),
        "</g>",
        *_drawn(lines, across, up),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _scale(values: Sequence[float], start: float, end: float) -> _Scale:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return _Scale(low=low, high=max(high, low + 1), start=start, end=end)


def _grid(across: _Scale, up: _Scale) -> Iterator[str]:
    for exponent in range(across.low, across.high + 1):
        x = across.at(10.0**exponent)
        yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{up.end}" y2="{up.start}" stroke="#dddddd"/>'
        yield _text(x, up.start + 20, f"{10.0**exponent:,.0f}", anchor="middle")
    for exponent in range(up.low, up.high + 1):
        y = up.at(10.0**exponent)
        yield f'<line x1="{across.start}" x2="{across.end}" y1="{y:.1f}" y2="{y:.1f}" stroke="#dddddd"/>'
        yield _text(across.start - 8, y + 4, f"{10.0**exponent:,g}", anchor="end")


def _drawn(lines: Sequence[Line], across: _Scale, up: _Scale) -> Iterator[str]:
    """Each line, with its name to the right of its last point; names that would overlap are moved down."""
    free = 0.0
    ends = sorted(zip(lines, COLOURS, strict=False), key=lambda each: -each[0].points[-1][1])
    for line, colour in ends:
        points = [(across.at(x), up.at(y)) for x, y in line.points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
        yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points)
        free = max(free + 17, points[-1][1] + 4)
        yield _text(across.end + 10, free, line.name, colour=colour)


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = 13, colour: str = "#222222") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{colour}">{escape(text)}</text>'
    )
