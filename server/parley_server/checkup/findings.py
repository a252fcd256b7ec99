"""One thing that was looked at: what was found, whether that is well, and how to mend it if not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """`ABSENT` is something optional that is not there; only `PROBLEM` keeps Parley from working."""

    OK = "ok"
    ABSENT = "absent"
    WARNING = "warning"
    PROBLEM = "problem"


class Area(StrEnum):
    """What a finding is about, in the order in which a person reads."""

    SERVING = "serving"
    INSTALLATION = "installation"
    MODELS = "models"
    STORAGE = "storage"
    EDITORS = "editors"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`found` is one sentence or figure without secrets; `fix` is what to do, where something can be done."""

    area: Area
    name: str
    verdict: Verdict
    found: str
    fix: str | None = None
