"""Who else uses the private server in this folder, and who stops it?

Two file locks that the kernel frees whenever a process ends, kill -9 included, so that nothing can be left stale:
`alone` is held for the moment of starting or stopping; `joined` is held, shared, for as long as a process uses the
server. Whoever leaves and finds nobody else joined stops the server.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait until nobody else starts or stops a server in this folder, and keep others waiting meanwhile."""
    descriptor = _open(folder / "start.lock")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


class Membership:
    """One process's use of a shared server; make it and leave it inside `alone`."""

    def __init__(self, folder: Path) -> None:
        self._descriptor = _open(folder / "users.lock")
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def leave(self) -> bool:
        """Leave for good.

        Returns
        -------
        Whether nobody else is left, so that the server may be stopped.
        """
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        else:
            return True
        finally:
            os.close(self._descriptor)


def private_folder(folder: Path) -> Path:
    """Make the folder, for its owner alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
