"""What servers and models say, freed of what a terminal would obey instead of show.

Their names and messages reach terminals, logs and the editor from many places, so they are freed where they come in.
"""

from __future__ import annotations

import re

# Whatever could move the cursor, recolour the screen or hide text: escapes, C1, bidirectional controls.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """`text` without control characters other than tabs and newlines."""
    return _CONTROLS.sub("", text)
