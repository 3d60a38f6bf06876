"""Tampering with the history is found and named; sealing loses nothing of what commits meanwhile."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID

import pytest
from guard_world import NOW, build, id_of
from own_database import own_copy
from settling import settle
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from dispatch.private_postgres import PrivatePostgres
from dispatch.record.chain import seal, verify
from dispatch.record.events import record
from dispatch.record.session import ENGINE, connect, transaction

pytestmark = pytest.mark.guards

#: a test's connections -> the superuser's, who sees which other tests are at work
ADMINS: dict[Engine, Engine] = {}
ACME, BURG, JOB = id_of("acme"), id_of("burg"), id_of("acme.job")


@contextmanager
def quiet_world(server: PrivatePostgres, database: str) -> Iterator[Engine]:
    """Connections to a database with the small world in it, in which nothing has happened yet."""
    admin = create_engine(server.url(database, user="postgres"))
    with Session(admin) as session, session.begin():
        build(session)
        session.execute(text("SET LOCAL session_replication_role = replica"))
        for table in ("board_frames", "seals", "events", "cursors"):
            session.execute(text(f"DELETE FROM {table}"))
    pool = connect(server.url(database))
    ADMINS[pool] = admin
    yield pool
    del ADMINS[pool]
    pool.dispose()
    admin.dispose()


@pytest.fixture
def engine(postgres: PrivatePostgres, database_name: str) -> Iterator[Engine]:
    with quiet_world(postgres, database_name) as pool:
        yield pool


def happened(engine: Engine, *kinds: str, job: UUID = JOB, client_id: UUID | None = ACME) -> None:
    """Events of a job, each in a transaction of its own."""
    for kind in kinds:
        with transaction(engine, ENGINE, role="engine") as session:
            record(session, ENGINE, ("job", job), kind, {"num": 1}, client_id=client_id, now=NOW)
    settle(ADMINS[engine])


def sealed(engine: Engine) -> int:
    settle(ADMINS[engine])
    with transaction(engine, ENGINE, role="engine") as session:
        return seal(session, NOW)


def verdict(engine: Engine, client_id: UUID | None = ACME):
    with transaction(engine, ENGINE, role="engine") as session:
        return verify(session, client_id)


def test_an_untouched_history_has_no_break_and_tells_its_unsealed_tail(engine: Engine):
    assert verdict(engine) == verdict(engine, BURG)
    happened(engine, "posted", "opened")
    happened(engine, "posted", job=id_of("burg.job"), client_id=BURG)
    happened(engine, "noted", job=id_of("nobody's"), client_id=None)
    assert (verdict(engine).num_events, verdict(engine).num_unsealed) == (2, 2)
    assert sealed(engine) == 4
    happened(engine, "assigned")
    assert (verdict(engine).first_break, verdict(engine).num_events, verdict(engine).num_unsealed) == (None, 3, 1)
    assert (verdict(engine, BURG).num_events, verdict(engine, BURG).num_unsealed) == (1, 0)
    assert (verdict(engine, None).num_events, verdict(engine, None).num_unsealed) == (1, 0)
    assert sealed(engine) == 1
    assert sealed(engine) == 0
    assert verdict(engine).num_unsealed == 0
    assert [verdict(engine, each).first_break for each in (ACME, BURG, None)] == [None, None, None]


@pytest.fixture(scope="module")
def written(postgres: PrivatePostgres, template_name: str) -> Iterator[Engine]:
    """Acme's job: four events in two sealed batches, one event after them; and a sealed event of Burg's."""
    with own_copy(postgres, template_name) as name, quiet_world(postgres, name) as engine:
        happened(engine, "posted", "opened")
        happened(engine, "posted", job=id_of("burg.job"), client_id=BURG)
        sealed(engine)
        happened(engine, "assigned", "done")
        sealed(engine)
        happened(engine, "approved")
        assert verdict(engine).first_break is None
        yield engine


@pytest.fixture
def history(written: Engine) -> Iterator[Session]:
    """The superuser in a transaction that is rolled back, in which no trigger fires."""
    with Session(ADMINS[written]) as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        yield session
        session.rollback()


def tamper(history: Session, *statements: str) -> None:
    """What only a superuser can do."""
    for statement in statements:
        assert history.connection().execute(text(statement.replace(":", "\\:"))).rowcount >= 1


REHASHED = (
    "UPDATE events e SET hash = sha256(coalesce(prev_hash, ''::bytea) || convert_to(event_text(e), 'UTF8'))"
    f" WHERE subject_id = '{JOB}'"
)


@pytest.mark.parametrize(
    ("statements", "what", "place"),
    [
        (["UPDATE events SET data = '{\"num\": 2}' WHERE kind = 'opened'"], "event_altered", "event 2"),
        (["UPDATE events SET at = at + interval '1 s' WHERE kind = 'approved'"], "event_altered", "event 5"),
        (["UPDATE events SET actor_kind = 'operator' WHERE kind = 'posted'"], "event_altered", "event 1"),
        (["DELETE FROM events WHERE kind = 'assigned'"], "event_missing", "event 3"),
        (["DELETE FROM events WHERE kind = 'posted'"], "event_missing", "event 1"),
        (
            ["UPDATE events SET kind = 'paid' WHERE kind = 'opened'", REHASHED + " AND seq = 2"],
            "event_unchained",
            "event 3",
        ),
        (["UPDATE events SET seq = 9 WHERE kind = 'approved'"], "event_altered", "event 9"),
        (["DELETE FROM events WHERE seq >= 4"], "batch_altered", "seal 2"),
        (["UPDATE seals SET hash = 'x' WHERE num = 2"], "seal_altered", "seal 2"),
        (["UPDATE seals SET hash = 'x' WHERE num = 1"], "seal_altered", "seal 1"),
        (["UPDATE seals SET sealed_at = sealed_at + interval '1 s' WHERE num = 1"], "seal_altered", "seal 1"),
        (["UPDATE seals SET prev_hash = 'x' WHERE num = 2"], "seal_altered", "seal 2"),
        (["UPDATE seals SET num_events = 3 WHERE num = 2"], "batch_altered", "seal 2"),
        (["DELETE FROM seals WHERE num = 1"], "seal_missing", "seal 1"),
        (["DELETE FROM seals WHERE num = 2"], "seal_missing", "seal 2"),
        (["UPDATE events SET xid = '9999999' WHERE kind = 'done'"], "batch_altered", "seal 2"),
    ],
)
def test_what_a_superuser_does_to_the_history_is_named(history: Session, statements: list[str], what: str, place: str):
    tamper(history, *(f"{statement} AND client_id = '{ACME}'" for statement in statements))
    found = verify(history, ACME).first_break
    assert found is not None
    assert found.what == what
    assert found.place.endswith(place)
    assert verify(history, BURG).first_break is None


def test_a_whole_chain_written_anew_is_told_by_the_seal(history: Session):
    rewritten = [
        "UPDATE events e SET prev_hash = (SELECT hash FROM events b WHERE b.subject_id = e.subject_id"
        f" AND b.seq = {seq} - 1) WHERE subject_id = '{JOB}' AND seq = {seq}"
        for seq in range(1, 6)
    ]
    rehashed = [f"{REHASHED} AND seq = {seq}" for seq in range(1, 6)]
    steps = [step for pair in zip(rewritten, rehashed, strict=True) for step in pair]
    tamper(history, f"UPDATE events SET kind = 'forged' WHERE subject_id = '{JOB}' AND seq = 1", *steps)
    found = verify(history, ACME).first_break
    assert found is not None
    assert (found.what, found.place) == ("seal_altered", "seal 1")


def test_an_event_slipped_into_a_sealed_batch_is_told_by_the_seal(history: Session):
    tamper(
        history,
        "INSERT INTO events (id, client_id, subject_kind, subject_id, seq, kind, actor_kind, at, xid, hash)"
        " SELECT gen_random_uuid(), client_id, 'visit', subject_id, 1, 'confirmed', actor_kind, at, xid, ''"
        f" FROM events WHERE subject_id = '{JOB}' AND seq = 1",
        "UPDATE events e SET hash = sha256(convert_to(event_text(e), 'UTF8')) WHERE kind = 'confirmed'",
    )
    found = verify(history, ACME).first_break
    assert found is not None
    assert (found.what, found.place) == ("batch_altered", "seal 1")


def test_a_transaction_that_began_early_and_commits_late_is_sealed_when_it_commits(engine: Engine):
    late = connect(str(engine.url.render_as_string(hide_password=False)))
    with transaction(late, ENGINE, role="engine") as session:
        record(session, ENGINE, ("visit", id_of("acme.visit")), "planned", {}, client_id=ACME, now=NOW)
        happened(engine, "posted", "opened")
        # The two are committed, but an older transaction still runs: nothing above it is settled.
        assert sealed(engine) == 0
        assert verdict(engine).num_unsealed == 2
    late.dispose()
    assert sealed(engine) == 3
    assert verdict(engine).first_break is None
    assert verdict(engine).num_unsealed == 0


def test_two_sealers_at_once_seal_each_event_once(engine: Engine):
    happened(engine, *["noted"] * 5)
    with transaction(engine, ENGINE, role="engine") as session:
        assert seal(session, NOW) == 5
        assert sealed(engine) == 0
    assert sealed(engine) == 0
    assert (verdict(engine).first_break, verdict(engine).num_unsealed) == (None, 0)


def test_sealing_while_others_write_loses_nothing(engine: Engine):
    now = datetime(2026, 3, 2, tzinfo=UTC)
    num_writers, num_each = 4, 25

    def write(writer: int) -> None:
        for _ in range(num_each):
            with transaction(engine, ENGINE, role="engine") as session:
                subject = ("job", id_of(f"writer {writer}"))
                record(session, ENGINE, subject, "noted", {}, client_id=ACME, now=now)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(num_writers)]
    for writer in writers:
        writer.start()
    num_sealed = 0
    while any(writer.is_alive() for writer in writers):
        num_sealed += sealed(engine)
    num_sealed += sealed(engine)
    assert num_sealed == num_writers * num_each
    assert (verdict(engine).first_break, verdict(engine).num_unsealed) == (None, 0)
