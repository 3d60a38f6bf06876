"""Alarms, promises and shifts under races with real commits, and sweeps that two dispatchers make at once."""

from datetime import timedelta
from uuid import UUID

from racing import race
from sqlalchemy import insert, select, text, update
from worlds import World

from dispatch.errors import BadInput, Conflict
from dispatch.jobs.promises import pause_promise, resume_promise
from dispatch.record.session import ENGINE, Actor
from dispatch.record.tables import AlarmRow, DutyShiftRow, EventRow, JobRow, StaffRow, new_id
from dispatch.visits.alarms import raise_alarm
from dispatch.visits.climbing import climb
from dispatch.visits.duty import Shift, plan_shift
from dispatch.visits.responding import acknowledge
from dispatch.visits.watching import watch_jobs

PROMISED = {"sla": {"priorities": {"3": {"respond_min": 60, "fix_min": 600, "counted": "around_the_clock"}}}}


def raised(world: World, job: UUID, kind: str = "incident") -> UUID:
    """An alarm whose first step is due."""
    with world.as_engine() as (session, now):
        alarm = raise_alarm(session, ENGINE, kind, client_id=world.client, job_id=job, due_at=now, now=now)
        assert alarm is not None
        past = now - timedelta(minutes=11)
        session.execute(update(AlarmRow).values(raised_at=past, next_climb_at=past))
    return alarm


def hired(world: World, role: str = "dispatcher") -> Actor:
    staff = new_id()
    with world.as_engine() as (session, now):
        row = {"id": staff, "client_id": world.client, "role": role, "name": "Nina", "email": f"{staff}@acme.example"}
        session.execute(insert(StaffRow).values(created_at=now, **row))
    return Actor(role, staff, client_id=world.client)


def has_duty(world: World, actor: Actor) -> None:
    """From an hour ago for two: a step that somebody hears is followed by the next only after its time."""
    with world.as_engine() as (session, now):
        shift = Shift(1, now - timedelta(hours=1), now + timedelta(hours=1), "UTC", staff_id=actor.id)
        plan_shift(session, actor, shift, now=now)


def told(world: World, subject: UUID) -> list[str]:
    with world.as_engine() as (session, _):
        wanted = select(EventRow.kind).where(EventRow.subject_id == subject).order_by(EventRow.seq)
        return list(session.scalars(wanted))


def climbs(world: World) -> int:
    with world.as_engine() as (session, now):
        return climb(session, now)


def looks(world: World) -> int:
    with world.as_engine() as (session, now):
        return watch_jobs(session, now)


def test_of_many_who_sweep_at_once_one_climbs_the_step(world):
    has_duty(world, hired(world))
    alarm = raised(world, world.post())
    assert sorted(race([lambda: climbs(world)] * 6)) == [0, 0, 0, 0, 0, 1]
    assert told(world, alarm) == ["raised", "escalated"]


def test_who_takes_an_alarm_on_while_it_climbs_has_it_once_and_it_climbs_once_at_most(world):
    nina = hired(world)
    has_duty(world, nina)

    def takes() -> object:
        with world.as_engine() as (session, now):
            return acknowledge(session, nina, alarm, now=now)

    for _ in range(6):
        alarm = raised(world, world.post())
        race([lambda: climbs(world), takes, lambda: climbs(world)])
        events = told(world, alarm)
        assert events in (["raised", "acknowledged"], ["raised", "escalated", "acknowledged"])
        with world.as_engine() as (session, _):
            row = session.get_one(AlarmRow, alarm)
            assert (row.acknowledged_by, row.level) == (nina.id, events.count("escalated"))
            assert row.next_climb_at is not None
            assert row.next_climb_at > row.raised_at + timedelta(hours=2), "it stands until it is to climb on"


def test_of_two_who_take_it_on_at_once_the_later_takes_over_and_of_the_same_one_only_the_first(world):
    alarm = raised(world, world.post())
    nina, omar = hired(world), hired(world)

    def take(actor: Actor) -> object:
        with world.as_engine() as (session, now):
            acknowledge(session, actor, alarm, now=now)
        return "taken"

    assert race([lambda: take(nina), lambda: take(omar)]) == ["taken", "taken"]
    with world.as_engine() as (session, _):
        holder = session.get_one(AlarmRow, alarm).acknowledged_by
    same = nina if holder == nina.id else omar
    assert all(isinstance(each, Conflict) for each in race([lambda: take(same)] * 4))
    assert told(world, alarm).count("acknowledged") == 2


def test_a_promise_is_paused_once_and_resumed_once_by_all_who_try_at_once(world):
    job = world.post(day_policy=PROMISED)

    def pauses() -> object:
        with world.as_engine() as (session, now):
            return pause_promise(session, world.staff, job, "access", now=now)

    def resumes() -> object:
        with world.as_engine() as (session, now):
            return resume_promise(session, world.staff, job, now=now)

    answers = race([pauses] * 6)
    assert sum(isinstance(each, Conflict) for each in answers) == 5
    answers = race([resumes] * 6)
    assert sum(isinstance(each, Conflict) for each in answers) == 5
    kinds = told(world, job)
    assert (kinds.count("sla_paused"), kinds.count("sla_resumed")) == (1, 1)
    with world.as_engine() as (session, _):
        row = session.get_one(JobRow, job)
        (pause,) = row.sla["pauses"]
        assert (row.sla_paused_at, pause["why"]) == (None, "access")


def test_many_who_look_at_once_raise_and_break_each_thing_once(world):
    jobs = [world.post(day_policy=PROMISED) for _ in range(5)]
    with world.as_engine() as (session, _):
        session.execute(
            text(
                "UPDATE jobs SET respond_by = now() - interval '1 minute', look_at = now(), sla = jsonb_build_object("
                "'respond_warn_at', now() - interval '1 hour', 'fix_warn_at', now() + interval '5 hours')"
            )
        )
    race([lambda: looks(world)] * 6)
    for job in jobs:
        assert told(world, job).count("promise_broken") == 1
    with world.as_engine() as (session, _):
        assert session.scalar(text("SELECT count(*) FROM alarms WHERE kind = 'sla_breached'")) == 5
    assert looks(world) == 0, "nothing is due before the next timer"


def test_a_look_leaves_a_job_that_somebody_holds_to_the_next_one(world):
    job = world.post(day_policy=PROMISED)
    with world.as_engine() as (holder, _):
        holder.execute(select(JobRow.id).where(JobRow.id == job).with_for_update(key_share=True))
        looks(world)
        with world.as_engine() as (session, now):
            assert session.get_one(JobRow, job).look_at <= now, "its timer still stands"
    looks(world)
    with world.as_engine() as (session, now):
        assert session.get_one(JobRow, job).look_at > now


def test_of_many_who_plan_the_same_hours_one_has_the_duty(world):
    nina = hired(world)

    def plans() -> object:
        with world.as_engine() as (session, now):
            begin = now.replace(minute=0, second=0, microsecond=0)
            shift = Shift(1, begin, begin + timedelta(hours=8), "America/Chicago", staff_id=nina.id, weeks=2)
            return plan_shift(session, nina, shift, now=now)

    answers = race([plans] * 6)
    assert sum(isinstance(each, BadInput) for each in answers) == 5
    with world.as_engine() as (session, _):
        assert len(session.scalars(select(DutyShiftRow.id)).all()) == 2
