"""Who has the work? Assignments: list, pick, release, hand back, substitute."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from api.answering import answer_of, lost_problem
from api.auth import STAFF, Anyone, Company, Dispatcher, Talent
from api.idempotency import Reply, idempotent
from api.paging import Cursor, Limit, page
from api.parts import reading
from api.problems import Problem
from api.schemas.changes import SubstitutedOut, SubstituteIn
from api.schemas.jobs import PayOut
from api.schemas.offers import AnswerOut, AssignmentMoved, AssignmentOut, AssignmentState, OfferMoved
from api.schemas.pages import PageOf
from api.schemas.posting import HandBackIn, PickIn, WhyIn
from api.showing import show_person, show_place
from api.visibility import view
from dispatch.errors import NotFound
from dispatch.jobs.acceptance import Lost, pick
from dispatch.jobs.changes import accept_counter, find_job, refuse_counter
from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow, CounterRow, JobRow, OfferRow, SiteRow, TechnicianRow
from dispatch.reputation.excuses import hand_back
from dispatch.visits.cancelling import release_from_work
from dispatch.visits.incidents import is_flagged
from dispatch.visits.substituting import NotSuitable, substitute

router = APIRouter(prefix="/v1", tags=["assignments"])


@router.get("/assignments", response_model=PageOf[AssignmentOut], summary="List assignments")
def list_assignments(
    request: Request,
    actor: Anyone,
    response: Response,
    state: Annotated[AssignmentState | None, Query(description="Only these.", examples=["live"])] = None,
    job_id: Annotated[UUID | None, Query(description="Only of this job.")] = None,
    technician_id: Annotated[UUID | None, Query(description="Only of this technician.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageOf[AssignmentOut]:
    """A client's, a technician's own, or those of a company's workers; newest first."""
    asked = {AssignmentRow.state: state, AssignmentRow.job_id: job_id, AssignmentRow.technician_id: technician_id}
    wanted = _own(actor).where(*(column == value for column, value in asked.items() if value is not None))
    with reading(request, actor) as session:
        found = page(session, request, wanted, AssignmentRow.id, limit=limit, cursor=cursor)
    response.headers.update(found.headers)
    return PageOf(items=[_show(actor, row) for row in found.rows], next=found.next)


@router.post("/jobs/{job_id}/assignments", response_model=AnswerOut, status_code=201, summary="Pick a technician")
def pick_technician(request: Request, actor: Dispatcher, job_id: UUID, choice: PickIn) -> Response:
    """The dispatcher gives the work to one of those who said yes; judged again at this moment."""

    def work(session: Session, now: datetime) -> Reply | Problem:
        find_job(session, actor, job_id)
        of_job = session.scalar(select(OfferRow.job_id).where(OfferRow.id == choice.offer_id))
        if of_job != job_id:
            raise NotFound("offer", choice.offer_id)
        return _created(answer_of(pick(session, actor, choice.offer_id, now=now), choice.offer_id, "client"))

    return idempotent(request, actor, work)


@router.post("/assignments/{assignment_id}/release", response_model=AssignmentMoved, summary="Release a technician")
def release_technician(request: Request, actor: Dispatcher, assignment_id: UUID, why: WhyIn) -> Response:
    """The client ends an assignment before the work begins; the slot reopens, the backup is asked first.

    To the technician it is what a cancellation is: what the terms say is owed, see `GET /v1/charges`.
    """

    def end(session: Session, now: datetime) -> None:
        release_from_work(session, actor, assignment_id, why.why, now=now)

    return _release(request, actor, assignment_id, end)


@router.post("/assignments/{assignment_id}/back-out", response_model=AssignmentMoved, summary="Hand work back")
def back_out(request: Request, actor: Talent, assignment_id: UUID, why: HandBackIn) -> Response:
    """The technician can't come after all; the slot reopens, the backup is asked first.

    Where `why` says that it lay with the client or with safety, a person looks before it counts: `GET /v1/reviews`.
    """

    def end(session: Session, now: datetime) -> None:
        hand_back(session, actor, assignment_id, why.why, why.words, now=now)

    return _release(request, actor, assignment_id, end)


@router.post(
    "/assignments/{assignment_id}/substitute", response_model=SubstitutedOut, summary="Send another of your workers"
)
def substitute_worker(request: Request, actor: Company, assignment_id: UUID, wish: SubstituteIn) -> Response:
    """A company names who comes instead, before the agreed start; judged by every rule, and told to the client."""

    def work(session: Session, now: datetime) -> Reply | Problem:
        answer = substitute(session, actor, assignment_id, wish.worker_id, wish.why, now=now)
        if isinstance(answer, NotSuitable):
            return lost_problem(Lost(assignment_id, "not_eligible", answer.rules, "live"), "technician")
        return Reply(
            SubstitutedOut(
                assignment_id=answer.assignment_id, instead_of=answer.before_id, technician_id=answer.technician_id
            )
        )

    return idempotent(request, actor, work)


@router.post("/counters/{counter_id}/accept", response_model=AnswerOut, summary="Take a counter")
def accept_a_counter(request: Request, actor: Dispatcher, counter_id: UUID) -> Response:
    """The terms get a new version and the work is theirs; judged again at this moment."""

    def work(session: Session, now: datetime) -> Reply | Problem:
        answer = accept_counter(session, actor, counter_id, now=now)
        offer_id = session.scalars(select(CounterRow.offer_id).where(CounterRow.id == counter_id)).one()
        return answer_of(answer, offer_id, "client")

    return idempotent(request, actor, work)


@router.post("/counters/{counter_id}/refuse", response_model=OfferMoved, summary="Refuse a counter")
def refuse_a_counter(request: Request, actor: Dispatcher, counter_id: UUID) -> Response:
    """The offer stands as it was."""

    def work(session: Session, now: datetime) -> Reply:
        refuse_counter(session, actor, counter_id, now=now)
        offer = session.execute(
            select(OfferRow.id, OfferRow.state)
            .join(CounterRow, CounterRow.offer_id == OfferRow.id)
            .where(CounterRow.id == counter_id)
        ).one()
        return Reply(OfferMoved(id=offer.id, state=offer.state, moves=[]))

    return idempotent(request, actor, work)


def own_assignments(actor: Actor) -> Any:
    """The condition that an assignment is the actor's: of their client, theirs, of their company's workers."""
    if actor.technician_id is not None:
        return AssignmentRow.technician_id == actor.technician_id
    if actor.company_id is not None:
        return AssignmentRow.company_id == actor.company_id
    if actor.client_id is not None:
        return AssignmentRow.client_id == actor.client_id
    return AssignmentRow.id.is_not(None)


def _own(actor: Actor) -> Select[*tuple[Any, ...]]:
    return (
        select(AssignmentRow, JobRow.title, SiteRow, TechnicianRow, is_flagged())
        .join(JobRow, JobRow.id == AssignmentRow.job_id)
        .join(SiteRow, SiteRow.id == JobRow.site_id)
        .outerjoin(TechnicianRow, TechnicianRow.id == AssignmentRow.technician_id)
        .where(own_assignments(actor))
    )


def _release(request: Request, actor: Actor, assignment_id: UUID, end: Callable[[Session, datetime], None]) -> Response:
    def work(session: Session, now: datetime) -> Reply:
        mine = select(AssignmentRow.id).where(AssignmentRow.id == assignment_id, own_assignments(actor))
        if session.scalar(mine) is None:
            raise NotFound("assignment", assignment_id)
        end(session, now)
        return Reply(AssignmentMoved(id=assignment_id, state="released"))

    return idempotent(request, actor, work)


def _created(reply: Reply | Problem) -> Reply | Problem:
    return Reply(reply.body, 201) if isinstance(reply, Reply) else reply


def _show(actor: Actor, row: Row[*tuple[Any, ...]]) -> AssignmentOut:
    assignment, title, site, technician, flagged = row[:5]
    is_current = assignment.state in ("live", "finished")
    seen = view(actor.kind, "assigned" if is_current else "none" if actor.kind in STAFF else "asked")
    return AssignmentOut(
        **{name: getattr(assignment, name) for name in _SAME},
        title=title,
        is_flagged=flagged,
        technician=show_person(technician, assignment.technician_id, seen),
        place=show_place(site, seen),
        pay=PayOut(kind=assignment.pay_kind, amount=assignment.pay_amount, currency=assignment.currency),
    )


_SAME = (
    "id", "job_id", "visit_id", "slot_id", "offer_id", "state", "mode", "terms_version", "start_at", "end_at",
    "assigned_at", "hand_back_until", "ended_at", "ended_by", "ended_why",
)  # fmt: skip
