"""Where is my work as a calendar? A secret address that its technician makes and ends, and what is read there."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from sqlalchemy.orm import Session

from api.auth import Technician
from api.idempotency import Reply, idempotent, to_response
from api.parts import parts_of, writing
from api.schemas.messages import CalendarMade, CalendarOut
from dispatch.record.session import ENGINE, database_now, transaction
from dispatch.visits.calendar import end_feed, feed_made_at, make_feed, read_feed, write_calendar

router = APIRouter(prefix="/v1", tags=["preferences"])

_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/calendar": {"schema": {"type": "string"}}}, "description": "The work as iCalendar."},
    404: {"description": "There is no such address, or not any more."},
}


@router.get("/preferences/calendar", response_model=CalendarOut, summary="Is there a calendar of my work?")
def get_calendar(request: Request, actor: Technician) -> CalendarOut:
    """Since when its address opens it; the address itself is not shown again."""
    assert actor.technician_id is not None
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        return CalendarOut(made_at=feed_made_at(session, actor.technician_id))


@router.post("/preferences/calendar", status_code=201, response_model=CalendarMade, summary="Make a calendar's address")
def post_calendar(request: Request, actor: Technician) -> Response:
    """Your work as iCalendar, for the calendar on any device. Whoever has the address reads it: keep it to yourself.

    It is shown this once, and the one before opens nothing any more. The same request again is answered without it.
    """
    technician_id, made = actor.technician_id, list[str]()
    assert technician_id is not None

    def work(session: Session, now: datetime) -> Reply:
        made.append(make_feed(session, actor, technician_id, now=now))
        return Reply(CalendarMade(made_at=now, url=None), 201)

    response = idempotent(request, actor, work)
    if response.status_code != 201 or not made:
        return response
    url = f"{parts_of(request).settings.base_url}/v1/calendars/{technician_id}/{made[-1]}.ics"
    shown = CalendarMade.model_validate_json(bytes(response.body)).model_copy(update={"url": url})
    return to_response(Reply(shown, 201, {"Cache-Control": "no-store"}))


@router.delete("/preferences/calendar", status_code=204, response_class=Response, summary="End a calendar's address")
def delete_calendar(request: Request, actor: Technician) -> Response:
    """Nobody reads your work there any more."""
    assert actor.technician_id is not None
    with writing(request, actor, "engine") as session:
        end_feed(session, actor, actor.technician_id, now=database_now(session))
    return Response(status_code=204)


@router.get(
    "/calendars/{technician_id}/{secret}.ics",
    response_class=Response,
    responses=_FILE,
    summary="Read a calendar",
)
def read_calendar(
    request: Request,
    technician_id: UUID,
    secret: Annotated[str, Path(max_length=100, description="What only the address holds.")],
) -> Response:
    """A month back and a year ahead. No key is asked for: the address is the secret."""
    with transaction(parts_of(request).engine, ENGINE, role="engine") as session:
        now = database_now(session)
        text = write_calendar(read_feed(session, technician_id, secret, now=now), name="Truckroll", now=now)
    headers = {"Cache-Control": "private, max-age=300", "Referrer-Policy": "no-referrer"}
    return Response(text, media_type="text/calendar; charset=utf-8", headers=headers)
