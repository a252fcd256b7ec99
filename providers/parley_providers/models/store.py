"""The folder in which models are kept: what is in it, under which names, and who may change it now.

A model's file carries its name and the start of its sha256; beside it a note says which bytes were verified. Obtaining
models belongs to `pull`.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from parley_providers.models.errors import ModelStoreError

if TYPE_CHECKING:
    from parley_providers.models.catalog import Catalog, CatalogModel

SCRATCH = ".part-"
"""What follows a model's stem in the name of a folder into which a part of it is fetched."""

State: TypeAlias = Literal["installed", "unverified", "absent"]


def default_root() -> Path:
    """`PARLEY_MODELS_DIR`, else the user's data folder."""
    named = os.environ.get("PARLEY_MODELS_DIR")
    if named:
        return Path(named).expanduser()
    from platformdirs import user_data_path

    return user_data_path("parley", appauthor=False) / "models"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStore:
    """Models on this machine's disk, under `root`. Nothing is created before something is kept."""

    root: Path

    def path(self, model: CatalogModel) -> Path:
        """Where the model's weights are, or would be."""
        return self.root / f"{_stem(model)}.gguf"

    def partial(self, model: CatalogModel) -> Path:
        """Where a download of the model grows, so that it can be resumed."""
        return self.root / f"{_stem(model)}.partial"

    def copied(self, model: CatalogModel) -> Path:
        """Where a file of the person's is copied to, before it is known to be the model."""
        return self.root / f"{_stem(model)}.copy"

    def scratches(self, model: CatalogModel) -> tuple[Path, ...]:
        """Folders into which parts of the model are fetched, or were when a Parley was killed."""
        return tuple(self.root.glob(f"{escape(_stem(model))}{SCRATCH}*"))

    def sweep(self, model: CatalogModel) -> None:
        """Remove the folders that a killed Parley left behind. Whoever calls it holds the lock, so nobody fills one."""
        for folder in self.scratches(model):
            shutil.rmtree(folder, ignore_errors=True)  # its pip may still be there, and then the next one removes it

    def lock(self, model: CatalogModel) -> Path:
        """The file whose lock is held by whoever fetches or removes the model."""
        return self.root / f"{_stem(model)}.lock"

    def state(self, model: CatalogModel) -> State:
        """Whether the model can be used: "unverified" is a file that is not the one whose sha256 was checked."""
        path = self.path(model)
        try:
            status = path.stat()
        except OSError:
            return "absent"
        return "installed" if _read_note(path) == _note(model, status) else "unverified"

    def installed(self, catalog: Catalog) -> tuple[CatalogModel, ...]:
        """The catalog's models that can be used now, in the catalog's order."""
        return tuple(model for model in catalog.models if self.state(model) == "installed")

    def prepare(self) -> None:
        """Make the folder.

        Raises:
            ModelStoreError: it cannot be made or written to.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ModelStoreError(
                f"Models cannot be kept in {self.root}: {error.strerror}. Name another folder in PARLEY_MODELS_DIR."
            ) from error
        if not os.access(self.root, os.W_OK):
            raise ModelStoreError(
                f"Models cannot be kept in {self.root}: it is not writable. Name another folder in PARLEY_MODELS_DIR."
            )

    def accept(self, model: CatalogModel, verified: Path) -> Path:
        """Move a file of this store whose sha256 was just verified to its place, atomically; the place."""
        path = self.path(model)
        if verified != path:
            verified.replace(path)
        note = path.with_suffix(".json")
        fresh = note.with_suffix(".json.new")
        fresh.write_text(json.dumps(_note(model, path.stat())) + "\n", encoding="utf-8")
        fresh.replace(note)
        return path

    def remove(self, model: CatalogModel) -> int:
        """Delete the model and what is left of its downloads; the bytes that this freed.

        Raises:
            ModelStoreError: another Parley fetches it now.
        """
        from filelock import FileLock, Timeout

        if not self.root.exists():
            return 0
        try:
            with FileLock(self.lock(model), timeout=0):
                return self._remove(model)
        except Timeout as error:
            raise ModelStoreError(
                f"{model.name} is being fetched by another Parley. End that first, or wait for it.", model=model.name
            ) from error

    def _remove(self, model: CatalogModel) -> int:
        freed = sum(file.stat().st_size for each in self.scratches(model) for file in each.rglob("*") if file.is_file())
        self.sweep(model)
        there = (self.path(model), self.partial(model), self.copied(model), self.path(model).with_suffix(".json"))
        for path in there:
            with suppress(FileNotFoundError):
                size = path.stat().st_size
                path.unlink()
                freed += size
        return freed


def free_bytes(folder: Path) -> int:
    """Bytes that this user may still write where `folder` is, or will be made."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _stem(model: CatalogModel) -> str:
    return f"{model.name}-{model.sha256[:16]}".replace("/", "_")


def _note(model: CatalogModel, status: os.stat_result) -> dict[str, str | int]:
    return {"sha256": model.sha256, "size_bytes": status.st_size, "mtime_ns": status.st_mtime_ns}


def _read_note(path: Path) -> object:
    try:
        return json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
