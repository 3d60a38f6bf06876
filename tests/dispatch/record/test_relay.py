"""The board's log has every event once, in the order of commit, without gaps, whatever dies in between."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from guard_world import HOUR, NOW, build, id_of
from settling import settle
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from dispatch.courier import courier_of
from dispatch.record.events import record
from dispatch.record.relay import Frame, Frames, prune, read_frames, relay
from dispatch.record.session import ENGINE, Actor, act_as, connect, database_now, transaction
from dispatch.settings import Settings

#: a test's connections -> the superuser's, who sees which other tests are at work
ADMINS: dict[Engine, Engine] = {}
ACME, BURG, JOB = id_of("acme"), id_of("burg"), id_of("acme.job")
STAFF = Actor("dispatcher", id_of("acme.staff"), client_id=ACME)


@pytest.fixture
def engine(database_url: str, admin_url: str) -> Iterator[Engine]:
    """The small world, nothing having happened in it yet."""
    admin = create_engine(admin_url)
    with Session(admin) as session, session.begin():
        build(session)
        session.execute(text("SET LOCAL session_replication_role = replica"))
        for table in ("board_frames", "seals", "events", "cursors"):
            session.execute(text(f"DELETE FROM {table}"))
    pool = connect(database_url)
    ADMINS[pool] = admin
    yield pool
    del ADMINS[pool]
    pool.dispose()
    admin.dispose()


def happened(engine: Engine, *kinds: str, client_id: UUID | None = ACME, job: UUID = JOB, at: datetime = NOW) -> None:
    """Events of a job, all in one transaction."""
    with transaction(engine, ENGINE, role="engine") as session:
        for kind in kinds:
            record(session, ENGINE, ("job", job), kind, {"num": 1}, client_id=client_id, now=at)
    settle(ADMINS[engine])


def relayed(engine: Engine, **options: int) -> list[Frame]:
    settle(ADMINS[engine])
    with transaction(engine, ENGINE, role="engine") as session:
        return relay(session, **options)


def read(engine: Engine, after_seq: int, limit: int = 100, actor: Actor = STAFF) -> Frames:
    with transaction(engine, actor) as session:
        return read_frames(session, ACME, after_seq, limit)


def told(frames: list[Frame] | tuple[Frame, ...]) -> list[tuple[int, str]]:
    return [(frame.seq, frame.kind) for frame in frames]


def test_frames_are_numbered_for_each_client_in_the_order_of_commit(engine: Engine):
    happened(engine, "posted", "opened")
    happened(engine, "posted", client_id=BURG, job=id_of("burg.job"))
    happened(engine, "verified", client_id=None, job=id_of("network's"))
    happened(engine, "assigned")
    frames = relayed(engine)
    assert told([frame for frame in frames if frame.client_id == ACME]) == [
        (1, "posted"),
        (2, "opened"),
        (3, "assigned"),
    ]
    assert told([frame for frame in frames if frame.client_id == BURG]) == [(1, "posted")]
    # What belongs to no client stands on no board.
    assert len(frames) == 4
    assert (frames[0].subject_kind, frames[0].subject_id, frames[0].data) == ("job", JOB, {"num": 1})
    assert relayed(engine) == []
    happened(engine, "done")
    assert told(relayed(engine)) == [(4, "done")]


def test_a_late_committer_is_skipped_by_nobody(engine: Engine):
    happened(engine, "first")
    with transaction(engine, ENGINE, role="engine") as late:
        record(late, ENGINE, ("visit", id_of("acme.visit")), "late", {}, client_id=ACME, now=NOW)
        happened(engine, "second")
        assert told(relayed(engine)) == [(1, "first")]
        happened(engine, "third")
        assert relayed(engine) == []
    assert told(relayed(engine)) == [(2, "late"), (3, "second"), (4, "third")]


def test_a_relay_that_dies_before_its_commit_leaves_everything_to_the_next(engine: Engine):
    happened(engine, "posted", "opened")
    with engine.connect() as connection, Session(connection) as session:
        act_as(session, ENGINE, role="engine")
        assert len(relay(session)) == 2
        connection.invalidate()
    assert told(relayed(engine)) == [(1, "posted"), (2, "opened")]


def test_of_two_relays_at_once_one_works_and_the_other_does_nothing(engine: Engine):
    happened(engine, "posted")
    with transaction(engine, ENGINE, role="engine") as session:
        assert told(relay(session)) == [(1, "posted")]
        assert relayed(engine) == []
    assert relayed(engine) == []


@pytest.mark.parametrize("max_events", [1, 2, 3, 4, 100])
def test_a_batch_is_bounded_and_never_cuts_a_transaction(engine: Engine, max_events: int):
    happened(engine, "a")
    happened(engine, "b", "c", "d")
    happened(engine, "e")
    happened(engine, "f", client_id=None, job=id_of("network's"))
    happened(engine, "g", "h")
    batches = []
    # The events of no client make no frame: a batch may be empty before the log is at its end.
    for _ in range(10):
        batches.append(told(relayed(engine, max_events=max_events)))
    flat = [frame for batch in batches for frame in batch]
    assert flat == list(enumerate("abcdegh", start=1))
    assert all(len({"b", "c", "d"} & {kind for _, kind in batch}) in (0, 3) for batch in batches)
    assert all(len(batch) <= max(max_events, 3) for batch in batches)


def test_relaying_while_others_write_loses_and_doubles_nothing(engine: Engine):
    num_writers, num_each = 4, 25

    def write(writer: int) -> None:
        for number in range(num_each):
            happened(engine, f"{writer}.{number}", job=id_of(f"writer {writer}"))

    writers = [threading.Thread(target=write, args=(number,)) for number in range(num_writers)]
    for writer in writers:
        writer.start()
    frames: list[Frame] = []
    while any(writer.is_alive() for writer in writers):
        frames += relayed(engine)
    frames += relayed(engine)
    assert [frame.seq for frame in frames] == list(range(1, num_writers * num_each + 1))
    for writer in range(num_writers):
        own = [frame.kind for frame in frames if frame.subject_id == id_of(f"writer {writer}")]
        assert own == [f"{writer}.{number}" for number in range(num_each)]
    assert read(engine, 0, 1000).frames == tuple(frames)


def test_a_reader_goes_on_where_they_were(engine: Engine):
    assert read(engine, 0) == Frames((), is_gap=False, last_seq=0)
    happened(engine, "a", "b", "c")
    relayed(engine)
    assert told(read(engine, 0).frames) == [(1, "a"), (2, "b"), (3, "c")]
    assert told(read(engine, 1, limit=1).frames) == [(2, "b")]
    assert read(engine, 3) == Frames((), is_gap=False, last_seq=3)


def test_a_reader_who_was_never_told_so_much_gets_a_gap(engine: Engine):
    happened(engine, "a")
    relayed(engine)
    assert read(engine, 2) == Frames((), is_gap=True, last_seq=1)


def test_another_clients_staff_reads_nothing_of_this_board(engine: Engine):
    happened(engine, "a")
    relayed(engine)
    assert read(engine, 0, actor=Actor("dispatcher", client_id=BURG)).frames == ()


def test_pruning_forgets_the_oldest_and_tells_who_comes_too_late(engine: Engine):
    for hours, kind in enumerate("abcd"):
        happened(engine, kind, at=NOW + hours * HOUR)
    relayed(engine)
    with transaction(engine, ENGINE, role="engine") as session:
        assert prune(session, NOW + 2 * HOUR) == 2
    assert read(engine, 1).is_gap
    assert read(engine, 0).is_gap
    assert told(read(engine, 2).frames) == [(3, "c"), (4, "d")]


def test_pruning_leaves_no_hole_where_times_are_out_of_order(engine: Engine):
    for hours, kind in ((0, "a"), (5, "b"), (1, "c"), (6, "d")):
        happened(engine, kind, at=NOW + hours * HOUR)
    relayed(engine)
    with transaction(engine, ENGINE, role="engine") as session:
        assert prune(session, NOW + 2 * HOUR) == 1
    assert told(read(engine, 1).frames) == [(2, "b"), (3, "c"), (4, "d")]


def test_a_log_is_pruned_by_and_by_and_who_has_one_frame_stands_in_nobodys_way(engine: Engine):
    happened(engine, *(["a"] * 601))
    happened(engine, "b", client_id=BURG, job=id_of("burg.job"))
    relayed(engine)
    calls = []
    while not calls or calls[-1]:
        with transaction(engine, ENGINE, role="engine") as session:
            calls.append(prune(session, NOW + HOUR))
    assert calls == [500, 100, 0]
    assert told(read(engine, 600).frames) == [(601, "a")]


def test_the_courier_forgets_what_is_older_than_the_settings_say(engine: Engine, database_url: str, tmp_path: Path):
    with transaction(engine, ENGINE, role="engine") as session:
        now = database_now(session)
    for days, kind in ((9, "a"), (8, "b"), (6, "c"), (0, "d")):
        happened(engine, kind, at=now - timedelta(days=days))
    relayed(engine)
    courier = courier_of(database_url, engine, Settings(board_kept_days=7, data_dir=tmp_path))
    for each in courier.upkeep:
        with transaction(engine, ENGINE, role="engine") as session:
            each(session, now)
    assert read(engine, 1).is_gap
    assert told(read(engine, 2).frames) == [(3, "c"), (4, "d")]


def test_numbers_go_on_after_everything_was_pruned(engine: Engine):
    happened(engine, "a", "b")
    relayed(engine)
    with transaction(engine, ENGINE, role="engine") as session:
        assert prune(session, NOW + timedelta(days=400)) == 1
    happened(engine, "c")
    assert told(relayed(engine)) == [(3, "c")]
    assert told(read(engine, 1).frames) == [(2, "b"), (3, "c")]


def test_a_large_transaction_of_thousands_of_events_is_relayed_in_one_call(engine: Engine):
    with ADMINS[engine].begin() as connection:
        connection.execute(
            text(
                "INSERT INTO events (id, client_id, subject_kind, subject_id, kind, actor_kind, at)"
                " SELECT gen_random_uuid(), :client, 'job', :job, 'noted', 'engine', :now FROM generate_series(1, 3000)"
            ),
            {"client": ACME, "job": JOB, "now": NOW},
        )
    frames = relayed(engine, max_events=2000)
    assert [frame.seq for frame in frames] == list(range(1, 3001))
    assert len({frame.event_id for frame in frames}) == 3000
