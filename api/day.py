"""What is there to know before one goes? A visit with its site, and a technician's day in order."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from api.assignments import own_assignments
from api.auth import TALENT, Anyone, Talent, speaking_for
from api.parts import parts_of
from api.schemas.clients import ContactOut, HazardOut
from api.schemas.jobs import WindowOut
from api.schemas.visits import DayOut, DocumentOut, OnVisitOut, SiteDayOut, SiteRecordOut, StopOut, VisitDetail
from api.showing import (
    has_cleared,
    show_cleared,
    show_description,
    show_distance,
    show_person,
    show_place,
    show_sent_back,
)
from api.visibility import Relation, View, view
from api.visits import MOVES
from dispatch.errors import NotFound
from dispatch.jobs.lifecycle import VISIT
from dispatch.record.session import Actor, database_now, transaction
from dispatch.record.tables import AssignmentRow, JobRow, OfferRow, SiteRow, SlotRow, TechnicianRow, VisitRow
from dispatch.reputation.projecting import is_word_that_counts
from dispatch.visits.order import Stop, order_of_day
from dispatch.visits.partcheck import read_parts
from dispatch.visits.siterecord import documents_of, site_day
from matching.disclosure import is_shown

router = APIRouter(prefix="/v1", tags=["visits"])


@router.get("/visits/{visit_id}", response_model=VisitDetail, summary="Read a visit")
def get_visit(request: Request, actor: Anyone, visit_id: UUID) -> VisitDetail:
    """The visit with its site and who is on it. Who was only asked sees the town, and when the site is open."""
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        row = _find(session, visit_id)
        seen = view(actor.kind, _relation(session, actor, row[0]))
        people = _people(session, actor, visit_id, seen)
        is_missing = any(part.is_missing for part in read_parts(session, [visit_id])[visit_id])
        return _show(session, row, seen, people, is_missing)


@router.get("/day", response_model=DayOut, summary="The day in order")
def get_day(
    request: Request,
    actor: Talent,
    day: Annotated[date | None, Query(alias="date", description="Where they live; empty: today.")] = None,
    technician_id: Annotated[UUID | None, Query(description="Whose; needed unless it is your own.")] = None,
) -> DayOut:
    """A technician's visits of a day, for whichever clients, with the way between, doors, parts and documents."""
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        them = speaking_for(session, actor, technician_id).technician_id
        assert them is not None
        found, stops = order_of_day(session, them, day, now=database_now(session))
        parts = read_parts(session, [stop.visit.id for stop in stops])
        missing = {visit for visit, own in parts.items() if any(part.is_missing for part in own)}
        time_zone = session.scalars(select(TechnicianRow.time_zone).where(TechnicianRow.id == them)).one()
        seen = view(actor.kind, "assigned")
        counted = _whose_word_counts(session, [stop.assignment.id for stop in stops])
        shown = [_stop(session, stop, seen, stop.visit.id in missing, stop.assignment.id in counted) for stop in stops]
        return DayOut(technician_id=them, day=found, time_zone=time_zone, stops=shown)


def _find(session: Session, visit_id: UUID) -> Row[*tuple[Any, ...]]:
    row = session.execute(
        select(VisitRow, JobRow, SiteRow)
        .join(JobRow, JobRow.id == VisitRow.job_id)
        .join(SiteRow, SiteRow.id == JobRow.site_id)
        .where(VisitRow.id == visit_id)
    ).one_or_none()
    if row is None:
        raise NotFound("visit", visit_id)
    return row


def _relation(session: Session, actor: Actor, visit: VisitRow) -> Relation:
    """What the actor is to the visit; NotFound for whoever is nothing to it."""
    if actor.kind not in TALENT:
        if actor.client_id not in (None, visit.client_id):
            raise NotFound("visit", visit.id)
        return "none"
    mine = select(AssignmentRow.id).where(
        AssignmentRow.visit_id == visit.id, AssignmentRow.state.in_(("live", "finished"))
    )
    if actor.kind == "gateway" or session.scalar(mine.where(own_assignments(actor)).limit(1)) is not None:
        return "assigned"
    asked = select(OfferRow.id).where(OfferRow.visit_id == visit.id)
    if actor.technician_id is not None:
        asked = asked.where(OfferRow.technician_id == actor.technician_id)
    else:
        asked = asked.where(OfferRow.company_id == actor.company_id)
    if session.scalar(asked.limit(1)) is None:
        raise NotFound("visit", visit.id)
    return "asked"


def _people(session: Session, actor: Actor, visit_id: UUID, seen: View) -> list[OnVisitOut]:
    """Who is on it: all of them for staff, the actor's own for technicians and companies."""
    wanted = (
        select(AssignmentRow, SlotRow, TechnicianRow)
        .join(SlotRow, SlotRow.id == AssignmentRow.slot_id)
        .join(TechnicianRow, TechnicianRow.id == AssignmentRow.technician_id)
        .where(AssignmentRow.visit_id == visit_id, AssignmentRow.state.in_(("live", "finished")))
        .order_by(SlotRow.num)
    )
    if actor.kind in TALENT:
        wanted = wanted.where(own_assignments(actor))
    else:
        seen = view(actor.kind, "assigned")
    same = (
        "presence", "start_at", "end_at", "eta_at", "confirmed_at", "checked_in_at", "checked_out_at",
    )  # fmt: skip
    return [
        OnVisitOut(
            assignment_id=assignment.id,
            technician=show_person(technician, technician.id, seen),
            role=slot.role,
            is_lead=slot.is_lead,
            **{name: getattr(assignment, name) for name in same},
        )
        for assignment, slot, technician in session.execute(wanted)
    ]


def _show(
    session: Session, row: Row[*tuple[Any, ...]], seen: View, people: Sequence[OnVisitOut], is_part_missing: bool
) -> VisitDetail:
    visit, job, site = row[0], row[1], row[2]
    at = visit.planned_start_at or visit.window_start_at
    return VisitDetail(
        **{name: getattr(visit, name) for name in _SAME},
        title=job.title,
        window=WindowOut(start_at=visit.window_start_at, end_at=visit.window_end_at),
        description=show_description(job, seen),
        cleared=show_cleared(session, job) if _shows("job.cleared_names", seen) else None,
        outcome_note=visit.outcome_note if _shows("visit.outcome_note", seen) else None,
        evidence=visit.evidence if _shows("visit.evidence", seen) else [],
        site=_site(session, site, at, seen),
        people=list(people),
        is_part_missing=is_part_missing,
        sent_back=show_sent_back(job) if _shows("job.sent_back", seen) else None,
        moves=[MOVES[wish] for wish in VISIT[visit.state] if wish in MOVES],
    )


_SAME = (
    "id", "job_id", "num", "state", "duration_min", "planned_start_at", "planned_end_at", "confirm_by",
    "checked_in_at", "checked_out_at", "outcome", "outcome_why",
)  # fmt: skip


def _site(session: Session, site: SiteRow, at: Any, seen: View) -> SiteRecordOut:
    """The site through the view: the town and the hours for who was asked, the door for who is assigned."""
    documents = documents_of(session, site.id) if _shows("document.file", seen) else None
    return SiteRecordOut(
        place=show_place(site, seen),
        on_the_day=SiteDayOut.model_validate(site_day(site, at)),
        contacts=[ContactOut(**each) for each in site.contacts] if _shows("site.contacts", seen) else None,
        hazards=[HazardOut(**each) for each in site.hazards] if _shows("site.hazards", seen) else None,
        documents=None if documents is None else [DocumentOut.model_validate(each) for each in documents],
        geofence_m=site.geofence_m if _shows("site.geofence_m", seen) else None,
    )


def _shows(field: str, seen: View) -> bool:
    return is_shown(field, is_assigned=seen.place)


def _whose_word_counts(session: Session, assignments: Sequence[UUID]) -> set[UUID]:
    """Of these, those whose word on how the visit ended counts."""
    wanted = select(AssignmentRow.id).join(SlotRow, SlotRow.id == AssignmentRow.slot_id)
    return set(session.scalars(wanted.where(AssignmentRow.id.in_(assignments), is_word_that_counts())))


def _stop(session: Session, stop: Stop, seen: View, is_part_missing: bool, word_counts: bool) -> StopOut:
    return StopOut(
        visit_id=stop.visit.id,
        job_id=stop.job.id,
        number=stop.job.number,
        title=stop.job.title,
        state=stop.visit.state,  # type: ignore[arg-type]
        presence=stop.assignment.presence,  # type: ignore[arg-type]
        start_at=stop.assignment.start_at,
        end_at=stop.assignment.end_at,
        eta_at=stop.assignment.eta_at,
        travel_s=int(stop.travel.total_seconds()),
        distance_m=show_distance(stop.distance_m, seen) or 0,
        leave_by=stop.leave_by,
        reply_code=stop.assignment.reply_code,
        is_part_missing=is_part_missing,
        has_cleared=has_cleared(stop.job) and _shows("job.cleared_names", seen),
        word_counts=word_counts,
        site=_site(session, stop.site, stop.assignment.start_at, seen),
    )
