"""What was promised, and what is at risk? Pause, resume, and the risks of a job ahead of time."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth import Requester, StaffReader
from api.idempotency import Reply, idempotent
from api.parts import parts_of
from api.promising import show_promise
from api.schemas.jobs import PromiseOut
from api.schemas.trouble import PauseIn, RiskOut, RisksOut
from dispatch.errors import NotFound
from dispatch.jobs.promises import pause_promise, resume_promise
from dispatch.jobs.reading import read_day_policy
from dispatch.record.session import Actor, database_now, transaction
from dispatch.record.tables import JobRow, SiteRow
from dispatch.visits.riskfacts import read_facts
from matching.atrisk import risks

router = APIRouter(prefix="/v1/jobs", tags=["trouble"])


@router.post("/{job_id}/sla/pause", response_model=PromiseOut, summary="Let the deadlines stand still")
def pause_sla(request: Request, actor: Requester, job_id: UUID, pause: PauseIn) -> Response:
    """The clock of what was promised stands still, with a reason, until it is resumed."""
    return _move(request, actor, job_id, lambda session, now: pause_promise(session, actor, job_id, pause.why, now=now))


@router.post("/{job_id}/sla/resume", response_model=PromiseOut, summary="Let the deadlines run on")
def resume_sla(request: Request, actor: Requester, job_id: UUID) -> Response:
    """Deadlines still ahead move by the minutes of the pause that count: the site's open ones, or all."""
    return _move(request, actor, job_id, lambda session, now: resume_promise(session, actor, job_id, now=now))


@router.get("/{job_id}/risks", response_model=RisksOut, summary="What will go wrong?")
def list_risks(request: Request, actor: StaffReader, job_id: UUID) -> RisksOut:
    """What goes wrong with this job if nobody does anything, the most urgent first; seen ahead, before anyone drives.

    Travel, confirmation, parts, credentials, what was promised, places that nobody has taken.
    """
    # As the engine: what keeps a technician may be another client's work, of which nothing is told.
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        job, site = _find(session, actor, job_id)
        now = database_now(session)
        facts = read_facts(session, [(job, site)], now=now)[job_id]
        found = risks(facts, read_day_policy(job), now)
    items = [
        RiskOut(
            kind=each.kind,
            words=each.words,
            detail=each.detail,
            visit_id=each.visit_id,
            due_at=each.due_at,
            minutes_left=each.minutes_left(now),
        )
        for each in found
    ]
    return RisksOut(items=items)


def _move(request: Request, actor: Actor, job_id: UUID, do: Callable[[Session, datetime], None]) -> Response:
    def work(session: Session, now: datetime) -> Reply:
        do(session, now)
        job, site = _find(session, actor, job_id)
        session.refresh(job)
        return Reply(show_promise(session, job, site))

    return idempotent(request, actor, work)


def _find(session: Session, actor: Actor, job_id: UUID) -> tuple[JobRow, SiteRow]:
    row = session.execute(
        select(JobRow, SiteRow).join(SiteRow, SiteRow.id == JobRow.site_id).where(JobRow.id == job_id)
    ).one_or_none()
    if row is None or actor.client_id not in (None, row[0].client_id):
        raise NotFound("job", job_id)
    return row[0], row[1]
