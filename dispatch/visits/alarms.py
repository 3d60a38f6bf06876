"""What needs a person? An alarm is raised once, taken on by somebody, and cleared when it is over."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import AlarmRow, new_id
from matching.trouble import TROUBLE

#: What an alarm can be about; `matching.trouble` has a row for each, with its words and what to do.
KINDS = tuple(TROUBLE)
#: What outlives the visit and the job that it is about: a person must still look at it.
OUTLIVES = ("incident", "long_entry", "review_late", "dispute_late", "pay_late", "erasure_late")
#: What is over with the work that it is about.
PASSING = tuple(kind for kind in KINDS if kind not in OUTLIVES)
#: About one technician who is to come: over once they have come, need not, or agreed on another time.
OF_COMING = ("not_confirmed", "not_left", "no_check_in", "next_visit_at_risk")


def raise_alarm(
    session: Session,
    actor: Actor,
    kind: str,
    *,
    client_id: UUID | None,
    due_at: datetime,
    now: datetime,
    job_id: UUID | None = None,
    visit_id: UUID | None = None,
    subject_id: UUID | None = None,
) -> UUID | None:
    """Raise an alarm about `subject_id` (the visit, else the job): its id; None where that one is open already.

    `due_at` is when it will be too late. Without a client it is the operator's. Runs as the engine.
    """
    assert kind in KINDS, f"{kind} is no kind of alarm"
    about = subject_id or visit_id or job_id
    assert about is not None, "name what the alarm is about"
    alarm_id: UUID | None = session.scalar(
        insert(AlarmRow)
        .values(
            id=new_id(),
            client_id=client_id,
            job_id=job_id,
            visit_id=visit_id,
            kind=kind,
            subject_id=about,
            raised_at=now,
            due_at=due_at,
            next_climb_at=now,
        )
        .on_conflict_do_nothing(index_elements=["kind", "subject_id"], index_where=text("cleared_at IS NULL"))
        .returning(AlarmRow.id)
    )
    if alarm_id is not None:
        told = {**_about(kind, job_id, visit_id, about), "due_at": due_at.isoformat()}
        record(session, actor, ("alarm", alarm_id), "raised", told, client_id=client_id, now=now)
    return alarm_id


def clear_alarms(
    session: Session,
    actor: Actor,
    kinds: Sequence[str] = KINDS,
    *,
    why: str,
    now: datetime,
    job_id: UUID | None = None,
    visit_id: UUID | None = None,
    subject_id: UUID | None = None,
) -> int:
    """Clear the open alarms of these kinds about what is named, all of it: how many. `why` is a code."""
    named = {AlarmRow.job_id: job_id, AlarmRow.visit_id: visit_id, AlarmRow.subject_id: subject_id}
    about = [column == value for column, value in named.items() if value is not None]
    assert about, "name what the alarms are about"
    return _clear(session, actor, (AlarmRow.kind.in_(kinds), *about), why, now)


def clear_these(
    session: Session, actor: Actor, alarms: Sequence[UUID], *, why: str, now: datetime, by_hand: bool = False
) -> int:
    """Clear those of these alarms that are open: how many. `why` is a code; `by_hand` of a person's word alone."""
    return _clear(session, actor, (AlarmRow.id.in_(alarms),), why, now, by_hand=by_hand) if alarms else 0


def state_of(alarm: AlarmRow) -> str:
    """`raised`, `acknowledged` (somebody took it on), `snoozed` (and put it off), or `cleared`."""
    if alarm.cleared_at is not None:
        return "cleared"
    if alarm.snoozed_until is not None:
        return "snoozed"
    return "raised" if alarm.acknowledged_at is None else "acknowledged"


def told_of(alarm: AlarmRow) -> dict[str, str | None]:
    """What every event of an alarm says: its kind and what it is about."""
    return _about(alarm.kind, alarm.job_id, alarm.visit_id, alarm.subject_id)


def _clear(
    session: Session,
    actor: Actor,
    which: Sequence[ColumnElement[bool]],
    why: str,
    now: datetime,
    *,
    by_hand: bool = False,
) -> int:
    """One row lock after the other, by id: two who clear never wait for each other."""
    mine = select(AlarmRow.id).where(AlarmRow.cleared_at.is_(None), *which).order_by(AlarmRow.id).with_for_update()
    cleared = session.execute(
        update(AlarmRow)
        .where(AlarmRow.id.in_(mine.scalar_subquery()), AlarmRow.cleared_at.is_(None))
        .values(cleared_at=now, cleared_why=why, cleared_by=actor.id, next_climb_at=None)
        .returning(
            AlarmRow.id, AlarmRow.client_id, AlarmRow.kind, AlarmRow.job_id, AlarmRow.visit_id, AlarmRow.subject_id
        )
        .execution_options(synchronize_session=False)
    ).all()
    for row in sorted(cleared, key=lambda each: each.id):
        told: dict[str, Any] = {**_about(row.kind, row.job_id, row.visit_id, row.subject_id), "why": why}
        if by_hand:
            told["by_hand"] = True
        record(session, actor, ("alarm", row.id), "cleared", told, client_id=row.client_id, now=now)
    return len(cleared)


def _about(kind: str, job_id: UUID | None, visit_id: UUID | None, subject_id: UUID) -> dict[str, str | None]:
    return {
        "kind": kind,
        "job": str(job_id) if job_id else None,
        "visit": str(visit_id) if visit_id else None,
        "subject": str(subject_id),
    }
