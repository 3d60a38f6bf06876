"""How does one of the staff leave? Signed out, their keys revoked; what waits for them is somebody else's.

A client's last admin and the last operator stay: the database says so, and whoever would leave waits for whoever does.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from dispatch.errors import NotFound, Refused
from dispatch.money.deciders import hand_on
from dispatch.privacy.asking import hold_staff
from dispatch.record.events import record
from dispatch.record.refusals import guard_of
from dispatch.record.session import Actor
from dispatch.record.tables import ApiKeyRow, SessionRow
from dispatch.talent.rights import NETWORK, only
from dispatch.visits.responding import hand_back

_LAST = text("SELECT pg_advisory_xact_lock(hashtext('truckroll last of the staff'))")


def let_staff_go(session: Session, actor: Actor, staff_id: UUID, *, now: datetime) -> None:
    """A member of staff has left: the keys made for them are revoked, and they are signed out everywhere.

    What they were named to decide is decided by somebody else of the operator's; alarms that they took on climb on.

    Raises
    ------
    NotFound, Refused
        There is none who has not left, for this actor; the actor is neither the client's admin nor the operator; or
        they are the client's last admin, or the last operator.
    """
    only(actor, "client_admin", "operator", doing="letting staff go")
    hold_leaving(session)
    row = hold_staff(session, staff_id)
    if row.left_at is not None or (actor.client_id is not None and actor.client_id != row.client_id):
        raise NotFound("member of staff", staff_id)
    client_id, role = row.client_id, row.role
    try:
        with session.begin_nested():
            row.left_at = now
            session.flush()
    except IntegrityError as error:
        if guard_of(error) != "staff_last_stays":
            raise
        raise _last(role) from error
    hand_on(session, actor, staff_id, now=now)
    hand_back(session, actor, staff_id, now=now)
    theirs = update(ApiKeyRow).where(ApiKeyRow.staff_id == staff_id, ApiKeyRow.revoked_at.is_(None))
    session.execute(theirs.values(revoked_at=now))
    signed_in = update(SessionRow).where(SessionRow.staff_id == staff_id, SessionRow.ended_at.is_(None))
    session.execute(signed_in.values(ended_at=now))
    subject = NETWORK if client_id is None else ("client", client_id)
    record(session, actor, subject, "staff_left", {"staff": str(staff_id)}, client_id=client_id, now=now)


def hold_leaving(session: Session) -> None:
    """One leaves after another, before any row of theirs is held: two never wait for each other's."""
    session.execute(_LAST)


def _last(role: str) -> Refused:
    if role == "operator":
        return Refused("the last operator does not leave: name another operator first", ("last_operator",))
    return Refused("the last admin of a client does not leave: name another admin first", ("last_admin",))
