"""May others know where a technician is now? Only while they wish it, and never for long."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, NotFound
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import TechnicianRow
from dispatch.talent.rights import hold_technician

#: "Available now" switches itself off.
LONGEST = timedelta(hours=8)


def share_positions(session: Session, actor: Actor, technician_id: UUID, shares: bool, *, now: datetime) -> None:
    """Say whether live positions of a technician may be sent and used.

    Raises
    ------
    NotFound
        There is no such technician for this actor.
    """
    row = hold_technician(session, actor, technician_id)
    if row.shares_position == shares:
        return
    row.shares_position = shares
    session.flush()
    kind = "position_shared" if shares else "position_hidden"
    record(session, actor, ("technician", technician_id), kind, client_id=None, now=now)


def may_be_shared(session: Session, technician_id: UUID) -> bool:
    """Whether this technician wishes their position to be known now.

    Raises
    ------
    NotFound
        There is no such technician.
    """
    row = session.execute(
        select(TechnicianRow.shares_position, TechnicianRow.state).where(TechnicianRow.id == technician_id)
    ).one_or_none()
    if row is None:
        raise NotFound("technician", technician_id)
    return bool(row.shares_position) and row.state == "active"


def good_until(until: datetime | None, *, now: datetime) -> datetime:
    """When a position sent now stops counting.

    Raises
    ------
    BadInput
        `until` has passed, or is more than `LONGEST` away.
    """
    latest = now + LONGEST
    if until is None:
        return latest
    if not now < until <= latest:
        raise BadInput("until", until.isoformat(), "choose a time within the next 8 hours, or leave it out")
    return until
