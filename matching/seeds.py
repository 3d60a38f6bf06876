"""Which number does chance draw here?

A keyed hash instead of a random generator: the number depends on the seed and on what it is drawn for, not on how
many were drawn before, nor on the order of rows, nor on the version of a library.
"""

import hashlib


def draw(seed: int, *what: bytes) -> int:
    """A number in [0, 2**64), the same for the same seed and purpose, on every machine."""
    key = (seed % 2**64).to_bytes(8, "big")
    return int.from_bytes(hashlib.blake2b(b"\0".join(what), digest_size=8, key=key).digest(), "big")
