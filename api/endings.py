"""What when a visit did not go as planned? A no-show, another trip, one that is dropped, work sent back."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth import Dispatcher, Requester
from api.idempotency import Reply, idempotent
from api.schemas.jobs import JobMoved
from api.schemas.posting import WhyIn, WindowIn
from api.schemas.visits import DroppedOut, NextVisitIn, NextVisitOut, NoShowIn, VisitMoved, WorkBackIn
from api.showing import show_moved
from api.visits import moved_out
from dispatch.errors import Conflict, NotFound
from dispatch.jobs.changes import find_job
from dispatch.jobs.lifecycle import VISIT
from dispatch.record.session import Actor
from dispatch.record.tables import JobRow, VisitRow
from dispatch.visits.completion import send_back_job
from dispatch.visits.dropping import drop_visit
from dispatch.visits.nextvisit import Window, add_visit, next_window, who_was_there
from dispatch.visits.noshow import mark_no_show

router = APIRouter(prefix="/v1", tags=["visits"])


@router.post("/visits/{visit_id}/no-show", response_model=VisitMoved, summary="Say that nobody came")
def post_no_show(request: Request, actor: Dispatcher, visit_id: UUID, said: NoShowIn) -> Response:
    """A person called and says so, after the agreed start. The backup is asked at once."""

    def work(session: Session, now: datetime) -> Reply:
        visit = session.get(VisitRow, visit_id)
        window = _window(said.window, said.duration_min, visit)
        moved = mark_no_show(session, actor, visit_id, said.technician_id, said.why, window=window, now=now)
        return Reply(moved_out(session, moved))

    return idempotent(request, actor, work)


@router.post("/visits/{visit_id}/drop", response_model=DroppedOut, summary="Drop a visit")
def post_drop(request: Request, actor: Dispatcher, visit_id: UUID, why: WhyIn) -> Response:
    """No such trip is wanted any more; the job goes on without it. A job's only visit: cancel the job."""

    def work(session: Session, now: datetime) -> Reply:
        owed = drop_visit(session, actor, visit_id, why.why, now=now)
        charges = sum(len(each.charges) for each in owed)
        return Reply(DroppedOut(id=visit_id, state="cancelled", num_charges=charges))

    return idempotent(request, actor, work)


@router.post("/jobs/{job_id}/visits", status_code=201, response_model=NextVisitOut, summary="Add a visit")
def post_visit(request: Request, actor: Dispatcher, job_id: UUID, wish: NextVisitIn) -> Response:
    """Another trip, after the last one ended without the job being done; offered at once."""

    def work(session: Session, now: datetime) -> Reply:
        made = _add(session, actor, job_id, wish, now)
        return Reply(NextVisitOut(id=made, job_id=job_id), 201, {"Location": f"/v1/visits/{made}"})

    return idempotent(request, actor, work)


@router.post("/jobs/{job_id}/send-back", response_model=JobMoved, summary="Send work back")
def post_send_back(request: Request, actor: Requester, job_id: UUID, back: WorkBackIn) -> Response:
    """What is done is not good: a list of what is to be mended, and by when."""

    def work(session: Session, now: datetime) -> Reply:
        send_back_job(session, actor, job_id, back.items, back.due_at, now=now)
        return Reply(show_moved(session, job_id))

    return idempotent(request, actor, work)


def _add(session: Session, actor: Actor, job_id: UUID, wish: NextVisitIn, now: datetime) -> UUID:
    job = find_job(session, actor, job_id)
    visits = session.scalars(select(VisitRow).where(VisitRow.job_id == job_id).order_by(VisitRow.num)).all()
    going = [visit for visit in visits if VISIT[visit.state]]
    if going:
        raise Conflict(f"visit {going[0].num} is {going[0].state}", "add a visit", ("change its time", "drop it"))
    if not visits:
        raise NotFound("visit of job", job_id)
    last = visits[-1]
    window = _window(wish.window, wish.duration_min, last) or _by_rule(session, job, last, wish, now)
    first = dict(who_was_there(session, last.id)) if wish.is_same_asked_first else {}
    return add_visit(session, actor, last, window, "by_dispatcher", first_ask=first, now=now)


def _by_rule(session: Session, job: JobRow, last: VisitRow, wish: NextVisitIn, now: datetime) -> Window:
    window = next_window(session, job, last, now=now)
    return Window(window.start_at, window.end_at, wish.duration_min or window.duration_min)


def _window(window: WindowIn | None, duration_min: int | None, visit: VisitRow | None) -> Window | None:
    if window is None or visit is None:
        return None
    return Window(window.start_at, window.end_at, duration_min or visit.duration_min)
