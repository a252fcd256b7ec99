"""Estimating tokens."""

import pytest

from parley_agent.refactor.tokens import estimated_prompt_tokens, estimated_tokens
from parley_providers.messages import system, user


# Counted by Qwen2.5-Coder's own tokenizer.
@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("", 0),
        (
            (
                "def mean(values):\n    total = 0\n    for value in values:\n   "
                "     total += value\n    return total / len(values)\n"
            ),
            28,
        ),
        (
            (
                "function slugify(titleText, maximumLength = 40) {\n  return t"
                "itleText.toLowerCase().replace(/[^a-z0-9]+/g, '-').slice(0, "
                "maximumLength);\n}\n"
            ),
            42,
        ),
        ("The quick brown fox jumps over the lazy dog; nevertheless, internationalization matters.", 16),
        ("x = 3.14159265358979 + 0xDEADBEEF - 1234567890", 38),
        ("量子コンピュータは世界を変える。 Привет, мир! こんにちは 🎉👩\u200d👩\u200d👧", 29),
        ("!a&&b||(c=d[e]?{f:g,...h}:[...i,j=>k??l]);for(;;){}", 29),
        ("\n\n\n        \n\t\t\tif (x) {\n\t\t\t\treturn;\n\t\t\t}\n", 13),
        ("sha256:1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32", 63),
    ],
)
def test_an_estimate_is_never_below_the_count(text, counted):
    """Texts of several kinds are estimated at their real count or somewhat above."""
    assert counted <= estimated_tokens(text) <= counted * 1.5 + 35


def test_a_conversation_costs_its_texts_and_the_template():
    """Each message adds what the chat template wraps it in."""
    assert estimated_prompt_tokens([system("a"), user("b")]) > estimated_tokens("a") + estimated_tokens("b") + 8
