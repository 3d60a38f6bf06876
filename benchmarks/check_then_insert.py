"""How would acceptance go without locks and constraints? The peers of `benchmarks.accept`.

They do the same job by the same rules with the same reads and the same writes (`dispatch.jobs.assignments.settle`).
What differs is what decides the winner: they look whether the slot is still free and then write, in a database
without the unique index, the exclusion and the trigger that would stop a second winner. They take no lock on the
technician or the slot, need no savepoint, and begin again after a serialization failure or a deadlock.
"""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dispatch.jobs.acceptance import Answer, Lost, Won, Yes
from dispatch.jobs.answers import find_offer, note_too_late
from dispatch.jobs.assignments import Deal, Terms, settle
from dispatch.jobs.judging import at_start, failed_now
from dispatch.jobs.reading import read_role
from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow, OfferRow, SlotRow
from dispatch.record.tables.offers import LIVE_OFFERS
from dispatch.talent.reading import read_technicians

#: What stops a second winner in the real schema.
DROPPED_GUARDS = (
    "DROP INDEX uq_assignments_live_slot",
    "DROP INDEX uq_slots_visit_id_technician_id",
    "ALTER TABLE bookings DROP CONSTRAINT ex_bookings_no_overlap",
    "DROP TRIGGER offers_end_once ON offers",
)


def accept_unlocked(session: Session, actor: Actor, yes: Yes, *, now: datetime) -> Answer:
    """Say yes to an offer: read, judge, look whether the slot is free, write."""
    offer = find_offer(session, actor, yes.offer_id)
    if offer.state not in LIVE_OFFERS or offer.expires_at <= now:
        note_too_late(session, actor, offer, now=now)
        return Lost(offer.id, "taken", state=offer.state)
    technician = read_technicians(session, [offer.technician_id], now=now)[0]
    unit = read_role(session, offer.visit_id, offer.role)
    job = at_start(unit, technician, yes.start_at, now=now)
    rules = failed_now(unit, technician, job, now=now)
    if job is None or rules:
        return Lost(offer.id, "not_eligible", rules, state=offer.state)
    on_it = select(AssignmentRow.id).where(AssignmentRow.slot_id == SlotRow.id, AssignmentRow.state == "live").exists()
    slot_id = session.scalar(
        select(SlotRow.id)
        .where(SlotRow.visit_id == offer.visit_id, SlotRow.role == offer.role, SlotRow.state == "open", ~on_it)
        .order_by(SlotRow.num)
        .limit(1)
    )
    if slot_id is None:
        return Lost(offer.id, "taken", state=offer.state)
    session.execute(update(SlotRow).where(SlotRow.id == slot_id).values(state="filled", technician_id=technician.id))
    session.execute(update(OfferRow).where(OfferRow.id == offer.id).values(state="accepted", answered_at=now))
    terms = Terms(unit.job.pay, unit.job_row.terms_version)
    assignment_id = settle(session, actor, Deal(unit, slot_id, technician, job, offer, terms), now=now)
    return Won(assignment_id, unit.job.job_id, unit.job.id, slot_id, job.start_at, job.end_at)
