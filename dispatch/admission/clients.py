"""Is this client approved, and what if it no longer is? The operator decides; a suspended client asks nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, NotFound
from dispatch.jobs.rounds import close_rounds, open_rounds
from dispatch.money.funds import open_purse
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow, ClientRow, JobRow, RoundRow, SlotRow
from dispatch.talent.clients import check_pays, standing_columns
from dispatch.talent.rights import only
from dispatch.talent.words import checked_code
from dispatch.visits.alarms import clear_alarms, raise_alarm

#: state -> {wish: the next state}; all of them are the operator's
MOVES: Mapping[str, Mapping[str, str]] = {
    "applied": {"approve": "approved", "decline": "declined"},
    "approved": {"suspend": "suspended"},
    "suspended": {"reinstate": "approved"},
    "declined": {"approve": "approved"},
}
_KINDS = {"approve": "approved", "decline": "declined", "suspend": "suspended", "reinstate": "reinstated"}
#: Work goes on for a client that is suspended: somebody looks whether it will be paid.
ALARM = "client_suspended"


@dataclass(frozen=True, slots=True)
class Limits:
    """What an approval comes with; None leaves as it is. `regions` are US states, empty: everywhere.

    `credit_limit` becomes the floor of the client's funds; `pays_outside` says that its money isn't kept here.
    """

    credit_limit: Decimal | None = None
    pays_outside: bool | None = None
    regions: Sequence[str] | None = None


def move_client(
    session: Session,
    actor: Actor,
    client_id: UUID,
    wish: str,
    reason: str | None = None,
    limits: Limits | None = None,
    *,
    now: datetime,
) -> list[UUID]:
    """Move a client by one of the `MOVES`: the live assignments that stay although it is suspended.

    Its open rounds close and their offers are withdrawn with the suspension, and open again with its end. What is
    agreed stays agreed, and is flagged.

    Raises
    ------
    BadInput
        A no or a suspension has no reason's code, a limit cannot be kept, or an approval does not say how it pays.
    Conflict
        The state does not allow it, or no agreement was accepted before the approval.
    NotFound, Refused
        There is none; the actor is not the operator.
    """
    only(actor, "operator", doing="approving and suspending clients")
    row = _find(session, client_id, is_held=wish != "suspend")
    state = _next(row, wish)
    withdrawn = _stop_asking(session, client_id, now) if state == "suspended" else {}
    values = {"state": state, "state_reason": _reason(state, reason), **_limit_columns(row, wish, limits)}
    if state == "approved":
        check_pays({"money": row.money, "pays_outside": row.pays_outside} | values)
    _set_state(session, row, values)
    if values.get("money") is not None:
        open_purse(session, actor, client_id, row.currency, values["money"], now=now)
    stands = _follow(session, actor, row, wish, withdrawn, now)
    data: dict[str, Any] = {"reason": values["state_reason"]} if values["state_reason"] else {}
    if stands:
        data["assignments"] = [str(each) for each in stands]
    record(session, actor, ("client", client_id), _KINDS[wish], data, client_id=client_id, now=now)
    return stands


def _find(session: Session, client_id: UUID, *, is_held: bool) -> ClientRow:
    """A suspension takes the row last, see `_set_state`; whatever sets limits holds it from the first."""
    wanted = select(ClientRow).where(ClientRow.id == client_id).execution_options(populate_existing=True)
    row = session.scalars(wanted.with_for_update(key_share=True) if is_held else wanted).one_or_none()
    if row is None:
        raise NotFound("client", client_id)
    return row


def _next(row: ClientRow, wish: str) -> str:
    moves = MOVES[row.state]
    if wish not in moves:
        raise Conflict(row.state, wish, tuple(moves))
    if wish == "approve" and row.agreement is None:
        raise Conflict(f"{row.state}, and no agreement was accepted", wish, ("set the agreement first",))
    return moves[wish]


def _reason(state: str, reason: str | None) -> str | None:
    if state not in ("declined", "suspended"):
        return None
    if reason is None:
        raise BadInput("reason", None, "say why, as a code such as unpaid or other")
    return checked_code("reason", reason)


def _limit_columns(row: ClientRow, wish: str, limits: Limits | None) -> dict[str, Any]:
    every: dict[str, Any] = {} if limits is None else asdict(limits)
    given = {name: value for name, value in every.items() if value is not None}
    if given and wish in ("decline", "suspend"):
        raise BadInput(min(given), given[min(given)], "leave it out: limits come with an approval")
    return standing_columns(given, row.currency, row.money)


def _set_state(session: Session, row: ClientRow, values: Mapping[str, Any]) -> None:
    """One guarded statement, the last lock that is taken: postings hold the row shared."""
    before = row.state
    moved = session.scalar(
        update(ClientRow)
        .where(ClientRow.id == row.id, ClientRow.state == before)
        .values(**values)
        .returning(ClientRow.id)
        .execution_options(synchronize_session=False)
    )
    session.refresh(row)
    if moved is None:
        raise Conflict(row.state, "move", tuple(MOVES[row.state]))


def _stop_asking(session: Session, client_id: UUID, now: datetime) -> dict[UUID, list[UUID]]:
    """Close the open rounds of all jobs: the offers that ended, by job. Acceptances that hold a slot end first."""
    asking = select(RoundRow.job_id).where(RoundRow.client_id == client_id, RoundRow.closed_at.is_(None))
    session.execute(
        select(SlotRow.id).where(SlotRow.job_id.in_(asking)).order_by(SlotRow.id).with_for_update(key_share=True)
    )
    jobs = sorted(set(session.scalars(asking)))
    return {job_id: close_rounds(session, job_id, "withdrawn", now=now) for job_id in jobs}


def _follow(
    session: Session, actor: Actor, row: ClientRow, wish: str, withdrawn: Mapping[UUID, list[UUID]], now: datetime
) -> list[UUID]:
    for job_id, offers in sorted(withdrawn.items()):
        told = {"why": "client_suspended", "offers_withdrawn": [str(each) for each in offers]}
        record(session, actor, ("job", job_id), "offers_recalled", told, client_id=row.id, now=now)
    if wish == "suspend":
        return _flag(session, actor, row.id, now)
    if wish == "reinstate":
        _ask_again(session, actor, row.id, now)
    return []


def _flag(session: Session, actor: Actor, client_id: UUID, now: datetime) -> list[UUID]:
    live = session.execute(
        select(AssignmentRow.id, AssignmentRow.job_id, AssignmentRow.visit_id, AssignmentRow.start_at)
        .where(AssignmentRow.client_id == client_id, AssignmentRow.state == "live")
        .order_by(AssignmentRow.id)
    ).all()
    for each in live:
        about = {"job_id": each.job_id, "visit_id": each.visit_id, "subject_id": each.id}
        raise_alarm(session, actor, ALARM, client_id=client_id, due_at=each.start_at, now=now, **about)
    return [each.id for each in live]


def _ask_again(session: Session, actor: Actor, client_id: UUID, now: datetime) -> None:
    """New rounds for what is still open, and the flags come down."""
    open_jobs = select(JobRow.id).where(
        JobRow.client_id == client_id,
        JobRow.state.in_(("open", "in_progress")),
        select(SlotRow.id).where(SlotRow.job_id == JobRow.id, SlotRow.state == "open").exists(),
    )
    for job_id in sorted(session.scalars(open_jobs)):
        open_rounds(session, client_id, job_id, "resumed", now=now)
    flagged = select(AssignmentRow.id).where(AssignmentRow.client_id == client_id, AssignmentRow.state == "live")
    for assignment_id in session.scalars(flagged.order_by(AssignmentRow.id)).all():
        clear_alarms(session, actor, (ALARM,), why="reinstated", now=now, subject_id=assignment_id)
