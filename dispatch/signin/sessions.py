"""Who is signed in, where, and until when? Sessions: opened, found by their secret, listed, ended.

A secret has 256 random bits and is kept as its SHA-256, as of an API key. What a session may do is read from its
person's own row at every request: whoever left, was suspended or has another address now is nobody at once.
"""

import hashlib
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Uuid,
    and_,
    any_,
    cast,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Session

from dispatch.errors import NotFound, NotSignedIn
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import PasswordRow, SessionRow, SignInRow, StaffRow, TechnicianRow, new_id
from dispatch.settings import SignInSettings
from dispatch.signin.people import Identity, identity, staff_is_in, technician_is_in

#: Seconds that may pass before it is noted again that a session was used.
NOTE_EVERY_S = 60
#: How long an ended session is kept to be looked at, and a try that can be had anew.
KEPT, TRIES_KEPT = timedelta(days=30), timedelta(days=7)
_NUM_BYTES = 32
_MAX_DEVICE = 120


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proved: that whoever asks has this address, by which method, at which device."""

    email: str = field(repr=False)
    method: str
    device: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A session just opened. The secret is kept nowhere: it is the cookie's alone."""

    id: UUID
    secret: str = field(repr=False)
    lasts_s: int


def open_session(
    session: Session, person: Identity, proof: Proof, settings: SignInSettings, *, now: datetime
) -> Opened:
    """Let somebody in who proved to have the person's address. Runs as the engine.

    Raises
    ------
    NotSignedIn
        The person has left meanwhile, or was suspended.
    """
    hold(session, person, proof.email)
    idle_h, days = (
        (settings.technician_idle_h, settings.technician_session_days)
        if person.role == "technician"
        else (settings.staff_idle_h, settings.staff_session_days)
    )
    lasts = timedelta(days=days)
    opened = Opened(new_id(), secrets.token_urlsafe(_NUM_BYTES), round(lasts.total_seconds()))
    session.execute(
        insert(SessionRow).values(
            id=opened.id,
            hash=digest(opened.secret),
            email=func.lower(proof.email),
            staff_id=None if person.role == "technician" else person.id,
            technician_id=person.id if person.role == "technician" else None,
            method=proof.method,
            device=_one_line(proof.device),
            opened_at=now,
            seen_at=now,
            idle_s=min(idle_h * 3_600, opened.lasts_s),
            expires_at=now + lasts,
        )
    )
    tell(session, person, "signed_in", {"session": str(opened.id), "method": proof.method}, now=now)
    return opened


def hold(session: Session, person: Identity, email: str) -> None:
    """Keep the person as they are until the transaction ends: who leaves now waits, and ends the new session too.

    Raises
    ------
    NotSignedIn
        They are not there any more, or have another address.
    """
    here = (
        select(TechnicianRow.id).where(TechnicianRow.id == person.id, technician_is_in(email))
        if person.role == "technician"
        else select(StaffRow.id).where(StaffRow.id == person.id, staff_is_in(email))
    )
    if session.scalar(here.with_for_update(read=True)) is None:
        raise NotSignedIn("wrong")


def find(session: Session, secret: str) -> Actor | None:
    """Whom a secret speaks for now; notes that it was used. Runs as the engine."""
    return next(iter(_found(session, SessionRow.hash == digest(secret)).values()), None)


def still(session: Session, session_id: UUID) -> Actor | None:
    """Whom a session speaks for now: for whoever has been asked for its secret once."""
    return all_still(session, {session_id}).get(session_id)


def all_still(session: Session, session_ids: Collection[UUID]) -> dict[UUID, Actor]:
    """Whom each of these sessions speaks for now, those alone that live; notes that they were used."""
    return _found(session, SessionRow.id == any_(cast(list(session_ids), ARRAY(Uuid))))


def switch(session: Session, session_id: UUID, person: Identity, email: str, *, now: datetime) -> str | None:
    """Have a session speak for another person of the same address: its new secret; the old one is worth nothing.

    None where the session has ended meanwhile. Runs as the engine.
    """
    hold(session, person, email)
    row = session.get_one(SessionRow, session_id, with_for_update=True, populate_existing=True)
    if row.ended_at is not None:
        return None
    secret = secrets.token_urlsafe(_NUM_BYTES)
    is_technician = person.role == "technician"
    row.hash = digest(secret)
    row.staff_id, row.technician_id = (None, person.id) if is_technician else (person.id, None)
    session.flush()
    told = {"session": str(row.id), "method": row.method, "is_switch": True}
    tell(session, person, "signed_in", told, now=now)
    return secret


def list_sessions(session: Session, actor: Actor) -> Sequence[SessionRow]:
    """Those of the actor's person that live, the last used first. Runs as the engine."""
    wanted = select(SessionRow).where(_own(actor), _alive())
    return session.scalars(wanted.order_by(SessionRow.seen_at.desc(), SessionRow.id.desc())).all()


def end_session(session: Session, actor: Actor, session_id: UUID, *, now: datetime) -> None:
    """End one session of the actor's person.

    Raises
    ------
    NotFound
        When they have no such one that lives.
    """
    if not _end(session, actor, SessionRow.id == session_id, "one", now):
        raise NotFound("session", session_id)


def end_sessions(session: Session, actor: Actor, *, but: UUID | None = None, why: str = "all", now: datetime) -> int:
    """End all sessions of the actor's person, save one: how many."""
    return _end(session, actor, SessionRow.id != but if but else text("true"), why, now)


def end_others(session: Session, email: str, but: UUID, *, now: datetime) -> list[str]:
    """End all sessions of an address save one, whoever they speak for: their ids. The caller tells it."""
    others = update(SessionRow).where(SessionRow.email == func.lower(email), SessionRow.id != but)
    ended = session.scalars(others.where(SessionRow.ended_at.is_(None)).values(ended_at=now).returning(SessionRow.id))
    return sorted(map(str, ended))


def digest(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def forget(session: Session, now: datetime) -> int:
    """Delete what has been over for long, and passwords of addresses that nobody has: how many. Runs as the engine."""
    old = now - KEPT
    over = (SessionRow.expires_at < old) | (SessionRow.ended_at < old)
    staffs = exists().where(func.lower(StaffRow.email) == PasswordRow.email, StaffRow.left_at.is_(None))
    technicians = exists().where(func.lower(TechnicianRow.email) == PasswordRow.email, TechnicianRow.state != "left")
    gone = (
        delete(SessionRow).where(over).returning(SessionRow.id),
        delete(SignInRow).where(SignInRow.expires_at < now - TRIES_KEPT).returning(SignInRow.id),
        delete(PasswordRow).where(~staffs, ~technicians).returning(PasswordRow.set_at),
    )
    return sum(len(session.scalars(each).all()) for each in gone)


def _found(session: Session, which: ColumnElement[bool]) -> dict[UUID, Actor]:
    rows = session.execute(_FOUND.where(which, _alive())).all()
    unseen = [row.id for row in rows if row.unseen_s >= NOTE_EVERY_S]
    if unseen:
        _note(session, unseen)
    return {row.id: _actor(row) for row in rows}


def _note(session: Session, session_ids: Sequence[UUID]) -> None:
    """That they were used; where somebody else holds a row, they note or end it."""
    free = select(SessionRow.id).where(SessionRow.id.in_(session_ids)).with_for_update(skip_locked=True)
    noted = update(SessionRow).where(SessionRow.id.in_(free.scalar_subquery()), SessionRow.ended_at.is_(None))
    session.execute(noted.values(seen_at=func.clock_timestamp()))


def _actor(row: Any) -> Actor:
    person = row.staff_id or row.technician_id
    role = row.role or "technician"
    return Actor(role, person, row.client_id, row.technician_id, key_id=person, session_id=row.id)


#: A session with its person, who must still be there and still have the address.
_FOUND = (
    select(
        SessionRow.id,
        SessionRow.staff_id,
        SessionRow.technician_id,
        StaffRow.role,
        StaffRow.client_id,
        func.extract("epoch", func.clock_timestamp() - SessionRow.seen_at).label("unseen_s"),
    )
    .join(StaffRow, StaffRow.id == SessionRow.staff_id, isouter=True)
    .join(TechnicianRow, TechnicianRow.id == SessionRow.technician_id, isouter=True)
    .where(or_(staff_is_in(SessionRow.email), technician_is_in(SessionRow.email)))
)


def _alive() -> ColumnElement[bool]:
    """By the clock of this moment: neither ended, nor unused for too long, nor too old."""
    clock = func.clock_timestamp()
    used = SessionRow.seen_at + func.make_interval(0, 0, 0, 0, 0, 0, SessionRow.idle_s) > clock
    return and_(SessionRow.ended_at.is_(None), SessionRow.expires_at > clock, used)


def _own(actor: Actor) -> ColumnElement[bool]:
    if actor.kind == "technician":
        return SessionRow.technician_id == actor.technician_id
    return SessionRow.staff_id == actor.id


def _end(session: Session, actor: Actor, which: Any, why: str, now: datetime) -> int:
    ended = session.scalars(
        update(SessionRow)
        .where(_own(actor), SessionRow.ended_at.is_(None), which)
        .values(ended_at=now)
        .returning(SessionRow.id)
    ).all()
    person = identity(session, actor)
    if ended and person is not None:
        told = {"sessions": sorted(map(str, ended)), "why": why}
        tell(session, person, "signed_out", told, now=now)
    return len(ended)


def tell(session: Session, person: Identity, kind: str, data: dict[str, Any], *, now: datetime) -> None:
    """Record an event of somebody's signing in, in their own chain."""
    told = data if person.role == "technician" else {**data, "staff": str(person.id)}
    record(session, person.actor, person.subject, kind, told, client_id=person.client_id, now=now)


def _one_line(device: str) -> str:
    return "".join(each if each.isprintable() else " " for each in device).strip()[:_MAX_DEVICE]
