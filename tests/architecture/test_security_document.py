"""What is promised to whoever decides about trust names tests that exist."""

import re

import pytest

from support.house import ROOT

TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`((?:unit|e2e|contract|architecture)/[\w/]+\.py)`", TEXT)))


@pytest.mark.parametrize("name", NAMED)
def test_every_test_that_is_named_is_there(name):
    """A rule whose test is renamed or gone is a rule that nothing shows."""
    assert (ROOT / "tests" / name).is_file()


def test_every_rule_names_a_test():
    """Each row of each table."""
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and not line.startswith("| rule ")]
    assert len(rows) > 30
    assert [row for row in rows if not re.search(r"\| `[a-z0-9]+/[^|]+\.py`", row)] == []
