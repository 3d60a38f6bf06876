"""An alarm is raised once, cleared once, and told each time."""

from datetime import timedelta
from uuid import UUID

from racing import race
from sqlalchemy import select, text, update
from worlds import World

from dispatch.record.session import ENGINE
from dispatch.record.tables import AlarmRow, EventRow, JobRow, VisitRow
from dispatch.visits.alarms import clear_alarms, raise_alarm
from dispatch.visits.watching import watch_jobs


def raised(world: World, kind: str = "not_confirmed") -> UUID | None:
    with world.as_engine() as (session, now):
        visit = session.scalars(select(VisitRow)).one()
        return raise_alarm(
            session,
            ENGINE,
            kind,
            client_id=world.client,
            job_id=visit.job_id,
            visit_id=visit.id,
            due_at=now + timedelta(hours=1),
            now=now,
        )


def test_the_same_alarm_is_raised_once_and_again_only_when_it_was_cleared(world):
    job = world.post()
    first = raised(world)
    assert first is not None
    assert raised(world) is None
    with world.as_engine() as (session, now):
        assert clear_alarms(session, ENGINE, ["not_confirmed"], job_id=job, why="confirmed", now=now) == 1
        assert clear_alarms(session, ENGINE, ["not_confirmed"], job_id=job, why="confirmed", now=now) == 0
    assert raised(world) not in (None, first)
    with world.as_engine() as (session, _):
        told = session.execute(select(EventRow.kind, EventRow.data).where(EventRow.subject_kind == "alarm")).all()
        assert [kind for kind, _ in told] == ["raised", "cleared", "raised"]
        assert told[1].data["why"] == "confirmed"


def test_of_two_who_raise_the_same_at_once_one_does(world):
    world.post()
    answers = race([lambda: raised(world)] * 8)
    assert sum(answer is not None for answer in answers) == 1
    with world.as_engine() as (session, _):
        assert session.scalar(text("SELECT count(*) FROM alarms")) == 1
        assert session.scalars(select(AlarmRow.cleared_at)).one() is None


def test_the_alarms_of_a_job_that_is_over_are_cleared_save_what_a_person_must_still_look_at(world):
    job = world.post()
    for kind in ("overdue", "incident", "not_left"):
        raised(world, kind)
    with world.as_engine() as (session, now):
        assert watch_jobs(session, now) == 0, "what others raise stays while the job lives"
        session.execute(update(JobRow).where(JobRow.id == job).values(state="done", version=JobRow.version + 1))
    with world.as_engine() as (session, now):
        assert watch_jobs(session, now) == 2
        still = select(AlarmRow.kind).where(AlarmRow.cleared_at.is_(None))
        assert session.scalars(still).all() == ["incident"]
        assert session.scalars(select(JobRow.look_at)).one() is None, "nobody looks at it again"
