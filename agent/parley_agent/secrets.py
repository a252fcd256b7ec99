"""Finding secrets in a text and hiding them from a model: keys by their patterns, assignments by name and entropy.

A finding errs towards hiding: a placeholder costs a little understanding, a leaked key cannot be taken back. Deciding
for which models secrets are hidden belongs to the caller.
"""

from __future__ import annotations

import math
import re
from collections import Counter

from parley_agent.document import Span

_KEYS = (
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]*KEY(?: BLOCK)?-----|\Z)",
    r"\b(?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{16}\b",  # AWS
    r"\bgh[pousr]_[A-Za-z0-9]{30,255}\b",  # GitHub
    r"\bgithub_pat_[A-Za-z0-9_]{40,255}\b",
    r"\bgl(?:pat|ptt|dt|rt|soat)-[A-Za-z0-9_\-]{20,}",  # GitLab
    r"\bxox[abeoprs]-[A-Za-z0-9\-]{10,}",  # Slack
    r"\bxapp-[A-Za-z0-9\-]{10,}",
    r"\b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}",  # Stripe
    r"\bsk-[A-Za-z0-9_\-]{20,}",  # OpenAI, Anthropic and those that copy them
    r"\bAIza[A-Za-z0-9_\-]{35}",  # Google
    r"\bya29\.[A-Za-z0-9_\-]{20,}",
    r"\bnpm_[A-Za-z0-9]{36}\b",
    r"\bpypi-[A-Za-z0-9_\-]{50,}",
    r"\bhf_[A-Za-z0-9]{30,}\b",
    r"\bSG\.[A-Za-z0-9_\-]{16,}\.[A-Za-z0-9_\-]{16,}",  # SendGrid
    r"\bdop_v1_[a-f0-9]{64}\b",
    r"\beyJ[A-Za-z0-9_\-]{8,}\.eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}",  # a JSON Web Token
)
_KEY_PATTERNS = re.compile("|".join(_KEYS))
_PASSWORD_IN_URL = re.compile(r"\b[a-z][a-z0-9+.\-]*://[^\s:/@\"']*:(?P<secret>[^\s/@\"'{}$<>]+)@", re.IGNORECASE)
_BEARER = re.compile(r"\b(?:Bearer|Basic|Token)\s+(?P<secret>[A-Za-z0-9+/=_\-.~]{16,})")
_TELLING_NAME = (
    r"[\w\-]*(?:passw(?:or)?d|passphrase|pwd|secret|token|api_?-?key|access_?-?key|private_?-?key|auth_?-?key"
    r"|client_?-?key|signing_?-?key|encryption_?-?key|credentials?)[\w\-]*"
)
_NAMED = re.compile(
    rf"(?P<name>{_TELLING_NAME})[\"']?\]?\s*(?::\s*\w+\s*)?(?::=|=>|=|:)\s*[rbuf]{{0,2}}(?P<quote>[\"'`])(?P<secret>(?:\\.|(?!(?P=quote))[^\\\n])+)(?P=quote)",
    re.IGNORECASE,
)
_UNQUOTED = re.compile(
    rf"^\s*(?:export\s+)?{_TELLING_NAME}\s*[=:]\s*(?P<secret>[^\s\"'#(\[{{<$]{{8,}})\s*$", re.IGNORECASE | re.MULTILINE
)
_ASSIGNED = re.compile(r"(?::=|=>|=|:|\(|,)\s*[rbu]{0,2}(?P<quote>[\"'`])(?P<secret>[A-Za-z0-9+/=_\-]{20,})(?P=quote)")
_TEMPLATE = re.compile(r"[{}<>$%\s]|^\*+$|^\.+$|^x+$", re.IGNORECASE)
_HEX = re.compile(r"[0-9a-fA-F]{32,}")


def find_secrets(text: str) -> tuple[Span, ...]:
    """The spans of `text` that look like secrets: in order, apart from each other."""
    found = [Span(start=match.start(), end=match.end()) for match in _KEY_PATTERNS.finditer(text)]
    for pattern, wanted in (
        (_PASSWORD_IN_URL, _is_value),
        (_BEARER, _is_value),
        (_NAMED, _is_value),
        (_UNQUOTED, _is_opaque),
        (_ASSIGNED, _is_random),
    ):
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
