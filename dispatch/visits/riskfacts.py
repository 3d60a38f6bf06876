"""What does the record know of jobs that can go wrong? The bridge from rows to `matching.atrisk.JobFacts`.

Read for many jobs at once, in as many statements as for one.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from dispatch.jobs.reading import needs_at, read_policy, read_requirements
from dispatch.record.tables import (
    AlarmRow,
    AssignmentRow,
    BookingRow,
    JobRow,
    OfferRow,
    SiteRow,
    SlotRow,
    TechnicianRow,
    VisitRow,
)
from dispatch.talent.membership import proofs_lacking
from dispatch.talent.reading import read_technicians
from geo.points import Point
from geo.timezones import local_day, zone
from geo.travel import GreatCircleTravel
from matching.atrisk import LIVE_VISITS, Coming, JobFacts, VisitFacts
from matching.eligibility import Rule, is_by_pool_alone
from matching.proof import NEVER, kind_of
from matching.sla import read_promise
from matching.technician import Technician

#: A booking that ended so long ago says no more where its technician is.
_STILL_THERE = timedelta(hours=12)
_TRAVEL = GreatCircleTravel()
#: Stands among the proofs of somebody proved to be a US person; no kind has such a code.
_CLEARED = "#clearance"


def read_facts(session: Session, jobs: Sequence[tuple[JobRow, SiteRow]], *, now: datetime) -> dict[UUID, JobFacts]:
    """The facts of these jobs, by id. Runs as the engine: a technician's other bookings may be another client's."""
    ids = [job.id for job, _ in jobs]
    visits = _visits(session, ids)
    people = _people(session, ids, now)
    kept = _kept(session, ids)
    missing = _missing_parts(session, ids)
    answers = _answers(session, ids)
    return {
        job.id: JobFacts(
            id=job.id,
            state=job.state,
            promise=read_promise(job.respond_by, job.fix_by, job.sla),
            paused_at=job.sla_paused_at,
            responded_at=kept[job.id][0],
            fixed_at=kept[job.id][1] if job.state in ("done", "approved", "paid", "disputed") else None,
            mend_by=_mend_by(job),
            num_may=(job.unfilled or {}).get("num_may"),
            answer_by=answers.get(job.id),
            visits=tuple(
                _visit(job, site, visit, num_open, people.get(visit.id, ()), missing.get(visit.id))
                for visit, num_open in visits.get(job.id, ())
            ),
        )
        for job, site in jobs
    }


def _mend_by(job: JobRow) -> datetime | None:
    due_at = (job.sent_back or {}).get("due_at") if job.state == "sent_back" else None
    return datetime.fromisoformat(due_at) if due_at else None


def _visit(
    job: JobRow,
    site: SiteRow,
    visit: VisitRow,
    num_open: int,
    people: Sequence[tuple[Any, ...]],
    missing_part_at: datetime | None,
) -> VisitFacts:
    ends_at = visit.planned_end_at
    slack = timedelta(days=read_policy(job).credential_slack_days)
    return VisitFacts(
        id=visit.id,
        state=visit.state,
        latest_start_at=visit.window_end_at - timedelta(minutes=visit.duration_min),
        duration_min=visit.duration_min,
        planned_start_at=visit.planned_start_at,
        planned_end_at=ends_at,
        confirm_by=visit.confirm_by,
        num_open=num_open,
        last_day=None if ends_at is None else local_day(ends_at, zone(site.time_zone)) + slack,
        missing_part_at=missing_part_at,
        coming=tuple(_coming(site, *each) for each in people),
    )


def _visits(session: Session, jobs: Sequence[UUID]) -> dict[UUID, list[tuple[VisitRow, int]]]:
    """(visit, number of its open slots) by job, those that are not over."""
    num_open = (
        select(func.count())
        .where(SlotRow.visit_id == VisitRow.id, SlotRow.state == "open")
        .correlate(VisitRow)
        .scalar_subquery()
    )
    rows = session.execute(
        select(VisitRow, num_open)
        .where(VisitRow.job_id.in_(jobs), VisitRow.state.in_(LIVE_VISITS))
        .order_by(VisitRow.num)
    ).all()
    found: dict[UUID, list[tuple[VisitRow, int]]] = defaultdict(list)
    for visit, num in rows:
        found[visit.job_id].append((visit, num))
    return found


def _kept(session: Session, jobs: Sequence[UUID]) -> dict[UUID, tuple[datetime | None, datetime | None]]:
    """When the first technician was assigned, and when the last one checked out, by job."""
    found: dict[UUID, tuple[datetime | None, datetime | None]] = defaultdict(lambda: (None, None))
    responded = dict(
        session.execute(
            select(AssignmentRow.job_id, func.min(AssignmentRow.assigned_at))
            .where(AssignmentRow.job_id.in_(jobs))
            .group_by(AssignmentRow.job_id)
        ).all()
    )
    fixed = dict(
        session.execute(
            select(VisitRow.job_id, func.max(VisitRow.checked_out_at))
            .where(VisitRow.job_id.in_(jobs))
            .group_by(VisitRow.job_id)
        ).all()
    )
    for job in jobs:
        found[job] = (responded.get(job), fixed.get(job))
    return found


def _answers(session: Session, jobs: Sequence[UUID]) -> dict[UUID, datetime]:
    """When the first yes that waits for a pick lapses, by job."""
    return dict(
        session.execute(
            select(OfferRow.job_id, func.min(OfferRow.expires_at))
            .where(OfferRow.job_id.in_(jobs), OfferRow.state.in_(("requested", "countered")))
            .group_by(OfferRow.job_id)
        ).all()
    )


def _missing_parts(session: Session, jobs: Sequence[UUID]) -> dict[UUID, datetime]:
    """When a part that is not there will be too late, by visit: what the alarm about it says."""
    rows = session.execute(
        select(AlarmRow.visit_id, func.min(AlarmRow.due_at))
        .where(AlarmRow.job_id.in_(jobs), AlarmRow.kind == "part_missing", AlarmRow.cleared_at.is_(None))
        .group_by(AlarmRow.visit_id)
    )
    return {visit: due_at for visit, due_at in rows if visit is not None}


def _people(session: Session, jobs: Sequence[UUID], now: datetime) -> dict[UUID, list[tuple[Any, ...]]]:
    """(assignment, where its technician is before it, until when they work there, proofs) by visit."""
    rows = session.execute(
        select(
            AssignmentRow, SlotRow.needs, SiteRow.region, TechnicianRow.lat, TechnicianRow.lng, JobRow, OfferRow.waived
        )
        .join(SlotRow, SlotRow.id == AssignmentRow.slot_id)
        .join(JobRow, JobRow.id == AssignmentRow.job_id)
        .outerjoin(OfferRow, OfferRow.id == AssignmentRow.offer_id)
        .join(SiteRow, SiteRow.id == JobRow.site_id)
        .join(TechnicianRow, TechnicianRow.id == AssignmentRow.technician_id)
        .where(AssignmentRow.job_id.in_(jobs), AssignmentRow.state == "live")
        .order_by(AssignmentRow.id)
    ).all()
    technicians = {assignment.technician_id for assignment, *_ in rows}
    diaries = _diaries(session, technicians, now)
    read = {each.id: each for each in read_technicians(session, technicians, now=now)}
    found: dict[UUID, list[tuple[Any, ...]]] = defaultdict(list)
    clients = {assignment.client_id for assignment, *_ in rows}
    asked = {client: read_requirements(session, client) for client in clients}
    for assignment, needs, region, lat, lng, job, waived in rows:
        place, busy_until = _before(assignment, diaries.get(assignment.technician_id, ()), Point(lat, lng))
        who = read[assignment.technician_id]
        known = _last_days(who)
        wanted = needs_at(needs, asked[assignment.client_id], region)
        needed = {kind_of(key): known.get(key) for key in wanted.credentials}
        if wanted.clearance:
            needed["clearance"] = known.get(_CLEARED)
        is_pools = Rule.POOL.code not in (waived or ())
        if is_pools and is_by_pool_alone(wanted, assignment.client_id, who, read_policy(job)):
            needed |= proofs_lacking(session, wanted.pools, who, now=now)
        found[assignment.visit_id].append((assignment, place, busy_until, needed))
    return found


def _coming(
    site: SiteRow,
    assignment: AssignmentRow,
    place: Point,
    busy_until: datetime | None,
    proofs: Mapping[str, date | None],
) -> Coming:
    way = _TRAVEL.times([place], [Point(site.lat, site.lng)])
    return Coming(
        assignment_id=assignment.id,
        technician_id=assignment.technician_id,
        start_at=assignment.start_at,
        travel_s=int(way.seconds[0, 0]),
        busy_until=busy_until,
        proofs=proofs,
    )


def _diaries(session: Session, technicians: set[UUID], now: datetime) -> dict[UUID, list[Row[*tuple[Any, ...]]]]:
    """Where else these technicians work, or just did, by technician, in order of time."""
    rows = session.execute(
        select(
            AssignmentRow.technician_id,
            AssignmentRow.id,
            AssignmentRow.start_at,
            AssignmentRow.end_at,
            BookingRow.lat,
            BookingRow.lng,
            VisitRow.state,
        )
        .join(BookingRow, BookingRow.id == AssignmentRow.booking_id)
        .join(VisitRow, VisitRow.id == AssignmentRow.visit_id)
        .where(
            AssignmentRow.technician_id.in_(technicians),
            AssignmentRow.state.in_(("live", "finished")),
            AssignmentRow.end_at > now - 2 * _STILL_THERE,
        )
        .order_by(AssignmentRow.start_at)
    ).all()
    found: dict[UUID, list[Row[*tuple[Any, ...]]]] = defaultdict(list)
    for row in rows:
        found[row.technician_id].append(row)
    return found


def _before(
    assignment: AssignmentRow, diary: Sequence[Row[*tuple[Any, ...]]], base: Point
) -> tuple[Point, datetime | None]:
    """(where the technician is before this work, until when they are at work there)."""
    place, busy_until = base, None
    for other in diary:
        if other.id == assignment.id or other.start_at >= assignment.start_at:
            continue
        is_there = other.state == "checked_in"
        if is_there or other.end_at > assignment.start_at - _STILL_THERE:
            place = Point(other.lat, other.lng)
            busy_until = other.end_at if is_there else None
    return place, busy_until


def _last_days(who: Technician) -> dict[str, date]:
    """The last valid day of each credential in force, by key, and of the clearance, as the rules read them."""
    found = {key: date.fromordinal(day) for key, day in who.credentials.items()}
    if who.cleared_until > NEVER:
        found[_CLEARED] = date.fromordinal(who.cleared_until)
    return found
