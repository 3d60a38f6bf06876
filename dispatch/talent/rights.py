"""Whose record is this, and may this actor change it? And the lock that every change of it takes first.

What is not the actor's is told like what does not exist. The operator runs the network: there is no second person
in it who would know a technician's or a client's record better.
"""

from uuid import UUID

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from dispatch.errors import NotFound, Refused
from dispatch.record.session import Actor
from dispatch.record.tables import AdmissionRow, AssignmentRow, ClientRow, PoolMemberRow, TechnicianRow

#: The subject of events about the network itself: companies, the operator's keys, imports.
NETWORK = ("client", UUID(int=0))

_OPERATORS = ("operator", "engine")


def hold_technician(session: Session, actor: Actor, technician_id: UUID) -> TechnicianRow:
    """Lock the technician's row until the transaction ends, and return it.

    Whoever changes what a rule reads of a technician comes through here, and an acceptance locks the same row: the
    change is seen by the acceptance, or waits for its end.

    Raises
    ------
    NotFound
        There is none, or the actor is neither this technician, nor their company, nor the operator.
    """
    row = session.scalars(
        select(TechnicianRow)
        .where(TechnicianRow.id == technician_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None or not _is_theirs(actor, row):
        raise NotFound("technician", technician_id)
    return row


def hold_for_client(session: Session, actor: Actor, client_id: UUID, technician_ids: list[UUID]) -> None:
    """Lock technicians, ascending, whom this client may know: in the market, its pools or its work, or let in.

    Raises
    ------
    NotFound
        One does not exist, or is not for this client; or the client is not the actor's.
    """
    own_client(session, actor, client_id)
    known = (
        TechnicianRow.in_market
        | exists().where(PoolMemberRow.technician_id == TechnicianRow.id, PoolMemberRow.client_id == client_id)
        | exists().where(AdmissionRow.technician_id == TechnicianRow.id, let_in_by(client_id))
        | exists().where(AssignmentRow.technician_id == TechnicianRow.id, AssignmentRow.client_id == client_id)
    )
    wanted = select(TechnicianRow.id).where(TechnicianRow.id.in_(technician_ids))
    if actor.kind not in _OPERATORS:
        wanted = wanted.where(known)
    found = set(session.scalars(wanted.order_by(TechnicianRow.id).with_for_update(key_share=True)))
    missing = sorted(set(technician_ids) - found)
    if missing:
        raise NotFound("technician", missing[0])


def let_in_by(client_id: UUID) -> ColumnElement[bool]:
    """The condition that an admission is this client's, and both sides have agreed to it."""
    return (AdmissionRow.client_id == client_id) & AdmissionRow.state.in_(("admitted", "suspended"))


def own_client(session: Session, actor: Actor, client_id: UUID) -> None:
    """Raise NotFound unless the client exists and is the actor's, or the actor runs the network."""
    if actor.kind not in _OPERATORS and actor.client_id != client_id:
        raise NotFound("client", client_id)
    if session.scalar(select(ClientRow.id).where(ClientRow.id == client_id)) is None:
        raise NotFound("client", client_id)


def only(actor: Actor, *kinds: str, doing: str) -> None:
    """Raise Refused unless the actor is of one of these kinds; the engine may what the operator may."""
    allowed = {*kinds, "engine"} if "operator" in kinds else set(kinds)
    if actor.kind not in allowed:
        raise Refused(f"{doing} is for {' and '.join(kinds)}, not for {actor.kind}", (f"only_{kinds[0]}",))


def _is_theirs(actor: Actor, row: TechnicianRow) -> bool:
    if actor.kind in _OPERATORS:
        return True
    if actor.technician_id is not None:
        return actor.technician_id == row.id
    return actor.company_id is not None and actor.company_id == row.company_id
