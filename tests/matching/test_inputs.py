"""The inputs of a decision as bytes: the same for ever, whole when read back, without places."""

import json
import struct
import zlib
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import numpy as np
import pytest

from matching.candidates import Candidates
from matching.decision import Replay, decide, outcome_document, replay
from matching.errors import ReplayError
from matching.inputs import Inputs, canonical, decode, digest, encode, stored_digest
from matching.job import Pay
from matching.policy import Policy, WavePolicy, Weights
from matching.proof import FOR_EVER
from matching.usage import NO_LIMIT

NOW = datetime(2026, 5, 1, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def inputs(make_job, make_crowd):
    job = make_job(
        pay=Pay("fixed", Decimal("123.45"), "USD"), pools=frozenset({UUID(int=8), UUID(int=7)}), asked_time="asap"
    )
    policy = Policy(weights=Weights(price=0.1), wave=WavePolicy(target=0.9))
    backup = (UUID(int=5), UUID(int=4))
    return Inputs("wave", job, make_crowd(120, 3), policy, NOW, 2**40, 2, backup, {"hvac": 0.3})


def test_what_is_read_back_is_what_was_written(inputs):
    back = decode(encode(inputs))
    for column in fields(Candidates):
        stored, now = getattr(inputs.candidates, column.name), getattr(back.candidates, column.name)
        assert (stored == now).all(), column.name
        assert (stored.dtype, stored.shape) == (now.dtype, now.shape)
    assert back.job == replace(inputs.job, lat=0.0, lng=0.0)
    for name in ("kind", "policy", "now", "seed", "wave_num", "first_ask", "scarce"):
        assert getattr(back, name) == getattr(inputs, name)
    assert canonical(back) == canonical(inputs)
    assert stored_digest(encode(inputs)) == digest(inputs) == digest(back)


def test_nobody_in_reach_can_be_stored_too(inputs):
    empty = replace(inputs, candidates=inputs.candidates.take(np.array([], dtype=np.int64)))
    back = decode(encode(empty))
    assert (len(back.candidates), back.candidates.skill_levels.shape) == (0, (0, 2))


def test_numbers_of_every_width_survive(make_job, make_candidates):
    for extreme in (127, 128, -129, 32768, 2**31, -(2**62)):
        people = make_candidates(2, recent_offers=[0, extreme])
        back = decode(encode(Inputs("auto", make_job(), people, Policy(), NOW, 1)))
        assert back.candidates.recent_offers.tolist() == [0, extreme]


def test_hours_left_are_read_back_as_narrow_as_a_search_makes_them(make_job, make_candidates):
    for left_s in (0, -7200, NO_LIMIT, -NO_LIMIT - 1):
        people = make_candidates(2, hours_left_s=[7200, left_s])
        inputs = Inputs("wave", make_job(), people, Policy(), NOW, 1)
        stored = encode(inputs)
        read = decode(stored).candidates.hours_left_s
        assert read.dtype == people.hours_left_s.dtype == np.int32
        assert read.tolist() == [7200, left_s]
        assert replay(stored, outcome_document(decide(inputs))) == Replay(True, None)
    wider = replace(people, hours_left_s=np.array([NO_LIMIT + 1, -(2**40)]))
    read = decode(encode(replace(inputs, candidates=wider))).candidates.hours_left_s
    assert read.tolist() == [NO_LIMIT, -NO_LIMIT - 1], "no limit stays none, and nothing left stays nothing"


def test_no_place_is_stored(inputs):
    moved = replace(inputs, job=replace(inputs.job, lat=12.345678, lng=-76.54321))
    assert canonical(moved) == canonical(inputs)
    assert b'"lat"' not in canonical(inputs)
    assert b'"lng"' not in canonical(inputs)


def test_the_same_facts_said_in_another_order_or_zone_are_the_same_bytes(inputs):
    skills = dict(reversed(inputs.job.needs.skills.items()))
    denver = timezone(timedelta(hours=-6))
    same = replace(
        inputs,
        job=replace(
            inputs.job, needs=replace(inputs.job.needs, skills=skills), start_at=inputs.job.start_at.astimezone(denver)
        ),
        now=NOW.astimezone(denver),
    )
    assert list(skills) != list(inputs.job.needs.skills)
    assert canonical(same) == canonical(inputs)


def test_the_format_is_pinned_by_its_digest(make_job, make_candidates):
    """A new setting or column changes it, and that is fine; a new layout must raise the format's number."""
    assert (
        digest(Inputs("wave", make_job(), make_candidates(3), Policy(), NOW, 1))
        == "213423772072482856c14177f248f64baaea5042c92e5b97c0f84d15a46a3bbe"
    )


@pytest.mark.parametrize("column", [column.name for column in fields(Candidates)])
def test_one_changed_cell_of_any_column_changes_the_digest(inputs, column):
    values = getattr(inputs.candidates, column).copy()
    values[7] = ~values[7] if values.dtype == np.bool_ else b"x" * 16 if values.dtype.kind == "S" else values[7] - 1
    assert digest(replace(inputs, candidates=replace(inputs.candidates, **{column: values}))) != digest(inputs)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "auto"},
        {"now": NOW + timedelta(microseconds=1)},
        {"seed": 1},
        {"wave_num": 3},
        {"first_ask": ()},
        {"scarce": {}},
        {"policy": Policy()},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_other_input_changes_the_digest(inputs, change):
    assert digest(replace(inputs, **change)) != digest(inputs)


@pytest.mark.parametrize(
    "damage",
    [
        lambda stored: b"",
        lambda stored: b"no such thing",
        lambda stored: stored[:-1],
        lambda stored: stored[: len(stored) // 2],
        lambda stored: zlib.compress(b"PK\x03\x04" + zlib.decompress(stored)),
        lambda stored: zlib.compress(zlib.decompress(stored)[:-1]),
        lambda stored: zlib.compress(zlib.decompress(stored) + b"\0"),
        lambda stored: zlib.compress(b"TRDI" + struct.pack("<I", 2**31) + b"{}"),
        lambda stored: zlib.compress(b"TRDI" + struct.pack("<I", 2) + b"{}"),
    ],
)
def test_damaged_bytes_are_refused_by_name(inputs, damage):
    with pytest.raises(ReplayError, match="stored"):
        decode(damage(encode(inputs)))


def test_inputs_stored_before_a_column_was_known_are_read_with_what_it_stood_for(inputs):
    """Before 2026-11-26 nothing was stored of how good somebody may be: as good as they were."""
    read = decode(stored_with(inputs, "reputation_high"))
    assert read.candidates.reputation_high.tolist() == inputs.candidates.reputation.tolist()
    assert read.candidates.consents.tolist() == inputs.candidates.consents.tolist()


def test_a_decision_stored_before_a_clearance_had_a_last_day_is_replayed_to_the_letter(make_job, make_crowd):
    """Who was a US person then was one for ever, and the digest is that of the bytes as they are stored."""
    was = np.random.default_rng(5).random(150) < 0.5
    crowd = replace(make_crowd(150, 4), cleared_until=np.where(was, FOR_EVER, 0).astype(np.int64))
    inputs = Inputs("wave", make_job(clearance=True), crowd, Policy(), NOW, 3)
    stored = stored_with(inputs, "cleared_until", is_us_person=was)
    read = decode(stored)
    assert read.candidates.cleared_until.tolist() == crowd.cleared_until.tolist()
    outcome = outcome_document(decide(inputs)) | {"inputs_digest": stored_digest(stored)}
    assert outcome["counts"]["clearance"] > 0
    assert replay(stored, outcome) == Replay(True, None)


def stored_with(inputs, gone, **named):
    """The bytes of inputs as a version stored them that had other columns: one less, and those named."""
    raw = zlib.decompress(encode(inputs))
    (length,) = struct.unpack_from("<I", raw, 4)
    header = json.loads(raw[8 : 8 + length])
    at = [name for name, _, _ in header["columns"]].index(gone)
    sizes = [np.dtype(code).itemsize * int(np.prod(shape)) for _, code, shape in header["columns"]]
    start = 8 + length + sum(sizes[:at])
    header["columns"][at : at + 1] = [[name, column.dtype.str, list(column.shape)] for name, column in named.items()]
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    between = b"".join(column.tobytes() for column in named.values())
    body = raw[8 + length : start] + between + raw[start + sizes[at] :]
    return zlib.compress(b"TRDI" + struct.pack("<I", len(text)) + text + body)


def test_another_format_is_refused_with_its_number(inputs):
    text = json.dumps({"format": 99}).encode()
    with pytest.raises(ReplayError, match="format 99: this version reads format 1"):
        decode(zlib.compress(b"TRDI" + struct.pack("<I", len(text)) + text))
