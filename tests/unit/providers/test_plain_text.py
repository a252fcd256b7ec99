"""What comes from servers moves no cursor and hides nothing, wherever it is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley_providers.errors import ProviderError
from parley_providers.plain_text import printable
from parley_providers.provider import ModelFacts

ESCAPES = ["\x1b[31m", "\x1b]52;c;ZXZpbA==\x07", "\x9b2J", "\r", "\b", "\u202e", "\u2066"]


@pytest.mark.parametrize("escape", ESCAPES)
def test_an_error_says_nothing_that_a_terminal_obeys(escape):
    """A server's refusal is quoted in the message for the person."""
    told = str(ProviderError(f"it said: {escape}no"))
    assert told == printable(f"it said: {escape}no")
    assert escape[0] not in told


@pytest.mark.parametrize("escape", ESCAPES)
def test_the_facts_of_a_model_hold_nothing_that_a_terminal_obeys(escape):
    """Whoever serves models names them."""
    words = dict.fromkeys(("name", "server_version", "family", "parameters", "quantization"), f"a{escape}b")
    facts = ModelFacts(provider="ollama", **words)
    assert {name: getattr(facts, name) for name in words} == {name: printable(word) for name, word in words.items()}


@given(st.text(st.characters(exclude_categories=["Cc", "Cf", "Zl", "Zp"], include_characters="\t\n")))
def test_text_that_can_be_seen_stays(text):
    """Whatever its language."""
    assert printable(text) == text
