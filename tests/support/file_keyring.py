"""A keyring for processes of a test: a file of its own, at `KEYRING_FILE`.

`PYTHON_KEYRING_BACKEND=support.file_keyring.FileKeyring` makes a process use it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend

VARIABLES = {
    "PYTHON_KEYRING_BACKEND": "support.file_keyring.FileKeyring",
    "PYTHONPATH": str(Path(__file__).parents[1]),
}


class FileKeyring(KeyringBackend):
    """Reads the file anew each time, as other processes write it."""

    priority = 1

    @property
    def path(self):
        """Looked up late: `keyring` makes one of every kind that it can see, in the tests' own process too."""
        return Path(os.environ["KEYRING_FILE"])

    def get_password(self, service, username):
        return self._kept().get(f"{service}: {username}")

    def set_password(self, service, username, password):
        self.path.write_text(json.dumps({**self._kept(), f"{service}: {username}": password}), encoding="utf-8")

    def delete_password(self, service, username):
        kept = self._kept()
        del kept[f"{service}: {username}"]
        self.path.write_text(json.dumps(kept), encoding="utf-8")

    def _kept(self):
        return json.loads(self.path.read_text(encoding="utf-8")) if self.path.exists() else {}
