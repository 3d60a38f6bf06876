"""Is every changed byte of a bundle detected, and is what was changed named?"""

import hashlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.audit.bundle import bundle, verify_bundle
from dispatch.audit.signing import KEY_FILE, signing_key
from dispatch.errors import BadInput

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw().hex()
AT = "2026-11-26T01:02:03.000000"


def chain(subject: str, *kinds: str) -> list[dict]:
    """Events of one subject as the database chains them."""
    events, prev = [], b""
    for seq, kind in enumerate(kinds, start=1):
        of, subject_id = subject.split()
        text = f"e{seq}|c1|{of}|{subject_id}|{seq}|{kind}|dispatcher|a1|{AT}|{{}}"
        own = hashlib.sha256(prev + text.encode()).digest()
        told = {"what": "event", "id": f"e{seq}", "subject": subject, "seq": seq, "kind": kind, "at": AT}
        more = {"actor_kind": "dispatcher", "text": text, "prev_hash": prev.hex(), "hash": own.hex()}
        events.append(told | more)
        prev = own
    return events


RECORDS = [
    {"what": "job", "id": "j1", "state": "approved"},
    *chain("job j1", "posted", "wave_sent", "approved"),
    *chain("visit v1", "planned", "confirmed"),
    {"what": "file", "id": "f1", "sha256": "ab" * 32, "num_bytes": 17},
]
GOOD = bundle(RECORDS, KEY)


def test_a_bundle_as_written_is_whole_and_says_who_signed():
    verdict = verify_bundle(GOOD, PUBLIC)
    assert (verdict.is_whole, verdict.key, verdict.num_events) == (True, PUBLIC, 5)


def test_every_byte_changed_in_every_bit_is_detected():
    for place in range(len(GOOD)):
        for bit in range(8):
            changed = bytearray(GOOD)
            changed[place] ^= 1 << bit
            assert verify_bundle(bytes(changed)).faults, (place, bit)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(GOOD)), st.integers(0, 40), st.binary(max_size=40))
def test_bytes_taken_out_and_put_in_are_detected(place, num_taken, put):
    changed = GOOD[:place] + put + GOOD[place + num_taken :]
    assert bool(verify_bundle(changed).faults) == (changed != GOOD)


def test_the_changed_line_is_named():
    changed = GOOD.replace(b'"num_bytes":17', b'"num_bytes":18')
    (fault,) = verify_bundle(changed).faults
    assert fault == "line 7 (file f1) is not what was signed"


def test_an_event_that_was_rewritten_before_signing_is_named_by_its_chain():
    records = [dict(each) for each in RECORDS]
    records[2]["kind"] = "cancelled"
    assert verify_bundle(bundle(records, KEY)).faults == ("job j1 event 2 is not what was written: its hash differs",)


def test_an_event_left_out_before_signing_is_named_by_the_next():
    records = [each for each in RECORDS if each.get("kind") != "wave_sent"]
    assert verify_bundle(bundle(records, KEY)).faults == ("job j1 event 3 does not follow the event before it",)


def test_whoever_signs_anew_is_found_by_the_trusted_key():
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    forged = bundle([{"what": "job", "id": "j1"}], other)
    assert verify_bundle(forged).is_whole
    (fault,) = verify_bundle(forged, PUBLIC).faults
    assert "another key" in fault


@pytest.mark.parametrize(
    "data",
    [b"", b"\n", b"{}\n", b"\xff\xfe\x00", b"[" * 30_000, GOOD[:-1], GOOD + b"\n", GOOD.replace(b"\n", b"\r\n"),
     b'{"hashes":1,"key":"00","signature":"00","what":"signature"}\n'],
)  # fmt: skip
def test_what_is_no_bundle_is_a_fault_and_no_crash(data):
    assert verify_bundle(data).faults


def test_signed_nonsense_in_place_of_events_is_a_fault_and_no_crash():
    for event in ({"what": "event"}, {**RECORDS[1], "hash": 3}, {**RECORDS[1], "prev_hash": "zz"}):
        assert verify_bundle(bundle([event], KEY)).faults


def test_the_key_is_made_once_in_private_mode_and_asked_for_otherwise(tmp_path):
    made = signing_key(None, tmp_path, is_private=True)
    assert signing_key(None, tmp_path, is_private=True).private_bytes_raw() == made.private_bytes_raw()
    assert [each.name for each in tmp_path.iterdir()] == [KEY_FILE]
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o077 == 0
    with pytest.raises(BadInput, match="TRUCKROLL_AUDIT_KEY"):
        signing_key(None, tmp_path, is_private=False)
    set_one = signing_key(bytes(range(32)).hex(), tmp_path, is_private=False)
    assert set_one.public_key().public_bytes_raw().hex() == PUBLIC


def test_there_is_one_way_to_write_a_line():
    record = json.loads(GOOD.splitlines()[0])
    spaced = json.dumps(record).encode() + b"\n" + b"".join(GOOD.splitlines(keepends=True)[1:])
    assert verify_bundle(spaced).faults == ("line 1 (cannot be read) is not what was signed",)
