"""How is a job told? The bridge from rows to what goes out, through the view that the actor has."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from api.promising import is_at_risk, show_promise
from api.schemas.budgets import JobBudgetOut
from api.schemas.cleared import ClearedHintOut, DisclosureOut
from api.schemas.jobs import (
    JobMoved,
    JobOut,
    NeedsOut,
    PayOut,
    PersonOut,
    PlaceOut,
    ReasonOut,
    SentBackOut,
    SlotOut,
    UnfilledOut,
    VisitOut,
    WindowOut,
)
from api.schemas.money import PayTermsOut
from api.schemas.offers import CancellationTermsOut
from api.visibility import HIDDEN_RESOLUTION, HIDDEN_STEP_M, SHOWN_STEP_M, View, view
from dispatch.errors import NotFound
from dispatch.jobs.cleared import Owner, names_of
from dispatch.jobs.lifecycle import JOB
from dispatch.money.budgets import usage_of
from dispatch.money.holding import planned_pay
from dispatch.record.session import Actor
from dispatch.record.tables import BudgetRow, JobRow, SiteRow, SlotRow, TechnicianRow, VisitRow
from geo.cells import cell_of, center
from matching.cancellation import CancellationRules
from matching.charges import terms_of
from matching.disclosure import class_of, is_shown
from matching.eligibility import Rule
from matching.job import Pay
from matching.pay import net_of, rates_at
from matching.rates import Rates
from matching.reasons import Audience, Reason, reading, told_of, visible_count

#: What clients and technicians can ask for; the other moves happen by themselves or by other routes.
_OWN_MOVES = ("post", "change", "hold", "resume", "cancel", "approve", "finish")


def show_job(session: Session, actor: Actor, job_id: UUID) -> JobOut:
    """The whole job, as this member of staff sees it.

    Raises
    ------
    NotFound
        When there is none for this actor.
    """
    row = session.execute(
        select(JobRow, SiteRow).join(SiteRow, SiteRow.id == JobRow.site_id).where(JobRow.id == job_id)
    ).one_or_none()
    if row is None:
        raise NotFound("job", job_id)
    job, site = row
    slots = session.execute(
        select(VisitRow, SlotRow, TechnicianRow)
        .join(SlotRow, SlotRow.visit_id == VisitRow.id)
        .outerjoin(TechnicianRow, TechnicianRow.id == SlotRow.technician_id)
        .where(VisitRow.job_id == job_id)
        .order_by(VisitRow.num, SlotRow.num)
    ).all()
    return JobOut(
        **{name: getattr(job, name) for name in _SAME},
        disclosure=DisclosureOut(description=class_of("job.description", job.disclosure)),  # type: ignore[arg-type]
        cleared=show_cleared(session, job),
        place=show_place(site, view(actor.kind, "none")),
        visits=_visits(actor, slots),
        budget=show_budget(session, job),
        unfilled=show_unfilled(job.unfilled, "operator" if actor.kind == "operator" else "client"),
        sent_back=show_sent_back(job),
        promise=show_promise(session, job, site),
        is_at_risk=is_at_risk(session, job_id),
        moves=moves_of(job.state),
    )


def show_budget(session: Session, job: JobRow) -> JobBudgetOut | None:
    """What the job's pay is counted under, for the client's own people; None where it is under none."""
    if job.budget_id is None:
        return None
    row = session.get_one(BudgetRow, job.budget_id, populate_existing=True)
    usage = usage_of(session, [row])[row.id]
    return JobBudgetOut(
        id=row.id,
        code=row.code,
        is_hard=row.is_hard,
        currency=row.currency,
        left=usage.left,
        asked=usage.asked,
        is_short=usage.asked > usage.left,
        reason=job.over_budget["reason"] if job.over_budget else None,
    )


def has_cleared(job: JobRow) -> bool:
    """Whether there is something that only the cleared may read: told without reading it."""
    return bool(job.disclosure.get("cleared_for"))


def show_cleared(session: Session, job: JobRow) -> ClearedHintOut | None:
    """That there are cleared texts, and under which names; None where there are none."""
    if not has_cleared(job):
        return None
    names = names_of(session, Owner("job", job.id, job.client_id))
    return ClearedHintOut(kinds=job.disclosure["cleared_for"], names=names)


def show_description(job: JobRow, seen: View) -> str:
    """What is to be done, as far as the client tells it to those who do not have the work; empty until then."""
    return job.description if is_shown("job.description", is_assigned=seen.place, chosen=job.disclosure) else ""


def show_sent_back(job: JobRow) -> SentBackOut | None:
    """What is to be mended, while it is."""
    return SentBackOut.model_validate(job.sent_back) if job.state == "sent_back" and job.sent_back else None


def moves_of(state: str) -> list[str]:
    """What can be asked for in this state."""
    return [wish for wish in JOB[state] if wish in _OWN_MOVES]


def show_moved(session: Session, job_id: UUID) -> JobMoved:
    """What became of a job that was moved in this transaction."""
    job = session.get_one(JobRow, job_id, populate_existing=True)
    return JobMoved(id=job.id, state=job.state, version=job.version, moves=moves_of(job.state))  # type: ignore[arg-type]


def show_place(site: SiteRow, seen: View) -> PlaceOut:
    """The site, or the middle of its cell and the town."""
    town: dict[str, Any] = {
        "town": site.town,
        "region": site.region,
        "country": site.country,
        "time_zone": site.time_zone,
    }
    if not is_shown("site.lat_lng", is_assigned=seen.place):
        middle = center(cell_of(site.lat, site.lng, HIDDEN_RESOLUTION))
        town |= dict.fromkeys(_DOOR)
        return PlaceOut(is_exact=False, lat=round(middle.lat, 4), lng=round(middle.lng, 4), **town)
    door: dict[str, Any] = {
        name: getattr(site, name) if is_shown(f"site.{name}", is_assigned=seen.place) else None
        for name in _DOOR
        if name != "site_id"
    }
    return PlaceOut(is_exact=True, lat=site.lat, lng=site.lng, **town, site_id=site.id, **door)


def show_distance(distance_m: float | None, seen: View) -> int | None:
    """A distance as finely as it may be told: three exact ones would find the door, or somebody's home."""
    step = SHOWN_STEP_M if seen.place else HIDDEN_STEP_M
    return None if distance_m is None else round(distance_m / step) * step


def show_person(technician: TechnicianRow | None, technician_id: UUID, seen: View) -> PersonOut:
    """A technician; `technician` is None where row-level security hides the row."""
    named = technician if seen.technician_name else None
    reached = technician if seen.technician_contact else None
    return PersonOut(
        id=technician_id,
        number=named.number if named else None,
        name=named.name if named else None,
        phone=reached.phone if reached else None,
        email=reached.email if reached else None,
    )


def show_needs(document: Mapping[str, Any]) -> NeedsOut:
    """The needs of a slot's stored document."""
    return NeedsOut(
        skills=document.get("skills", {}),
        credentials=document.get("credentials", []),
        clearance=document.get("clearance", False),
        pools=document.get("pools", []),
        market=document.get("market", True),
    )


def show_cancellation(document: Mapping[str, Any], pay: Pay, duration_min: int) -> CancellationTermsOut:
    """The client's rules, as stored in the terms, for one pay and duration."""
    rules = CancellationRules.from_document(document)
    return CancellationTermsOut.model_validate(terms_of(rules, pay, duration_min))


def show_pay_terms(terms: Mapping[str, Any], pay: Pay, slot: Mapping[str, Any], site: SiteRow) -> PayTermsOut:
    """What is paid for the work of a slot as it was offered, for the time as planned from the window's start."""
    rates, money = Rates.from_document(terms.get("rates", {})), terms.get("money", {})
    start_at = datetime.fromisoformat(slot["start_at"])
    gross = planned_pay(pay, rates, start_at, timedelta(minutes=slot["duration_min"]), site)
    fee, net = net_of(gross, Decimal(money.get("fee_share", "0")), pay.currency)
    return PayTermsOut(
        gross=gross,
        fee=fee,
        net=net,
        currency=pay.currency,
        pay_after_days=money.get("pay_after_days"),
        rates=rates_at(pay, rates).to_document(),
    )


_SAME = (
    "id", "client_id", "number", "title", "description", "job_type", "state", "mode", "priority", "purchase_order",
    "project", "bundle_id", "series_id", "series_day", "terms_version", "policy", "day_policy", "posted_at",
    "cancelled_at", "cancelled_why", "created_at", "version",
)  # fmt: skip
_DOOR = (
    "site_id", "store_number", "name", "address", "postcode", "access", "parking", "contact_name", "contact_phone",
)  # fmt: skip
_OF_VISIT = (
    "id", "num", "state", "asked_time", "duration_min", "planned_start_at", "planned_end_at", "confirm_by",
    "confirmed_at", "checked_in_at", "checked_out_at", "outcome",
)  # fmt: skip


def _visits(actor: Actor, rows: Sequence[Row[*tuple[Any, ...]]]) -> list[VisitOut]:
    slots: dict[UUID, list[SlotOut]] = {}
    visits: dict[UUID, VisitRow] = {}
    for visit, slot, technician in rows:
        visits[visit.id] = visit
        seen = view(actor.kind, "assigned" if slot.state == "filled" else "none")
        slots.setdefault(visit.id, []).append(
            SlotOut(
                id=slot.id,
                num=slot.num,
                role=slot.role,
                is_lead=slot.is_lead,
                is_observer=slot.is_observer,
                state=slot.state,
                needs=show_needs(slot.needs),
                pay=PayOut(kind=slot.pay_kind, amount=slot.pay_amount, currency=slot.currency),
                technician=show_person(technician, slot.technician_id, seen) if slot.technician_id else None,
            )
        )
    return [show_visit(visit, slots[visit.id]) for visit in visits.values()]


def show_visit(visit: VisitRow, slots: list[SlotOut]) -> VisitOut:
    """A visit with these of its slots."""
    return VisitOut(
        **{name: getattr(visit, name) for name in _OF_VISIT},
        window=WindowOut(start_at=visit.window_start_at, end_at=visit.window_end_at),
        slots=slots,
    )


def show_unfilled(document: dict[str, Any] | None, audience: Audience) -> UnfilledOut | None:
    """The reasons as the audience may read them: rules that read the same are told as one, by the largest count."""
    if document is None:
        return None
    counts: dict[tuple[str, str], tuple[str, int]] = {}
    for code, num in document.get("counts", {}).items():
        read = reading(Rule[code.upper()], audience)
        counts[read] = (code, max(num, counts.get(read, (code, 0))[1]))
    reasons = [show_reason(told_of(rule, audience, visible_count(num, audience))) for rule, num in counts.values()]
    return UnfilledOut(
        visit=document["visit"],
        role=document["role"],
        num_in_reach=visible_count(document["num_in_reach"], audience),
        num_may=visible_count(document["num_may"], audience),
        num_asked=document["num_asked"],
        answers=document["answers"],
        reasons=reasons,
        ways_on=document["ways_on"],
        is_unfunded=document.get("is_unfunded", False),
        is_over_budget=document.get("is_over_budget", False),
    )


def show_reason(reason: Reason) -> ReasonOut:
    """A reason with its count, which is None where it is too small to be told."""
    same = {name: getattr(reason, name) for name in ReasonOut.model_fields if name != "count"}
    return ReasonOut(**same, count=reason.count_text)
