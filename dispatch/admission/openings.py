"""What would one more proof have opened? Work of the last month near a base, by the kind that was missing."""

from collections import defaultdict
from datetime import datetime, timedelta
from math import cos, radians
from uuid import UUID

from sqlalchemy import Select, select, true
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from dispatch.errors import NotFound
from dispatch.jobs.reading import read_policy, to_job
from dispatch.record.tables import ClientRow, JobRow, SiteRow, SlotRow, VisitRow
from dispatch.talent.reading import read_technicians
from geo.distance import distance_m
from matching.openings import MILES_40_M, opened_by
from matching.technician import Technician

LOOKS_BACK = timedelta(days=30)
#: Roles of visits that one look judges, the newest: where there were more, the counts are of these.
_MOST = 2_000
_M_A_DEGREE = 111_000.0


def find_openings(session: Session, technician_id: UUID, *, now: datetime) -> dict[str, int]:
    """Kind of proof -> how many jobs it alone would have opened. Runs as the engine.

    Raises
    ------
    NotFound
        When there is no such technician.
    """
    found = read_technicians(session, [technician_id], now=now)
    if not found:
        raise NotFound("technician", technician_id)
    who, jobs = found[0], defaultdict(set)
    for job_row, visit, site, slot, client in session.execute(_near(who, now - LOOKS_BACK)):
        if distance_m(site, who) > MILES_40_M:
            continue
        job = to_job(job_row, visit, site, [slot], client, now)
        kind = opened_by(job, who, read_policy(job_row))
        if kind is not None:
            jobs[kind].add(job.job_id)
    return {kind: len(each) for kind, each in sorted(jobs.items())}


def _near(who: Technician, since: datetime) -> Select[JobRow, VisitRow, SiteRow, SlotRow, ClientRow]:
    """Roles of visits that asked for a proof, posted since, in a square around the base."""
    d_lat = MILES_40_M / _M_A_DEGREE
    d_lng = min(180.0, d_lat / max(0.01, cos(radians(who.lat))))
    is_in_span = SiteRow.lng.between(who.lng - d_lng, who.lng + d_lng)
    crosses_date_line = abs(who.lng) + d_lng > 180
    return (
        select(JobRow, VisitRow, SiteRow, SlotRow, ClientRow)
        .join(VisitRow, VisitRow.job_id == JobRow.id)
        .join(SiteRow, SiteRow.id == JobRow.site_id)
        .join(SlotRow, SlotRow.visit_id == VisitRow.id)
        .join(ClientRow, ClientRow.id == JobRow.client_id)
        .where(
            JobRow.created_at >= since,
            JobRow.state != "draft",
            ClientRow.state == "approved",
            ~SlotRow.is_observer,
            SiteRow.lat.between(who.lat - d_lat, who.lat + d_lat),
            true() if crosses_date_line else is_in_span,
            SlotRow.needs["credentials"] != [],
        )
        .order_by(VisitRow.id.desc(), SlotRow.role)
        .ext(distinct_on(VisitRow.id, SlotRow.role))
        .limit(_MOST)
    )
