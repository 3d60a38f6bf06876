"""How is a text kept so that the database alone does not give it away?"""

import base64
import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.errors import BadInput, Damaged, MissingService
from dispatch.record.datakeys import KEYS_FILE, keep_ring, parse_ring, read_ring, write_key
from dispatch.record.sealing import DataKey, KeyRing, context, key_id_of, new_secret, reseal, seal, unseal

OLD, NEW = DataKey("2026", bytes(range(32))), DataKey("2027", bytes(range(1, 33)))
RING = KeyRing([NEW, OLD])
HERE = context("job", "7", "alarm_code")
NOW = datetime(2026, 11, 26, tzinfo=UTC)


@given(plain=st.binary(max_size=500), place=st.binary(max_size=80))
def test_what_was_sealed_comes_back_and_none_of_it_shows(plain: bytes, place: bytes) -> None:
    sealed = seal(plain, RING, place)
    assert unseal(sealed, RING, place) == plain
    assert key_id_of(sealed) == "2027"
    assert len(plain) < 8 or plain not in sealed
    assert seal(plain, RING, place) != sealed


def test_every_single_bit_counts() -> None:
    sealed = seal(b"4471#", RING, HERE)
    for place in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises((Damaged, MissingService)):
            unseal(bytes(changed), RING, HERE)
    for end in range(len(sealed)):
        with pytest.raises(Damaged):
            unseal(sealed[:end], RING, HERE)


def test_bytes_that_were_moved_do_not_unseal_at_their_new_place() -> None:
    sealed = seal(b"4471#", RING, HERE)
    for other in (context("job", "8", "alarm_code"), context("job", "7", "door_code"), context("job", "7alarm_code")):
        with pytest.raises(Damaged, match="2027"):
            unseal(sealed, RING, other)


@given(st.lists(st.text(max_size=5), max_size=4), st.lists(st.text(max_size=5), max_size=4))
def test_two_places_are_never_written_alike(one: list[str], other: list[str]) -> None:
    assert (context(*one) == context(*other)) == (one == other)


def test_a_key_of_the_same_name_with_another_secret_unseals_nothing() -> None:
    with pytest.raises(Damaged):
        unseal(seal(b"x", RING, HERE), KeyRing([DataKey("2027", new_secret())]), HERE)


def test_a_missing_key_is_named_with_those_at_hand_and_the_way_out() -> None:
    with pytest.raises(
        MissingService, match=r"data key 2027: .* the keys at hand are 2026; add it to TRUCKROLL_DATA_KEYS"
    ):
        unseal(seal(b"x", RING, HERE), KeyRing([OLD]), HERE)
    with pytest.raises(MissingService, match="no key is at hand"):
        unseal(seal(b"x", RING, HERE), KeyRing(), HERE)
    with pytest.raises(MissingService, match="nothing can be sealed"):
        seal(b"x", KeyRing(), HERE)


def test_rotation_seals_anew_with_the_newest_and_leaves_what_is() -> None:
    older = seal(b"4471#", KeyRing([OLD]), HERE)
    renewed = reseal(older, RING, HERE)
    assert renewed is not None
    assert unseal(renewed, KeyRing([NEW]), HERE) == b"4471#"
    assert reseal(renewed, RING, HERE) is None


@pytest.mark.parametrize(
    ("text", "way_out"),
    [
        ("", "ID:BASE64"),
        (base64.b64encode(bytes(32)).decode(), "write ID:BASE64"),
        ("2027:not base64!", "base64"),
        (f"2027:{base64.b64encode(bytes(16)).decode()}", "32 bytes"),
        (f"a key:{base64.b64encode(bytes(32)).decode()}", "letters"),
        (f"{write_key(NEW)},{write_key(NEW)}", "id of its own"),
    ],
)
def test_bad_keys_are_refused_with_the_way_out_and_never_repeated(text: str, way_out: str) -> None:
    with pytest.raises(BadInput, match=way_out) as caught:
        parse_ring(text)
    assert not text or base64.b64encode(bytes(32)).decode() not in str(caught.value)


def test_a_key_is_never_shown_by_accident() -> None:
    assert repr(RING) == "KeyRing(2027, 2026)"
    assert "secret" not in repr(NEW)


def test_the_variable_is_read_newest_first_and_beats_the_file(tmp_path: Path) -> None:
    keep_ring(tmp_path, NOW)
    assert read_ring(f"{write_key(NEW)}, {write_key(OLD)}", tmp_path).ids == ("2027", "2026")
    assert read_ring(None, tmp_path).ids == ("20261126-1",)


def test_a_private_key_is_made_once_for_this_user_alone(tmp_path: Path) -> None:
    made = keep_ring(tmp_path, NOW)
    assert made == tmp_path / KEYS_FILE
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    sealed = seal(b"4471#", read_ring(None, tmp_path), HERE)
    assert keep_ring(tmp_path, NOW) is None
    assert unseal(sealed, read_ring(None, tmp_path), HERE) == b"4471#"


def test_of_many_that_make_it_at_once_all_get_the_same(tmp_path: Path) -> None:
    threads = [threading.Thread(target=keep_ring, args=(tmp_path, NOW)) for _ in range(16)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert [path.name for path in tmp_path.iterdir()] == [KEYS_FILE]
    assert len(read_ring(None, tmp_path).ids) == 1


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    made = keep_ring(tmp_path, NOW)
    assert made is not None
    made.chmod(0o640)
    with pytest.raises(BadInput, match="chmod 600"):
        read_ring(None, tmp_path)


def test_without_keys_nothing_is_wrong_until_something_is_to_be_sealed(tmp_path: Path) -> None:
    ring = read_ring(None, tmp_path)
    with pytest.raises(MissingService, match="TRUCKROLL_DATA_KEYS"):
        seal(b"x", ring, HERE)


def test_what_one_process_sealed_another_unseals() -> None:
    code = (
        "import sys; from dispatch.record.datakeys import parse_ring\n"
        "from dispatch.record.sealing import context, unseal\n"
        "ring, sealed = sys.stdin.read().split()\n"
        "print(unseal(bytes.fromhex(sealed), parse_ring(ring), context('job', '7', 'alarm_code')).decode())"
    )
    sent = f"{write_key(NEW)},{write_key(OLD)} {seal(b'4471#', KeyRing([OLD]), HERE).hex()}"
    done = subprocess.run([sys.executable, "-c", code], input=sent, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "4471#"
