"""The texts that the editor has open, exactly as it has them, and the files on disk that it has not.

Keeps no history and converts no wire types: positions come as `LineColumn`, texts go out as the agent's `Document`.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from parley_agent.document import Document
from parley_server.files import FileError, read_text
from parley_server.lsp.positions import LineColumn, LineIndex, PositionEncoding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class DocumentError(Exception):
    """There is no such text, or it cannot be read; the message is for the person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of a text: the range between `start` and `end` is replaced, or all of it where they are None."""

    text: str
    start: LineColumn | None = None
    end: LineColumn | None = None


class OpenDocument:
    """One text that the editor has open."""

    __slots__ = ("_index", "language", "path", "text", "uri", "version")

    def __init__(self, *, uri: str, path: str | None, language: str, version: int, text: str) -> None:
        self.uri = uri
        self.path = path
        self.language = language
        self.version = version
        self.text = _paired(text)
        self._index: LineIndex | None = None

    @property
    def index(self) -> LineIndex:
        """The lines of the present text."""
        if self._index is None:
            self._index = LineIndex(self.text)
        return self._index

    def apply(self, change: Change, encoding: PositionEncoding) -> None:
        """Make `change`; a range that is reversed or outside the text is drawn to what exists."""
        if change.start is None or change.end is None:
            self.text, self._index = _paired(change.text), None
        else:
            start, end = sorted((self.index.offset(change.start, encoding), self.index.offset(change.end, encoding)))
            text = self.text[:start] + change.text + self.text[end:]
            # Halves can only meet where the change is; a long text is not looked through at every key.
            here = text[max(0, start - 1) : start + len(change.text) + 1]
            if _paired(here) == here:
                self.text, self._index = text, self.index.changed(start, end, text)
            else:
                self.text, self._index = _paired(text), None

    def snapshot(self) -> Document:
        """The text of this moment."""
        return Document(uri=self.uri, language=self.language, text=self.text, path=self.path, version=self.version)


class Documents:
    """All open texts.

    Args:
        to_path: The file that a URI names, or None where it names none.
    """

    def __init__(self, to_path: Callable[[str], str | None]) -> None:
        self._to_path = to_path
        self._open: dict[str, OpenDocument] = {}
        self._watches: dict[str, list[_Watch]] = {}
        self.encoding = PositionEncoding.UTF_16

    def open(self, *, uri: str, language: str, version: int, text: str) -> None:
        """The editor opened a text, or opened it again."""
        self._open[_key(uri)] = OpenDocument(
            uri=uri, path=self._to_path(uri), language=language, version=version, text=text
        )
        self._changed(uri)

    def change(self, uri: str, version: int, changes: Iterable[Change]) -> None:
        """The editor changed a text.

        Raises:
            DocumentError: the text is not open.
        """
        document = self._open.get(_key(uri))
        if document is None:
            raise DocumentError(f"{uri} was changed but is not open; open it first.")
        document.version = version
        for change in changes:
            document.apply(change, self.encoding)
            self._changed(uri)

    def close(self, uri: str) -> None:
        """The editor closed a text; the file on disk is the truth again."""
        self._open.pop(_key(uri), None)

    def path_of(self, uri: str) -> str | None:
        """The file that a URI names, if it names one."""
        return self._to_path(uri)

    def get(self, uri: str) -> OpenDocument | None:
        """The open text of `uri`, if it is open."""
        return self._open.get(_key(uri))

    async def read(self, uri: str) -> Document:
        """The text of this moment: the editor's where it is open, else the disk's.

        Raises:
            DocumentError: it is not open, and there is no such text file.
        """
        document = self._open.get(_key(uri))
        if document is not None:
            return document.snapshot()
        path = self._to_path(uri)
        if path is None:
            raise DocumentError(f"{uri} is not open in the editor and names no file.")
        try:
            text = await asyncio.to_thread(read_text, path)
        except FileError as error:
            raise DocumentError(str(error)) from error
        return Document(uri=uri, language="", text=text, path=path)

    async def becomes(self, uri: str, expected: Callable[[str], bool], within_s: float) -> bool:
        """Whether the editor's text of `uri` is, or within `within_s` seconds becomes, one that is `expected`.

        Every state in between is looked at, so that a person who types on at once does not hide it.
        """
        document = self._open.get(_key(uri))
        if document is not None and expected(document.text):
            return True
        async with self.watching(uri, expected) as seen:
            try:
                async with asyncio.timeout(within_s):
                    await seen.wait()
            except TimeoutError:
                return seen.is_set()  # perhaps in the very moment in which time was over
        return True

    def watching(self, uri: str, expected: Callable[[str], bool]) -> _Watch:
        """A context in which an event is set as soon as the text of `uri` becomes `expected`."""
        return _Watch(self._watches.setdefault(_key(uri), []), expected)

    def _changed(self, uri: str) -> None:
        watches = self._watches.get(_key(uri))
        if not watches:
            return
        text = self._open[_key(uri)].text
        for watch in watches:
            watch.look(text)


class _Watch:
    """One wait for a text; registered while its context is open."""

    def __init__(self, registered: list[_Watch], expected: Callable[[str], bool]) -> None:
        self._registered = registered
        self._expected = expected
        self._seen = asyncio.Event()

    def look(self, text: str) -> None:
        if self._expected(text):
            self._seen.set()

    async def __aenter__(self) -> asyncio.Event:
        self._registered.append(self)
        return self._seen

    async def __aexit__(self, *_: object) -> None:
        self._registered.remove(self)


_SURROGATE = re.compile("[\ud800-\udfff]")


def _paired(text: str) -> str:
    """`text` with halves of a character that arrived apart joined, as every editor counts them."""
    if text.isascii() or not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def moved(uri: str, old: str, new: str) -> str | None:
    """The URI of a document when what was `old`, a file or a folder, is `new`; None where that is another's."""
    name, old_name = _key(uri), _key(old).rstrip("/")
    if name == old_name:
        return new
    if not name.startswith(f"{old_name}/"):
        return None
    return new.rstrip("/") + quote(name[len(old_name) :])


def _key(uri: str) -> str:
    """One name for one document, whichever characters of its URI a client escapes."""
    return unquote(uri)
