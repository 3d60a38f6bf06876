"""What did some technicians work for the clients before the demo's day? Engagements of the time before this record.

They are brought in as what they are: a job that is paid, its visit, who did it, and the time log, day by day. Nothing
else is written; hours, levels and what is refused for them follow as from any time log.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from cli.demo.customers import Client, Past
from cli.demo.world import Site
from dispatch.record.tables import (
    AssignmentRow,
    BookingRow,
    JobRow,
    SlotRow,
    TechnicianRow,
    TimeEntryRow,
    VisitRow,
    new_id,
)

#: So many sites of each client have somebody who knows them from before.
_SITES = 12
_DAY = timedelta(hours=8)


@dataclass(frozen=True, slots=True)
class Engagement:
    """Who worked at a site, and how much of the past."""

    client: Client
    site_id: UUID
    site: Site
    technician_id: UUID
    past: Past


def bring_in_past(
    session: Session, clients: Sequence[Client], sites: Sequence[tuple[UUID, UUID, Site]], now: datetime
) -> int:
    """Bring in earlier engagements at sites, each of whom lives nearest: how many. `sites` have client and id."""
    found = list(_engagements(session, clients, sites))
    rows: dict[Any, list[dict[str, Any]]] = {}
    for num, each in enumerate(found):
        for table, row in _rows(each, num, now):
            rows.setdefault(table, []).append(row)
    for table in (JobRow, VisitRow, SlotRow, BookingRow, AssignmentRow, TimeEntryRow):
        if table in rows:
            session.execute(insert(table), rows[table])
    return len(found)


def _engagements(
    session: Session, clients: Sequence[Client], sites: Sequence[tuple[UUID, UUID, Site]]
) -> Iterator[Engagement]:
    people = session.execute(select(TechnicianRow.id, TechnicianRow.lat, TechnicianRow.lng).order_by(TechnicianRow.id))
    ids, *at = zip(*people, strict=True)
    places, free = np.radians(np.array(at).T), np.ones(len(ids), dtype=np.bool_)
    for client in clients:
        own = [(site_id, site) for client_id, site_id, site in sites if client_id == client.id][:_SITES]
        for num, (site_id, site) in enumerate(own):
            here = np.radians([site.place.lat, site.place.lng])
            aside = (places[:, 1] - here[1]) * np.cos(here[0])
            nearest = int(np.argmin(np.where(free, np.hypot(places[:, 0] - here[0], aside), np.inf)))
            free[nearest] = False
            past = client.customer.past[num % len(client.customer.past)]
            yield Engagement(client, site_id, site, ids[nearest], past)


def _days(past: Past, now: datetime) -> list[datetime]:
    """When each day of work began, the oldest first."""
    how, num = past
    begin = now.astimezone(UTC).replace(hour=14, minute=0, second=0, microsecond=0)
    if how == "months":
        months = [begin.year * 12 + begin.month - 1 - back for back in range(1, num + 1)]
        return sorted(begin.replace(year=month // 12, month=month % 12 + 1, day=15) for month in months)
    days = (begin - timedelta(days=back) for back in range(1, 2 * num + 7))
    return sorted([day for day in days if day.weekday() < 5][:num])


def _rows(each: Engagement, num: int, now: datetime) -> Iterator[tuple[Any, dict[str, Any]]]:
    """All rows of an engagement, table by table."""
    days = _days(each.past, now)
    start_at, end_at = days[0], days[-1] + _DAY
    of_client = {"client_id": each.client.id}
    job, visit, slot, booking, assignment = (new_id() for _ in range(5))
    of_job = {**of_client, "job_id": job}
    pay = {"pay_kind": "hourly", "pay_amount": 45, "currency": "USD"}
    yield JobRow, {
        **of_client, "id": job, "site_id": each.site_id, "number": f"BEFORE-{num:03d}", "job_type": "rollout",
        "title": "Work of the time before", "state": "paid", "policy": {}, "created_at": start_at, "look_at": None,
    }  # fmt: skip
    yield VisitRow, {
        **of_job, "id": visit, "state": "checked_out", "asked_time": "window", "window_start_at": start_at,
        "window_end_at": end_at, "duration_min": 480, "planned_start_at": start_at, "planned_end_at": end_at,
        "checked_in_at": start_at, "checked_out_at": end_at, "outcome": "complete", "created_at": start_at,
    }  # fmt: skip
    of_visit = {**of_job, "visit_id": visit}
    yield SlotRow, {
        **of_visit, **pay, "id": slot, "is_lead": True, "needs": {}, "state": "filled",
        "technician_id": each.technician_id,
    }  # fmt: skip
    yield BookingRow, {
        "id": booking, "technician_id": each.technician_id, "lat": each.site.place.lat, "lng": each.site.place.lng,
        "busy": Range(start_at, start_at + _DAY, bounds="[)"), "live": False, "created_at": start_at,
    }  # fmt: skip
    yield AssignmentRow, {
        **of_visit, **pay, "id": assignment, "slot_id": slot, "technician_id": each.technician_id,
        "booking_id": booking, "state": "finished", "presence": "checked_out", "mode": "manual", "terms_version": 1,
        "start_at": start_at, "end_at": end_at, "assigned_at": start_at, "ended_at": end_at, "watch_at": None,
        "checked_in_at": start_at, "checked_out_at": end_at,
    }  # fmt: skip
    for day in days:
        yield TimeEntryRow, {
            **of_visit, "id": new_id(), "entry_id": new_id(), "assignment_id": assignment,
            "technician_id": each.technician_id, "started_at": day, "ended_at": day + _DAY, "source": "app",
            "in_received_at": day, "proposed_by": "technician", "agreed_at": day + _DAY,
        }  # fmt: skip
