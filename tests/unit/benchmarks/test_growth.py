"""The growth of a store: at which sizes it is measured, what is kept, and how it is drawn."""

import csv
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from benchmarks.growth import Costs, Folding, drawn, grow, sizes_to, write
from benchmarks.plot import Line, log_log
from support.event_stores import Outside, memory_store

SVG = "{http://www.w3.org/2000/svg}"


def _costs(events, **fields):
    plain = dict.fromkeys(Costs.__dataclass_fields__, 10.0)
    return Costs(**{**plain, "events": events, "fold_events": events // 100, **fields})


def _picture(svg):
    return ET.fromstring(svg)  # noqa: S314 - drawn a line above


@pytest.mark.parametrize(
    ("total", "sizes"),
    [
        (10_000, [10_000]),
        (60_000, [10_000, 50_000, 60_000]),
        (1_000_000, [10_000, 50_000, 100_000, 200_000, 500_000, 1_000_000]),
    ],
)
def test_sizes_go_up_to_the_total(total, sizes):
    """By one, two and five of each power of ten, and the total itself once."""
    assert sizes_to(total) == sizes


async def test_a_store_grows_to_the_size_that_was_asked_for(tmp_path):
    """Whatever is there already counts; whole windows are timed."""
    async with memory_store(tmp_path, Outside()) as store:
        assert len(await grow(store, 10_000)) == 2
        assert await grow(store, 10_050) == []
        assert await store.head() == 10_050


async def test_a_folded_aggregate_is_as_long_as_it_was_made(tmp_path):
    """Its last event comes after its last snapshot, so that a fold has both to read."""
    async with memory_store(tmp_path, Outside()) as store:
        folding = Folding(store)
        await folding.lengthen(2_301)
        assert await folding.ms() > 0
        assert (folding.events, await store.head()) == (2_301, 2_301)


def test_what_is_known_is_kept_as_figures_and_as_a_picture(tmp_path):
    """A row for each size, with four digits; a picture that names its database."""
    write([_costs(10_000, append_us=123.456), _costs(50_000)], "SQLite", tmp_path / "growth")
    with (tmp_path / "growth.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["events"], row["append_us"]) for row in rows] == [("10000", "123.5"), ("50000", "10")]
    assert "as the store grows (SQLite)" in (tmp_path / "growth.svg").read_text(encoding="utf-8")


def test_every_line_is_drawn_with_its_name_within_the_picture():
    """Each with a point for each size; no two names lie on each other."""
    root = _picture(drawn([_costs(10_000), _costs(1_000_000)], "PostgreSQL"))
    lines = root.findall(f"{SVG}polyline")
    points = [tuple(map(float, point.split(","))) for line in lines for point in line.get("points").split()]
    width, height = (float(each) for each in root.get("viewBox").split()[2:])
    assert len(lines) == 5
    assert len(root.findall(f"{SVG}circle")) == len(points) == 10
    assert all(0 < x < width and 0 < y < height for x, y in points)
    names = [text for text in root.findall(f"{SVG}text") if text.get("fill") != "#222222"]
    heights = sorted(float(text.get("y")) for text in names)
    assert len(names) == 5
    assert all(after - before >= 16 for before, after in pairwise(heights))


def test_a_plot_is_logarithmic_and_escapes_its_names():
    """Equal factors are equal distances; a name is text, whatever is in it."""
    root = _picture(log_log("a<b", "x", "y", [Line(name="p&q", points=[(1, 1), (10, 10), (100, 100)])]))
    [line] = root.findall(f"{SVG}polyline")
    (x1, y1), (x2, y2), (x3, y3) = (map(float, point.split(",")) for point in line.get("points").split())
    assert (x2 - x1, y1 - y2) == pytest.approx((x3 - x2, y2 - y3), abs=0.2)
    texts = [text.text for text in root.findall(f"{SVG}text")]
    assert "a<b" in texts
    assert "p&q" in texts
    with pytest.raises(ValueError, match="empty"):
        log_log("nothing", "x", "y", [])
