"""What needs a person, most urgent first? One list: open alarms, what they are about, and what to do next."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.routing import APIRoute
from sqlalchemy import Row

from api.alarms import show_alarm
from api.auth import StaffReader
from api.duepaging import page_by_due
from api.openapi import operation_id
from api.paging import Cursor, Limit
from api.parts import reading
from api.queue import waiting_answers
from api.schemas.jobs import PersonOut
from api.schemas.pages import PageOf
from api.schemas.trouble import ActOut, TroubleItem, TroubleJob, TroubleSite, TroubleVisit
from api.showing import show_person, show_unfilled
from api.visibility import view
from dispatch.errors import BadInput
from dispatch.record.session import Actor, database_now
from dispatch.record.tables import AlarmRow, TechnicianRow
from dispatch.visits.troublelist import TroubleFilter, open_trouble, people_of, takers_of
from matching.trouble import TROUBLE

router = APIRouter(prefix="/v1/trouble", tags=["trouble"])

#: What can be done about any alarm, after what its kind says.
_ALWAYS = ("acknowledge_alarm", "snooze_alarm", "clear_alarm")

_Holder = tuple[UUID, TechnicianRow]


@router.get("", response_model=PageOf[TroubleItem], summary="What needs me now?")
def list_trouble(
    request: Request,
    actor: StaffReader,
    response: Response,
    kind: Annotated[list[str] | None, Query(max_length=30, description="Only of these kinds.")] = None,
    site_id: Annotated[UUID | None, Query(description="Only at this site.")] = None,
    client_id: Annotated[UUID | None, Query(description="The operator's: only of this client.")] = None,
    mine: Annotated[bool, Query(description="Only what I took on, or what climbed to me.")] = False,
    unacknowledged: Annotated[bool, Query(description="Only what nobody has taken on.")] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageOf[TroubleItem]:
    """Everything that needs a person, by minutes left: what will be too late first comes first."""
    for each in kind or ():
        if each not in TROUBLE:
            raise BadInput("?kind", each, f"name some of {', '.join(sorted(TROUBLE))}")
    wanted = TroubleFilter(tuple(kind or ()), client_id, site_id, actor.id if mine else None, unacknowledged)
    with reading(request, actor) as session:
        now = database_now(session)
        found = page_by_due(
            session, request, open_trouble(wanted), AlarmRow.due_at, AlarmRow.id, limit=limit, cursor=cursor
        )
        people = people_of(session, found.rows)
        takers = takers_of(session, found.rows)
        waiting = waiting_answers(session, actor, [row[1].id for row in found.rows if row[0].kind == "pick_waiting"])
    routes: Mapping[str, APIRoute] = request.app.state.routes
    items = [_item(actor, row, people, takers, waiting, routes, now) for row in found.rows]
    response.headers.update(found.headers)
    return PageOf(items=items, next=found.next)


def _item(
    actor: Actor,
    row: Row[*tuple[Any, ...]],
    people: Mapping[UUID, Sequence[_Holder]],
    takers: Mapping[UUID, str],
    waiting: Mapping[UUID, list[Any]],
    routes: Mapping[str, APIRoute],
    now: datetime,
) -> TroubleItem:
    alarm, job, visit, site = row[:4]
    holders = people.get(job.id, ()) if job is not None else ()
    is_unfilled = job is not None and job.state == "unfilled"
    audience = "operator" if actor.kind == "operator" else "client"
    return TroubleItem(
        **show_alarm(alarm, actor, now),
        acknowledged_by_name=takers.get(alarm.acknowledged_by),
        job=TroubleJob.model_validate(job) if job is not None else None,
        visit=TroubleVisit.model_validate(visit) if visit is not None else None,
        site=TroubleSite.model_validate(site) if site is not None else None,
        technicians=[_person(actor, technician) for _, technician in holders],
        unfilled=show_unfilled(job.unfilled, audience) if is_unfilled else None,  # type: ignore[arg-type]
        waiting=waiting.get(job.id, []) if job is not None and alarm.kind == "pick_waiting" else [],
        acts=_acts(alarm, holders, routes),
    )


def _person(actor: Actor, technician: TechnicianRow) -> PersonOut:
    return show_person(technician, technician.id, view(actor.kind, "assigned"))


def _acts(alarm: AlarmRow, holders: Sequence[_Holder], routes: Mapping[str, APIRoute]) -> list[ActOut]:
    """The routes that help, with the ids that are known set in."""
    known = {"alarm_id": alarm.id, "job_id": alarm.job_id, "visit_id": alarm.visit_id}
    if len(holders) == 1:
        known["assignment_id"] = holders[0][0]
    found = []
    for name in (*TROUBLE[alarm.kind].acts, *_ALWAYS):
        path = routes[name].path
        for each, value in known.items():
            path = path.replace(f"{{{each}}}", str(value)) if value is not None else path
        if alarm.subject_id not in (alarm.job_id, alarm.visit_id, *known.values()) and path.count("{") == 1:
            # A request, a proposal, a webhook: its own id is the one that is left.
            path = f"{path[: path.index('{')]}{alarm.subject_id}{path[path.index('}') + 1 :]}"
        found.append(ActOut(operation=operation_id(name), method=min(routes[name].methods or ()), path=path))
    return found
