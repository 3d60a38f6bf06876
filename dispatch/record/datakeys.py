"""With which keys is sealed? Those of `TRUCKROLL_DATA_KEYS`, or in private mode those in a file beside the data.

Both are written ``id:base64``, newest first: with commas between in the variable, a line each in the file.
"""

from __future__ import annotations

import base64
import binascii
import os
import stat
from datetime import datetime
from pathlib import Path

from dispatch.errors import BadInput
from dispatch.record.sealing import DataKey, KeyRing, new_secret

#: The keys' file in the data directory, in private mode.
KEYS_FILE = "data.keys"
VARIABLE = "TRUCKROLL_DATA_KEYS"
_NOBODY_ELSE = 0o600


def read_ring(data_keys: str | None, data_dir: Path) -> KeyRing:
    """The installation's ring: of the variable where it is set, else of the file, else empty.

    An empty ring is no error until something is to be sealed: an installation that seals nothing needs no key.

    Raises
    ------
    BadInput
        When a key cannot be read, or others may read the file.
    """
    if data_keys is not None:
        return parse_ring(data_keys)
    path = data_dir / KEYS_FILE
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return KeyRing(way_out=f"set {VARIABLE} to ID:BASE64, as `openssl rand -base64 32` writes the latter")
    if mode & 0o077:
        raise BadInput(str(path), f"{mode:04o}", f"let nobody else read it: chmod 600 {path}")
    return parse_ring(path.read_text(), str(path), f"add it to {path}")


def parse_ring(text: str, field: str = VARIABLE, way_out: str = f"add it to {VARIABLE}") -> KeyRing:
    """The ring that is written ``id:base64``, newest first, with commas or line ends between.

    Raises
    ------
    BadInput
        Names `field` and the key's id, never the secret.
    """
    entries = [entry.strip() for entry in text.replace("\n", ",").split(",") if entry.strip()]
    if not entries:
        raise BadInput(field, None, "write ID:BASE64, newest first, with commas between")
    return KeyRing([_parse(entry, field) for entry in entries], way_out)


def keep_ring(data_dir: Path, now: datetime) -> Path | None:
    """See that there is a file of keys, with one made now where there was none: its path, if it was just made."""
    path = data_dir / KEYS_FILE
    if path.exists():
        return None
    line = write_key(next_key(KeyRing(), now))
    return path if make_once(path, f"{line}\n".encode()) else None


def next_key(ring: KeyRing, now: datetime) -> DataKey:
    """A new key, named by the day and a number of its own."""
    num = next(num for num in range(1, len(ring.ids) + 2) if f"{now:%Y%m%d}-{num}" not in ring.ids)
    return DataKey(f"{now:%Y%m%d}-{num}", new_secret())


def add_key(data_dir: Path, key: DataKey) -> Path:
    """Put a key first into the file of keys: its path. The file is replaced whole: none is ever lost."""
    path = data_dir / KEYS_FILE
    draft = data_dir / f"{KEYS_FILE}.next"
    draft.unlink(missing_ok=True)
    make_once(draft, f"{write_key(key)}\n{path.read_text()}".encode())
    draft.replace(path)
    return path


def write_key(key: DataKey) -> str:
    """The key as the variable and the file take it."""
    return f"{key.id}:{base64.b64encode(key.secret).decode()}"


def make_once(path: Path, content: bytes) -> bool:
    """Write a file that only this user reads, whole under its name or not at all: whether it was we who made it.

    Of two that make it at once the second finds the first one's.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _NOBODY_ELSE)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            # What is sealed with it outlives a power cut; so must the key.
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink(missing_ok=True)
    return True


def _parse(entry: str, field: str) -> DataKey:
    key_id, colon, encoded = entry.partition(":")
    if not colon:
        # Perhaps the secret alone: it is not repeated.
        raise BadInput(field, "a key without an id", "write ID:BASE64")
    try:
        secret = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadInput(f"{field}, key {key_id[:64]}", "what follows the colon", "write it in base64") from error
    return DataKey(key_id, secret)
