"""Have these two let each other in? Invited or applied, then admitted, declined, suspended, ended: with reasons.

A suspension shuts a technician out, whatever pool or market they are in; it is the client's (or the operator's) to
end. Every other end leaves things as if the two had never agreed: who is in the market is still in it.
"""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dispatch.admission.parting import flag_assignments, unflag_assignments, withdraw_offers
from dispatch.errors import BadInput, Conflict, NotFound
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import (
    AdmissionRow,
    ClientRow,
    OfferRow,
    PoolMemberRow,
    PoolRow,
    TechnicianRow,
    new_id,
)
from dispatch.record.tables.admission import ENDED_ADMISSIONS
from dispatch.talent.rights import hold_for_client, hold_technician, only
from dispatch.talent.words import checked_code

Side = Literal["client", "technician"]

#: state -> wish -> (the next state, whose it is to wish)
MOVES: Mapping[str, Mapping[str, tuple[str, tuple[Side, ...]]]] = {
    "invited": {
        "accept": ("admitted", ("technician",)),
        "decline": ("declined", ("technician",)),
        "withdraw": ("ended", ("client",)),
    },
    "applied": {
        "admit": ("admitted", ("client",)),
        "decline": ("declined", ("client",)),
        "withdraw": ("ended", ("technician",)),
    },
    "admitted": {"suspend": ("suspended", ("client",)), "end": ("ended", ("client", "technician"))},
    "suspended": {"reinstate": ("admitted", ("client",)), "end": ("ended", ("client",))},
    "declined": {},
    "ended": {},
}
#: What an event is called after a wish.
_KINDS = {
    "accept": "accepted",
    "admit": "admitted",
    "decline": "declined",
    "withdraw": "withdrawn",
    "suspend": "suspended",
    "reinstate": "reinstated",
    "end": "ended",
}
#: After a no, nobody is asked again for so long; nor is an invitation good for longer.
REASK_DAYS = 30

_CLIENTS = ("client_admin", "dispatcher", "operator")


def invite(
    session: Session,
    actor: Actor,
    client_id: UUID,
    technician_id: UUID,
    pools: Sequence[UUID] = (),
    *,
    now: datetime,
) -> UUID:
    """A client asks a technician whom it may know to come in, and into these pools: the admission's id.

    Raises
    ------
    BadInput
        A pool is not the client's, or is open: whoever meets its requirements is in it.
    Conflict
        The two have a relation already, or a no is younger than `REASK_DAYS`.
    NotFound, Refused
        The client or the technician is not for this actor; the actor is not of a client's staff.
    """
    only(actor, *_CLIENTS, doing="inviting technicians")
    hold_for_client(session, actor, client_id, [technician_id])
    check_pools(session, client_id, pools)
    admission_id = _begin(session, client_id, technician_id, "invited", pools, now)
    _told(session, actor, admission_id, "invited", client_id, {}, now)
    return admission_id


def apply_to(session: Session, actor: Actor, technician_id: UUID, client_id: UUID, *, now: datetime) -> UUID:
    """A technician asks a client to let them in: the admission's id.

    Raises
    ------
    Conflict
        As `invite`.
    NotFound
        The technician is not this actor's, or knows of no such client.
    """
    hold_technician(session, actor, technician_id)
    if session.scalar(select(ClientRow.id).where(ClientRow.id == client_id, known_to(technician_id))) is None:
        raise NotFound("client", client_id)
    admission_id = _begin(session, client_id, technician_id, "applied", (), now)
    _told(session, actor, admission_id, "applied", client_id, {}, now)
    return admission_id


def move_admission(
    session: Session, actor: Actor, admission_id: UUID, wish: str, reason: str | None = None, *, now: datetime
) -> list[UUID]:
    """Move an admission by one of the `MOVES`; what was assigned and stays, to be looked at (of a suspension).

    Raises
    ------
    BadInput
        An end needs a reason's code, and has none.
    Conflict
        The state, or the actor's side of it, does not allow it; names the moves that it does.
    NotFound
        There is none for this actor.
    """
    row, side = find_admission(session, actor, admission_id)
    _hold(session, row.technician_id)
    session.refresh(row)
    allowed = moves_of(row.state, side)
    if wish not in allowed:
        raise Conflict(row.state, wish, tuple(allowed))
    state = allowed[wish]
    if state in ENDED_ADMISSIONS:
        if reason is None:
            raise BadInput("reason", None, "say why, as a code such as no_capacity or other")
        reason = checked_code("reason", reason)
    else:
        reason = None
    _set_state(session, row, state, reason, now)
    stands = _follow(session, actor, row, wish, now)
    more: dict[str, object] = {"reason": reason} if reason else {}
    if stands:
        more["assignments"] = [str(each) for each in stands]
    _told(session, actor, row.id, _KINDS[wish], row.client_id, more, now)
    return stands


def moves_of(state: str, side: Side) -> dict[str, str]:
    """The wishes that a state allows one side, each with the state after it."""
    return {wish: after for wish, (after, sides) in MOVES[state].items() if side in sides}


def find_admission(session: Session, actor: Actor, admission_id: UUID) -> tuple[AdmissionRow, Side]:
    """The admission, and on which side of it the actor stands.

    Raises
    ------
    NotFound
        There is none for this actor.
    """
    row = session.scalars(select(AdmissionRow).where(AdmissionRow.id == admission_id)).one_or_none()
    side = None if row is None else _side(session, actor, row)
    if row is None or side is None:
        raise NotFound("admission", admission_id)
    return row, side


def check_pools(session: Session, client_id: UUID, pools: Sequence[UUID]) -> None:
    """Whether these are private pools of the client; BadInput names the first that is not."""
    found = session.scalars(
        select(PoolRow.id).where(PoolRow.id.in_(pools), PoolRow.client_id == client_id, PoolRow.requirements.is_(None))
    )
    if missing := set(pools) - set(found):
        raise BadInput("pools", str(min(missing)), "name private pools of yours: who meets an open one's is in it")


def known_to(technician_id: UUID) -> ColumnElement[bool]:
    """The condition that a technician may know of a client: it is approved, and asked them or has an open pool."""
    asked = exists().where(OfferRow.client_id == ClientRow.id, OfferRow.technician_id == technician_id)
    invited = exists().where(AdmissionRow.client_id == ClientRow.id, AdmissionRow.technician_id == technician_id)
    has_open_pool = exists().where(PoolRow.client_id == ClientRow.id, PoolRow.requirements.is_not(None))
    return (ClientRow.state == "approved") & (asked | invited | has_open_pool)


def new_code() -> str:
    """A code that redeems an invitation: 192 bits that nobody guesses."""
    return secrets.token_urlsafe(24)


def _begin(
    session: Session, client_id: UUID, technician_id: UUID, state: str, pools: Sequence[UUID], now: datetime
) -> UUID:
    """A new admission, or the old one begun anew: one guarded statement."""
    code = new_code() if state == "invited" else None
    values = {
        "state": state,
        "reason": None,
        "pools": [str(each) for each in pools],
        "code": code,
        "code_until": now + timedelta(days=REASK_DAYS) if code else None,
        "moved_at": now,
    }
    new = insert(AdmissionRow).values(
        id=new_id(), client_id=client_id, technician_id=technician_id, created_at=now, **values
    )
    is_over = AdmissionRow.state.in_(("declined", "ended")) & (
        (AdmissionRow.state == "ended") | (AdmissionRow.moved_at <= now - timedelta(days=REASK_DAYS))
    )
    kept = new.on_conflict_do_update(
        index_elements=["client_id", "technician_id"],
        set_={**values, "version": AdmissionRow.version + 1},
        where=is_over,
    ).returning(AdmissionRow.id)
    admission_id: UUID | None = session.scalar(kept)
    if admission_id is None:
        old = select(AdmissionRow.state).where(
            AdmissionRow.client_id == client_id, AdmissionRow.technician_id == technician_id
        )
        found = session.scalars(old).one()
        side: Side = "client" if state == "invited" else "technician"
        wish = "invite" if side == "client" else "apply"
        moves = tuple(moves_of(found, side)) or (f"{wish} again {REASK_DAYS} days after the no",)
        raise Conflict(found, wish, moves)
    return admission_id


def _set_state(session: Session, row: AdmissionRow, state: str, reason: str | None, now: datetime) -> None:
    moved = session.scalar(
        update(AdmissionRow)
        .where(AdmissionRow.id == row.id, AdmissionRow.state == row.state, AdmissionRow.version == row.version)
        .values(state=state, reason=reason, version=AdmissionRow.version + 1, moved_at=now, code=None, code_until=None)
        .returning(AdmissionRow.id)
        .execution_options(synchronize_session=False)
    )
    before = row.state
    session.refresh(row)
    if moved is None:
        raise Conflict(before, state)


def _follow(session: Session, actor: Actor, row: AdmissionRow, wish: str, now: datetime) -> list[UUID]:
    """What a move brings with it."""
    two = (row.client_id, row.technician_id)
    if row.state == "admitted":
        _join(session, actor, row, now)
        if wish == "reinstate":
            unflag_assignments(session, actor, *two, now=now)
    if row.state == "suspended":
        withdraw_offers(session, actor, *two, now=now)
        return flag_assignments(session, actor, *two, now=now)
    if row.state == "ended":
        _leave(session, actor, row, now)
    return []


def _join(session: Session, actor: Actor, row: AdmissionRow, now: datetime) -> None:
    """Into the pools that they were invited to, as far as these are still private ones."""
    wanted = select(PoolRow.id).where(
        PoolRow.client_id == row.client_id, PoolRow.requirements.is_(None), PoolRow.id.in_(map(UUID, row.pools))
    )
    for pool_id in sorted(session.scalars(wanted)):
        new = insert(PoolMemberRow).values(
            pool_id=pool_id, technician_id=row.technician_id, client_id=row.client_id, joined_at=now
        )
        if session.scalar(new.on_conflict_do_nothing().returning(PoolMemberRow.pool_id)) is not None:
            _tell_pool(session, actor, row, pool_id, "pool_joined", now)


def _leave(session: Session, actor: Actor, row: AdmissionRow, now: datetime) -> None:
    """Out of the client's private pools; who is in an open one meets its requirements."""
    private = select(PoolRow.id).where(PoolRow.client_id == row.client_id, PoolRow.requirements.is_(None))
    gone = (
        delete(PoolMemberRow)
        .where(PoolMemberRow.technician_id == row.technician_id, PoolMemberRow.pool_id.in_(private))
        .returning(PoolMemberRow.pool_id)
    )
    for pool_id in sorted(session.scalars(gone)):
        _tell_pool(session, actor, row, pool_id, "pool_left", now)


def _tell_pool(session: Session, actor: Actor, row: AdmissionRow, pool_id: UUID, kind: str, now: datetime) -> None:
    data = {"pool": str(pool_id), "technicians": [str(row.technician_id)]}
    record(session, actor, ("client", row.client_id), kind, data, client_id=row.client_id, now=now)


def _told(
    session: Session,
    actor: Actor,
    admission_id: UUID,
    kind: str,
    client_id: UUID,
    more: Mapping[str, object],
    now: datetime,
) -> None:
    """Without the technician: the age of an id would tell a client whom the network knew before it wrote a file."""
    record(session, actor, ("admission", admission_id), kind, dict(more), client_id=client_id, now=now)


def _side(session: Session, actor: Actor, row: AdmissionRow) -> Side | None:
    if actor.kind in ("operator", "engine"):
        return "client"
    if actor.client_id is not None:
        return "client" if actor.client_id == row.client_id and actor.kind in _CLIENTS else None
    if actor.technician_id is not None:
        return "technician" if actor.technician_id == row.technician_id else None
    theirs = select(TechnicianRow.id).where(
        TechnicianRow.id == row.technician_id, TechnicianRow.company_id == actor.company_id
    )
    has_company = actor.company_id is not None and session.scalar(theirs) is not None
    return "technician" if has_company else None


def _hold(session: Session, technician_id: UUID) -> None:
    """Lock the technician as an acceptance does: the move is seen by it, or waits for its end."""
    session.execute(select(TechnicianRow.id).where(TechnicianRow.id == technician_id).with_for_update(key_share=True))
