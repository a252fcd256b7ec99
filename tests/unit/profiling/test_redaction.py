"""Nothing secret rests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley_profiling.redaction import redact, redact_settings


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("401 for sk-ant-api03-abcdefghijklmnop", "401 for [redacted]"),
        ("Authorization: Bearer abcdef0123456789", "Authorization: [redacted] [redacted]"),
        ("http://me:pa55word@host:11434/api is down", "http://host:11434/api is down"),
        ('{"api_key": "0123456789abcdef"}', '{"api_key": "[redacted]"}'),
        ("OPENAI_API_KEY=verysecretvalue next", "OPENAI_API_KEY=[redacted] next"),
        ("key AIzaSyA1234567890abcdefghijklmnopqrstu", "key [redacted]"),
        ("a -----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY----- b", "a [redacted] b"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdef", "[redacted]"),
        ('{"n_prompt_tokens":160689,"n_ctx":16387}', '{"n_prompt_tokens":160689,"n_ctx":16387}'),
        ("Connection refused at http://127.0.0.1:11434", "Connection refused at http://127.0.0.1:11434"),
    ],
)
def test_secrets_are_removed_and_the_rest_is_kept(text, kept):
    """Keys by shape and by name, passwords in URLs and private keys go; counts and addresses stay."""
    assert redact(text) == kept


@given(st.text() | st.from_regex(r"(token|api_key|Bearer)[=: ]{1,3}[A-Za-z0-9]{6,20}[ ,]?", fullmatch=True))
def test_redacting_twice_changes_nothing_more(text):
    """`redact` is idempotent, so it may be applied at every border."""
    assert redact(redact(text)) == redact(text)


def test_settings_lose_values_of_secret_names():
    """Names that sound secret lose their text; nested values are searched; numbers stay."""
    settings = {"api_key": "x", "n_keep": 4, "headers": {"cookie": "y"}, "args": ["--key", "sk-abcdefghijklmnop"]}
    assert redact_settings(settings) == {
        "api_key": "[redacted]",
        "n_keep": 4,
        "headers": {"cookie": "[redacted]"},
        "args": ["--key", "[redacted]"],
    }
