"""Which technicians may this actor see, and how are they told?"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, false, select, true
from sqlalchemy.orm import Session

from api.schemas.talent import ConsentOut, QuietHours, TechnicianOut, TechnicianPrivate
from api.visibility import HIDDEN_RESOLUTION
from dispatch.errors import NotFound
from dispatch.record.session import Actor
from dispatch.record.tables import AdmissionRow, AssignmentRow, PoolMemberRow, TechnicianRow, TechnicianSkillRow
from dispatch.talent.rights import let_in_by
from dispatch.talent.technicians import MOVES
from geo.cells import cell_of, center


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """Whom an actor may know: themselves; their workers; the market, their pools and who has worked for them; all."""
    if actor.kind == "operator":
        return true()
    if actor.technician_id is not None:
        return TechnicianRow.id == actor.technician_id
    if actor.company_id is not None:
        return TechnicianRow.company_id == actor.company_id
    if actor.client_id is None:
        return false()
    in_pool = exists().where(
        PoolMemberRow.technician_id == TechnicianRow.id, PoolMemberRow.client_id == actor.client_id
    )
    has_worked = exists().where(
        AssignmentRow.technician_id == TechnicianRow.id, AssignmentRow.client_id == actor.client_id
    )
    let_in = exists().where(AdmissionRow.technician_id == TechnicianRow.id, let_in_by(actor.client_id))
    return TechnicianRow.in_market | in_pool | has_worked | let_in


def find_visible(session: Session, actor: Actor, technician_id: UUID) -> TechnicianRow:
    """The technician, if the actor may know them. Runs as the engine.

    Raises
    ------
    NotFound
        When there is none for this actor.
    """
    row = session.scalars(
        select(TechnicianRow).where(TechnicianRow.id == technician_id, visible_to(actor)),
        execution_options={"populate_existing": True},
    ).one_or_none()
    if row is None:
        raise NotFound("technician", technician_id)
    return row


def show_technicians(session: Session, actor: Actor, rows: Sequence[TechnicianRow]) -> list[TechnicianOut]:
    """Technicians that the actor may know, each with what they may know of them. Runs as the engine."""
    ids = [row.id for row in rows]
    skills: dict[UUID, dict[str, int]] = {each: {} for each in ids}
    of_them = select(TechnicianSkillRow).where(TechnicianSkillRow.technician_id.in_(ids))
    for skill in session.scalars(of_them.order_by(TechnicianSkillRow.skill)):
        skills[skill.technician_id][skill.skill] = skill.level
    return [_show(actor, row, skills[row.id]) for row in rows]


def moves_of(actor: Actor, state: str) -> list[Any]:
    """What this actor can do with a technician in this state."""
    if actor.client_id is not None:
        return []
    return [wish for wish, (_, is_operators) in MOVES[state].items() if actor.kind == "operator" or not is_operators]


def _show(actor: Actor, row: TechnicianRow, skills: dict[str, int]) -> TechnicianOut:
    is_own = actor.client_id is None
    here = (row.lat, row.lng)
    if not is_own:
        middle = center(cell_of(row.lat, row.lng, HIDDEN_RESOLUTION))
        here = (round(middle.lat, 4), round(middle.lng, 4))
    return TechnicianOut(
        **{name: getattr(row, name) for name in _SAME},
        lat=here[0],
        lng=here[1],
        is_exact=is_own,
        skills=skills,
        private=_private(row) if is_own else None,
        moves=moves_of(actor, row.state),
    )


def _private(row: TechnicianRow) -> TechnicianPrivate:
    quiet = None
    if row.quiet_from is not None and row.quiet_to is not None:
        quiet = QuietHours(begin=f"{row.quiet_from:%H:%M}", end=f"{row.quiet_to:%H:%M}")
    consent = None
    if row.auto_min_hourly is not None:
        consent = ConsentOut(
            min_hourly=row.auto_min_hourly,
            max_distance_km=row.auto_max_km or 0.0,
            max_per_day=row.auto_max_per_day or 0,
            is_paused=row.auto_paused,
        )
    same = {name: getattr(row, name) for name in _PRIVATE}
    return TechnicianPrivate(**same, quiet=quiet, consent=consent)


_SAME = ("id", "number", "name", "state", "in_market", "company_id", "time_zone", "reputation")
_PRIVATE = (
    "email", "phone", "radius_km", "area", "clearance", "clearance_until", "day_capacity", "min_hourly", "currency",
    "works_in_quiet_hours", "shares_position", "version",
)  # fmt: skip
