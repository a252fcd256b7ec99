"""What is promised to whoever decides about trust names tests that exist."""

import re

import pytest

from parley_profiling.stores import default_path
from parley_server.app import default_event_file, trust_store
from support.house import ROOT

TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`((?:unit|e2e|contract|architecture)/[\w/]+\.py)`", TEXT)))


@pytest.mark.parametrize("name", NAMED)
def test_every_test_that_is_named_is_there(name):
    """A rule whose test is renamed or gone is a rule that nothing shows."""
    assert (ROOT / "tests" / name).is_file()


def test_every_rule_names_a_test():
    """Each row of each table."""
    tables = [part.partition("\n\n")[0] for part in TEXT.split("| rule | shown by |\n|---|---|\n")[1:]]
    rows = [row for table in tables for row in table.splitlines()]
    assert len(rows) > 30
    assert [row for row in rows if not re.search(r"\| `[a-z0-9]+/[^|]+\.py`", row)] == []


def test_what_is_kept_is_where_it_says():
    """Who removes the places that the table names has removed everything."""
    data = default_path().parents[1]
    used = [default_path(), default_event_file(), trust_store().root]
    assert [place for place in used if f"| `{place.relative_to(data).as_posix()}" not in TEXT] == []
