"""What waits for a person? Jobs that nobody took, and those whose yes waits for a pick."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from api.auth import StaffReader
from api.jobs import job_line, job_lines
from api.paging import Cursor, Limit, page
from api.parts import reading
from api.promising import PromiseLines, promise_lines
from api.schemas.offers import AskedOut
from api.schemas.pages import PageOf
from api.schemas.story import QueueItem
from api.showing import show_unfilled
from api.story import asked_with_person, show_asked
from dispatch.record.session import Actor
from dispatch.record.tables import JobRow, OfferRow

router = APIRouter(prefix="/v1/queue", tags=["why"])

_WAITING = ("requested", "countered")
#: What a dispatcher can do while somebody's yes waits.
_WAYS_ON = ["pick", "answer_counter", "hold", "cancel"]


@router.get("", response_model=PageOf[QueueItem], summary="What waits for me?")
def read_queue(
    request: Request, actor: StaffReader, response: Response, limit: Limit = 50, cursor: Cursor = None
) -> PageOf[QueueItem]:
    """Jobs that nobody took, with the reasons counted and the ways on; jobs where a yes or a counter waits."""
    waits = select(OfferRow.id).where(OfferRow.job_id == JobRow.id, OfferRow.state.in_(_WAITING)).exists()
    wanted = job_lines().where((JobRow.state == "unfilled") | waits)
    with reading(request, actor) as session:
        found = page(session, request, wanted, JobRow.id, limit=limit, cursor=cursor)
        waiting = waiting_answers(session, actor, [row[0].id for row in found.rows])
        promises = promise_lines(session, [row[0] for row in found.rows])
    response.headers.update(found.headers)
    return PageOf(items=[_item(actor, row, waiting, promises) for row in found.rows], next=found.next)


def waiting_answers(session: Session, actor: Actor, jobs: list[UUID]) -> dict[UUID, list[AskedOut]]:
    """Who said yes, or yes on other terms, and waits for a pick: by job, the best first."""
    rows = session.execute(
        asked_with_person()
        .where(OfferRow.job_id.in_(jobs), OfferRow.state.in_(_WAITING))
        .order_by(OfferRow.score.desc().nulls_last(), OfferRow.id)
    ).all()
    found: dict[UUID, list[AskedOut]] = {}
    for asked in show_asked(session, actor, rows):
        found.setdefault(asked.job_id, []).append(asked)
    return found


def _item(
    actor: Actor, row: Row[*tuple[Any, ...]], waiting: dict[UUID, list[AskedOut]], promises: PromiseLines
) -> QueueItem:
    job = row[0]
    unfilled = show_unfilled(job.unfilled, "operator" if actor.kind == "operator" else "client")
    is_unfilled = job.state == "unfilled"
    return QueueItem(
        job=job_line(row, promises),
        why="unfilled" if is_unfilled else "waiting_for_pick",
        unfilled=unfilled,
        waiting=waiting.get(job.id, []),
        ways_on=unfilled.ways_on if unfilled and is_unfilled else _WAYS_ON,
    )
