"""A real PostgreSQL for tests: started on loopback in a temporary folder, as an unprivileged user."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

INSTALL = "apt-get install postgresql"


@dataclass
class PostgresServer:
    """A server of our own. `conninfo` reaches it as a superuser without a password."""

    folder: Path
    port: int
    user: str | None

    @property
    def conninfo(self) -> str:
        return f"host=127.0.0.1 port={self.port} user=parley_test dbname=postgres"

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
        self._run("pg_ctl", "start", "-w", "-s", "-o", options, "-l", str(self.folder / "log"))

    def stop(self, mode: str = "fast") -> None:
        """`fast` ends sessions in order, `immediate` is a crash: recovery follows at the next start."""
        self._run("pg_ctl", "stop", "-w", "-s", "-m", mode)

    def restart(self, mode: str = "immediate") -> None:
        self.stop(mode)
        self.start()

    def create(self) -> None:
        self._run("initdb", "-A", "trust", "-U", "parley_test", "-E", "UTF8", "--no-sync", "--locale=C")

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(_binaries() / program), "-D", str(self.folder / "data"), *arguments]
        if self.user is not None:
            command = ["runuser", "-u", self.user, "--", *command]
        done = subprocess.run(
            command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=self.folder
        )
        assert done.returncode == 0, f"{program} failed: {done.stderr}"


def start_postgres() -> PostgresServer:
    """A new, running server; `end` it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="parley-postgres-"))
    user = None
    if os.geteuid() == 0:  # PostgreSQL does not run as root
        user = "postgres"
        account = pwd.getpwnam(user)
        os.chown(folder, account.pw_uid, account.pw_gid)
    server = PostgresServer(folder=folder, port=_free_port(), user=user)
    server.create()
    server.start()
    return server


def end(server: PostgresServer) -> None:
    server.stop("immediate")
    shutil.rmtree(server.folder)


def _binaries() -> Path:
    found = [folder for folder in Path("/usr/lib/postgresql").glob("*/bin") if (folder / "initdb").exists()]
    if on_path := shutil.which("initdb"):
        found.append(Path(on_path).resolve().parent)
    assert found, f"PostgreSQL is not installed, which these tests need. Install it with: {INSTALL}"
    return max(found, key=lambda folder: int(folder.parent.name) if folder.parent.name.isdigit() else 0)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
