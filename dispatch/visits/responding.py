"""A person answers an alarm: takes it on, puts it off, says that it is over, or takes that answer back.

Whoever leaves hands back what they took on.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import exists, false, select, update
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, NotFound, Refused
from dispatch.jobs.lifecycle import Moves
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import AlarmRow, ClientRow, EventRow, JobRow, StaffRow
from dispatch.visits.alarms import OUTLIVES, clear_these, state_of, told_of
from matching.atrisk import LIVE_JOBS
from matching.daypolicy import DayPolicy, Escalation
from matching.escalation import NETWORK_LADDER, again_at, first_at, next_at

#: Which moves an alarm's state allows; taking on what another has taken on is a handing over.
ALARM: Moves = {
    "raised": {"acknowledge": "acknowledged", "snooze": "snoozed", "clear": "cleared"},
    "acknowledged": {
        "acknowledge": "acknowledged",
        "snooze": "snoozed",
        "clear": "cleared",
        "put_back": "raised",
    },
    "snoozed": {"acknowledge": "acknowledged", "snooze": "snoozed", "clear": "cleared", "put_back": "raised"},
    # Open again it is only by `put_back`, for whoever was too quick: the state alone does not say whether it may be.
    "cleared": {},
}

#: Why an alarm may be put off.
SNOOZES = ("in_progress", "waiting_for_customer", "waiting_for_part", "known", "other")
#: Priority of an alarm that is about no job.
NO_JOB_PRIORITY = 3
_LONGEST_SNOOZE = timedelta(days=7)
#: So long a word that it is over can be taken back.
_REGRET = timedelta(hours=1)


def acknowledge(session: Session, actor: Actor, alarm_id: UUID, *, now: datetime) -> datetime | None:
    """Take an alarm on: it stops climbing, until the time that is answered (None: for good). Runs as the engine.

    Raises
    ------
    NotFound
        When there is no such alarm of the actor's client.
    Conflict, Refused
        When it is cleared, or the actor has taken it on already; when the actor has left.
    """
    _hold_taker(session, actor)
    alarm = find_alarm(session, actor, alarm_id)
    ladder, priority = ladder_of(session, alarm)
    again = again_at(ladder, priority, now)
    taken = session.scalar(
        update(AlarmRow)
        .where(
            AlarmRow.id == alarm_id,
            AlarmRow.cleared_at.is_(None),
            AlarmRow.acknowledged_by.is_distinct_from(actor.id) | AlarmRow.snoozed_until.is_not(None),
        )
        .values(
            acknowledged_at=now, acknowledged_by=actor.id, snoozed_until=None, snoozed_why=None, next_climb_at=again
        )
        .returning(AlarmRow.id)
    )
    if taken is None:
        raise _refused(session, alarm, "acknowledge")
    told = {**told_of(alarm), "again_at": again.isoformat() if again else None}
    record(session, actor, ("alarm", alarm_id), "acknowledged", told, client_id=alarm.client_id, now=now)
    return again


def snooze(session: Session, actor: Actor, alarm_id: UUID, until_at: datetime, why: str, *, now: datetime) -> None:
    """Take an alarm on and put it off until a time, with a reason of `SNOOZES`; then it climbs on.

    Runs as the engine.

    Raises
    ------
    BadInput
        When the time has passed or is more than seven days away, or the reason is none of those.
    NotFound
        When there is no such alarm of the actor's client.
    Conflict, Refused
        When it is cleared; when the actor has left.
    """
    _hold_taker(session, actor)
    alarm = find_alarm(session, actor, alarm_id)
    if not now < until_at <= now + _LONGEST_SNOOZE:
        raise BadInput("until_at", until_at.isoformat(), "choose a time within the next seven days")
    if why not in SNOOZES:
        raise BadInput("why", why, f"give one of {', '.join(SNOOZES)}")
    put_off = session.scalar(
        update(AlarmRow)
        .where(AlarmRow.id == alarm_id, AlarmRow.cleared_at.is_(None))
        .values(
            acknowledged_at=now,
            acknowledged_by=actor.id,
            snoozed_until=until_at,
            snoozed_why=why,
            next_climb_at=until_at,
        )
        .returning(AlarmRow.id)
    )
    if put_off is None:
        raise _refused(session, alarm, "snooze")
    told = {**told_of(alarm), "until_at": until_at.isoformat(), "why": why}
    record(session, actor, ("alarm", alarm_id), "snoozed", told, client_id=alarm.client_id, now=now)


def clear_by_hand(session: Session, actor: Actor, alarm_id: UUID, why: str, *, now: datetime) -> None:
    """A person says that it is over; where it is not, the next look raises it anew. Runs as the engine.

    Raises
    ------
    NotFound
        When there is no such alarm of the actor's client.
    Conflict
        When it is cleared.
    """
    alarm = find_alarm(session, actor, alarm_id)
    if not clear_these(session, actor, [alarm_id], why=why, now=now, by_hand=True):
        raise _refused(session, alarm, "clear")


def put_back(session: Session, actor: Actor, alarm_id: UUID, *, now: datetime) -> None:
    """Take the answer back: nobody has it, and it climbs on from the step it was on. Runs as the engine.

    What was said to be over is open again for an hour, unless it is over without anybody's word.

    Raises
    ------
    NotFound
        When there is no such alarm of the actor's client.
    Conflict
        When nobody has answered it, or it is over for good, or was raised anew since.
    """
    alarm = find_alarm(session, actor, alarm_id)
    session.refresh(alarm, with_for_update=True)
    was = state_of(alarm)
    if was == "raised":
        raise _refused(session, alarm, "put_back")
    if was == "cleared" and not _may_open_again(session, alarm, now):
        raise Conflict("over for good, or raised anew", "put_back")
    alarm.cleared_at, alarm.cleared_why, alarm.cleared_by = None, None, None
    _free(session, alarm, now)
    told = {**told_of(alarm), "was": was}
    record(session, actor, ("alarm", alarm_id), "put_back", told, client_id=alarm.client_id, now=now)


def hand_back(session: Session, actor: Actor, staff_id: UUID, *, now: datetime) -> int:
    """Whoever leaves is on nothing any more: their alarms climb on from the steps they were on. How many.

    The caller holds the row of who leaves. Runs as the engine.
    """
    theirs = select(AlarmRow).where(AlarmRow.acknowledged_by == staff_id, AlarmRow.cleared_at.is_(None))
    held = theirs.order_by(AlarmRow.id).with_for_update().execution_options(populate_existing=True)
    alarms = session.scalars(held).all()
    for alarm in alarms:
        told = {**told_of(alarm), "was": state_of(alarm), "before": str(staff_id), "why": "left"}
        _free(session, alarm, now)
        record(session, actor, ("alarm", alarm.id), "put_back", told, client_id=alarm.client_id, now=now)
    return len(alarms)


def find_alarm(session: Session, actor: Actor, alarm_id: UUID) -> AlarmRow:
    """The actor's client's alarm, of an operator the network's own, as it stands.

    Raises
    ------
    NotFound
        When there is none: another client's is not told apart from none.
    """
    alarm = session.scalars(select(AlarmRow).where(AlarmRow.id == alarm_id)).one_or_none()
    if alarm is None or alarm.client_id != actor.client_id:
        raise NotFound("alarm", alarm_id)
    return alarm


def ladder_of(session: Session, alarm: AlarmRow) -> tuple[Escalation, int]:
    """The ladder that an alarm climbs, its job's, its client's or the network's, and the priority of its pace."""
    job = session.execute(select(JobRow.day_policy, JobRow.priority).where(JobRow.id == alarm.job_id)).one_or_none()
    if job is not None:
        return DayPolicy.from_document(job.day_policy).escalation, job.priority
    if alarm.client_id is None:
        return NETWORK_LADDER, NO_JOB_PRIORITY
    policy = session.scalars(select(ClientRow.day_policy).where(ClientRow.id == alarm.client_id)).one()
    return DayPolicy.from_document(policy).escalation, NO_JOB_PRIORITY


def _hold_taker(session: Session, actor: Actor) -> None:
    """Whoever takes an alarm on is there; their row is held, so that they do not leave meanwhile."""
    theirs = select(StaffRow.left_at).where(StaffRow.id == actor.id).with_for_update(read=True)
    if actor.id is not None and session.scalar(theirs) is not None:
        raise Refused("whoever has left takes nothing on: somebody who is there does", ("has_left",))


def _free(session: Session, alarm: AlarmRow, now: datetime) -> None:
    """Nobody has it, and it climbs on from the step it was on; its row is held."""
    ladder, priority = ladder_of(session, alarm)
    alarm.acknowledged_at, alarm.acknowledged_by, alarm.snoozed_until, alarm.snoozed_why = None, None, None, None
    if alarm.level == 0:
        alarm.next_climb_at = first_at(ladder, priority, alarm.raised_at)
    else:
        alarm.next_climb_at = next_at(ladder, priority, alarm.level, now, was_heard=True)
    session.flush()


def _may_open_again(session: Session, alarm: AlarmRow, now: datetime) -> bool:
    """It was cleared by a person's word alone, lately; its work goes on; and nothing stands in its place."""
    if alarm.cleared_at is None or alarm.cleared_at < now - _REGRET:
        return False
    by_hand = exists().where(
        EventRow.subject_kind == "alarm",
        EventRow.subject_id == alarm.id,
        EventRow.kind == "cleared",
        EventRow.at == alarm.cleared_at,
        EventRow.data["by_hand"].as_boolean(),
    )
    anew = exists().where(
        AlarmRow.kind == alarm.kind, AlarmRow.subject_id == alarm.subject_id, AlarmRow.cleared_at.is_(None)
    )
    is_over = exists().where(JobRow.id == alarm.job_id, JobRow.state.not_in(LIVE_JOBS))
    passes = alarm.kind not in OUTLIVES
    return bool(session.scalar(select(by_hand & ~anew & ~(is_over if passes else false()))))


def _refused(session: Session, alarm: AlarmRow, wish: str) -> Conflict:
    session.refresh(alarm)
    state = state_of(alarm)
    return Conflict(state, wish, tuple(each for each in ALARM[state] if each != wish))
