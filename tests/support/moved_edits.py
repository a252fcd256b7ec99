"""What must become of a rename when the person changes its document: told from the texts alone.

An oracle for the server, by code of its own: no text is compared line by line to find what changed. Every line that
the rename changes must stand between the same two lines as before, so that one unchanged line at least lies between
it and whatever the person did; and all uses of the name must be those that the rename knows.
"""

from __future__ import annotations

import re

from support.editor import lines_of

OLD, NEW = "x", "product"
_USES = {name: re.compile(rf"(?<=[ \t]){name}(?=[ \n])") for name in (OLD, NEW)}


def uses(name, text):
    """How often a name of the script stands in a text."""
    return len(_USES[name].findall(text))


def renamed(text, old=OLD, new=NEW):
    """What a rename makes of a document."""
    return _USES[old].sub(new, text)


def can_be_renamed(text):
    """Whether the answer of the script is a good one: the name is there, and the new one is free."""
    return uses(OLD, text) > 0 and uses(NEW, text) == 0


def is_to_follow(base, now):
    """Whether the rename of `base` must be made of the text of `now`; else it must be kept."""
    if base == now:
        return True
    return is_apart(base, now) and can_be_renamed(now) and uses(OLD, base) == uses(OLD, now)


def is_apart(base, now):
    """Whether each line that the rename changes stands in `now`, between the lines between which it stood."""
    old, new = lines_of(base), lines_of(now)
    here = {tuple(new[at : at + 3]) for at in range(len(new))}
    return all(tuple(old[at - 1 : at + 2]) in here for at, line in enumerate(old) if uses(OLD, line))
