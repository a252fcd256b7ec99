"""What a program that Parley starts sees of Parley's environment: everything but what is named like a secret."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL", re.IGNORECASE)


def without_secrets(environment: Mapping[str, str], *, but: str | None = None) -> dict[str, str]:
    """`environment` without the variables whose names say that they hold a secret; those that begin with `but` stay."""
    return {
        name: value
        for name, value in environment.items()
        if not _SECRET_NAME.search(name) or (but is not None and name.startswith(but))
    }
