"""Who has the duty? The rota: who is there now, the shifts that follow, the gaps between them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth import Dispatcher, Requester
from api.idempotency import Reply, idempotent
from api.parts import reading, writing
from api.schemas.trouble import DutyOut, GapOut, ShiftIn, ShiftOut, ShiftsPlanned
from dispatch.record.session import database_now
from dispatch.record.tables import DutyShiftRow, StaffRow
from dispatch.visits.duty import Shift, drop_shift, gaps, levels_wanted, plan_shift, shifts_between, span_of

router = APIRouter(prefix="/v1/duty", tags=["trouble"])


@router.get("", response_model=DutyOut, summary="Who has the duty?")
def get_duty(
    request: Request,
    actor: Requester,
    days: Annotated[int, Query(ge=1, le=62, description="How far ahead.", examples=[14])] = 14,
) -> DutyOut:
    """Who has it now, who will have it, and when nobody has, of every level that your ladder climbs to."""
    assert actor.client_id is not None
    with reading(request, actor) as session:
        now = database_now(session)
        until = now + timedelta(days=days)
        rows = shifts_between(session, actor.client_id, now, until)
        shifts = _show(session, rows)
        levels = sorted(levels_wanted(session, actor.client_id) | {row.level for row in rows})
    found = [
        GapOut(level=level, from_at=begin, to_at=end)
        for level in levels
        for begin, end in gaps((span_of(row) for row in rows if row.level == level), now, until)
    ]
    return DutyOut(on_duty=[each for each in shifts if each.from_at <= now], shifts=shifts, gaps=found, until_at=until)


@router.post("/shifts", status_code=201, response_model=ShiftsPlanned, summary="Plan a shift of duty")
def post_shift(request: Request, actor: Dispatcher, shift: ShiftIn) -> Response:
    """Once, or at the same hours by the clock of its zone for several weeks; all of it or nothing.

    Two never have the same level at a time.
    """
    contact = shift.contact
    planned = Shift(
        level=shift.level,
        from_at=shift.from_at,
        to_at=shift.to_at,
        time_zone=shift.time_zone,
        staff_id=shift.staff_id,
        contact_name=contact.name if contact else None,
        contact_email=contact.email if contact else None,
        contact_phone=contact.phone if contact else None,
        weeks=shift.weeks,
    )

    def work(session: Session, now: datetime) -> Reply:
        return Reply(ShiftsPlanned(items=plan_shift(session, actor, planned, now=now)), 201)

    return idempotent(request, actor, work)


@router.delete("/shifts/{shift_id}", status_code=204, response_class=Response, summary="Drop a shift of duty")
def delete_shift(request: Request, actor: Dispatcher, shift_id: UUID) -> Response:
    """Take it off the rota."""
    with writing(request, actor, "engine") as session:
        drop_shift(session, actor, shift_id, now=database_now(session))
    return Response(status_code=204)


def _show(session: Session, rows: Sequence[DutyShiftRow]) -> list[ShiftOut]:
    wanted = {row.staff_id for row in rows if row.staff_id is not None}
    staff = {each.id: each for each in session.scalars(select(StaffRow).where(StaffRow.id.in_(wanted)))}
    found = []
    for row in rows:
        begin, end = span_of(row)
        person = staff[row.staff_id] if row.staff_id is not None else None
        found.append(
            ShiftOut(
                id=row.id,
                level=row.level,
                staff_id=row.staff_id,
                name=person.name if person else row.contact_name or "",
                email=person.email if person else row.contact_email,
                phone=row.contact_phone,
                from_at=begin,
                to_at=end,
                time_zone=row.time_zone,
            )
        )
    return found
