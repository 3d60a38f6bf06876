"""What went into a decision, as bytes that never change?

    "TRDI" | uint32 length of the header | header: canonical JSON | the columns, one after another

all compressed by zlib. Numbers are little endian, whole numbers as narrow as their values allow. The digest is that
of the bytes before compression, so that another zlib gives the same. They hold ids, codes and figures only: no
place of a technician, and the site's place is left out (distance and travel are columns): `decode` sets it to 0, 0.
"""

import hashlib
import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal
from uuid import UUID

import numpy as np

from matching.candidates import NO_PAPERS, Candidates
from matching.errors import MatchingError, ReplayError
from matching.job import Job, Needs, Pay
from matching.policy import Policy
from matching.proof import FOR_EVER, NEVER
from matching.scoring import Scarce
from matching.usage import NO_LIMIT

DecisionKind = Literal["wave", "auto"]

_MAGIC = b"TRDI"
_FORMAT = 1

#: Candidates come by tens of thousands at most; nothing honest unpacks to more than this.
_MOST_BYTES = 256 * 2**20


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """Everything that a decision depends on; `kind` says which question was asked of it."""

    kind: DecisionKind
    job: Job
    candidates: Candidates
    policy: Policy
    now: datetime
    seed: int
    wave_num: int = 1
    first_ask: tuple[UUID, ...] = ()
    scarce: Scarce = field(default_factory=dict)


def encode(inputs: Inputs) -> bytes:
    """The inputs for storage; `decode` reads them back."""
    return zlib.compress(canonical(inputs), level=1)


def digest(inputs: Inputs) -> str:
    """The SHA-256 of the canonical bytes, in hex digits."""
    return hashlib.sha256(canonical(inputs)).hexdigest()


def decode(stored: bytes) -> Inputs:
    """The inputs of stored bytes.

    Raises
    ------
    ReplayError
        When the bytes are damaged, or of a format that this version doesn't read.
    """
    raw = _unpacked_bytes(stored)
    try:
        (length,) = struct.unpack_from("<I", raw, 4)
        header = json.loads(raw[8 : 8 + length])
        if header["format"] != _FORMAT:
            raise ReplayError(f"stored inputs of format {header['format']}: this version reads format {_FORMAT}")
        return _inputs(header, raw[8 + length :])
    except ReplayError:
        raise
    except (struct.error, ValueError, KeyError, TypeError, InvalidOperation, MatchingError) as error:
        raise ReplayError(f"stored inputs can't be read back: {error!r}") from error


def stored_digest(stored: bytes) -> str:
    """The digest of stored inputs, from their own bytes: the same whatever settings a later version added.

    Raises
    ------
    ReplayError
        When the bytes are damaged.
    """
    return hashlib.sha256(_unpacked_bytes(stored)).hexdigest()


def canonical(inputs: Inputs) -> bytes:
    """The same bytes for the same inputs, always."""
    columns = {column.name: _packed(getattr(inputs.candidates, column.name)) for column in fields(Candidates)}
    header = {
        "format": _FORMAT,
        "kind": inputs.kind,
        "job": _job_document(inputs.job),
        "policy": inputs.policy.to_document(),
        "now": inputs.now.astimezone(UTC).isoformat(),
        "seed": inputs.seed,
        "wave_num": inputs.wave_num,
        "first_ask": [str(technician) for technician in inputs.first_ask],
        "scarce": dict(inputs.scarce),
        "columns": [[name, column.dtype.str, list(column.shape)] for name, column in columns.items()],
    }
    text = json.dumps(header, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
    body = b"".join(column.tobytes() for column in columns.values())
    return _MAGIC + struct.pack("<I", len(text)) + text + body


def _unpacked_bytes(stored: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        raw = unpacker.decompress(stored, _MOST_BYTES)
    except zlib.error as error:
        raise ReplayError(f"{len(stored)} bytes of stored inputs can't be unpacked: {error}") from error
    if not unpacker.eof or raw[:4] != _MAGIC:
        raise ReplayError(f"{len(stored)} bytes of stored inputs: cut off, too long, or something else")
    return raw


def _packed(column: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The column in the narrowest type that holds its values; which one depends on the values alone."""
    if column.dtype.kind == "f":
        return column.astype("<f8")
    if column.dtype.kind != "i":
        return column
    low, high = (int(column.min()), int(column.max())) if column.size else (0, 0)
    for code in ("<i1", "<i2", "<i4"):
        limits = np.iinfo(code)
        if limits.min <= low and high <= limits.max:
            return column.astype(code)
    return column.astype("<i8")


def _unpacked(code: str, shape: list[int], body: bytes, start: int) -> np.ndarray[Any, Any]:
    kind = np.dtype(code)
    column = np.frombuffer(body, dtype=kind, count=int(np.prod(shape)), offset=start).reshape(shape)
    return column.astype(np.int64) if kind.kind == "i" else column


def _inputs(header: Mapping[str, Any], body: bytes) -> Inputs:
    columns, start = {}, 0
    for name, code, shape in header["columns"]:
        columns[name] = _unpacked(code, shape, body, start)
        start += int(np.prod(shape)) * np.dtype(code).itemsize
    # Decided before clients and technicians admitted each other: the market alone counted.
    for name in ("is_admitted", "is_suspended"):
        columns.setdefault(name, np.zeros(len(columns["ids"]), dtype=np.bool_))
    # Decided before hours with a client were counted: nobody had a limit.
    columns.setdefault("hours_left_s", np.full(len(columns["ids"]), NO_LIMIT))
    # The one column that a search makes no wider.
    columns["hours_left_s"] = columns["hours_left_s"].clip(-NO_LIMIT - 1, NO_LIMIT).astype(np.int32)
    columns.setdefault("papers_until", np.full(len(columns["ids"]), NO_PAPERS, dtype=np.int64))
    # Stored before a clearance had a last day: whoever had one had it for ever.
    if (was_cleared := columns.pop("is_us_person", None)) is not None:
        columns["cleared_until"] = np.where(was_cleared, FOR_EVER, NEVER).astype(np.int64)
    # Stored before it was known how good somebody may be: as good as they were.
    columns.setdefault("reputation_high", columns["reputation"])
    if start != len(body):
        raise ReplayError(f"stored columns take {start} bytes, {len(body)} are there")
    return Inputs(
        kind=header["kind"],
        job=_job(header["job"]),
        candidates=Candidates(**columns),
        policy=Policy.from_document(header["policy"]),
        now=datetime.fromisoformat(header["now"]),
        seed=header["seed"],
        wave_num=header["wave_num"],
        first_ask=tuple(UUID(technician) for technician in header["first_ask"]),
        scarce=header["scarce"],
    )


def _job_document(job: Job) -> dict[str, object]:
    return {
        "id": str(job.id),
        "job_id": str(job.job_id),
        "client_id": str(job.client_id),
        "role": job.role,
        "time_zone": job.time_zone,
        "start_at": job.start_at.astimezone(UTC).isoformat(),
        "end_at": job.end_at.astimezone(UTC).isoformat(),
        "duration_min": job.duration_min,
        "pay": {"kind": job.pay.kind, "amount": str(job.pay.amount), "currency": job.pay.currency},
        "skills": dict(job.needs.skills),
        "credentials": list(job.needs.credentials),
        "clearance": job.needs.clearance,
        "pools": sorted(str(pool) for pool in job.needs.pools),
        "market": job.needs.market,
        "asked_time": job.asked_time,
        "priority": job.priority,
        "num_open": job.num_open,
        "terms_version": job.terms_version,
    }


def _job(document: Mapping[str, Any]) -> Job:
    return Job(
        id=UUID(document["id"]),
        job_id=UUID(document["job_id"]),
        client_id=UUID(document["client_id"]),
        role=document["role"],
        lat=0.0,
        lng=0.0,
        time_zone=document["time_zone"],
        start_at=datetime.fromisoformat(document["start_at"]),
        end_at=datetime.fromisoformat(document["end_at"]),
        duration_min=document["duration_min"],
        pay=Pay(document["pay"]["kind"], Decimal(document["pay"]["amount"]), document["pay"]["currency"]),
        needs=Needs(
            skills=document["skills"],
            credentials=tuple(document["credentials"]),
            clearance=document["clearance"],
            pools=frozenset(UUID(pool) for pool in document["pools"]),
            market=document["market"],
        ),
        asked_time=document["asked_time"],
        priority=document["priority"],
        num_open=document["num_open"],
        terms_version=document["terms_version"],
    )
