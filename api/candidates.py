"""Who may do this job, who may not, and what would let more? Asked of this process's own index, at this moment."""

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import numpy as np
from fastapi import APIRouter, Query, Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth import StaffReader
from api.homes import show_home_distance, show_travel
from api.parts import Parts, parts_of, reading
from api.schemas.jobs import ReasonOut
from api.schemas.story import CandidateDetail, CandidateOut, CandidatesOut, ChangeOut, SpotOnMap, TickOut, WouldCostOut
from api.schemas.values import Instant
from api.showing import show_person, show_reason
from api.visibility import HIDDEN_RESOLUTION, view
from dispatch.errors import BadInput, NotFound
from dispatch.index.search import search, search_by_cell
from dispatch.jobs.reading import RoleOfVisit, read_asked, read_role
from dispatch.money.holding import planned_pay
from dispatch.record.session import Actor, database_now
from dispatch.record.tables import RoundRow, SlotRow, TechnicianRow, VisitRow
from dispatch.talent.usage import soft_left
from geo.cells import cell_of, center
from matching.candidates import Candidates
from matching.eligibility import Words, judge
from matching.errors import JobError
from matching.ranking import rank
from matching.rates import Rates
from matching.reasons import Audience, visible_count, visible_reasons, visible_rows
from matching.remedies import Change, could_do_it_if
from matching.scoring import Scores, score
from matching.ticks import ticks
from matching.usage import NO_LIMIT

router = APIRouter(prefix="/v1/jobs/{job_id}/candidates", tags=["why"])

_Role = Annotated[str | None, Query(max_length=64, description="Of this role; empty: the first.", examples=[None])]
_At = Annotated[
    Instant | None,
    Query(description="As if the window began then, as long as it is: what would a move do?", examples=[None]),
]
#: Equal scores are ordered by this; an offer's own seed may order them otherwise.
_SEED = 0
_MILE_M = Decimal("1609.344")


@router.get("", response_model=CandidatesOut, summary="Who may do it?")
def list_candidates(
    request: Request,
    actor: StaffReader,
    job_id: UUID,
    role: _Role = None,
    start_at: _At = None,
    limit: Annotated[int, Query(ge=1, le=200, description="How many of the best.", examples=[20])] = 20,
) -> CandidatesOut:
    """The best who may, with the parts of their score; why the others may not; what would let more."""
    parts = parts_of(request)
    with reading(request, actor) as session:
        found = _search(session, actor, parts, job_id, role, start_at)
        best = found.order[:limit].tolist()
        people = _people(session, [found.candidates.id_at(row) for row in best])
    num_in_reach = visible_count(len(found.words), found.audience)
    return CandidatesOut(
        visit_id=found.unit.job.id,
        role=found.unit.job.role,
        at=found.now,
        staleness_s=_staleness(parts),
        num_in_reach=num_in_reach,
        num_may=len(found.order),
        candidates=[_candidate(actor, found, row, place, people) for place, row in enumerate(best, start=1)],
        reasons=_reasons(found.words, found.audience),
        changes=show_changes(
            could_do_it_if(found.unit.job, found.candidates, found.unit.policy, found.words, audience=found.audience)
        ),
    )


@router.get("/{technician_id}", response_model=CandidateDetail, summary="May this technician do it?")
def get_candidate(
    request: Request,
    actor: StaffReader,
    job_id: UUID,
    technician_id: UUID,
    role: _Role = None,
    start_at: _At = None,
) -> CandidateDetail:
    """One technician in reach: place, score, and the rules that say no."""
    parts = parts_of(request)
    with reading(request, actor) as session:
        found = _search(session, actor, parts, job_id, role, start_at)
        person = session.scalars(select(TechnicianRow).where(TechnicianRow.id == technician_id)).one_or_none()
        is_operator = found.audience == "operator"
        soft_s = soft_left(session, found.unit.job, technician_id, now=found.now) if is_operator else NO_LIMIT
    at = np.flatnonzero(found.candidates.ids == np.bytes_(technician_id.bytes))
    if person is None or not len(at):
        raise NotFound("technician in reach", technician_id)
    row = int(at[0])
    seen = view(actor.kind, "none")
    place = np.flatnonzero(found.order == row)
    told = ticks(found.unit.job, found.candidates, found.unit.policy, row, soft_left_s=soft_s) if is_operator else ()
    return CandidateDetail(
        visit_id=found.unit.job.id,
        role=found.unit.job.role,
        technician=show_person(person, technician_id, seen),
        may=not found.words[row],
        place=int(place[0]) + 1 if len(place) else None,
        total=float(found.scores.total[row]),
        parts=found.scores.parts_at(row),
        distance_m=show_home_distance(float(found.candidates.distance_m[row]), actor) or 0,
        travel_s=show_travel(int(found.candidates.travel_s[row]), actor) or 0,
        cost=_cost(actor, found, row),
        failed=_own_reasons(found.words[row : row + 1], found.audience),
        ticks=[TickOut(rule=tick.rule.code, holds=tick.holds, text=tick.text) for tick in told],
    )


def show_changes(changes: tuple[Change, ...]) -> list[ChangeOut]:
    """Could do it if …"""
    return [ChangeOut(**asdict(change), text=change.text) for change in changes]


@dataclass(frozen=True, slots=True)
class _Found:
    """Everyone in reach of whom the audience may know; `order` are the rows of those who may, best first."""

    unit: RoleOfVisit
    candidates: Candidates
    words: Words
    scores: Scores
    order: Any
    audience: Audience
    now: datetime


def _search(
    session: Session, actor: Actor, parts: Parts, job_id: UUID, role: str | None, start_at: datetime | None
) -> _Found:
    unit, round_id = _unit(session, job_id, role)
    now = database_now(session)
    if start_at is not None:
        unit = _moved(unit, start_at, now)
    asked = read_asked(session, round_id, unit.job.id) if round_id else frozenset()
    audience: Audience = "operator" if actor.kind == "operator" else "client"
    # Exact distances and rules would find a technician's home from a few sites: see tests/api/test_homes.py.
    look = search if audience == "operator" else search_by_cell
    everyone = look(parts.feed.roster, unit.job, unit.policy, now=now, asked=asked)
    candidates = everyone.take(np.flatnonzero(visible_rows(everyone, audience)))
    words = judge(unit.job, candidates, unit.policy)
    scores = score(unit.job, candidates, unit.policy)
    order = rank(unit.job, candidates, words, scores, _SEED).rows
    return _Found(unit, candidates, words, scores, order, audience, now)


def _moved(unit: RoleOfVisit, start_at: datetime, now: datetime) -> RoleOfVisit:
    """The same work in a window of the same length that begins then."""
    if start_at < now:
        raise BadInput("?start_at", start_at.isoformat(), "choose a time that has not passed")
    try:
        end_at = start_at + (unit.job.end_at - unit.job.start_at)
        return replace(unit, job=replace(unit.job, start_at=start_at, end_at=end_at))
    except (JobError, OverflowError) as error:
        raise BadInput("?start_at", start_at.isoformat(), str(error)) from error


def _cost(actor: Actor, found: _Found, row: int) -> WouldCostOut:
    """What they would be paid at the first start that fits; the way is what the actor may know of it."""
    job, rates = found.unit.job, Rates.from_document(found.unit.job_row.day_policy.get("rates", {}))
    earliest = int(found.candidates.earliest_start_s[row])
    start_at = max(job.start_at, datetime.fromtimestamp(earliest, UTC)) if earliest else job.start_at
    planned = planned_pay(job.pay, rates, start_at, timedelta(minutes=job.duration_min), found.unit.site_row)
    miles = Decimal(show_home_distance(float(found.candidates.distance_m[row]), actor) or 0) / _MILE_M
    hours = Decimal(show_travel(int(found.candidates.travel_s[row]), actor) or 0) / 3600
    way = rates.travel_mile * miles + rates.travel_hour * hours
    return WouldCostOut(amount=round(planned + way, 2), currency=job.pay.currency)


def _home(person: TechnicianRow | None) -> SpotOnMap | None:
    if person is None:
        return None
    middle = center(cell_of(person.lat, person.lng, HIDDEN_RESOLUTION))
    return SpotOnMap(lat=round(middle.lat, 4), lng=round(middle.lng, 4))


def _unit(session: Session, job_id: UUID, role: str | None) -> tuple[RoleOfVisit, UUID | None]:
    """The role of the job's latest visit, and the round that is open for it."""
    slots = session.execute(
        select(SlotRow.visit_id, SlotRow.role, RoundRow.id)
        .join(VisitRow, VisitRow.id == SlotRow.visit_id)
        .outerjoin(
            RoundRow,
            (RoundRow.visit_id == SlotRow.visit_id) & (RoundRow.role == SlotRow.role) & RoundRow.closed_at.is_(None),
        )
        .where(SlotRow.job_id == job_id)
        .order_by(VisitRow.num.desc(), SlotRow.num)
    ).all()
    if not slots:
        raise NotFound("job", job_id)
    found = next((each for each in slots if role in (None, each.role)), None)
    if found is None:
        roles = ", ".join(dict.fromkeys(each.role for each in slots))
        raise BadInput("?role", role, f"name one of the job's roles: {roles}")
    return read_role(session, found.visit_id, found.role), found.id


def _people(session: Session, ids: list[UUID]) -> dict[UUID, TechnicianRow]:
    return {each.id: each for each in session.scalars(select(TechnicianRow).where(TechnicianRow.id.in_(ids)))}


def _candidate(actor: Actor, found: _Found, row: int, place: int, people: dict[UUID, TechnicianRow]) -> CandidateOut:
    seen = view(actor.kind, "none")
    technician = found.candidates.id_at(row)
    return CandidateOut(
        technician=show_person(people.get(technician), technician, seen),
        place=place,
        total=float(found.scores.total[row]),
        parts=found.scores.parts_at(row),
        distance_m=show_home_distance(float(found.candidates.distance_m[row]), actor) or 0,
        travel_s=show_travel(int(found.candidates.travel_s[row]), actor) or 0,
        cost=_cost(actor, found, row),
        home=_home(people.get(technician)),
        earliest_start_at=datetime.fromtimestamp(int(found.candidates.earliest_start_s[row]), UTC),
    )


def _reasons(words: Words, audience: Audience) -> list[ReasonOut]:
    return [show_reason(each) for each in visible_reasons(words, audience)]


def _own_reasons(word: Words, audience: Audience) -> list[ReasonOut]:
    """Of one technician the count is one, which tells nothing that was not asked."""
    return [show_reason(replace(each, num_technicians=1)) for each in visible_reasons(word, audience)]


def _staleness(parts: Parts) -> float:
    return round(min(parts.feed.staleness_s(), 1e9), 3)
