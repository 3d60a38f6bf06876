"""How does a command of the operator change the record? Brought up to the newest schema first."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine, func, or_, select
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, NotFound
from dispatch.record.datakeys import read_ring
from dispatch.record.session import Actor, connect
from dispatch.record.tables import StaffRow, TechnicianRow
from dispatch.services import migrate, services
from dispatch.settings import read_settings
from dispatch.talent.packfiles import go_by

#: Whoever may run commands against the record runs the network.
OPERATOR = Actor("operator")


@contextmanager
def operated(*, deadline_s: float) -> Iterator[Engine]:
    """Connections to the record; no transaction of theirs outlives `deadline_s`.

    Raises
    ------
    MissingService
        When no database was named and none can be started, or the one that was named does not answer.
    """
    settings = read_settings()
    go_by(settings.packs_dir)
    with services(settings) as there:
        migrate(there.database_url)
        ring = read_ring(settings.data_keys, settings.data_dir)
        name = "truckroll command"
        engine = connect(there.database_url, pool_size=1, deadline_s=deadline_s, name=name, ring=ring)
        try:
            yield engine
        finally:
            engine.dispose()


def operator_named(session: Session, email: str) -> Actor:
    """The person of the operator's staff who has this address and has not left; raises NotFound."""
    named = (func.lower(StaffRow.email) == email.strip().lower(), StaffRow.role == "operator")
    found = session.scalar(select(StaffRow.id).where(*named, StaffRow.left_at.is_(None)))
    if found is None:
        raise NotFound("person of the operator's", email)
    return Actor("operator", found)


def technician_named(session: Session, number: str) -> UUID:
    """The technician who has this number, or id; raises BadInput."""
    named = [TechnicianRow.number == number]
    with suppress(ValueError):
        named.append(TechnicianRow.id == UUID(number))
    found = session.scalar(select(TechnicianRow.id).where(or_(*named)))
    if found is None:
        raise BadInput("NUMBER", number, "give the number or id of a technician of the record")
    return found


def instant(option: str, typed: str | None) -> datetime | None:
    """A date and time with its offset; raises BadInput, naming the option."""
    if typed is None:
        return None
    with suppress(ValueError):
        found = datetime.fromisoformat(typed)
        if found.tzinfo is not None:
            return found
    raise BadInput(option, typed, "give a date and time with its offset, as 2027-01-31T12:00Z")
