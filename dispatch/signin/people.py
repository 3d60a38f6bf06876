"""Who has this address? The people who may sign in with it, read from their own rows, whatever the session says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from dispatch.record.session import Actor
from dispatch.record.tables import ClientRow, RemovalRow, StaffRow, TechnicianRow
from dispatch.talent.rights import NETWORK
from dispatch.talent.words import checked_email

#: States of a technician in which there is something for them to see and to do.
STATES = ("invited", "active", "paused")
#: For so long after it somebody can read why they were removed; until then they can ask for a free copy of the report.
READABLE = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Identity:
    """A person as somebody of one client, of the operator, or of the network: what a session speaks for."""

    id: UUID
    role: str
    name: str
    language: str
    time_zone: str | None
    client_id: UUID | None = None
    client_name: str | None = None

    @property
    def actor(self) -> Actor:
        """As whom they act; requests are counted by the person."""
        technician_id = self.id if self.role == "technician" else None
        return Actor(self.role, self.id, self.client_id, technician_id, key_id=self.id)

    @property
    def subject(self) -> tuple[str, UUID]:
        """Whose chain of events tells of their signing in."""
        if self.role == "technician":
            return ("technician", self.id)
        return NETWORK if self.client_id is None else ("client", self.client_id)


def address(email: str) -> str:
    """The address as it is compared; BadInput if it is none."""
    return checked_email("email", email).lower()


def identities(session: Session, email: str) -> list[Identity]:
    """Everybody who has this address and has not left: the operator's people first, then clients', then technicians.

    The same two statements, whoever is asked for. Runs as the engine.
    """
    staff = _STAFF.where(staff_is_in(email))
    technicians = _TECHNICIANS.where(technician_is_in(email))
    found = session.execute(staff.order_by(StaffRow.client_id.is_not(None), ClientRow.name, StaffRow.id)).all()
    others = session.execute(technicians.order_by(TechnicianRow.id)).all()
    return [*map(_of_staff, found), *map(_technician, others)]


def staff_is_in(email: Any) -> ColumnElement[bool]:
    """The condition that a member of staff is there, and has this address."""
    return and_(StaffRow.left_at.is_(None), func.lower(StaffRow.email) == func.lower(email))


def technician_is_in(email: Any) -> ColumnElement[bool]:
    """The condition that a technician is there, and has this address.

    Of those suspended, whoever was given notice of a removal comes in to read it, to answer, and to read the decision.
    """
    is_to_read = or_(RemovalRow.ended_at.is_(None), RemovalRow.ended_at > func.clock_timestamp() - READABLE)
    was_told = exists().where(RemovalRow.technician_id == TechnicianRow.id, RemovalRow.state != "withdrawn", is_to_read)
    is_there = or_(TechnicianRow.state.in_(STATES), and_(TechnicianRow.state == "suspended", was_told))
    return and_(is_there, func.lower(TechnicianRow.email) == func.lower(email))


def identity(session: Session, actor: Actor) -> Identity | None:
    """The person behind an actor, a session's or a key's; None where it is a program's or a company's."""
    if actor.kind == "technician":
        row = session.execute(_TECHNICIANS.where(TechnicianRow.id == actor.technician_id)).one_or_none()
        return None if row is None else _technician(row)
    row = session.execute(_STAFF.where(StaffRow.id == actor.id)).one_or_none()
    return None if row is None else _of_staff(row)


def choose(people: Sequence[Identity], identity_id: UUID | None) -> Identity | None:
    """The one who is wanted, or the first; None where that one is not among them."""
    return next((each for each in people if identity_id in (None, each.id)), None)


_STAFF = select(
    StaffRow.id, StaffRow.role, StaffRow.name, StaffRow.preferences, StaffRow.client_id, ClientRow.name.label("client")
).join(ClientRow, ClientRow.id == StaffRow.client_id, isouter=True)
_TECHNICIANS = select(TechnicianRow.id, TechnicianRow.name, TechnicianRow.preferences, TechnicianRow.time_zone)


def _of_staff(row: Any) -> Identity:
    zone = row.preferences.get("time_zone")
    return Identity(row.id, row.role, row.name, _language(row), zone, row.client_id, row.client)


def _technician(row: Any) -> Identity:
    return Identity(row.id, "technician", row.name, _language(row), row.time_zone)


def _language(row: Any) -> str:
    language: str = row.preferences.get("language") or "en"
    return language
