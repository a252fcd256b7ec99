"""Where a SQLite database that several processes share may lie: on a disk of this machine.

Its write-ahead log needs shared memory, which a network file system does not give (sqlite.org/wal.html, "all
processes using a database must be on the same host computer").
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from parley_events.errors import StoreLocationError

if TYPE_CHECKING:
    from collections.abc import Iterable

NETWORK_FILE_SYSTEMS = frozenset(
    (
        *("nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "afpfs", "afs", "ncpfs", "webdav", "davfs", "9p"),
        *("coda", "ceph", "glusterfs", "lustre", "gpfs", "beegfs", "ocfs2", "gfs2"),
        *("fuse.sshfs", "fuse.rclone", "fuse.s3fs", "fuse.gcsfuse", "fuse.glusterfs", "fuse.ceph", "fuse.davfs"),
    )
)


def check_location(path: Path, mounts: Iterable[tuple[str, str]] | None = None) -> None:
    """See that the file would lie on a file system of this machine.

    Args:
        path: The database's file, absolute.
        mounts: Mount points with their kinds of file system; None asks the machine.

    Raises:
        StoreLocationError: it would not, or it is a folder.
    """
    check_is_no_folder(path)
    kind = file_system(path, _mounts() if mounts is None else mounts)
    if kind in NETWORK_FILE_SYSTEMS or str(path).startswith("\\\\"):
        raise unshareable(path, kind or "network")


def check_is_no_folder(path: Path) -> None:
    """See that a file could be there.

    Raises:
        StoreLocationError: there is a folder.
    """
    if path.is_dir():
        raise StoreLocationError(f"{path} is a folder. Name a file in it, such as {path / 'events.db'}.")


def file_system(path: Path, mounts: Iterable[tuple[str, str]]) -> str | None:
    """The kind of file system of the innermost mount that holds the path; of two on one point, the later."""
    found: tuple[int, str] | None = None
    for point, kind in mounts:
        depth = len(Path(point).parts)
        if path.is_relative_to(point) and (found is None or depth >= found[0]):
            found = (depth, kind.lower())
    return None if found is None else found[1]


def unshareable(path: Path, kind: str) -> StoreLocationError:
    """The error for a file on a file system that cannot hold it."""
    return StoreLocationError(
        f"{path} lies on a {kind} file system, where SQLite's write-ahead log does not work and events could be lost. "
        "Choose a file on a disk of this machine, or share the events of several machines by PostgreSQL "
        "(`--store postgresql://…`)."
    )


def _mounts() -> list[tuple[str, str]]:
    import psutil

    return [(each.mountpoint, each.fstype) for each in psutil.disk_partitions(all=True)]
