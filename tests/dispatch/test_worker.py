"""The dispatcher does what is due, keeps its index current, relays and seals; several of them do it once."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from racing import race
from sqlalchemy import func, select, update
from worlds import World, small_world

from dispatch.bell import Bell, Position
from dispatch.feed import Feed
from dispatch.record.tables import (
    BoardFrameRow,
    CredentialRow,
    EventRow,
    JobRow,
    OfferRow,
    SealRow,
    TechnicianRow,
    WaveRow,
)
from dispatch.worker import Clerk, Dispatcher


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    with small_world(database_url) as made:
        yield made


def test_turns_send_the_wave_and_the_clerk_relays_the_events_and_seals_them(
    world: World, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dispatch.worker.SEAL_S", 0.0)
    job = world.post()
    dispatcher = Dispatcher(world.engine, Bell(redis_url))
    assert dispatcher.turn() == 1
    assert world.offers(job)
    clerk = Clerk(world.engine, Bell(redis_url))
    told = sealed = -1
    while not told == sealed == num_events(world):  # other databases of the server may hold the log back for a while
        clerk.turn()
        with world.as_engine() as (session, _):
            told = session.scalar(select(func.count()).select_from(BoardFrameRow))
            sealed = session.scalar(select(func.sum(SealRow.num_events)))


def test_the_clerk_tells_the_board_while_nobody_offers_and_goes_on_after_a_fault(
    world: World, redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with world.as_engine() as (session, _):
        session.connection().exec_driver_sql("SET LOCAL ROLE truckroll_migrate")
        session.connection().exec_driver_sql("ALTER TABLE board_frames RENAME TO board_frames_away")
    stop = threading.Event()
    thread = threading.Thread(target=Clerk(world.engine, Bell(redis_url)).run, args=(stop,))
    thread.start()
    pause = threading.Event()
    while "could not be kept" not in caplog.text:
        pause.wait(0.05)
    with world.as_engine() as (session, _):
        session.connection().exec_driver_sql("SET LOCAL ROLE truckroll_migrate")
        session.connection().exec_driver_sql("ALTER TABLE board_frames_away RENAME TO board_frames")
    world.post()
    told = 0
    while not told:
        pause.wait(0.05)
        with world.as_engine() as (session, _):
            told = session.scalar(select(func.count()).select_from(BoardFrameRow)) or 0
    stop.set()
    thread.join()


def num_events(world: World) -> int | None:
    with world.as_engine() as (session, _):
        return session.scalar(select(func.count()).select_from(EventRow))


def test_a_technician_who_is_suspended_is_not_asked_by_the_next_wave(world: World, redis_url: str) -> None:
    dispatcher = Dispatcher(world.engine, Bell(redis_url))
    dispatcher.turn()
    with world.as_engine() as (session, _):
        session.execute(update(TechnicianRow).where(TechnicianRow.id == world.technicians[0]).values(state="suspended"))
    job = world.post()
    dispatcher.turn()
    asked = {offer.technician_id for offer in world.offers(job)}
    assert asked
    assert world.technicians[0] not in asked


def test_a_live_position_decides_for_an_urgent_job(world: World, redis_url: str) -> None:
    bell = Bell(redis_url)
    far = world.technicians[7]
    until_s = int(world.start.timestamp()) + 86_400
    assert bell.post_position(Position(far, 30.3586, -103.6610, until_s))
    one = {"wave": {"min_size": 1, "max_size": 1, "target": 0.01, "explore_share": 0, "urgent_answer_s": 600}}
    job = world.post(asked_time="asap", policy=one)
    Dispatcher(world.engine, bell).turn()
    assert [offer.technician_id for offer in world.offers(job)] == [far]


def test_three_dispatchers_at_once_send_each_wave_once(world: World, redis_url: str) -> None:
    jobs = [world.post() for _ in range(10)]
    dispatchers = [Dispatcher(world.engine, Bell(redis_url), seed=at) for at in range(3)]
    done = race([dispatcher.turn for dispatcher in dispatchers])
    assert sum(done) == len(jobs)
    with world.as_engine() as (session, _):
        assert session.scalar(select(func.count()).select_from(WaveRow)) == len(jobs)
        assert set(session.scalars(select(JobRow.state))) == {"open"}
        assert set(session.scalars(select(OfferRow.state))) == {"sent"}


def test_a_fault_is_counted_and_the_next_turn_goes_on(world: World, redis_url: str) -> None:
    dispatcher = Dispatcher(world.engine, Bell(redis_url))
    with world.as_engine() as (session, _):
        session.connection().exec_driver_sql("SET LOCAL ROLE truckroll_migrate")
        session.connection().exec_driver_sql("ALTER TABLE day_asks RENAME TO day_asks_away")
    stop = threading.Event()
    thread = threading.Thread(target=dispatcher.run, args=(stop,))
    thread.start()
    deadline = threading.Event()
    while dispatcher.num_faults == 0 and not deadline.wait(0.05):
        pass
    with world.as_engine() as (session, _):
        session.connection().exec_driver_sql("SET LOCAL ROLE truckroll_migrate")
        session.connection().exec_driver_sql("ALTER TABLE day_asks_away RENAME TO day_asks")
    job = world.post()
    while not world.offers(job):
        deadline.wait(0.05)
    stop.set()
    thread.join()
    assert dispatcher.num_faults >= 1


def test_a_credential_that_begins_tomorrow_counts_tomorrow(world: World) -> None:
    who = world.technicians[0]
    with world.as_engine() as (session, now):
        tomorrow = (now + timedelta(days=1)).date()
        session.add(
            CredentialRow(
                technician_id=who,
                kind="background_check",
                state="verified",
                valid_from=tomorrow,
                valid_until=tomorrow + timedelta(days=30),
                created_at=now,
            )
        )
    feed = Feed()
    for days, has_it in ((0, False), (1, True)):
        with world.as_engine() as (session, now):
            feed.refresh(session, now=now + timedelta(days=days))
        found = feed.roster.get(who)
        assert found is not None
        assert ("background_check" in found.credentials) == has_it
