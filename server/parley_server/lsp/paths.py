"""Between the URIs of documents and the paths of files."""

from __future__ import annotations

from pygls.uris import from_fs_path, to_fs_path


def file_of(uri: str) -> str | None:
    """The path of a file; None for what is no file."""
    return to_fs_path(uri) if uri.startswith("file:") else None


def uri_of(path: str) -> str:
    """The URI of a path."""
    uri: str | None = from_fs_path(path)
    if uri is None:
        raise ValueError(f"no URI for the path {path!r}")
    return uri
