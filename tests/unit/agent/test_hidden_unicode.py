"""Characters that a model reads and a person does not see."""

import pytest

from parley_agent.hidden_unicode import hidden_characters, without_hidden


@pytest.mark.parametrize(
    "hidden", ["\U000e0041", "\u202e", "\u2066", "\u200b", "\u200d", "\ufeff", "\u00ad", "\u2060", "\U000e0101"]
)
def test_hidden_characters_are_found_and_taken_out(hidden):
    """Tags, direction controls, zero-width characters and selectors are not shown to a model."""
    assert hidden_characters(f"a{hidden}b") == (hidden,)
    assert without_hidden(f"a{hidden}b") == "ab"


@pytest.mark.parametrize("text", ["plain\tcode\r\n", "naïve 日本語", "👩‍👩‍👧 family", "❤️", "עברית"])
def test_what_a_person_sees_stays(text):
    """Accents, scripts and emoji sequences are left alone."""
    assert without_hidden(text) == text
