"""Where do the bytes lie? In a folder, or wherever `TRUCKROLL_FILES_URL` says, under the owner's id and the file's.

The owner is the client whose file it is, or the proof that a document shows.

Ids are never used twice, so an object is written once and never changed; whoever finds one without a row may remove it.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import obstore
from obstore.exceptions import BaseError
from obstore.exceptions import NotFoundError as NoSuchObject
from obstore.store import LocalStore, from_url

from dispatch.errors import MissingService

_CLIENT: Any = {"timeout": "3s", "connect_timeout": "1s"}
_RETRY: Any = {"max_retries": 1, "retry_timeout": timedelta(seconds=3)}
_WAY_OUT = "mend TRUCKROLL_FILES_URL, or unset it to keep files in the data folder"


@dataclass(frozen=True, slots=True)
class FileStore:
    """An object store; `folder` is set where it is one of this machine."""

    objects: Any
    folder: Path | None = None

    def put(self, owner_id: UUID, file_id: UUID, data: bytes) -> None:
        """Write a file's bytes; when this returns they survive a crash of the machine.

        Raises
        ------
        MissingService
            When the store does not take them.
        """
        try:
            obstore.put(self.objects, _path(owner_id, file_id), data)
            if self.folder is not None:
                _make_durable(self.folder / str(owner_id) / str(file_id))
        except (BaseError, OSError) as error:
            raise MissingService("the file store", "it takes no files", _WAY_OUT, type(error).__name__) from error

    def get(self, owner_id: UUID, file_id: UUID) -> bytes:
        """Read a file's bytes.

        Raises
        ------
        MissingService
            When the store does not give them.
        """
        try:
            return bytes(obstore.get(self.objects, _path(owner_id, file_id)).bytes())
        except (BaseError, OSError) as error:
            raise MissingService("the file store", "it does not give this file", _WAY_OUT, str(file_id)) from error

    def remove(self, owner_id: UUID, file_id: UUID) -> None:
        """Remove a file's bytes; what is gone already is fine."""
        try:
            obstore.delete(self.objects, _path(owner_id, file_id))
        except (NoSuchObject, FileNotFoundError):
            return
        except (BaseError, OSError) as error:
            raise MissingService("the file store", "it removes no files", _WAY_OUT, str(file_id)) from error

    def written_before(self, until: datetime) -> Iterator[tuple[UUID, UUID]]:
        """(owner, file) of every object written before `until`; what others put there is passed over."""
        for batch in obstore.list(self.objects):
            for found in batch:
                ids = _ids(found["path"])
                if ids is not None and found["last_modified"] < until:
                    yield ids


def open_store(files_url: str | None, data_dir: Path) -> FileStore:
    """The store at a URL (`s3://bucket/prefix`, `gs://…`, `az://…`, `file:///…`), or the folder `files` of the data.

    Raises
    ------
    MissingService
        When the URL is of no store that is known, or the folder cannot be made.
    """
    try:
        if files_url is None or files_url.startswith("file://"):
            folder = data_dir / "files" if files_url is None else Path(files_url.removeprefix("file://"))
            return FileStore(LocalStore(folder, mkdir=True), folder)
        return FileStore(from_url(files_url, client_options=_CLIENT, retry_config=_RETRY))
    except (BaseError, OSError, ValueError, TypeError) as error:
        raise MissingService("the file store", "it cannot be opened", _WAY_OUT, type(error).__name__) from error


def _path(owner_id: UUID, file_id: UUID) -> str:
    return f"{owner_id}/{file_id}"


def _ids(path: str) -> tuple[UUID, UUID] | None:
    client, _, file = path.partition("/")
    try:
        return UUID(client), UUID(file)
    except ValueError:
        return None


def _make_durable(path: Path) -> None:
    """The bytes, then the folders that name them: without it a crash may leave a row without its file."""
    for each in (path, path.parent, path.parent.parent):
        handle = os.open(each, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
