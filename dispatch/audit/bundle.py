"""Is this bundle what was signed, and is the history in it whole? Answered from the file alone.

One JSON document a line. The last line holds the hash of each line before it and an Ed25519 signature over these
hashes, so that a changed byte is not only seen but named by its line. There is one way to write each line; any other
bytes are a change, too.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

#: Says what is signed, so that a signature for something else never fits.
_PURPOSE = b"truckroll audit bundle 1\n"

#: What every event has, as texts, beside its number.
_TEXTS = ("id", "subject", "kind", "actor_kind", "at", "text", "prev_hash", "hash")


@dataclass(frozen=True, slots=True)
class BundleVerdict:
    """What is wrong with a bundle, in the order of its lines: empty, nothing. `key` is the public key that signed."""

    faults: tuple[str, ...]
    key: str | None
    num_events: int

    @property
    def is_whole(self) -> bool:
        """Whether every byte is as it was signed, and every event chained to the one before."""
        return not self.faults


def bundle(records: Iterable[Mapping[str, Any]], key: Ed25519PrivateKey) -> bytes:
    """The records as signed lines."""
    lines = [_line(record) for record in records]
    hashes = [hashlib.sha256(line).hexdigest() for line in lines]
    public = key.public_key().public_bytes_raw().hex()
    signed = {"what": "signature", "key": public, "hashes": hashes, "signature": key.sign(_signed(hashes)).hex()}
    return b"".join((*lines, _line(signed)))


def verify_bundle(data: bytes, trusted_key: str | None = None) -> BundleVerdict:
    """Say what is wrong with a bundle; with `trusted_key` (hexadecimal) it must be signed by that one.

    Without, whoever could have signed it anew with a key of their own: compare `key` with the one that was published.
    """
    lines = data.splitlines(keepends=True) if data.isascii() else []
    last = _read(lines[-1]) if lines else None
    if last is None or set(last) != {"what", "key", "hashes", "signature"}:
        return BundleVerdict(("the last line is no signature as it was written",), None, 0)
    if not _is_signed(last):
        return BundleVerdict(("the signature does not fit: the last line was changed",), None, 0)
    faults = []
    if trusted_key is not None and last["key"] != trusted_key.lower():
        faults.append(f"signed by another key than the one you trust: {last['key']}")
    faults += _changed_lines(lines[:-1], last["hashes"])
    records = [record for line in lines[:-1] if (record := _read(line)) is not None]
    events = [record for record in records if record.get("what") == "event"]
    faults += _broken_chains(events)
    return BundleVerdict(tuple(faults), last["key"], len(events))


def _line(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, sort_keys=True, separators=(",", ":")).encode("ascii") + b"\n"


def _read(line: bytes) -> dict[str, Any] | None:
    """The document of a line; None where it was written in any other way than `_line` writes it."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) and _line(record) == line else None


def _signed(hashes: Iterable[str]) -> bytes:
    return _PURPOSE + "\n".join(hashes).encode("ascii")


def _is_signed(last: Mapping[str, Any]) -> bool:
    try:
        signature, key = bytes.fromhex(last["signature"]), bytes.fromhex(last["key"])
        Ed25519PublicKey.from_public_bytes(key).verify(signature, _signed(last["hashes"]))
    except (ValueError, TypeError, InvalidSignature):
        return False
    # Capitals and spaces are read as hexadecimal, too, and a byte would have been changed unseen.
    return bool(last["signature"] == signature.hex() and last["key"] == key.hex() and last["what"] == "signature")


def _changed_lines(lines: list[bytes], hashes: list[str]) -> list[str]:
    if len(lines) != len(hashes):
        return [f"{len(hashes)} lines were signed, and there are {len(lines)}"]
    return [
        f"line {num} ({_name(line)}) is not what was signed"
        for num, (line, signed) in enumerate(zip(lines, hashes, strict=True), start=1)
        if hashlib.sha256(line).hexdigest() != signed
    ]


def _name(line: bytes) -> str:
    record = _read(line) or {}
    named = [str(record[name]) for name in ("what", "subject", "seq", "id") if name in record]
    return " ".join(named) or "cannot be read"


def _broken_chains(events: Iterable[Mapping[str, Any]]) -> list[str]:
    """Where an event's hash is not that of its text, or it does not follow the one before on its subject."""
    faults: list[str] = []
    before: dict[str, tuple[int, str]] = {}
    for event in events:
        place = f"{event.get('subject')} event {event.get('seq')}"
        if not _has_form(event):
            faults.append(f"{place} has not the form of an event")
            continue
        seq, prev_hash = before.get(event["subject"], (0, ""))
        own = hashlib.sha256(bytes.fromhex(event["prev_hash"]) + event["text"].encode()).hexdigest()
        if own != event["hash"] or not _says(event):
            faults.append(f"{place} is not what was written: its hash differs")
        elif (event["seq"], event["prev_hash"]) != (seq + 1, prev_hash):
            faults.append(f"{place} does not follow the event before it")
        before[event["subject"]] = (event["seq"], event["hash"])
    return faults


def _has_form(event: Mapping[str, Any]) -> bool:
    is_text = all(isinstance(event.get(name), str) for name in _TEXTS)
    return is_text and isinstance(event.get("seq"), int) and " " in event["subject"] and _is_hex(event["prev_hash"])


def _is_hex(value: str) -> bool:
    try:
        return bytes.fromhex(value).hex() == value
    except ValueError:
        return False


def _says(event: Mapping[str, Any]) -> bool:
    """Whether what is told of an event for reading is what its hashed text says."""
    kind, subject = event["subject"].split(" ", 1)
    told = f"|{kind}|{subject}|{event['seq']}|{event['kind']}|{event['actor_kind']}|"
    text: str = event["text"]
    return text.startswith(f"{event['id']}|") and told in text and f"|{event['at']}|" in text
