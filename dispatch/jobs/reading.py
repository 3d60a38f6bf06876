"""What does the record know of a job, as matching needs it? The bridge from rows to `matching.job.Job`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from dispatch.errors import NotFound
from dispatch.record.tables import AssignmentRow, ClientRow, JobRow, OfferRow, SiteRow, SlotRow, VisitRow
from dispatch.talent.usage import rules_of
from matching.daypolicy import DayPolicy
from matching.job import Job, Needs, Pay
from matching.papers import papers_from
from matching.policy import Policy
from matching.proof import Requirement, kind_of, needed_keys
from matching.proof import read_requirements as requirements_from


@dataclass(frozen=True, slots=True)
class RoleOfVisit:
    """The unit that technicians are asked for: rows, and the same as matching's values.

    `is_observer`: they are asked to look, not to work.
    """

    job_row: JobRow
    visit_row: VisitRow
    site_row: SiteRow
    job: Job
    policy: Policy
    is_observer: bool = False


def read_role(session: Session, visit_id: UUID, role: str, slot_id: UUID | None = None) -> RoleOfVisit:
    """One role of one visit, with the number of its open slots; needs and pay are those of `slot_id`, if named.

    Raises
    ------
    NotFound
        When there is no such visit, or it has no such role, for this actor.
    """
    rows = session.execute(
        select(JobRow, VisitRow, SiteRow, SlotRow, ClientRow, func.now())
        .join(VisitRow, VisitRow.job_id == JobRow.id)
        .join(SiteRow, SiteRow.id == JobRow.site_id)
        .join(SlotRow, SlotRow.visit_id == VisitRow.id)
        .join(ClientRow, ClientRow.id == JobRow.client_id)
        .where(VisitRow.id == visit_id, SlotRow.role == role)
        .order_by(SlotRow.num)
    ).all()
    if not rows:
        raise NotFound("visit", visit_id)
    job, visit, site, _, client, now = rows[0]
    slots = sorted((row[3] for row in rows), key=lambda slot: slot.id != slot_id)
    wanted = to_job(job, visit, site, slots, client, now)
    return RoleOfVisit(job, visit, site, wanted, read_policy(job), slots[0].is_observer)


def read_requirements(session: Session, client_id: UUID) -> dict[str, Requirement]:
    """What this client asks of proofs, by kind, as it is now: a job keeps the policy it was posted under, not this."""
    document = session.scalar(select(ClientRow.proof_policy).where(ClientRow.id == client_id))
    return requirements_from(document or {}, client_id)


def to_job(job: JobRow, visit: VisitRow, site: SiteRow, slots: list[SlotRow], client: ClientRow, now: datetime) -> Job:
    """The job of matching; `slots` are those of one role, and needs and pay are the first open one's, or the first's.

    They are alike, save one that was filled for a counter's pay. Observers come for as long as the work was agreed.
    """
    slot = next((each for each in slots if each.state == "open"), slots[0])
    start_at, end_at, duration_min = visit.window_start_at, visit.window_end_at, visit.duration_min
    if slot.is_observer and visit.planned_start_at and visit.planned_end_at:
        start_at, end_at = visit.planned_start_at, visit.planned_end_at
        duration_min = max(1, int((end_at - start_at).total_seconds()) // 60)
    return Job(
        id=visit.id,
        job_id=job.id,
        client_id=job.client_id,
        role=slot.role,
        lat=site.lat,
        lng=site.lng,
        time_zone=site.time_zone,
        start_at=start_at,
        end_at=end_at,
        duration_min=duration_min,
        pay=Pay(slot.pay_kind, slot.pay_amount, slot.currency),  # type: ignore[arg-type]
        needs=needs_at(slot.needs, requirements_from(client.proof_policy, client.id), site.region),
        asked_time=visit.asked_time,  # type: ignore[arg-type]
        priority=job.priority,
        num_open=sum(each.state == "open" for each in slots),
        terms_version=job.terms_version,
        hours_rules=rules_of(client, now),
        papers=papers_from(client.limits.get("papers", {})),
    )


def needs_from(document: dict[str, Any]) -> Needs:
    """The needs of a slot's stored document."""
    return Needs(
        skills=dict(sorted(document.get("skills", {}).items())),
        credentials=tuple(sorted(document.get("credentials", ()))),
        clearance=document.get("clearance", False),
        pools=frozenset(UUID(pool) for pool in document.get("pools", ())),
        market=document.get("market", True),
    )


def needs_at(document: dict[str, Any], asked: Mapping[str, Requirement], region: str) -> Needs:
    """The same for work in a region, with each credential under the key of what the client asks of it."""
    return asked_of(needs_from(document), asked, region)


def asked_of(needs: Needs, asked: Mapping[str, Requirement], region: str) -> Needs:
    """These needs in a region, under the keys of what the client asks there."""
    return replace(needs, credentials=needed_keys(needs.credentials, asked, region))


def needs_document(needs: Needs) -> dict[str, Any]:
    """The same the other way round."""
    return {
        "skills": dict(sorted(needs.skills.items())),
        "credentials": sorted({kind_of(key) for key in needs.credentials}),
        "clearance": needs.clearance,
        "pools": sorted(str(pool) for pool in needs.pools),
        "market": needs.market,
    }


def read_policy(job: JobRow) -> Policy:
    """The policy that the job was posted under, with its mode."""
    return Policy.from_document({**job.policy, "mode": job.mode})


def read_day_policy(job: JobRow) -> DayPolicy:
    """The day policy that the job was posted under."""
    return DayPolicy.from_document(job.day_policy)


def is_work() -> ColumnElement[bool]:
    """The condition that an assignment is to work: observers do none, and move nothing."""
    return ~select(SlotRow.id).where(SlotRow.id == AssignmentRow.slot_id, SlotRow.is_observer).exists()


def read_asked(session: Session, round_id: UUID, visit_id: UUID) -> frozenset[UUID]:
    """Whom not to ask: everyone asked in this round, whoever backed out of this visit, whoever is on it."""
    offered = select(OfferRow.technician_id).where(OfferRow.round_id == round_id)
    gone = select(AssignmentRow.technician_id).where(
        AssignmentRow.visit_id == visit_id,
        (AssignmentRow.state == "live") | (AssignmentRow.ended_by.in_(("technician", "company", "dispatcher"))),
    )
    # A no-show is of the visit that was missed, and the next visit is not theirs either.
    of_job = select(VisitRow.job_id).where(VisitRow.id == visit_id).scalar_subquery()
    not_there = select(AssignmentRow.technician_id).where(
        AssignmentRow.job_id == of_job, AssignmentRow.ended_why == "no_show"
    )
    return frozenset(session.scalars(offered.union(gone, not_there)))
