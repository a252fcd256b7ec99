"""What the documents claim to be shown by tests."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EVENTS = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(set(re.findall(r"\btest_\w+(?!\w|\.py)", EVENTS))))
def test_every_test_that_the_document_names_is_there(name):
    """A test that was renamed or removed leaves a claim without its proof."""
    files = (ROOT / "tests").rglob("test_*.py")
    assert any(f"def {name}(" in file.read_text(encoding="utf-8") for file in files)


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\b(?:e2e|unit|contract)/[\w/]+\.py", EVENTS))))
def test_every_file_of_tests_that_the_document_names_is_there(path):
    """The same for a whole file."""
    assert (ROOT / "tests" / path).is_file()
