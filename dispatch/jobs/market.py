"""What open work is there for me? Technicians find jobs that they may do, and ask for one."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
from sqlalchemy import Row, Select, func, insert, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from dispatch.errors import NotFound, Refused
from dispatch.index.search import candidate_of
from dispatch.jobs.acceptance import Answer, Lost, Yes, accept_offer
from dispatch.jobs.reading import RoleOfVisit, read_policy, to_job
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import (
    AssignmentRow,
    ClientRow,
    JobRow,
    OfferRow,
    RoundRow,
    SiteRow,
    SlotRow,
    VisitRow,
    new_id,
)
from dispatch.talent.reading import lock_technician, read_technicians
from geo.distance import distances_m
from matching.eligibility import failed, judge

#: Jobs judged for one look at the market: the nearest ones.
_NUM_JUDGED = 500


@dataclass(frozen=True, slots=True)
class OpenJob:
    """An open role of a visit that a technician may do: how far, and the round to ask in."""

    unit: RoleOfVisit
    round_id: UUID
    distance_m: float
    travel_s: int
    earliest_start_at: datetime


@dataclass(frozen=True, slots=True)
class OpenWork:
    """Open jobs, nearest first, and whether they are all: none farther away was left out."""

    jobs: list[OpenJob]
    is_all: bool


def find_open_jobs(session: Session, technician_id: UUID, *, now: datetime, limit: int = 50) -> OpenWork:
    """Open jobs that the technician may do at this moment, nearest first. Runs as the engine.

    Raises
    ------
    NotFound
        When there is no such technician.
    """
    found = read_technicians(session, [technician_id], now=now)
    if not found:
        raise NotFound("technician", technician_id)
    technician = found[0]
    missed = _jobs_missed(session, technician.id)
    open_jobs: list[OpenJob] = []
    nearest = _nearest(session, technician.lat, technician.lng, now)
    for distance, unit, round_id in nearest[:_NUM_JUDGED]:
        facts = candidate_of(technician, unit.job, unit.policy, now=now)
        is_near = distance <= unit.policy.reach_km * 1000
        if is_near and unit.job.job_id not in missed and not int(judge(unit.job, facts, unit.policy)[0]):
            earliest = unit.job.start_at + timedelta(
                seconds=int(facts.earliest_start_s[0]) - unit.job.start_at.timestamp()
            )
            if len(open_jobs) == limit:
                return OpenWork(open_jobs, is_all=False)
            open_jobs.append(OpenJob(unit, round_id, distance, int(facts.travel_s[0]), earliest))
    return OpenWork(open_jobs, is_all=len(nearest) <= _NUM_JUDGED)


def find_open_role(session: Session, visit_id: UUID, role: str) -> RoleOfVisit | None:
    """A role of a visit that is being offered; None where it is not. Runs as the engine."""
    wanted = _open_roles().where(VisitRow.id == visit_id, SlotRow.role == role).order_by(SlotRow.num).limit(1)
    row = session.execute(wanted).one_or_none()
    return None if row is None else _unit(row)


def _jobs_missed(session: Session, technician_id: UUID) -> frozenset[UUID]:
    """Jobs of which the technician did not come to a visit: they are another's now."""
    missed = AssignmentRow.ended_why == "no_show"
    return frozenset(
        session.scalars(select(AssignmentRow.job_id).where(AssignmentRow.technician_id == technician_id, missed))
    )


def request_job(
    session: Session, actor: Actor, visit_id: UUID, role: str, *, start_at: datetime | None, now: datetime
) -> tuple[UUID, Answer]:
    """Ask for an open job without having been asked: the offer's id and the answer. Runs as the engine.

    Where the first yes wins, the request is one; in mode `manual` it waits for the dispatcher's pick.

    Raises
    ------
    NotFound
        When no such role is open.
    Refused
        When the technician may not do it, naming the rules; was asked in this round already; or did not come to a visit
        of the job.
    """
    assert actor.technician_id is not None, "a technician asks for themselves"
    technician = lock_technician(session, actor.technician_id, now=now)
    row = session.execute(
        _open_roles().where(VisitRow.id == visit_id, SlotRow.role == role).order_by(SlotRow.num).limit(1)
    ).one_or_none()
    if technician is None or row is None:
        raise NotFound("open job", visit_id)
    unit, open_round = _unit(row), row[4]
    facts = candidate_of(technician, unit.job, unit.policy, now=now)
    rules = tuple(rule.code for rule in failed(int(judge(unit.job, facts, unit.policy)[0])))
    if rules:
        raise Refused("you may not do this job", rules)
    asked = select(OfferRow.id).where(OfferRow.round_id == open_round.id, OfferRow.technician_id == technician.id)
    if session.scalar(asked) is not None:
        raise Refused("you were asked already: answer the offer", ("asked",))
    if unit.job.job_id in _jobs_missed(session, technician.id):
        raise Refused("you did not come to a visit of this job: it is another's now", ("no_show",))
    offer_id = new_id()
    session.execute(
        insert(OfferRow).values(
            id=offer_id,
            client_id=unit.job.client_id,
            job_id=unit.job.job_id,
            visit_id=visit_id,
            role=role,
            round_id=open_round.id,
            technician_id=technician.id,
            company_id=technician.company_id,
            state="viewed",
            terms_version=unit.job.terms_version,
            distance_m=round(float(facts.distance_m[0])),
            travel_s=int(facts.travel_s[0]),
            sent_at=now,
            viewed_at=now,
            expires_at=unit.job.latest_start_at,
        )
    )
    record(session, actor, ("offer", offer_id), "asked_for", client_id=unit.job.client_id, now=now)
    yes = Yes(offer_id, unit.job.terms_version, start_at)
    answer = accept_offer(session, actor, yes, now=now)
    if isinstance(answer, Lost):
        raise Refused(f"the job is not open any more ({answer.code})", answer.rules or (answer.code,))
    return offer_id, answer


def _nearest(session: Session, lat: float, lng: float, now: datetime) -> list[tuple[float, RoleOfVisit, UUID]]:
    """The nearest roles, one more than are judged: then they are not all."""
    rows = session.execute(
        _open_roles().where(VisitRow.window_end_at > now).ext(distinct_on(VisitRow.id, SlotRow.role))
    ).all()
    if not rows:
        return []
    lats, lngs = np.array([row[2].lat for row in rows]), np.array([row[2].lng for row in rows])
    metres = distances_m(lat, lng, lats, lngs)
    nearest = sorted(range(len(rows)), key=lambda at: (float(metres[at]), rows[at][1].id.bytes))[: _NUM_JUDGED + 1]
    return [(float(metres[at]), _unit(rows[at]), rows[at][4].id) for at in nearest]


def _open_roles() -> Select[JobRow, VisitRow, SiteRow, SlotRow, RoundRow, ClientRow, datetime]:
    """Rows (job, visit, site, slot, round, client, now) of roles that are being offered.

    Bundles are offered whole, and places for observers to whom the client wants there; nothing of a client that is
    not approved.
    """
    return (
        select(JobRow, VisitRow, SiteRow, SlotRow, RoundRow, ClientRow, func.now())
        .join(VisitRow, VisitRow.job_id == JobRow.id)
        .join(SiteRow, SiteRow.id == JobRow.site_id)
        .join(SlotRow, SlotRow.visit_id == VisitRow.id)
        .join(ClientRow, ClientRow.id == JobRow.client_id)
        .join(RoundRow, (RoundRow.visit_id == VisitRow.id) & (RoundRow.role == SlotRow.role))
        .where(ClientRow.state == "approved")
        .where(RoundRow.closed_at.is_(None), SlotRow.state == "open", JobRow.bundle_id.is_(None), ~SlotRow.is_observer)
    )


def _unit(row: Row[JobRow, VisitRow, SiteRow, SlotRow, RoundRow, ClientRow, datetime]) -> RoleOfVisit:
    job, visit, site, slot, _, client, now = row
    return RoleOfVisit(job, visit, site, to_job(job, visit, site, [slot], client, now), read_policy(job))
