"""The same job once more: as it was asked for, at another time, under another number."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.errors import BadInput
from dispatch.jobs.changes import find_job
from dispatch.jobs.checklists import Item
from dispatch.jobs.cleared import Owner, cleared_again
from dispatch.jobs.devices import as_paid
from dispatch.jobs.posting import post_job
from dispatch.jobs.reading import needs_from
from dispatch.jobs.rebudgeting import code_of
from dispatch.jobs.wishes import JobWish, SlotWish
from dispatch.record.sealing import NO_KEYS, KeyRing
from dispatch.record.session import Actor
from dispatch.record.tables import SlotRow, VisitRow
from matching.job import Pay


def copy_job(
    session: Session,
    actor: Actor,
    job_id: UUID,
    number: str,
    start_at: datetime,
    end_at: datetime,
    *,
    now: datetime,
    site_id: UUID | None = None,
    duration_min: int | None = None,
    is_draft: bool = False,
    budget: str | None = None,
    ring: KeyRing = NO_KEYS,
) -> tuple[UUID, bool]:
    """Post a job like this one, from whatever state it is in: (the copy's id, whether it is new).

    Places, needs, pay, policies, words and cleared texts are the original's first visit's; who had it, its bundle and
    its series are not. Where technicians of one role are paid differently, one of them asked for more: the copy offers
    the least. It is counted under the original's budget, unless another one is named.
    Runs as the application.

    Raises
    ------
    NotFound
        When there is no such job of the actor's client.
    BadInput, Conflict
        As `post_job`: what the original needed may not be there any more.
    """
    job = find_job(session, actor, job_id)
    visit = session.scalars(select(VisitRow).where(VisitRow.job_id == job_id).order_by(VisitRow.num).limit(1)).one()
    minutes = duration_min or visit.duration_min
    room = end_at - start_at
    if room < timedelta(minutes=minutes) or (visit.asked_time == "exact" and room != timedelta(minutes=minutes)):
        rule = "a window as long as" if visit.asked_time == "exact" else "room for"
        raise BadInput("window", f"{start_at.isoformat()}/{end_at.isoformat()}", f"leave {rule} {minutes} min of work")
    slots = _slots(session, visit.id)
    wish = JobWish(
        number=number,
        site_id=site_id or job.site_id,
        start_at=start_at,
        end_at=end_at,
        duration_min=minutes,
        asked_time=visit.asked_time,  # type: ignore[arg-type]
        slots=slots,
        day_policy=as_paid(job.day_policy, [slot.pay for slot in slots]),
        deliverables=tuple(Item(**each) for each in job.deliverables),
        is_draft=is_draft,
        budget=budget or code_of(session, job),
        disclosure={name: each for name, each in job.disclosure.items() if name != "cleared_for"},
        cleared=cleared_again(session, Owner("job", job_id, job.client_id), job.disclosure.get("cleared_for", ())),
        **{name: getattr(job, name) for name in _SAME},
    )
    return post_job(session, actor, wish, now=now, origin={"copied_from": str(job_id)}, ring=ring)


_SAME = (
    "title", "job_type", "description", "purchase_order", "project", "priority", "mode", "policy",
)  # fmt: skip


def _slots(session: Session, visit_id: UUID) -> tuple[SlotWish, ...]:
    roles: dict[str, list[SlotRow]] = {}
    for slot in session.scalars(select(SlotRow).where(SlotRow.visit_id == visit_id).order_by(SlotRow.num)):
        roles.setdefault(slot.role, []).append(slot)
    return tuple(_role(slots) for slots in roles.values())


def _role(slots: list[SlotRow]) -> SlotWish:
    cheapest = min(slots, key=lambda slot: slot.pay_amount)
    pay = Pay(cheapest.pay_kind, cheapest.pay_amount, cheapest.currency)  # type: ignore[arg-type]
    leads = True if any(slot.is_lead for slot in slots) else None
    first = slots[0]
    return SlotWish(needs_from(first.needs), pay, first.role, len(slots), leads, first.is_observer)
