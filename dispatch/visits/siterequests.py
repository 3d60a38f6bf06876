"""What does a technician on site need to go on, and what if nobody answers? Asked, withdrawn, refused, timed out.

Granting stands in `granting.py`. Of two answers at once the first counts; an answer after the deadline is none, even if
the sweep has not passed yet: by then the technician may have stopped, as the rule says.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, NotFound
from dispatch.jobs.lifecycle import PRESENCE, SITE_REQUEST, states_with
from dispatch.jobs.reading import read_day_policy
from dispatch.record.events import record
from dispatch.record.session import ENGINE, Actor
from dispatch.record.tables import AlarmRow, AssignmentRow, JobRow, SiteRequestRow, SkillRow, VisitRow, new_id
from dispatch.visits.alarms import clear_alarms, raise_alarm
from dispatch.visits.finding import find_own_assignment, find_visit, is_clients

_BATCH = 200
#: Presence of somebody who is at the site, or just outside it.
_THERE = ("checked_in", "stepped_out")
#: wish -> the event's kind
_TOLD = {
    "grant": "request_granted",
    "refuse": "request_refused",
    "withdraw": "request_withdrawn",
    "time_out": "request_unanswered",
}
_WHAT = {"more_time": "minutes", "part": "item", "different_skill": "skill"}


@dataclass(frozen=True, slots=True)
class SiteWish:
    """What is needed: `minutes` of more time, a part (`item`, `quantity`), a `skill`, or a second person."""

    kind: str
    minutes: int | None = None
    item: str | None = None
    quantity: int | None = None
    skill: str | None = None
    note: str = ""


def ask_from_site(session: Session, actor: Actor, visit_id: UUID, wish: SiteWish, *, now: datetime) -> UUID:
    """Ask the client for something, from the site: the request's id. Runs as the engine; the actor is a technician.

    Its deadline and the rule that holds if nobody answers are those of the job's day policy. An alarm waits on the
    board until it is answered.

    Raises
    ------
    NotFound
        When the visit is not the technician's.
    BadInput
        When it does not say what is needed, or the skill is not known.
    Conflict
        When the technician is not checked in, or the same is being asked for already.
    """
    mine = find_own_assignment(session, actor, visit_id, actor.technician_id)
    _check(session, wish)
    here = select(AssignmentRow.id).where(AssignmentRow.id == mine.id, AssignmentRow.presence.in_(_THERE))
    if session.scalar(here.with_for_update(key_share=True)) is None:
        session.refresh(mine)
        raise Conflict(mine.presence, "ask from the site", tuple(PRESENCE.get(mine.presence, ())))
    policy = read_day_policy(session.get_one(JobRow, mine.job_id)).requests
    answer_by = now + timedelta(minutes=policy.answer_min)
    timer = {"rule": policy.if_unanswered, "made_at": now, "answer_by": answer_by}
    request_id = _write(session, mine, wish, timer)
    about: dict[str, Any] = {"client_id": mine.client_id, "job_id": mine.job_id, "visit_id": visit_id}
    raise_alarm(session, actor, "request_waiting", **about, subject_id=request_id, due_at=answer_by, now=now)
    told = {"request": str(request_id), "job": str(mine.job_id), "kind": wish.kind, "minutes": wish.minutes}
    told |= {"skill": wish.skill, "quantity": wish.quantity, "due_at": answer_by.isoformat()}
    record(session, actor, ("visit", visit_id), "request_made", told, client_id=mine.client_id, now=now)
    return request_id


def _write(session: Session, mine: AssignmentRow, wish: SiteWish, timer: dict[str, Any]) -> UUID:
    own = {name: getattr(wish, name) for name in SiteWish.__slots__}
    request_id: UUID | None = session.scalar(
        insert(SiteRequestRow)
        .values(
            id=new_id(), client_id=mine.client_id, job_id=mine.job_id, visit_id=mine.visit_id,
            technician_id=mine.technician_id, **timer, **own,
        )
        .on_conflict_do_nothing(
            index_elements=["visit_id", "technician_id", "kind"], index_where=SiteRequestRow.state == "waiting"
        )
        .returning(SiteRequestRow.id)
    )  # fmt: skip
    if request_id is None:
        raise Conflict("the same is asked for already", "ask again", ("withdraw",))
    return request_id


def refuse_from_site(session: Session, actor: Actor, request_id: UUID, why: str, *, now: datetime) -> None:
    """Say no to a request, with a reason. Runs as the engine.

    Raises
    ------
    NotFound
        When it is not the actor's client's.
    Conflict
        When it was answered already, or too late.
    """
    request = find_request(session, actor, request_id)
    if not is_clients(actor, request.client_id):
        raise NotFound("site request", request_id)
    close_request(session, actor, request, "refuse", now=now, why=why)


def withdraw_from_site(session: Session, actor: Actor, request_id: UUID, *, now: datetime) -> None:
    """The technician needs it no more. Runs as the engine.

    Raises
    ------
    NotFound
        When the technician did not ask for it.
    Conflict
        When it was answered already.
    """
    request = find_request(session, actor, request_id)
    if is_clients(actor, request.client_id):
        raise NotFound("site request", request_id)
    close_request(session, actor, request, "withdraw", now=now)


def find_request(session: Session, actor: Actor, request_id: UUID) -> SiteRequestRow:
    """The request, if the actor is the technician who asked, or their company, or works for its client.

    Raises
    ------
    NotFound
        When none of them.
    """
    row = session.scalars(select(SiteRequestRow).where(SiteRequestRow.id == request_id)).one_or_none()
    if row is None or not (is_clients(actor, row.client_id) or _asked_for_it(session, actor, row)):
        raise NotFound("site request", request_id)
    return row


def _asked_for_it(session: Session, actor: Actor, row: SiteRequestRow) -> bool:
    """Whether the actor is, or speaks for, the technician who asked; a stranger hears nothing of the visit."""
    if actor.technician_id not in (None, row.technician_id):
        return False
    try:
        find_visit(session, actor, row.visit_id)
    except NotFound:
        return False
    return True


def close_request(
    session: Session, actor: Actor, request: SiteRequestRow, wish: str, *, now: datetime, **values: Any
) -> None:
    """End a request by a guarded statement, with its event, and clear its alarm; the first one to do so counts.

    Raises
    ------
    Conflict
        When it has ended, or an answer comes after its deadline.
    """
    state = SITE_REQUEST["waiting"][wish]
    is_answer = wish in ("grant", "refuse")
    in_time: ColumnElement[bool] = SiteRequestRow.answer_by > func.clock_timestamp()
    closed = session.scalar(
        update(SiteRequestRow)
        .where(SiteRequestRow.id == request.id, SiteRequestRow.state.in_(states_with(SITE_REQUEST, wish)))
        .where(*([in_time] if is_answer else []))
        .values(state=state, answered_at=now, answered_by=actor.id, **values)
        .returning(SiteRequestRow.id)
    )
    if closed is None:
        session.refresh(request)
        late = "its time to be answered is over" if request.state == "waiting" else request.state
        raise Conflict(late, wish, tuple(SITE_REQUEST[request.state]) if request.state != "waiting" else ("withdraw",))
    told = {"request": str(request.id), "job": str(request.job_id), "kind": request.kind}
    told["technician"] = str(request.technician_id)
    told |= {name: _plain(value) for name, value in values.items()}
    record(session, actor, ("visit", request.visit_id), _TOLD[wish], told, client_id=request.client_id, now=now)
    clear_alarms(session, actor, ("request_waiting",), subject_id=request.id, why=state, now=now)


def end_unanswered(session: Session, now: datetime) -> int:
    """Requests that nobody answered in time: their rule holds from now, and a person hears of it. How many ended.

    Of a visit that is over, what still waits is withdrawn, and what was not answered needs nobody any more.
    """
    is_over = select(VisitRow.id).where(VisitRow.id == SiteRequestRow.visit_id, VisitRow.state != "checked_in").exists()
    waiting = session.execute(
        select(SiteRequestRow, is_over)
        .where(SiteRequestRow.state == "waiting", (SiteRequestRow.answer_by <= func.clock_timestamp()) | is_over)
        .order_by(SiteRequestRow.id)
        .limit(_BATCH)
        .with_for_update(of=SiteRequestRow, skip_locked=True)
    ).all()
    for request, has_ended in waiting:
        if has_ended:
            close_request(session, ENGINE, request, "withdraw", now=now)
            continue
        close_request(session, ENGINE, request, "time_out", now=now, why=request.rule)
        about = {"client_id": request.client_id, "job_id": request.job_id, "visit_id": request.visit_id}
        raise_alarm(session, ENGINE, "request_unanswered", subject_id=request.id, due_at=now, now=now, **about)
    return len(waiting) + _clear_of_ended(session, now)


def _clear_of_ended(session: Session, now: datetime) -> int:
    ended = session.scalars(
        select(AlarmRow.subject_id)
        .join(VisitRow, VisitRow.id == AlarmRow.visit_id)
        .where(AlarmRow.kind == "request_unanswered", AlarmRow.cleared_at.is_(None), VisitRow.state != "checked_in")
        .order_by(AlarmRow.subject_id)
        .limit(_BATCH)
    ).all()
    for request_id in ended:
        clear_alarms(session, ENGINE, ("request_unanswered",), subject_id=request_id, why="visit_over", now=now)
    return len(ended)


def cap_of(assignment: AssignmentRow, granted: Decimal) -> Decimal:
    """The most that is paid for the work as it is agreed now: the sum, or the agreed hours at their rate. Pure.

    `granted` was added to it by answers to requests.
    """
    if assignment.pay_kind == "fixed":
        return assignment.pay_amount + granted
    hours = Decimal((assignment.end_at - assignment.start_at).total_seconds()) / 3600
    return (assignment.pay_amount * hours).quantize(Decimal("0.01")) + granted


def words_of(request: SiteRequestRow, assignment: AssignmentRow | None, granted: Decimal) -> str:
    """What a request's state means for the technician, in words. Pure."""
    cap = f" up to {cap_of(assignment, granted)} {assignment.currency}" if assignment else " up to what was agreed"
    minutes = round((request.answer_by - request.made_at).total_seconds() / 60)
    told = {
        "waiting": f"An answer is due within {minutes} minutes. If nobody answers by then you may stop, and you are"
        f" paid{cap}.",
        "unanswered": f"Nobody answered within {minutes} minutes. You may stop now: check out, and you are paid{cap}.",
        "refused": "The client said no. Finish what was agreed, or check out and say what is left to do.",
        "withdrawn": "You need it no more.",
    }
    return told.get(request.state) or _granted_words(request)


def _granted_words(request: SiteRequestRow) -> str:
    later = " It comes with the next visit: check out and say that you must return." if request.is_return else ""
    paid = f" {request.granted_amount} is added to your pay." if request.granted_amount else ""
    what = {
        "more_time": f"You have {request.granted_minutes} minutes more.",
        "part": "The part is on order.",
        "second_person": "Somebody is being asked to help you.",
        "different_skill": "Somebody with that skill is being asked.",
    }
    return ("" if request.is_return and request.kind != "part" else what[request.kind]) + paid + later or "Granted."


def _check(session: Session, wish: SiteWish) -> None:
    for kind, name in _WHAT.items():
        if (getattr(wish, name) is not None) != (wish.kind == kind):
            way_out = f"say {name} with {kind}, and only with it"
            raise BadInput(name, getattr(wish, name), way_out)
    if wish.skill is not None and session.get(SkillRow, wish.skill) is None:
        raise BadInput("skill", wish.skill, "name one of /v1/skills")


def _plain(value: object) -> Any:
    """A value as an event holds it."""
    return str(value) if isinstance(value, UUID | Decimal) else value
