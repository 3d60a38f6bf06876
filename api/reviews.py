"""May a person look again? The decision behind an offer, lapses, appeals, reviews, answers."""

import math
import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from api.auth import Anyone, only
from api.duepaging import page_by_due
from api.idempotency import Reply, idempotent
from api.paging import Cursor, Limit, page
from api.parts import parts_of, reading
from api.schemas.jobs import WindowOut
from api.schemas.pages import PageOf
from api.schemas.reputation import (
    AppealIn,
    LapsedRuleOut,
    LapseOut,
    OwnDecisionOut,
    OwnTickOut,
    ReviewAbout,
    ReviewAnswerIn,
    ReviewIn,
    ReviewOut,
    ReviewState,
    UnaskedOut,
    UnaskedWorkOut,
    WeightOut,
)
from api.showing import show_place
from api.visibility import view
from dispatch.jobs.lifecycle import NOT_THERE_YET
from dispatch.record.session import Actor, database_now, transaction
from dispatch.record.tables import AssignmentRow, DecisionRow, EventRow, JobRow, ReviewRow, SiteRow, VisitRow
from dispatch.reputation.decisions import OwnDecision, decision_about
from dispatch.reputation.lapsed import lapses_of
from dispatch.reputation.reviews import (
    answer,
    appeal,
    ask_about_lapse,
    ask_for_review,
    is_for_another,
    is_theirs_to_answer,
    waits_for,
)
from dispatch.reputation.unasked import Unasked, tell, unasked_decisions
from matching.advice import ADVICE
from matching.eligibility import Rule
from matching.reasons import WORDS, visible_count
from matching.ticks import Tick

router = APIRouter(prefix="/v1", tags=["reputation"])

_Appellant = Annotated[Actor, Depends(only("technician", "company"))]
_Technician = Annotated[Actor, Depends(only("technician"))]
_Reader = Annotated[Actor, Depends(only("technician", "company", "operator"))]
_Reviewer = Annotated[Actor, Depends(only("operator", "client_admin", "dispatcher"))]


@router.get("/offers/{offer_id}/decision", response_model=OwnDecisionOut, summary="Why was I asked, or not chosen?")
def get_own_decision(request: Request, actor: _Reader, offer_id: UUID) -> OwnDecisionOut:
    """The main parameters of the decision behind your offer, and how you stood in each; of nobody else."""
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        return _decision(decision_about(session, actor, offer_id))


@router.get(
    "/technicians/me/decisions", response_model=PageOf[UnaskedOut], summary="What was decided without asking me?"
)
def list_unasked(
    request: Request, actor: _Technician, response: Response, limit: Limit = 50, cursor: Cursor = None
) -> PageOf[UnaskedOut]:
    """Work of the last 90 days that you were in reach of and not asked for: which rule said no, or how you stood.

    Of clients that have to do with you, and of the market where you live. A page looks at so many decisions and tells
    those that had you in reach: it may be short, or empty, while `next` goes on. `POST /v1/reviews` has a person look.
    """
    assert actor.technician_id is not None
    me = actor.technician_id
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        wanted = unasked_decisions(session, me, now=database_now(session))
        found = page(session, request, wanted, DecisionRow.id, limit=limit, cursor=cursor)
        told = [tell(session, me, tuple(row[:5])) for row in found.rows]
        items = [_unasked(each) for each in told if each is not None]
    response.headers.update(found.headers)
    return PageOf(items=items, next=found.next)


@router.get("/lapses", response_model=PageOf[LapseOut], summary="Why is work of mine at risk, or gone?")
def list_lapses(
    request: Request, actor: _Appellant, response: Response, limit: Limit = 50, cursor: Cursor = None
) -> PageOf[LapseOut]:
    """What became of your work, or your workers', when a proof that it needs no longer held; the newest first."""
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        found = page(session, request, lapses_of(actor), EventRow.id, limit=limit, cursor=cursor)
        items = [_lapse(*row[:3]) for row in found.rows]
    response.headers.update(found.headers)
    return PageOf(items=items, next=found.next)


@router.post("/appeals", response_model=ReviewOut, status_code=201, summary="Appeal against an outcome")
def post_appeal(request: Request, actor: _Appellant, wish: AppealIn) -> Response:
    """Say why an outcome is wrong, or was not your doing: it doesn't count until a person has answered."""
    return _do(request, actor, 201, lambda session, now: appeal(session, actor, wish.event_id, wish.words, now=now))


@router.post(
    "/reviews", response_model=ReviewOut, status_code=201, summary="Ask a person to look at a decision or a lapse"
)
def post_review(request: Request, actor: _Appellant, wish: ReviewIn) -> Response:
    """A person looks at what was decided about you, or your company's technician, and answers with words, by a date."""

    def ask(session: Session, now: datetime) -> ReviewRow:
        if wish.lapse_id is not None:
            return ask_about_lapse(session, actor, wish.lapse_id, wish.words, now=now)
        assert wish.decision_id is not None, "one of them is named"
        return ask_for_review(session, actor, wish.decision_id, wish.words, technician_id=wish.technician_id, now=now)

    return _do(request, actor, 201, ask)


@router.get("/reviews", response_model=PageOf[ReviewOut], summary="List appeals and reviews")
def list_reviews(
    request: Request,
    actor: Anyone,
    response: Response,
    state: Annotated[ReviewState | None, Query(description="Only these.", examples=["open"])] = None,
    about: Annotated[ReviewAbout | None, Query(description="Only these.", examples=["outcome"])] = None,
    to_answer: Annotated[
        bool, Query(description="Only those that wait for your answer, the first that is due first.", examples=[True])
    ] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageOf[ReviewOut]:
    """Your own; those about a client's work, for its staff; all, for the network. The newest first.

    With `to_answer` only those that wait for you, the first that is due first.
    """
    asked = {ReviewRow.state: state, ReviewRow.about: about}
    wanted = _shown(actor).where(*(column == value for column, value in asked.items() if value is not None))
    if actor.kind == "gateway":
        wanted = wanted.where(ReviewRow.technician_id == actor.technician_id)
    with reading(request, actor) as session:
        now = database_now(session)
        if to_answer:
            due = wanted.where(waits_for(actor))
            found = page_by_due(session, request, due, ReviewRow.due_at, ReviewRow.id, limit=limit, cursor=cursor)
        else:
            found = page(session, request, wanted, ReviewRow.id, limit=limit, cursor=cursor)
    response.headers.update(found.headers)
    return PageOf(items=[_show(row, actor, now) for row in found.rows], next=found.next)


@router.post("/reviews/{review_id}/answer", response_model=ReviewOut, summary="Answer an appeal or a review")
def answer_review(request: Request, actor: _Reviewer, review_id: UUID, said: ReviewAnswerIn) -> Response:
    """A person decides, with words. Appeals are the network's to answer; the others the client's as well.

    An excuse is its client's alone until its date, and then the network's.
    """
    return _do(
        request,
        actor,
        200,
        lambda session, now: answer(session, actor, review_id, said.verdict, said.words, now=now),
    )


def _do(request: Request, actor: Actor, status: int, do: Callable[[Session, datetime], ReviewRow]) -> Response:
    def work(session: Session, now: datetime) -> Reply:
        row = session.execute(_shown(actor).where(ReviewRow.id == do(session, now).id)).one()
        return Reply(_show(row, actor, now), status)

    return idempotent(request, actor, work)


def _shown(actor: Actor) -> Select[*tuple[Any, ...]]:
    """Reviews with the work that each is about, as far as whoever asks may read it."""
    return (
        select(
            ReviewRow,
            func.coalesce(AssignmentRow.job_id, DecisionRow.job_id).label("job_id"),
            AssignmentRow.ended_why,
            AssignmentRow.start_at,
            SiteRow.time_zone,
            VisitRow.outcome,
            VisitRow.outcome_why,
            # What was handed back was never begun.
            AssignmentRow.checked_in_at.is_not(None).label("is_of_ending"),
            is_for_another(actor).label("is_for_another"),
        )
        .outerjoin(AssignmentRow, AssignmentRow.id == ReviewRow.assignment_id)
        .outerjoin(VisitRow, VisitRow.id == AssignmentRow.visit_id)
        .outerjoin(DecisionRow, DecisionRow.id == ReviewRow.decision_id)
        .outerjoin(JobRow, JobRow.id == AssignmentRow.job_id)
        .outerjoin(SiteRow, SiteRow.id == JobRow.site_id)
    )


def _show(found: Row[*tuple[Any, ...]], actor: Actor, now: datetime) -> ReviewOut:
    row: ReviewRow = found[0]
    is_open, is_excuse = row.state == "open", row.about == "excuse"
    is_of_ending = is_excuse and found.is_of_ending
    is_anothers = is_open and found.is_for_another
    return ReviewOut(
        **{name: getattr(row, name) for name in _SAME},
        job_id=found.job_id,
        outcome=found.outcome if is_of_ending else None,
        why=found.outcome_why if is_of_ending else found.ended_why if is_excuse else None,
        start_at=found.start_at if is_excuse else None,
        time_zone=found.time_zone if is_excuse else None,
        is_late=is_open and row.due_at <= now,
        is_for_another=is_anothers,
        moves=["answer"] if is_open and is_theirs_to_answer(actor, row) and not is_anothers else [],
    )


_SAME = (
    "id", "client_id", "technician_id", "about", "event_id", "assignment_id", "decision_id", "words", "state",
    "made_at", "due_at", "passed_on_at", "answer", "decided_at",
)  # fmt: skip


def _lapse(event: EventRow, work: AssignmentRow, review_id: UUID | None) -> LapseOut:
    told = event.data
    return LapseOut(
        id=event.id,
        assignment_id=work.id,
        technician_id=event.subject_id,
        client_id=work.client_id,
        job_id=work.job_id,
        visit_id=work.visit_id,
        decided_at=event.at,
        fate=told["fate"],
        rules=[LapsedRuleOut(rule=code, words=WORDS[_RULES[code]]) for code in told["rules"]],
        proofs=told["proofs"],
        start_at=datetime.fromisoformat(told["start_at"]),
        end_at=datetime.fromisoformat(told["end_at"]),
        is_open=work.state == "live" and work.presence in NOT_THERE_YET,
        review_id=review_id,
    )


_RULES = {rule.code: rule for rule in Rule}


def _unasked(found: Unasked) -> UnaskedOut:
    work = None
    if found.work is not None:
        job, visit, site = found.work
        work = UnaskedWorkOut(
            title=job.title,
            job_type=job.job_type,
            client=found.client.name if found.is_known else None,
            place=show_place(site, view("technician", "none")),
            window=WindowOut(start_at=visit.window_start_at, end_at=visit.window_end_at),
            duration_min=visit.duration_min,
        )
    return UnaskedOut(**dict(_decision(found.own)), work=work)


def _decision(own: OwnDecision) -> OwnDecisionOut:
    told, decision = own.told, own.decision
    # Whether they are somebody's favourite is not theirs to know; by finer parts the way to the door could be told.
    parts = {name: round(part, 2) for name, part in told.parts.items() if name != "preference"}
    return OwnDecisionOut(
        decision_id=decision.id,
        job_id=decision.job_id,
        decided_at=own.decided_at,
        kind=decision.kind,  # type: ignore[arg-type]
        policy_version=decision.policy_version,
        engine_version=decision.engine_version,
        may=told.may,
        was_asked=told.was_asked,
        place=told.place,
        num_may=visible_count(told.num_may, "client"),
        total=math.fsum(parts.values()),
        weights=[WeightOut(name=name, weight=own.weights[name], part=part) for name, part in parts.items()],
        rules=[
            OwnTickOut(
                rule=tick.rule.code,
                holds=tick.holds,
                text=_coarse(tick),
                words=WORDS[tick.rule],
                advice="" if tick.holds else ADVICE[tick.rule],
            )
            for tick in told.ticks
        ],
        outcome=own.outcome,
        review_id=own.review_id,
    )


def _coarse(tick: Tick) -> str:
    """How far the site is, as coarsely as an offer tells it; all else as it was judged by."""
    return _KM.sub(lambda km: f"{round(float(km[1]))} km", tick.text) if tick.rule is Rule.AREA else tick.text


_KM = re.compile(r"(\d+\.\d+) km")
