"""How is everything sealed anew when a key is to go?"""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from processes import until
from sqlalchemy import Engine, LargeBinary, insert, select, update
from sqlalchemy.orm import Session
from worlds import World, small_world

from dispatch.errors import Damaged, MissingService
from dispatch.jobs.cleared import Owner, place_of, read_cleared
from dispatch.record import persons
from dispatch.record.datakeys import KEYS_FILE, keep_ring, read_ring, write_key
from dispatch.record.sealing import DataKey, KeyRing, seal
from dispatch.record.session import ENGINE, connect, database_now, transaction
from dispatch.record.tables import Base, ClearedTextRow, CredentialKindRow, new_id
from dispatch.rotating import SHELVES, count_by_key, rotate

OLD, NEW = DataKey("old", bytes(range(32))), DataKey("new", bytes(range(1, 33)))
BOTH = KeyRing([NEW, OLD])
NUM = 23


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """Technicians around a site in Alpine, Texas."""
    with small_world(database_url) as made:
        yield made


@pytest.fixture
def job(world: World) -> Owner:
    """A job with texts that the old key sealed."""
    with world.as_engine() as (session, _):
        session.add(CredentialKindRow(code="access", name="Site access"))
    made = Owner("job", world.post(), world.client)
    with world.as_engine() as (session, now):
        for num in range(NUM):
            name = f"text_{num}"
            sealed = seal(str(num).encode(), KeyRing([OLD]), place_of(made.client_id, made.id, None, name))
            row = {"id": new_id(), "client_id": made.client_id, "job_id": made.id, "name": name, "sealed_at": now}
            session.execute(insert(ClearedTextRow).values(sealed=sealed, **row))
    return made


@pytest.fixture
def write(world: World) -> Callable[[], AbstractContextManager[Session]]:
    return lambda: transaction(world.engine, ENGINE, role="engine")


def test_all_are_sealed_anew_in_batches_and_then_the_old_key_may_go(write, job):
    told: list[int] = []
    assert rotate(write, BOTH, told.append, batch=10) == NUM
    assert told == [10, 20, NUM]
    assert rotate(write, BOTH) == 0
    with write() as session:
        assert count_by_key(session) == {"new": NUM}
        assert read_cleared(session, job, KeyRing([NEW])) == {f"text_{num}": str(num) for num in range(NUM)}


def test_every_column_of_sealed_bytes_is_on_a_shelf():
    """A column that were forgotten would be lost with the key that may go."""
    hashes = {"hash", "prev_hash", "request_hash", "sender_hash"}
    others = {("decisions", "inputs"), ("idempotency_keys", "body")}
    found = {
        (table.name, column.name)
        for table in Base.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary) and column.name not in hashes
    }
    assert found - others == {(shelf.column.class_.__tablename__, shelf.column.key) for shelf in SHELVES}


def test_persons_keys_and_what_the_law_keeps_go_along_and_their_words_are_read_as_before(world, write):
    def writes(ring: KeyRing) -> AbstractContextManager[Session]:
        return transaction(connected(ring), ENGINE, role="engine")

    made: list[Engine] = []

    def connected(ring: KeyRing) -> Engine:
        made.append(connect(world.engine.url.render_as_string(hide_password=False), pool_size=1, ring=ring))
        return made[-1]

    writer, erased = world.technicians[:2]
    place = persons.place_of("message", writer)
    with writes(KeyRing([OLD])) as session:
        now = database_now(session)
        words = persons.seal_words(session, writer, "At the back door", place, now=now)
        persons.destroy_key(session, erased, b'{"name": "Ada"}', now + timedelta(days=900), now=now)
    assert rotate(write, BOTH) == 2
    with writes(KeyRing([NEW])) as session:
        assert count_by_key(session) == {"new": 2}
        assert persons.open_words(session, words, place) == "At the back door"
        assert persons.kept_of(session, erased) == {"name": "Ada"}
    for engine in made:
        engine.dispose()


def test_broken_off_it_goes_on_where_it_was(write, job):
    def dies(num: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotate(write, BOTH, dies, batch=10)
    with write() as session:
        assert count_by_key(session) == {"new": 10, "old": NUM - 10}
        # Meanwhile everything is read, whichever key sealed it.
        assert len(read_cleared(session, job, BOTH)) == NUM
    assert rotate(write, BOTH) == NUM - 10


def test_who_changes_a_text_meanwhile_neither_waits_nor_is_lost(write, job):
    told: list[int] = []
    with ThreadPoolExecutor(1) as pool:
        with write() as held:
            changed = update(ClearedTextRow).where(ClearedTextRow.name == "text_3")
            sealed = seal(b"changed", KeyRing([OLD]), place_of(job.client_id, job.id, None, "text_3"))
            held.execute(changed.values(sealed=sealed))
            rotating = pool.submit(rotate, write, BOTH, told.append)
            until(lambda: told == [NUM - 1], "all others are sealed anew while one is held")
        assert rotating.result(10) == NUM
    with write() as session:
        assert read_cleared(session, job, KeyRing([NEW]))["text_3"] == "changed"


def test_a_missing_key_is_named_and_what_was_done_stays(write, job):
    with pytest.raises(MissingService, match="data key old"):
        rotate(write, KeyRing([NEW]))
    with write() as session:
        assert count_by_key(session) == {"old": NUM}


def test_a_text_that_was_moved_is_not_sealed_anew_as_if_it_were_right(write, job):
    with write() as session:
        one = select(ClearedTextRow.sealed).where(ClearedTextRow.name == "text_1").scalar_subquery()
        session.execute(update(ClearedTextRow).where(ClearedTextRow.name == "text_2").values(sealed=one))
    with pytest.raises(Damaged):
        rotate(write, BOTH)


def truckroll(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli.main", "datakeys", *words]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)


def test_the_commands_say_how_it_stands_and_rotate(write, job, database_url, redis_url, tmp_path):

    where = os.environ | {"TRUCKROLL_DATABASE_URL": database_url, "TRUCKROLL_REDIS_URL": redis_url}
    where |= {"TRUCKROLL_DATA_DIR": str(tmp_path)}
    keys = {"TRUCKROLL_DATA_KEYS": f"{write_key(NEW)},{write_key(OLD)}"}
    missing = truckroll("status", **where, TRUCKROLL_DATA_KEYS=write_key(NEW))
    assert missing.returncode == 3
    assert "old: MISSING, 23 sealed" in missing.stdout
    assert "Add old" in missing.stderr
    failed = truckroll("rotate", **where, TRUCKROLL_DATA_KEYS=write_key(NEW))
    assert failed.returncode == 3
    assert "the data key old" in failed.stderr
    done = truckroll("rotate", "--json", **where, **keys)
    assert json.loads(done.stdout) == {"key": "new", "num_sealed": NUM}
    assert "23 of 23" in done.stderr
    status = truckroll("status", **where, **keys)
    assert status.stdout.splitlines() == ["new: newest, 23 sealed", "old: older, 0 sealed: may go"]
    made = truckroll("make", **where, **keys)
    assert len(base64.b64decode(made.stdout.strip().partition(":")[2])) == 32


def test_a_new_private_key_stands_first_and_the_others_stay(tmp_path: Path):

    keep_ring(tmp_path, datetime(2026, 11, 26, tzinfo=UTC))
    done = truckroll("make", **os.environ | {"TRUCKROLL_DATA_DIR": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    ids = read_ring(None, tmp_path).ids
    assert len(ids) == 2
    assert ids[1] == "20261126-1"
    assert (tmp_path / KEYS_FILE).stat().st_mode & 0o077 == 0
