"""A real PostgreSQL for tests: started on loopback in a temporary folder, as an unprivileged user."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from collections.abc import Iterator

INSTALL = "apt-get install postgresql"
# How long a server may take to start or to stop, in seconds: recovery from a crash takes long on a busy machine.
WAIT_S = "300"


@dataclass
class PostgresServer:
    """A server of our own. `conninfo` reaches it as a superuser without a password.

    `held` keeps its port its own until its end, also while it is made or restarted: it is bound and does not listen, so
    that the system gives the port to nobody who asks for any.
    """

    folder: Path
    port: int
    held: socket.socket
    user: str | None
    settings: tuple[str, ...] = ()

    @property
    def conninfo(self) -> str:
        return f"host=127.0.0.1 port={self.port} user=parley_test dbname=postgres"

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
        options += "".join(f" -c {setting}" for setting in self.settings)
        self._run("pg_ctl", "start", "-w", "-t", WAIT_S, "-s", "-o", options, "-l", str(self.folder / "log"))

    def stop(self, mode: str = "fast") -> None:
        """`fast` ends sessions in order, `immediate` is a crash: recovery follows at the next start."""
        self._run("pg_ctl", "stop", "-w", "-t", WAIT_S, "-s", "-m", mode)

    def restart(self, mode: str = "immediate") -> None:
        self.stop(mode)
        self.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """While the block runs, the server stands still: the system takes what is sent to it, and nobody answers."""
        parent = int((self.folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        with standing_still(parent, *self.processes()):
            yield

    def processes(self, like: str = "%") -> list[int]:
        """Processes by what they are, which application they serve, and what that asked last."""
        query = (
            "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
            "AND concat_ws(' ', backend_type, application_name, query) LIKE %s"
        )
        with psycopg.connect(self.conninfo) as connection:
            return [process for (process,) in connection.execute(query, (like,)).fetchall()]

    def create(self) -> None:
        self._run("initdb", "-A", "trust", "-U", "parley_test", "-E", "UTF8", "--no-sync", "--locale=C", "-k")

    def copy(self, primary: PostgresServer) -> None:
        """Become a standby of another server, which streams to it from now on under the name `standby`."""
        reached = f"host=127.0.0.1 port={primary.port} user=parley_test application_name=standby"
        self._run("pg_basebackup", "-R", "-X", "stream", "-c", "fast", "--no-sync", "-d", reached)

    def promote(self) -> None:
        """End being a standby: take writes from now on."""
        self._run("pg_ctl", "promote", "-w", "-t", WAIT_S, "-s")

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(_binaries() / program), "-D", str(self.folder / "data"), *arguments]
        if self.user is not None:
            command = ["runuser", "-u", self.user, "--", *command]
        done = subprocess.run(
            command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=self.folder
        )
        assert done.returncode == 0, f"{program} failed: {done.stderr}"


@contextmanager
def standing_still(*processes: int) -> Iterator[None]:
    """While the block runs, these processes get no time; one that has ended meanwhile is left alone."""
    try:
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGSTOP)
        yield
    finally:
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)


def start_postgres(*settings: str) -> PostgresServer:
    """A new, running server with settings such as "wal_level=logical"; `end` it afterwards."""
    server = _placed(settings)
    server.create()
    server.start()
    return server


def start_standby(primary: PostgresServer) -> PostgresServer:
    """A running copy of a server, which it follows; `end` it afterwards."""
    server = _placed(())
    server.copy(primary)
    server.start()
    return server


def end(server: PostgresServer) -> None:
    """Stop it, if it still runs, and remove its files."""
    if (server.folder / "data" / "postmaster.pid").exists():
        server.stop("immediate")
    server.held.close()
    shutil.rmtree(server.folder)


def _placed(settings: tuple[str, ...]) -> PostgresServer:
    folder = Path(tempfile.mkdtemp(prefix="parley-postgres-"))
    user = None
    if os.geteuid() == 0:  # PostgreSQL does not run as root
        user = "postgres"
        account = pwd.getpwnam(user)
        os.chown(folder, account.pw_uid, account.pw_gid)
    held = _held_port()
    port = held.getsockname()[1]
    if sys.platform != "linux":  # where nobody may listen on what another socket is bound to
        held.close()
    return PostgresServer(folder=folder, port=port, held=held, user=user, settings=settings)


def _binaries() -> Path:
    found = [folder for folder in Path("/usr/lib/postgresql").glob("*/bin") if (folder / "initdb").exists()]
    if on_path := shutil.which("initdb"):
        found.append(Path(on_path).resolve().parent)
    assert found, f"PostgreSQL is not installed, which these tests need. Install it with: {INSTALL}"
    return max(found, key=lambda folder: int(folder.parent.name) if folder.parent.name.isdigit() else 0)


def _held_port() -> socket.socket:
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as PostgreSQL does, which may then listen here
    held.bind(("127.0.0.1", 0))
    return held
