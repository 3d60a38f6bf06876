"""What is on a client's board at this moment? All work that is not over, read in six statements."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from api.schemas.board import BoardJob, BoardOut, BoardPlace, BoardSite, BoardTrouble, BoardVisit
from api.schemas.jobs import PersonOut, WindowOut
from api.showing import show_unfilled
from api.visibility import view
from dispatch.record.relay import CURSOR
from dispatch.record.session import Actor

#: Jobs on a board at most.
MAX_JOBS = 10_000

_HERE = ("planned", "confirmed", "on_the_way")


def read_board(session: Session, actor: Actor, only: Sequence[UUID] | None = None) -> BoardOut:
    """The board of the actor's client, or `only` these jobs of it.

    All statements must see one moment: `snapshots.one_moment`.
    """
    client = {"client": actor.client_id, "only": list(map(str, only)) if only is not None else None}
    seq, at = session.execute(_NOW, client).one()
    ahead = list(session.scalars(_AHEAD, {**client, "cursor": CURSOR}))
    jobs = session.execute(_JOBS, {**client, "limit": MAX_JOBS + 1}).all()
    visits, slots = _by_job(session.execute(_VISITS, client)), _by_job(session.execute(_SLOTS, client))
    asked = {row.job_id: row for row in session.execute(_ASKED, client)}
    rounds = {row.job_id: row for row in session.execute(_ROUNDS, client)}
    return BoardOut(
        seq=seq,
        at=at,
        ahead=ahead,
        is_whole=len(jobs) <= MAX_JOBS,
        jobs=[
            _job(actor, job, visits[job.id], slots[job.id], asked.get(job.id), rounds.get(job.id), at)
            for job in jobs[:MAX_JOBS]
        ],
    )


def _by_job(rows: Iterable[Row[Any]]) -> dict[UUID, list[Row[Any]]]:
    found: dict[UUID, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        found[row.job_id].append(row)
    return found


def _job(
    actor: Actor,
    job: Row[Any],
    visits: list[Row[Any]],
    slots: list[Row[Any]],
    asked: Row[Any] | None,
    rounds: Row[Any] | None,
    at: datetime,
) -> BoardJob:
    shown = [_visit(actor, visit, [slot for slot in slots if slot.visit_id == visit.id]) for visit in visits]
    num_waiting = asked.num_waiting if asked else 0
    due = [rounds.next_wave_at if rounds else None, *(_due(visit) for visit in shown)]
    return BoardJob(
        **{name: getattr(job, name) for name in _OF_JOB},
        site=BoardSite(
            id=job.site_id,
            store_number=job.store_number,
            town=job.town,
            region=job.region,
            lat=job.lat,
            lng=job.lng,
            time_zone=job.time_zone,
        ),
        visits=shown,
        num_asked=asked.num_asked if asked else 0,
        num_live_offers=asked.num_live if asked else 0,
        num_waiting=num_waiting,
        num_waves=rounds.num_waves if rounds else 0,
        next_due_at=min((each for each in due if each is not None), default=None),
        trouble=_trouble(job, shown, num_waiting, at),
    )


def _visit(actor: Actor, visit: Row[Any], slots: list[Row[Any]]) -> BoardVisit:
    return BoardVisit(
        **{name: getattr(visit, name) for name in _OF_VISIT},
        window=WindowOut(start_at=visit.window_start_at, end_at=visit.window_end_at),
        num_slots=len(slots),
        num_filled=sum(slot.technician_id is not None for slot in slots),
        taken_by=[_taken(actor, slot) for slot in slots if slot.technician_id is not None],
    )


def _taken(actor: Actor, slot: Row[Any]) -> BoardPlace:
    seen = view(actor.kind, "assigned")
    person = PersonOut(
        id=slot.technician_id,
        number=slot.number if seen.technician_name else None,
        name=slot.name if seen.technician_name else None,
        phone=slot.phone if seen.technician_contact else None,
        email=slot.email if seen.technician_contact else None,
    )
    return BoardPlace(slot_id=slot.id, role=slot.role, technician=person)


def _due(visit: BoardVisit) -> datetime | None:
    """When somebody on the visit must act next: confirm, then come."""
    if visit.num_filled == 0 or visit.state not in _HERE:
        return None
    return visit.confirm_by if visit.state == "planned" else visit.planned_start_at


def _trouble(job: Row[Any], visits: list[BoardVisit], num_waiting: int, at: datetime) -> list[BoardTrouble]:
    found = []
    if job.state == "unfilled":
        told = show_unfilled(job.unfilled, "client")
        found.append(BoardTrouble(code="unfilled", visit_id=told.visit if told else None, since=None, unfilled=told))
    if num_waiting:
        found.append(BoardTrouble(code="waiting_for_answer", visit_id=None, since=None, unfilled=None))
    for visit in visits:
        if visit.num_filled == 0 or visit.state not in _HERE:
            continue
        if visit.planned_start_at is not None and visit.planned_start_at < at:
            late = visit.planned_start_at
            found.append(BoardTrouble(code="start_overdue", visit_id=visit.id, since=late, unfilled=None))
        elif visit.state == "planned" and visit.confirm_by is not None and visit.confirm_by < at:
            late = visit.confirm_by
            found.append(BoardTrouble(code="confirm_overdue", visit_id=visit.id, since=late, unfilled=None))
    return found


_OF_JOB = ("id", "number", "title", "job_type", "state", "mode", "priority", "version", "event_seq")
_OF_VISIT = (
    "id", "num", "state", "duration_min", "planned_start_at", "planned_end_at", "confirm_by", "event_seq",
)  # fmt: skip

_NOW = text(
    "SELECT coalesce((SELECT max(seq) FROM board_frames WHERE client_id = :client), 0) AS seq, clock_timestamp() AS at"
)

#: Committed, and not numbered by the relay yet.
_AHEAD = text("""
SELECT id FROM events WHERE client_id = :client
    AND xid >= coalesce((SELECT below_xid FROM cursors WHERE name = :cursor), '0'::xid8)
""")

_OPEN = (
    "j.client_id = :client AND j.state NOT IN ('approved', 'paid', 'cancelled') "
    "AND (CAST(:only AS uuid[]) IS NULL OR j.id = ANY(CAST(:only AS uuid[])))"
)
_NEWEST = "coalesce((SELECT max(e.seq) FROM events e WHERE e.subject_kind = '{kind}' AND e.subject_id = {id}), 0)"

_JOBS = text(f"""
SELECT j.id, j.number, j.title, j.job_type, j.state, j.mode, j.priority, j.version, j.unfilled, j.site_id,
    s.store_number, s.town, s.region, s.lat, s.lng, s.time_zone,
    {_NEWEST.format(kind="job", id="j.id")} AS event_seq
FROM jobs j JOIN sites s ON s.client_id = j.client_id AND s.id = j.site_id
WHERE {_OPEN}
ORDER BY j.priority, j.id LIMIT :limit
""")

_VISITS = text(f"""
SELECT v.job_id, v.id, v.num, v.state, v.window_start_at, v.window_end_at, v.duration_min, v.planned_start_at,
    v.planned_end_at, v.confirm_by, {_NEWEST.format(kind="visit", id="v.id")} AS event_seq
FROM jobs j JOIN visits v ON v.client_id = j.client_id AND v.job_id = j.id
WHERE {_OPEN} ORDER BY v.job_id, v.num
""")

_SLOTS = text(f"""
SELECT t.job_id, t.visit_id, t.id, t.role, t.technician_id, p.number, p.name, p.phone, p.email
FROM jobs j JOIN slots t ON t.client_id = j.client_id AND t.job_id = j.id
LEFT JOIN technicians p ON p.id = t.technician_id
WHERE {_OPEN} AND t.state <> 'closed' ORDER BY t.visit_id, t.num
""")

_ASKED = text(f"""
SELECT o.job_id, count(*) AS num_asked,
    count(*) FILTER (WHERE o.state IN ('sent', 'viewed', 'requested', 'countered')) AS num_live,
    count(*) FILTER (WHERE o.state IN ('requested', 'countered')) AS num_waiting
FROM jobs j JOIN offers o ON o.client_id = j.client_id AND o.job_id = j.id
WHERE {_OPEN} GROUP BY o.job_id
""")

_ROUNDS = text(f"""
SELECT r.job_id, sum(r.num_waves) AS num_waves, min(r.next_wave_at) AS next_wave_at
FROM jobs j JOIN rounds r ON r.client_id = j.client_id AND r.job_id = j.id
WHERE {_OPEN} GROUP BY r.job_id
""")
