"""With which key does this installation sign? Of the settings, or in private mode made once and kept with the data."""

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dispatch.errors import BadInput

#: The private key's file in the data directory, in private mode.
KEY_FILE = "audit.key"


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
    data_dir.mkdir(parents=True, exist_ok=True)
    try:
        # Whole under its name or not there: of two that make it at once, the second reads the first one's.
        draft = data_dir / f"{KEY_FILE}.{os.getpid()}"
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(Ed25519PrivateKey.generate().private_bytes_raw())
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)
    return Ed25519PrivateKey.from_private_bytes(path.read_bytes())
