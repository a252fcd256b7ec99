"""What can go wrong when a model is fetched or kept. All are `ProviderError`s, whose text is written for the person.

ModelStoreError             the store's folder cannot be used
├── DiskFullError           there is no room for the model: make room, or move the store
├── WrongHashError          the bytes are not those of the model: take them from elsewhere
└── DownloadFailedError     no source gave the model: the message names every source and the way round
    └── SourceError         one source failed; the next is tried
"""

from __future__ import annotations

from parley_providers.errors import ProviderError


class ModelStoreError(ProviderError):
    """A model could not be fetched, kept or removed."""

    kind = "not_found"


class DiskFullError(ModelStoreError):
    """The disk has no room."""


class WrongHashError(ModelStoreError):
    """The sha256 is not the model's; nothing of the person's was changed."""


class DownloadFailedError(ModelStoreError):
    """Every source failed; what could be resumed was kept."""


class SourceError(DownloadFailedError):
    """One source failed. `made_progress` says whether it gave any bytes before, so that resuming may help."""

    def __init__(self, message: str, *, made_progress: bool = False) -> None:
        super().__init__(message)
        self.made_progress = made_progress
