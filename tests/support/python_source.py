"""Finding a definition in a Python text, for tests: the span that an editor's selection would give."""

import re

from parley_agent.document import Span


def span_of(source: str, name: str) -> Span:
    """An empty span on the name of the first definition of `name`."""
    found = re.search(rf"\b(?:def|class)\s+({re.escape(name)})\b", source)
    assert found is not None, f"no definition of {name}"
    return Span(start=found.start(1), end=found.start(1))
