"""What may not be deleted, and until when? Legal holds on a job, a client or a person: placed, and lifted once.

A hold beats the forgetting of positions and the erasure of a person; the database itself refuses both meanwhile. Who
places it waits for deletions under way, so that whatever a hold finds is kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, NotFound
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import Base, ClientRow, JobRow, LegalHoldRow, StaffRow, TechnicianRow, new_id
from dispatch.talent.rights import NETWORK, only
from dispatch.talent.words import checked_code


@dataclass(frozen=True, slots=True)
class About:
    """What a hold is about: exactly one of them."""

    job_id: UUID | None = None
    client_id: UUID | None = None
    technician_id: UUID | None = None
    staff_id: UUID | None = None


def place_hold(
    session: Session, actor: Actor, about: About, why: str, *, until: datetime | None = None, now: datetime
) -> LegalHoldRow:
    """Keep everything about it until `until`, or until the hold is lifted. Runs as the engine.

    Raises
    ------
    BadInput
        Not exactly one thing is named, the reason is no code, or the end has passed.
    NotFound, Refused
        There is no such thing; the actor is not the operator.
    """
    only(actor, "operator", doing="placing a legal hold")
    owners = _owners(session, about)
    if until is not None and until <= now:
        raise BadInput("until", until.isoformat(), "give a time to come, or leave it out: then it holds until lifted")
    row = LegalHoldRow(
        id=new_id(), why=checked_code("why", why), until_at=until, placed_at=now, placed_by=actor.id, **owners
    )
    session.add(row)
    session.flush()
    told = {"hold": str(row.id), "why": why, "until": until.isoformat() if until else None}
    if row.staff_id is not None:
        told["staff"] = str(row.staff_id)
    record(session, actor, _subject(row), "hold_placed", told, client_id=row.client_id, now=now)
    return row


def lift_hold(session: Session, actor: Actor, hold_id: UUID, *, now: datetime) -> LegalHoldRow:
    """From now on it keeps nothing.

    Raises
    ------
    Conflict
        It was lifted already.
    NotFound, Refused
        There is none; the actor is not the operator.
    """
    only(actor, "operator", doing="lifting a legal hold")
    row = session.get(LegalHoldRow, hold_id)
    if row is None:
        raise NotFound("legal hold", hold_id)
    lifted = session.scalars(
        update(LegalHoldRow)
        .where(LegalHoldRow.id == hold_id, LegalHoldRow.lifted_at.is_(None))
        .values(lifted_at=now, lifted_by=actor.id)
        .returning(LegalHoldRow)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if lifted is None:
        raise Conflict("lifted", "lift the hold")
    told = {"hold": str(hold_id)}
    record(session, actor, _subject(lifted), "hold_lifted", told, client_id=lifted.client_id, now=now)
    return lifted


def _owners(session: Session, about: About) -> Mapping[str, object]:
    every: dict[str, tuple[type[Base], UUID | None]] = {
        "job": (JobRow, about.job_id),
        "client": (ClientRow, about.client_id),
        "technician": (TechnicianRow, about.technician_id),
        "staff": (StaffRow, about.staff_id),
    }
    named = [(kind, table, id_) for kind, (table, id_) in every.items() if id_ is not None]
    if len(named) != 1:
        raise BadInput("about", len(named), "name one: job_id, client_id, technician_id or staff_id")
    ((kind, table, id_),) = named
    row = session.get(table, id_)
    if row is None:
        raise NotFound({"staff": "member of staff"}.get(kind, kind), id_)
    owners = {"about": kind, f"{kind}_id": id_}
    return owners | {"client_id": row.client_id} if isinstance(row, JobRow) else owners


def _subject(row: LegalHoldRow) -> tuple[str, UUID]:
    """Of one of the staff the network: their client is not told whom a court asks about."""
    if row.about == "staff":
        return NETWORK
    id_ = {"job": row.job_id, "client": row.client_id, "technician": row.technician_id}[row.about]
    assert id_ is not None
    return row.about, id_
