"""Finding secrets."""

import pytest

from parley_agent.secrets import find_secrets

PRIVATE_KEY = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEow\n-----END RSA " + "PRIVATE KEY-----"
RANDOM = "Zx9" + "Qw7Lk2Vb8Nm4Tr6Yp1Sd3"


def found(text):
    return [text[span.start : span.end] for span in find_secrets(text)]


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("key = AKIA" + "ABCDEFGHIJKLMNOP", "AKIA" + "ABCDEFGHIJKLMNOP"),
        ("t = 'ghp_" + "a1B2" * 9 + "'", "ghp_" + "a1B2" * 9),
        ("k = 'sk-ant-" + "x1Y2z3" * 6 + "'", "sk-ant-" + "x1Y2z3" * 6),
        (f"K = '''{PRIVATE_KEY}'''", PRIVATE_KEY),
        ("url = 'postgres://me:hunter22@db/x'", "hunter22"),
        ("password = 'hunter22'", "hunter22"),
        ('"api_key": "hunter22"', "hunter22"),
        ("config['db_password'] = 'hunter22'", "hunter22"),
        ("let clientSecret: string = `hunter22`", "hunter22"),
        ("headers = {'Authorization': 'Bearer abcdef0123456789xyz'}", "abcdef0123456789xyz"),
        ("export API_TOKEN=ab12cd34ef56gh78", "ab12cd34ef56gh78"),
        (f"x = '{RANDOM}'", RANDOM),
        ("x = '" + "0123456789abcdef" * 2 + "'", "0123456789abcdef" * 2),
    ],
)
def test_secrets_are_found(text, secret):
    """Keys by their pattern, values by their telling name, and strings that look random."""
    assert found(text) == [secret]


@pytest.mark.parametrize(
    "text",
    [
        "token = next(tokens)",
        "password = os.environ['PASSWORD']",
        "password = ''",
        "secret = '${SECRET}'",
        "api_key = '<your key>'",
        "def check(password: str) -> bool:",
        "url = 'https://example.com/a/b'",
        "name = 'a_rather_long_identifier_in_words'",
        "tokens = text.split()",
        "self.token = token",
    ],
)
def test_plain_code_is_no_secret(text):
    """Names, templates, calls and words are left alone."""
    assert found(text) == []


def test_a_name_tells_in_any_case_of_letters():
    """What is looked for first, to be quick, hides no spelling that the patterns would find."""
    assert found("DB_PAS\u017fWORD = 'hunter22'\nApiKEY = 'hunter33'") == ["hunter22", "hunter33"]
