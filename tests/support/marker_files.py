"""Marker files: one test case as one readable text, with the place in the source marked where it is.

Prose, then settings (`name: value`), then sections. A section begins with a line `-- name --` and ends where the next
begins. In `source`, `¦` is the cursor, `«…»` the selection, `⟦…⟧` what the diagnostic of `diagnostic: …` is about;
`␍` is a carriage return, `⟨202E⟩` the character of that number, and `⏎` at the very end says that the last line has no
end. `beside NAME` is a file of the same folder, `answer` what the model says (several are said in turn), `golden` the
document afterwards (absent: as before), `question` what the person is asked, by a line each, and answers as `says: …`
says, `message` what they are told, `created NAME` a file that came to be, `actions` what the menu shows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

SETTINGS = {
    "editor": "vscode",
    "encoding": "",
    "language": "python",
    "file": "a.py",
    "task": "",
    "instruction": "",
    "via": "menu",
    "form": "",
    "newlines": "lf",
    "diagnostic": "",
    "only": "",
    "fault": "",
    "typed": "",
    "says": "Apply",
    "outcome": "",
    "code": "",
    "proof": "",
}
WRITTEN = ("outcome", "code", "proof")
_SECTION = re.compile(r"^-- (.+) --\n", re.MULTILINE)
_NUMBER = re.compile("⟨([0-9A-F]{4})⟩")
_HIDDEN = "\0\u200b\u202e\ufeff\u0301"
_NO_END = "⏎\n"
_ENDS = {"lf": "\n", "crlf": "\r\n", "cr": "\r"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A text without its marks, and the offsets that they marked."""

    text: str
    selection: tuple[int, int]
    problem: tuple[int, int] | None


class MarkerFile:
    """One case.

    Args:
        path: The text file.
    """

    def __init__(self, path):
        self.path = path
        self.name = path.stem
        head, *parts = _SECTION.split(path.read_text(encoding="utf-8"))
        self.sections = list(zip(parts[::2], parts[1::2], strict=True))
        self.prose, self.settings = _read_head(head, path)

    def __getattr__(self, name):
        if name in SETTINGS:
            return self.settings.get(name, SETTINGS[name])
        raise AttributeError(name)

    @property
    def answers(self):
        """What the model says, in turn."""
        return [_unended(body) for name, body in self.sections if name == "answer"]

    @property
    def place(self):
        """The source with what is marked in it."""
        return _marked(self._text("source"))

    @property
    def golden(self):
        """The document's text afterwards."""
        found = self._text("golden")
        return self.place.text if found is None else found

    def words(self, name):
        """A section as it stands, or None."""
        return dict(self.sections).get(name)

    def named(self, kind):
        """The sections `kind NAME`, as a mapping of names to texts."""
        return {
            name.removeprefix(f"{kind} "): _unended(body) for name, body in self.sections if name.startswith(f"{kind} ")
        }

    def rewrite(self, settings, sections):
        """Write the file again with the results that were seen in place of those that were expected."""
        kept = {name: value for name, value in self.settings.items() if name not in WRITTEN}
        inputs = [(name, body) for name, body in self.sections if name in ("source", "answer") or "beside " in name]
        head = "".join(f"{name}: {value}\n" for name, value in (kept | settings).items() if value)
        shown = "".join(f"-- {name} --\n{body}" for name, body in [*inputs, *sections])
        self.path.write_text(f"{self.prose}\n\n{head}\n{shown}", encoding="utf-8")

    def shown(self, text):
        """How a document's text stands in a section."""
        text = text.replace(_ENDS[self.newlines], "\n") if self.newlines != "lf" else text
        text = "".join(f"⟨{ord(each):04X}⟩" if each in _HIDDEN else each for each in text.replace("\r", "␍"))
        return text if text.endswith("\n") else text + _NO_END

    def _text(self, name):
        for found, body in self.sections:
            if found == name:
                text = _unended(body).replace("\n", _ENDS[self.newlines]).replace("␍", "\r")
                return _NUMBER.sub(lambda number: chr(int(number[1], 16)), text)
        return None


def _read_head(head, path):
    prose, _, rest = head.partition("\n\n")
    settings = {}
    for line in rest.splitlines():
        if line:
            name, colon, value = line.partition(": ")
            if not colon or name not in SETTINGS:
                raise ValueError(f"{path.name}: not a setting: {line!r}")
            settings[name] = value
    return prose, settings


def _unended(body):
    return body.removesuffix(_NO_END) if body.endswith(_NO_END) else body


def _marked(text):
    found = {}
    plain = ""
    for character in text:
        if character in "¦«»⟦⟧":
            found[character] = len(plain)
        else:
            plain += character
    at = found.get("¦", 0)
    problem = (found["⟦"], found["⟧"]) if "⟦" in found else None
    return Place(text=plain, selection=(found.get("«", at), found.get("»", at)), problem=problem)
