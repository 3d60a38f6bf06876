"""Where is whoever is on the way or on site? Told to the job's parties, from "on my way" to the check-out.

Nobody opts in to it by visit: who takes the work is seen on the way to it, and at no other time. What is kept is
forgotten after days that the settings say; the time log then says that they were there, and no longer where. A legal
hold beats both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, insert, literal, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from dispatch.record.tables import AssignmentRow, PositionRow, TechnicianRow, new_id
from geo.cells import HOME_RESOLUTION, cell_of

#: From "on my way" to the check-out; a trigger says the same.
UNDERWAY = ("on_the_way", "checked_in", "stepped_out")
#: More often nobody needs to know.
APART = timedelta(seconds=10)
_BATCH = 1_000
_LATE = "positions_underway"


@dataclass(frozen=True, slots=True)
class Here:
    """Where a phone says that it is: WGS 84 degrees; `accuracy_m` None: it does not say how sure it is."""

    lat: float
    lng: float
    accuracy_m: float | None = None


def note_position(session: Session, technician_id: UUID, here: Here, *, now: datetime) -> list[UUID]:
    """Keep where a technician is for the visits that they are on the way to or at: those visits. Runs as the engine.

    None where there are none, so that a phone may go on sending. A check-out in the same moment wins.
    """
    told = []
    for each in _underway(session, technician_id):
        try:
            with session.begin_nested():
                _keep(session, each, here, now)
        except DBAPIError as error:
            if getattr(getattr(error.orig, "diag", None), "constraint_name", None) != _LATE:
                raise
            continue
        told.append(each.visit_id)
    return told


def outside_homes(session: Session, rows: Sequence[PositionRow]) -> list[PositionRow]:
    """Those of the positions that are in no cell of the technician's home: what a client may read, in the same order.

    Most people set out from home. A client knows that cell already (`geo.cells.HOME_RESOLUTION`), and where somebody
    may not be read at all, nothing of theirs is left.
    """
    whose = select(TechnicianRow.id, TechnicianRow.lat, TechnicianRow.lng).where(
        TechnicianRow.id.in_({row.technician_id for row in rows})
    )
    homes = {each: cell_of(lat, lng, HOME_RESOLUTION) for each, lat, lng in session.execute(whose)}
    known = (row for row in rows if row.technician_id in homes)
    return [row for row in known if cell_of(row.lat, row.lng, HOME_RESOLUTION) != homes[row.technician_id]]


def forget_positions(session: Session, before: datetime) -> int:
    """Forget where people were before a time, save what a legal hold keeps: how many rows. Runs as the engine.

    Of the proofs of a time log the places go; distance, accuracy and what they prove stay. One call takes so much;
    there is no more when it answers 0.
    """
    session.execute(_HOLDS_WAIT)
    return sum(session.execute(each, {"before": before, "most": _BATCH}).scalar_one() for each in (_POSITIONS, _PROOFS))


def _underway(session: Session, technician_id: UUID) -> list[AssignmentRow]:
    return list(
        session.scalars(
            select(AssignmentRow)
            .where(
                AssignmentRow.technician_id == technician_id,
                AssignmentRow.state == "live",
                AssignmentRow.presence.in_(UNDERWAY),
            )
            .order_by(AssignmentRow.id)
        )
    )


def _keep(session: Session, assignment: AssignmentRow, here: Here, now: datetime) -> None:
    values = {
        "id": new_id(),
        "client_id": assignment.client_id,
        "job_id": assignment.job_id,
        "visit_id": assignment.visit_id,
        "assignment_id": assignment.id,
        "technician_id": assignment.technician_id,
        "lat": here.lat,
        "lng": here.lng,
        "accuracy_m": None if here.accuracy_m is None else round(here.accuracy_m),
        "at": now,
    }
    columns = PositionRow.__table__.columns
    newest = select(func.max(PositionRow.at)).where(PositionRow.assignment_id == assignment.id).scalar_subquery()
    row = select(*(literal(value, columns[name].type) for name, value in values.items())).where(
        func.coalesce(newest, now - APART) <= now - APART
    )
    session.execute(insert(PositionRow).from_select(list(values), row))


#: Holds that are being placed are seen, or wait for us; the triggers that refuse take the same lock.
_HOLDS_WAIT = text("SELECT pg_advisory_xact_lock_shared(hashtext('truckroll legal holds'))")

_POSITIONS = text("""
WITH old AS (
    SELECT id FROM positions
    WHERE at < :before AND NOT is_held(technician_id, client_id, job_id)
    ORDER BY at LIMIT :most
), gone AS (
    DELETE FROM positions p USING old WHERE p.id = old.id RETURNING 1
)
SELECT count(*) FROM gone
""")

_PROOFS = text("""
WITH old AS (
    SELECT id FROM time_entries
    WHERE in_received_at < :before AND (out_received_at IS NULL OR out_received_at < :before)
        AND (proof_in ? 'lat' OR proof_out ? 'lat') AND NOT is_held(technician_id, client_id, job_id)
    ORDER BY in_received_at LIMIT :most FOR UPDATE SKIP LOCKED
), gone AS (
    UPDATE time_entries t SET proof_in = proof_in - '{lat,lng}'::text[], proof_out = proof_out - '{lat,lng}'::text[]
    FROM old WHERE t.id = old.id RETURNING 1
)
SELECT count(*) FROM gone
""")
