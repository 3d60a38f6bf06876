"""Who takes it on? Alarms: read, acknowledge, put off, clear."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth import Answerer, StaffReader
from api.idempotency import Reply, idempotent
from api.paging import Cursor, Limit, page
from api.parts import reading
from api.schemas.pages import PageOf
from api.schemas.trouble import AlarmOut, ClearIn, SnoozeIn
from dispatch.record.session import Actor, database_now
from dispatch.record.tables import AlarmRow
from dispatch.visits.alarms import state_of
from dispatch.visits.responding import ALARM, acknowledge, clear_by_hand, find_alarm, put_back, snooze
from matching.trouble import TROUBLE

router = APIRouter(prefix="/v1/alarms", tags=["trouble"])


@router.get("", response_model=PageOf[AlarmOut], summary="List alarms")
def list_alarms(
    request: Request,
    actor: StaffReader,
    response: Response,
    job_id: Annotated[UUID | None, Query(description="Only about this job.")] = None,
    visit_id: Annotated[UUID | None, Query(description="Only about this visit.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageOf[AlarmOut]:
    """Your alarms, those that are over too, newest first; what needs a person now is on /v1/trouble."""
    asked = {AlarmRow.job_id: job_id, AlarmRow.visit_id: visit_id}
    wanted = select(AlarmRow).where(*(column == value for column, value in asked.items() if value is not None))
    with reading(request, actor) as session:
        now = database_now(session)
        found = page(session, request, wanted, AlarmRow.id, limit=limit, cursor=cursor)
    response.headers.update(found.headers)
    return PageOf(items=[AlarmOut(**show_alarm(row[0], actor, now)) for row in found.rows], next=found.next)


@router.post("/{alarm_id}/acknowledge", response_model=AlarmOut, summary="Take an alarm on")
def acknowledge_alarm(request: Request, actor: Answerer, alarm_id: UUID) -> Response:
    """I look after it: it stops climbing, until the time that your ladder says. Taking over from another is told."""
    return _answer(request, actor, alarm_id, lambda session, now: acknowledge(session, actor, alarm_id, now=now))


@router.post("/{alarm_id}/snooze", response_model=AlarmOut, summary="Put an alarm off")
def snooze_alarm(request: Request, actor: Answerer, alarm_id: UUID, wish: SnoozeIn) -> Response:
    """I look after it, and it climbs on only after that time, at most seven days away."""
    return _answer(
        request,
        actor,
        alarm_id,
        lambda session, now: snooze(session, actor, alarm_id, wish.until_at, wish.why, now=now),
    )


@router.post("/{alarm_id}/clear", response_model=AlarmOut, summary="Say that it is over")
def clear_alarm(request: Request, actor: Answerer, alarm_id: UUID, wish: ClearIn) -> Response:
    """It is over. Where its reason still stands, the dispatcher raises it anew."""
    return _answer(
        request, actor, alarm_id, lambda session, now: clear_by_hand(session, actor, alarm_id, wish.why, now=now)
    )


@router.post("/{alarm_id}/put-back", response_model=AlarmOut, summary="Take the answer to an alarm back")
def put_alarm_back(request: Request, actor: Answerer, alarm_id: UUID) -> Response:
    """Nobody has it, and it climbs as before. What you said is over is open again, for an hour after you said so."""
    return _answer(request, actor, alarm_id, lambda session, now: put_back(session, actor, alarm_id, now=now))


def show_alarm(alarm: AlarmRow, actor: Actor, now: datetime) -> dict[str, Any]:
    """The fields of an `AlarmOut`. What the operator looks into of a client is the client's to answer."""
    state = state_of(alarm)
    return {
        **{name: getattr(alarm, name) for name in _SAME},
        "words": TROUBLE[alarm.kind].words,
        "state": state,
        "minutes_left": (alarm.due_at - now) // timedelta(minutes=1),
        "moves": list(ALARM[state]) if alarm.client_id == actor.client_id else [],
    }


_SAME = (
    "id", "client_id", "kind", "job_id", "visit_id", "subject_id", "raised_at", "due_at", "level", "next_climb_at",
    "acknowledged_at", "acknowledged_by", "snoozed_until", "snoozed_why", "cleared_at", "cleared_why", "cleared_by",
)  # fmt: skip


def _answer(request: Request, actor: Actor, alarm_id: UUID, do: Callable[[Session, datetime], object]) -> Response:
    def work(session: Session, now: datetime) -> Reply:
        do(session, now)
        alarm = find_alarm(session, actor, alarm_id)
        session.refresh(alarm)
        return Reply(AlarmOut(**show_alarm(alarm, actor, now)))

    return idempotent(request, actor, work)
