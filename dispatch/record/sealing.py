"""How is a text kept so that the database alone does not give it away? Sealed, with a named key, bound to its place.

The interface, for everything that seals (`dispatch.record.datakeys.read_ring` reads the installation's ring)::

    ring = KeyRing([DataKey("2027", secret), DataKey("2026", older)])    newest first
    sealed = seal(b"4471#", ring, context("job", job_id, "alarm_code"))  with the newest; its id stands inside
    plain = unseal(sealed, ring, context("job", job_id, "alarm_code"))   with the key it names; a wrong place: Damaged
    key_id_of(sealed)                                                    "2027", without any key
    reseal(sealed, ring, place)                                          the same with the newest; None: it is already

A key of one person or thing is a ring of one: make its secret with `new_secret()`, keep it sealed with the
installation's ring, and once that is deleted nothing of theirs can be unsealed any more.

Layout: version (1 byte), length of the id (1), id, salt (32), AES-256-GCM's ciphertext and tag. Each sealing has a key
of its own, derived from the named one by its salt, so that no number of sealings wears a key out; version, id and
context are authenticated: bytes that were moved to another row or field do not unseal there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from dispatch.errors import BadInput, Damaged, MissingService

SECRET_BYTES = 32
_VERSION = 1
_SALT_BYTES, _NONCE_BYTES, _TAG_BYTES = 32, 12, 16
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class DataKey:
    """A key and the name by which sealed bytes ask for it. The id is no secret: letters, digits, ``._-``."""

    id: str
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise BadInput("data key", self.id, "name it with 1 to 64 letters, digits, dots, dashes, underscores")
        if len(self.secret) != SECRET_BYTES:
            way_out = f"give {SECRET_BYTES} bytes, as `openssl rand -base64 {SECRET_BYTES}` writes them"
            raise BadInput(f"data key {self.id}", f"{len(self.secret)} bytes", way_out)


class KeyRing:
    """Keys by their ids: the first seals, every one unseals.

    Parameters
    ----------
    keys
        Newest first; none at all makes a ring that neither seals nor unseals, and says what is missing when asked.
    way_out
        What somebody does about a missing key, told in the error.
    """

    def __init__(self, keys: Sequence[DataKey] = (), way_out: str = "add it to TRUCKROLL_DATA_KEYS") -> None:
        self._keys = {key.id: key for key in keys}
        self._way_out = way_out
        if len(self._keys) < len(keys):
            raise BadInput("data keys", [key.id for key in keys], "give every key an id of its own")

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(self.ids) or 'empty'})"

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids, newest first."""
        return tuple(self._keys)

    @property
    def newest(self) -> DataKey:
        """The key that seals.

        Raises
        ------
        MissingService
            When the ring is empty.
        """
        if not self._keys:
            raise MissingService("a data key", "there is none, so nothing can be sealed", self._way_out)
        return next(iter(self._keys.values()))

    def find(self, key_id: str) -> DataKey:
        """The key of this id.

        Raises
        ------
        MissingService
            When it is not on the ring: names it and the way out.
        """
        if key_id not in self._keys:
            held = f"the keys at hand are {', '.join(self.ids)}" if self._keys else "no key is at hand"
            raise MissingService(f"the data key {key_id}", f"something was sealed with it, and {held}", self._way_out)
        return self._keys[key_id]


#: The ring of whoever seals nothing.
NO_KEYS = KeyRing()


def new_secret() -> bytes:
    """A key's secret, made now."""
    return os.urandom(SECRET_BYTES)


def context(*parts: object) -> bytes:
    """Where sealed bytes stand, unmistakably: kind, ids and field in a fixed order."""
    return b"".join(len(text).to_bytes(4) + text for text in (str(part).encode() for part in parts))


def seal(plain: bytes, ring: KeyRing, place: bytes) -> bytes:
    """Seal with the ring's newest key, for this place only (`context`). Twice the same text gives other bytes.

    Raises
    ------
    MissingService
        When the ring is empty.
    """
    key = ring.newest
    name = key.id.encode("ascii")
    head = bytes((_VERSION, len(name))) + name
    salt = os.urandom(_SALT_BYTES)
    cipher, nonce = _cipher(key, salt)
    return head + salt + cipher.encrypt(nonce, plain, head + place)


def unseal(sealed: bytes, ring: KeyRing, place: bytes) -> bytes:
    """What was sealed for this place.

    Raises
    ------
    MissingService
        When the key that it names is not on the ring.
    Damaged
        When the bytes are not those that were sealed, or were sealed for another place or with another secret.
    """
    head, rest = _split(sealed)
    key = ring.find(head[2:].decode("ascii"))
    cipher, nonce = _cipher(key, rest[:_SALT_BYTES])
    try:
        return cipher.decrypt(nonce, rest[_SALT_BYTES:], head + place)
    except InvalidTag as error:
        raise Damaged("sealed bytes", f"they do not unseal here with the data key {key.id}") from error


def key_id_of(sealed: bytes) -> str:
    """The id of the key that these bytes ask for; told without a key.

    Raises
    ------
    Damaged
        When they were never sealed bytes.
    """
    return _split(sealed)[0][2:].decode("ascii")


def reseal(sealed: bytes, ring: KeyRing, place: bytes) -> bytes | None:
    """The same text sealed with the newest key; None where it is already.

    Raises
    ------
    MissingService, Damaged
        As `unseal`.
    """
    return None if key_id_of(sealed) == ring.newest.id else seal(unseal(sealed, ring, place), ring, place)


def _split(sealed: bytes) -> tuple[bytes, bytes]:
    """The head (version, length, id) and the rest."""
    if len(sealed) < 2 or sealed[0] != _VERSION:
        raise Damaged("sealed bytes", "they are of no known version")
    end = 2 + sealed[1]
    head, rest = sealed[:end], sealed[end:]
    if len(rest) < _SALT_BYTES + _TAG_BYTES or not _ID.fullmatch(head[2:].decode("latin-1")):
        raise Damaged("sealed bytes", "they are cut short")
    return head, rest


def _cipher(key: DataKey, salt: bytes) -> tuple[AESGCM, bytes]:
    """The key and nonce of one sealing."""
    made = HKDF(SHA256(), SECRET_BYTES + _NONCE_BYTES, salt, b"truckroll sealed 1").derive(key.secret)
    return AESGCM(made[:SECRET_BYTES]), made[SECRET_BYTES:]
