"""Who is on a visit together, who leads, and who only looks on?"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, NotFound, Refused
from dispatch.index.search import candidate_of
from dispatch.jobs.budgeting import check_price
from dispatch.jobs.lifecycle import VISIT, states_with
from dispatch.jobs.offers import count_asks
from dispatch.jobs.reading import RoleOfVisit, needs_document, read_role
from dispatch.jobs.rounds import close_rounds, open_round
from dispatch.jobs.terms import record_terms
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import (
    AssignmentRow,
    JobRow,
    OfferRow,
    PoolMemberRow,
    SlotRow,
    TechnicianRow,
    VisitRow,
    new_id,
)
from dispatch.talent.reading import lock_technician
from dispatch.visits.finding import find_visit, is_clients
from matching.eligibility import judge
from matching.job import Needs, Pay
from matching.technician import Technician

#: The role of observers whom a dispatcher names.
OBSERVER = "observer"


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who has a place on a visit, or the place that is open (`technician_id` and the rest None)."""

    slot_id: UUID
    role: str
    is_lead: bool
    is_observer: bool
    technician_id: UUID | None
    name: str | None


def read_crew(session: Session, actor: Actor, visit_id: UUID) -> list[Member]:
    """The places of a visit, for whoever has one of them or dispatches it. Runs as the engine: colleagues are named.

    Raises
    ------
    NotFound
        When the actor has no place on it.
    """
    rows = session.execute(
        select(SlotRow, TechnicianRow.name, AssignmentRow.company_id, VisitRow.client_id)
        .join(VisitRow, VisitRow.id == SlotRow.visit_id)
        .outerjoin(AssignmentRow, (AssignmentRow.slot_id == SlotRow.id) & AssignmentRow.state.in_(("live", "finished")))
        .outerjoin(TechnicianRow, TechnicianRow.id == SlotRow.technician_id)
        .where(SlotRow.visit_id == visit_id)
        .order_by(SlotRow.num)
    ).all()
    people = {row[0].technician_id for row in rows} - {None}
    companies = {row[2] for row in rows} - {None}
    is_above = actor.kind in ("operator", "gateway")
    is_theirs = actor.technician_id in people or actor.company_id in companies
    if not rows or not (is_above or is_theirs or is_clients(actor, rows[0][3])):
        raise NotFound("visit", visit_id)
    return [
        Member(slot.id, slot.role, slot.is_lead, slot.is_observer, slot.technician_id, name)
        for slot, name, _, _ in rows
        if slot.state != "closed"
    ]


def lead_of(session: Session, visit_id: UUID) -> UUID | None:
    """The technician who leads a visit; None while the lead's place is open."""
    return session.scalar(select(SlotRow.technician_id).where(SlotRow.visit_id == visit_id, SlotRow.is_lead))


def hand_over_lead(session: Session, actor: Actor, visit_id: UUID, technician_id: UUID, *, now: datetime) -> None:
    """Let another of the crew lead. The lead may, their company for them, and the client's dispatcher. As the engine.

    Raises
    ------
    NotFound
        When the visit is not this actor's.
    BadInput
        When the named technician does no work on this visit.
    Refused
        When somebody else leads.
    Conflict
        When the visit is over, or they lead already.
    """
    visit = find_visit(session, actor, visit_id)
    slots = _lock_slots(session, visit_id)
    lead = next((slot for slot in slots if slot.is_lead), None)
    if not (is_clients(actor, visit.client_id) or actor.kind == "gateway" or _leads(session, actor, lead)):
        raise Refused("only the lead or the client's dispatcher lets another lead", ("not_the_lead",))
    heir = next((slot for slot in slots if slot.technician_id == technician_id and not slot.is_observer), None)
    if heir is None:
        raise BadInput("technician_id", technician_id, f"name one of the crew: GET /v1/visits/{visit_id}/crew")
    session.refresh(visit, with_for_update={"read": True})
    if heir.is_lead or visit.state not in (*states_with(VISIT, "check_in"), *states_with(VISIT, "check_out")):
        state = "theirs already" if heir.is_lead else visit.state
        raise Conflict(state, "hand the lead over")
    # In two steps: within one statement the unique index would see two leads.
    session.execute(update(SlotRow).where(SlotRow.visit_id == visit_id, SlotRow.is_lead).values(is_lead=False))
    session.execute(update(SlotRow).where(SlotRow.id == heir.id).values(is_lead=True))
    told = {
        "job": str(visit.job_id),
        "from": str(lead.technician_id) if lead and lead.technician_id else None,
        "to": str(technician_id),
        "slot": str(heir.id),
    }
    record(session, actor, ("visit", visit_id), "lead_changed", told, client_id=visit.client_id, now=now)


def name_observer(
    session: Session, actor: Actor, visit_id: UUID, technician_id: UUID, pay: Pay, *, now: datetime
) -> tuple[UUID, UUID]:
    """Ask one technician to look on: (the place, the offer). Nobody else is asked for the place. Runs as the engine.

    Whoever was named before and has not answered is not asked any more.

    Raises
    ------
    NotFound
        When the visit is not the client's, or it knows no such technician.
    BadInput
        When the pay is in another currency than the job's.
    Refused
        When they may not, are on this visit already, or the job's budget does not suffice.
    Conflict
        When the work has begun or is over.
    """
    visit = session.scalars(select(VisitRow).where(VisitRow.id == visit_id)).one_or_none()
    if visit is None or not is_clients(actor, visit.client_id):
        raise NotFound("visit", visit_id)
    technician = lock_technician(session, technician_id, now=now) if _knows(session, actor, technician_id) else None
    if technician is None:
        raise NotFound("technician", technician_id)
    slots = _lock_slots(session, visit_id)
    if pay.currency != slots[0].currency:
        raise BadInput("pay.currency", pay.currency, f"pay in the job's currency, {slots[0].currency}")
    if any(slot.technician_id == technician_id for slot in slots):
        raise Refused("they are on this visit already", ("on_visit",))
    if visit.state not in states_with(VISIT, "reopen") or slots[0].state == "closed":
        raise Conflict(visit.state, "name an observer", tuple(VISIT[visit.state]))
    slot_id = _place_for(session, visit, slots, pay)
    check_price(session, actor, visit.job_id)
    withdrawn = close_rounds(session, visit.job_id, "withdrawn", now=now, visit_id=visit_id, role=OBSERVER)
    unit = read_role(session, visit_id, OBSERVER, slot_id)
    offer_id = _ask(session, unit, technician, now)
    told = {
        "visit": str(visit_id),
        "slot": str(slot_id),
        "offer": str(offer_id),
        "technician": str(technician_id),
        "offers_withdrawn": [str(each) for each in withdrawn],
    }
    record(session, actor, ("job", visit.job_id), "observer_named", told, client_id=visit.client_id, now=now)
    return slot_id, offer_id


def _lock_slots(session: Session, visit_id: UUID) -> list[SlotRow]:
    """Lock the places, those too that whoever held them before has added: the second look finds them."""
    wanted = select(SlotRow).where(SlotRow.visit_id == visit_id).order_by(SlotRow.id).with_for_update()
    session.scalars(wanted).all()
    return list(session.scalars(wanted.execution_options(populate_existing=True)))


def _leads(session: Session, actor: Actor, lead: SlotRow | None) -> bool:
    if lead is None or lead.technician_id is None:
        return False
    if actor.technician_id is not None:
        return actor.technician_id == lead.technician_id
    theirs = select(AssignmentRow.id).where(AssignmentRow.slot_id == lead.id, AssignmentRow.state == "live")
    return session.scalar(theirs.where(AssignmentRow.company_id == actor.company_id)) is not None


def _knows(session: Session, actor: Actor, technician_id: UUID) -> bool:
    """Whether the client may know of this technician: of the market, or of one of its pools."""
    pooled = select(PoolMemberRow.technician_id).where(
        PoolMemberRow.client_id == actor.client_id, PoolMemberRow.technician_id == TechnicianRow.id
    )
    known = TechnicianRow.in_market | pooled.exists()
    return session.scalar(select(TechnicianRow.id).where(TechnicianRow.id == technician_id, known)) is not None


def _place_for(session: Session, visit: VisitRow, slots: list[SlotRow], pay: Pay) -> UUID:
    """The place of a named observer that is open, or a new one, at this pay."""
    paid = {"pay_kind": pay.kind, "pay_amount": pay.amount, "currency": pay.currency}
    for slot in slots:
        if slot.role == OBSERVER and not slot.is_observer:
            raise Refused(f"this visit has a role {OBSERVER} that works: post observers with the job", ("role_taken",))
        if slot.role == OBSERVER and slot.state == "open":
            session.execute(update(SlotRow).where(SlotRow.id == slot.id).values(paid))
            return slot.id
    slot_id = new_id()
    session.execute(
        insert(SlotRow).values(
            id=slot_id,
            client_id=visit.client_id,
            job_id=visit.job_id,
            visit_id=visit.id,
            num=max(slot.num for slot in slots) + 1,
            role=OBSERVER,
            is_observer=True,
            needs=needs_document(Needs()),
            **paid,
        )
    )
    return slot_id


def _ask(session: Session, unit: RoleOfVisit, technician: Technician, now: datetime) -> UUID:
    """One offer in a round without waves, under a new version of terms: the others' offers stand as they are."""
    facts = candidate_of(technician, unit.job, unit.policy, now=now)
    if int(judge(unit.job, facts, unit.policy)[0]):
        raise Refused("they cannot be asked for this visit", ("not_eligible",))
    job_id, client_id = unit.job.job_id, unit.job.client_id
    version = session.scalars(
        update(JobRow)
        .where(JobRow.id == job_id)
        .values(terms_version=JobRow.terms_version + 1, version=JobRow.version + 1)
        .returning(JobRow.terms_version)
    ).one()
    record_terms(session, client_id, job_id, version, now)
    round_id = open_round(session, client_id, job_id, unit.job.id, OBSERVER, "named", now=now, has_waves=False)
    offer_id = new_id()
    session.execute(
        insert(OfferRow).values(
            id=offer_id,
            client_id=client_id,
            job_id=job_id,
            visit_id=unit.job.id,
            role=OBSERVER,
            round_id=round_id,
            technician_id=technician.id,
            company_id=technician.company_id,
            terms_version=version,
            distance_m=round(float(facts.distance_m[0])),
            travel_s=int(facts.travel_s[0]),
            sent_at=now,
            expires_at=max(unit.job.latest_start_at, now + timedelta(minutes=1)),
        )
    )
    count_asks(session, [technician.id], now)
    return offer_id
