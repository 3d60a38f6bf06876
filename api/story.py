"""What became of this job, and why? Its offers, waves, decisions and events."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy import Row, Select, or_, select
from sqlalchemy.orm import Session, undefer

from api.auth import StaffReader
from api.candidates import show_changes
from api.homes import Way, read_sites, show_parts, show_way
from api.paging import Cursor, Limit, page
from api.parts import reading
from api.schemas.jobs import PayOut
from api.schemas.offers import AskedOut, CounterOut
from api.schemas.pages import PageOf
from api.schemas.story import DecisionLine, DecisionOut, EventOut, PlacedOut, WaveOut
from api.showing import show_person, show_reason
from api.visibility import view
from dispatch.errors import NotFound
from dispatch.jobs.releasing import backups_of
from dispatch.record.events import as_told
from dispatch.record.session import Actor
from dispatch.record.tables import (
    AssignmentRow,
    CounterRow,
    DecisionRow,
    EventRow,
    JobRow,
    OfferRow,
    RoundRow,
    StaffRow,
    TechnicianRow,
    VisitRow,
    WaveRow,
)
from matching.decision import Placed
from matching.explain import explain
from matching.reasons import Audience, visible_count

router = APIRouter(prefix="/v1/jobs/{job_id}", tags=["why"])


@router.get("/offers", response_model=PageOf[AskedOut], summary="Who was asked?")
def list_job_offers(
    request: Request, actor: StaffReader, response: Response, job_id: UUID, limit: Limit = 50, cursor: Cursor = None
) -> PageOf[AskedOut]:
    """Everyone who was asked or asked for it, and what they answered; newest first."""
    with reading(request, actor) as session:
        _exists(session, job_id)
        wanted = asked_with_person().where(OfferRow.job_id == job_id)
        found = page(session, request, wanted, OfferRow.id, limit=limit, cursor=cursor)
        items = show_asked(session, actor, found.rows)
    response.headers.update(found.headers)
    return PageOf(items=items, next=found.next)


@router.get("/waves", response_model=PageOf[WaveOut], summary="In which waves?")
def list_waves(
    request: Request, actor: StaffReader, response: Response, job_id: UUID, limit: Limit = 50, cursor: Cursor = None
) -> PageOf[WaveOut]:
    """The batches in which technicians were asked; newest first."""
    wanted = select(WaveRow, RoundRow).join(RoundRow, RoundRow.id == WaveRow.round_id).where(RoundRow.job_id == job_id)
    with reading(request, actor) as session:
        _exists(session, job_id)
        found = page(session, request, wanted, WaveRow.id, limit=limit, cursor=cursor)
    response.headers.update(found.headers)
    return PageOf(items=[_wave(row[0], row[1]) for row in found.rows], next=found.next)


@router.get("/decisions", response_model=PageOf[DecisionLine], summary="What was decided?")
def list_decisions(
    request: Request, actor: StaffReader, response: Response, job_id: UUID, limit: Limit = 50, cursor: Cursor = None
) -> PageOf[DecisionLine]:
    """The decisions about this job; newest first. Read one to see why."""
    with reading(request, actor) as session:
        _exists(session, job_id)
        wanted = select(DecisionRow).where(DecisionRow.job_id == job_id)
        found = page(session, request, wanted, DecisionRow.id, limit=limit, cursor=cursor)
    response.headers.update(found.headers)
    return PageOf(items=[DecisionLine(**_decision(row[0])) for row in found.rows], next=found.next)


@router.get("/decisions/{decision_id}", response_model=DecisionOut, summary="Why was it decided so?")
def get_decision(request: Request, actor: StaffReader, job_id: UUID, decision_id: UUID) -> DecisionOut:
    """Whom it chose, for which parts of the score; who may not, by reason; what would let more."""
    with reading(request, actor) as session:
        found = session.scalars(
            select(DecisionRow)
            .options(undefer(DecisionRow.inputs))
            .where(DecisionRow.id == decision_id, DecisionRow.job_id == job_id)
        ).one_or_none()
    if found is None:
        raise NotFound("decision", decision_id)
    audience: Audience = "operator" if actor.kind == "operator" else "client"
    told = explain(found.outcome, found.inputs, audience)
    return DecisionOut(
        **_decision(found),
        outcome=told.outcome,
        num_in_reach=visible_count(told.num_in_reach, audience),
        num_may=visible_count(told.num_may, audience),
        asked=_placed(told.asked, actor),
        next_best=_placed(told.next_best, actor),
        reasons=[show_reason(each) for each in told.reasons],
        changes=show_changes(told.changes),
    )


@router.get("/events", response_model=PageOf[EventOut], summary="What happened?")
def list_events(
    request: Request, actor: StaffReader, response: Response, job_id: UUID, limit: Limit = 50, cursor: Cursor = None
) -> PageOf[EventOut]:
    """Every change of the job, its visits, offers and assignments; newest first."""
    audience: Audience = "operator" if actor.kind == "operator" else "client"
    with reading(request, actor) as session:
        _exists(session, job_id)
        found = page(session, request, _story(job_id), EventRow.id, limit=limit, cursor=cursor)
        names = _names_of(session, {row[0].actor_id for row in found.rows} - {None})
    response.headers.update(found.headers)
    return PageOf(items=[_event(row[0], audience, names) for row in found.rows], next=found.next)


def asked_with_person() -> Select[*tuple[Any, ...]]:
    """Rows (offer, technician or None)."""
    return select(OfferRow, TechnicianRow).outerjoin(TechnicianRow, TechnicianRow.id == OfferRow.technician_id)


def show_asked(session: Session, actor: Actor, rows: Sequence[Row[*tuple[Any, ...]]]) -> list[AskedOut]:
    """Offers as the client's staff sees them, with the counters that wait."""
    ids = [row[0].id for row in rows]
    open_ones = select(CounterRow).where(CounterRow.offer_id.in_(ids), CounterRow.state == "open")
    counters = {counter.offer_id: counter for counter in session.scalars(open_ones)}
    sites = read_sites(session, (row[0].job_id for row in rows))
    backups = backups_of(session, {row[0].job_id for row in rows})
    return [
        _asked(
            actor,
            row[0],
            row[1],
            counters.get(row[0].id),
            show_way(row[0], row[1], sites[row[0].job_id], actor),
            is_backup=row[0].id in backups,
        )
        for row in rows
    ]


def _exists(session: Session, job_id: UUID) -> None:
    if session.scalar(select(JobRow.id).where(JobRow.id == job_id)) is None:
        raise NotFound("job", job_id)


def _asked(
    actor: Actor,
    offer: OfferRow,
    technician: TechnicianRow | None,
    counter: CounterRow | None,
    way: Way,
    *,
    is_backup: bool,
) -> AskedOut:
    seen = view(actor.kind, "assigned" if offer.state == "accepted" else "asked")
    return AskedOut(
        **{name: getattr(offer, name) for name in _OF_OFFER},
        technician=show_person(technician, offer.technician_id, seen),
        **asdict(way),
        is_backup=is_backup,
        counter=_counter(counter) if counter else None,
    )


def _counter(counter: CounterRow) -> CounterOut:
    asked = {"kind": counter.pay_kind, "amount": counter.pay_amount, "currency": counter.currency}
    pay = None if counter.pay_amount is None else PayOut.model_validate(asked)
    same = {name: getattr(counter, name) for name in ("id", "state", "start_at", "reason", "note", "made_at")}
    return CounterOut(**same, pay=pay)


def _wave(wave: WaveRow, of_round: RoundRow) -> WaveOut:
    return WaveOut(
        **{name: getattr(wave, name) for name in ("id", "num", "num_asked", "decision_id", "sent_at", "until_at")},
        visit_id=of_round.visit_id,
        role=of_round.role,
        round=of_round.num,
    )


def _decision(found: DecisionRow) -> dict[str, Any]:
    return {name: getattr(found, name) for name in DecisionLine.model_fields}


def _placed(placed: tuple[Placed, ...], actor: Actor) -> list[PlacedOut]:
    shown = ((each, *show_parts(each.total, each.parts, actor)) for each in placed)
    return [
        PlacedOut(technician=each.technician, place=each.place, total=total, parts=parts)
        for each, total, parts in shown
    ]


def _story(job_id: UUID) -> Select[*tuple[Any, ...]]:
    subjects = [
        (EventRow.subject_kind == kind) & EventRow.subject_id.in_(select(table.id).where(table.job_id == job_id))
        for kind, table in (("visit", VisitRow), ("offer", OfferRow), ("assignment", AssignmentRow))
    ]
    own = (EventRow.subject_kind == "job") & (EventRow.subject_id == job_id)
    return select(EventRow).where(or_(own, *subjects))


def _names_of(session: Session, actors: set[UUID]) -> dict[UUID, str]:
    """Who they are, as far as row-level security lets this session know."""
    staff = session.execute(select(StaffRow.id, StaffRow.name).where(StaffRow.id.in_(actors)))
    technicians = session.execute(select(TechnicianRow.id, TechnicianRow.name).where(TechnicianRow.id.in_(actors)))
    return {id_: name for id_, name in (*staff, *technicians)}


def _event(event: EventRow, audience: Audience, names: Mapping[UUID, str]) -> EventOut:
    same = {name: getattr(event, name) for name in EventOut.model_fields if name not in ("data", "actor_name")}
    name = None if event.actor_id is None else names.get(event.actor_id)
    return EventOut(**same, actor_name=name, data=as_told(event.kind, event.data, audience))


_OF_OFFER = (
    "id", "job_id", "visit_id", "role", "wave_id", "state", "rank", "terms_version", "sent_at",
    "viewed_at", "expires_at", "answered_at", "wanted_start_at", "reason", "is_by_name", "waived", "waived_why",
)  # fmt: skip
