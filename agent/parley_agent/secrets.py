"""Finding secrets in a text and hiding them from a model: keys by their patterns, assignments by name and entropy.

A finding errs towards hiding: a placeholder costs a little understanding, a leaked key cannot be taken back. Deciding
for which models secrets are hidden belongs to the caller.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING

from parley_agent.document import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Each kind of key: what every key of it holds, which is quick to look for, and its pattern.
_KEYS: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("-----BEGIN ",),
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]*KEY(?: BLOCK)?-----|\Z)",
    ),
    (("AKIA", "ASIA", "AGPA", "AIDA", "AROA"), r"\b(?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{16}\b"),  # AWS
    (("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"\bgh[pousr]_[A-Za-z0-9]{30,255}\b"),  # GitHub
    (("github_pat_",), r"\bgithub_pat_[A-Za-z0-9_]{40,255}\b"),
    (("glpat-", "glptt-", "gldt-", "glrt-", "glsoat-"), r"\bgl(?:pat|ptt|dt|rt|soat)-[A-Za-z0-9_\-]{20,}"),  # GitLab
    (("xox",), r"\bxox[abeoprs]-[A-Za-z0-9\-]{10,}"),  # Slack
    (("xapp-",), r"\bxapp-[A-Za-z0-9\-]{10,}"),
    (("_live_", "_test_"), r"\b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}"),  # Stripe
    (("sk-",), r"\bsk-[A-Za-z0-9_\-]{20,}"),  # OpenAI, Anthropic and those that copy them
    (("AIza",), r"\bAIza[A-Za-z0-9_\-]{35}"),  # Google
    (("ya29.",), r"\bya29\.[A-Za-z0-9_\-]{20,}"),
    (("npm_",), r"\bnpm_[A-Za-z0-9]{36}\b"),
    (("pypi-",), r"\bpypi-[A-Za-z0-9_\-]{50,}"),
    (("hf_",), r"\bhf_[A-Za-z0-9]{30,}\b"),
    (("SG.",), r"\bSG\.[A-Za-z0-9_\-]{16,}\.[A-Za-z0-9_\-]{16,}"),  # SendGrid
    (("dop_v1_",), r"\bdop_v1_[a-f0-9]{64}\b"),
    (("eyJ",), r"\beyJ[A-Za-z0-9_\-]{8,}\.eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}"),  # a JSON Web Token
)
_KEY_PATTERNS = tuple((marks, re.compile(pattern)) for marks, pattern in _KEYS)
_PASSWORD_IN_URL = re.compile(r"\b[a-z][a-z0-9+.\-]*://[^\s:/@\"']*:(?P<secret>[^\s/@\"'{}$<>]+)@", re.IGNORECASE)
_BEARER = re.compile(r"\b(?:Bearer|Basic|Token)\s+(?P<secret>[A-Za-z0-9+/=_\-.~]{16,})")
# The shortest part of each telling name: where none of these stands, in any case of letters, no name tells.
_TELLING_MARKS = ("passw", "passphrase", "pwd", "secret", "token", "key", "credential")
_TELLING = (
    r"(?:passw(?:or)?d|passphrase|pwd|secret|token|api_?-?key|access_?-?key|private_?-?key|auth_?-?key"
    r"|client_?-?key|signing_?-?key|encryption_?-?key|credentials?)"
)
_NAMED = re.compile(
    rf"{_TELLING}[\w\-]*[\"']?\]?\s*(?::\s*\w+\s*)?(?::=|=>|=|:)\s*[rbuf]{{0,2}}(?P<quote>[\"'`])(?P<secret>(?:\\.|(?!(?P=quote))[^\\\n])+)(?P=quote)",
    re.IGNORECASE,
)
_UNQUOTED = re.compile(
    rf"^\s*(?:export\s+)?[\w\-]*{_TELLING}[\w\-]*\s*[=:]\s*(?P<secret>[^\s\"'#(\[{{<$]{{8,}})\s*$",
    re.IGNORECASE | re.MULTILINE,
)
_ASSIGNED = re.compile(r"(?::=|=>|=|:|\(|,)\s*[rbu]{0,2}(?P<quote>[\"'`])(?P<secret>[A-Za-z0-9+/=_\-]{20,})(?P=quote)")
_TEMPLATE = re.compile(r"[{}<>$%\s]|^\*+$|^\.+$|^x+$", re.IGNORECASE)
_HEX = re.compile(r"[0-9a-fA-F]{32,}")


def find_secrets(text: str) -> tuple[Span, ...]:
    """The spans of `text` that look like secrets: in order, apart from each other."""
    found = [
        Span(start=match.start(), end=match.end())
        for marks, pattern in _KEY_PATTERNS
        if any(mark in text for mark in marks)
        for match in pattern.finditer(text)
    ]
    for pattern, wanted in _by_their_place(text):
        found += [
            Span(start=match.start("secret"), end=match.end("secret"))
            for match in pattern.finditer(text)
            if wanted(match["secret"])
        ]
    return _apart(found)


def masked(text: str) -> str:
    """`text` with each secret in it replaced by as many asterisks, so that offsets into it stay true."""
    pieces: list[str] = []
    at = 0
    for span in find_secrets(text):
        pieces += [text[at : span.start], "*" * (span.end - span.start)]
        at = span.end
    return "".join([*pieces, text[at:]])


def _by_their_place(text: str) -> Iterator[tuple[re.Pattern[str], Callable[[str], bool]]]:
    """The patterns that can match in `text`: each is slow beside a look for what it cannot match without."""
    if "://" in text and "@" in text:
        yield _PASSWORD_IN_URL, _is_value
    if any(word in text for word in ("Bearer", "Basic", "Token")):
        yield _BEARER, _is_value
    small = text.casefold()
    if any(mark in small for mark in _TELLING_MARKS):
        yield _NAMED, _is_value
        yield _UNQUOTED, _is_opaque
    yield _ASSIGNED, _is_random


def _is_value(secret: str) -> bool:
    """Whether it is a value, not a placeholder, a template or a mere word's beginning."""
    return len(secret) >= 6 and not _TEMPLATE.search(secret)


def _is_opaque(secret: str) -> bool:
    """Whether an unquoted word is a value: code such as `token = next(tokens)` is none."""
    return (
        any(map(str.isdigit, secret)) and any(map(str.isalpha, secret)) and _entropy(secret) > 3.0 and "." not in secret
    )


def _is_random(secret: str) -> bool:
    """Whether a string looks drawn at random (bits a character, after the thresholds of detect-secrets)."""
    if _HEX.fullmatch(secret):
        return _entropy(secret) > 3.0
    kinds = (any(map(str.isdigit, secret)), any(map(str.islower, secret)), any(map(str.isupper, secret)))
    return all(kinds) and _entropy(secret) > 3.8


def _entropy(text: str) -> float:
    """Shannon's entropy of the characters of `text`, in bits a character."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)


def _apart(spans: list[Span]) -> tuple[Span, ...]:
    """`spans` in order, those that overlap joined."""
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and span.start < joined[-1].end:
            joined[-1] = Span(start=joined[-1].start, end=max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return tuple(joined)
