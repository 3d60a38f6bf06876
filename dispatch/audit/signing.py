"""With which key does this installation sign? Of the settings, or in private mode made once and kept with the data."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dispatch.errors import BadInput, MissingService
from dispatch.record.datakeys import make_once

#: The private key's file in the data directory, in private mode.
KEY_FILE = "audit.key"


def known_key(audit_key: str | None, data_dir: Path) -> Ed25519PrivateKey:
    """The key of an installation that runs: set, or made at the first start of its private servers.

    Raises
    ------
    MissingService
        When there is neither.
    """
    if audit_key is None and not (data_dir / KEY_FILE).exists():
        way_out = "set TRUCKROLL_AUDIT_KEY to 64 hexadecimal digits, as `openssl rand -hex 32` writes"
        raise MissingService("the audit key", "none is set, so nothing can be signed", way_out)
    return signing_key(audit_key, data_dir, is_private=True)


def public_key(key: Ed25519PrivateKey) -> str:
    """The key's public half, hexadecimal: what others verify with."""
    return key.public_key().public_bytes_raw().hex()


def signing_key(audit_key: str | None, data_dir: Path, *, is_private: bool) -> Ed25519PrivateKey:
    """The key whose public half others know this installation by. `audit_key` is 64 hexadecimal digits.

    Raises
    ------
    BadInput
        Servers were named, but no key: one made on the side would be another on each machine.
    """
    if audit_key is not None:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(audit_key))
    if not is_private:
        raise BadInput("TRUCKROLL_AUDIT_KEY", None, "set it to 64 hexadecimal digits, as `openssl rand -hex 32` writes")
    path = data_dir / KEY_FILE
    if not path.exists():
        make_once(path, Ed25519PrivateKey.generate().private_bytes_raw())
    return Ed25519PrivateKey.from_private_bytes(path.read_bytes())
