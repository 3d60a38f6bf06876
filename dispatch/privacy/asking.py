"""May I be erased? Somebody asks, a person of the operator decides by a date, and says why not."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from dispatch.errors import Conflict, NotFound, Refused
from dispatch.privacy.blocking import Blocker, find_blockers, find_staff_blockers
from dispatch.record.events import record
from dispatch.record.session import ENGINE, Actor
from dispatch.record.tables import ErasureRow, StaffRow, TechnicianRow, new_id
from dispatch.record.tables.clients import STAFF_ROLES
from dispatch.record.tables.privacy import OPEN_ERASURES
from dispatch.talent.rights import NETWORK, hold_technician, only
from dispatch.talent.words import checked_code
from dispatch.visits.alarms import clear_alarms, raise_alarm

#: What the law gives for an answer (GDPR article 12: a month); California gives 45 days.
DECIDE_WITHIN = timedelta(days=30)
_BATCH = 100
#: The alarm about one whose date has passed.
LATE = "erasure_late"
#: state -> wish -> (the next state, who makes it)
MOVES = {
    "asked": {
        "grant": ("granted", "operator"),
        "refuse": ("refused", "operator"),
        "withdraw": ("withdrawn", "whoever asked"),
    },
    "granted": {"withdraw": ("withdrawn", "whoever asked")},
}
_KINDS = {"grant": "erasure_granted", "refuse": "erasure_refused", "withdraw": "erasure_withdrawn"}


def ask_erasure(session: Session, actor: Actor, technician_id: UUID, *, now: datetime) -> ErasureRow:
    """Ask that somebody be erased: they themselves, or the operator for them. What is in the way is told at once.

    Raises
    ------
    Conflict
        It was asked before, and is not done; or they were erased.
    NotFound, Refused
        There is no such technician for this actor; the actor is neither they nor the operator.
    """
    only(actor, "technician", "operator", doing="asking for an erasure")
    person = hold_technician(session, actor, technician_id)
    if person.state == "erased":
        raise Conflict("erased", "ask again")
    return _ask(session, actor, ErasureRow(technician_id=technician_id), find_blockers(session, technician_id), now)


def ask_staff_erasure(session: Session, actor: Actor, staff_id: UUID, *, now: datetime) -> ErasureRow:
    """The same of one of the staff, who may have left; an admin asks for nobody but themselves. Runs as the engine.

    Raises
    ------
    Conflict
        It was asked before, and is not done; or they were erased.
    NotFound, Refused
        There is no such person for this actor; the actor is not of the staff.
    """
    only(actor, *STAFF_ROLES, doing="asking for an erasure")
    person = hold_staff(session, staff_id)
    if actor.kind not in ("operator", "engine") and actor.id != staff_id:
        raise NotFound("member of staff", staff_id)
    if person.erased_at is not None:
        raise Conflict("erased", "ask again")
    return _ask(session, actor, ErasureRow(staff_id=staff_id), find_staff_blockers(session, staff_id), now)


def move_erasure(
    session: Session, actor: Actor, erasure_id: UUID, wish: str, *, why: str | None = None, now: datetime
) -> ErasureRow:
    """Grant, refuse (with a code) or withdraw. What is granted is done in the background once nothing is in the way.

    Raises
    ------
    Conflict
        Its state does not allow it, or a part is done already.
    BadInput
        A refusal without a code.
    NotFound, Refused
        There is none for this actor; another one's to say.
    """
    # The erasure before the technician, as whoever does it.
    found = session.get(ErasureRow, erasure_id, with_for_update=True, populate_existing=True)
    if found is None or not (actor.kind == "operator" or _is_theirs(actor, found)):
        raise NotFound("erasure", erasure_id)
    person = _hold(session, actor, found)
    moves = MOVES.get(found.state, {}) if not found.progress else {}
    if wish not in moves:
        raise Conflict(found.state, wish, tuple(moves))
    state, who = moves[wish]
    _check_whose(actor, found, wish, who)
    found.state = state
    found.why = checked_code("why", why or "") if wish == "refuse" else None
    found.next_at = now if state == "granted" else None
    found.decided_at, found.decided_by = found.decided_at or now, actor.id
    if isinstance(person, TechnicianRow) and state == "granted" and person.state == "active":
        # Nothing new comes in meanwhile; what they have is done and paid.
        person.state = "paused"
    found.blocked_by = [each.to_document() for each in blockers_of(session, found)]
    session.flush()
    tell(session, actor, found, _KINDS[wish], {"why": found.why, "blocked_by": found.blocked_by}, now)
    if state not in OPEN_ERASURES:
        clear_alarms(session, actor, (LATE,), why=state, now=now, subject_id=found.id)
    return found


def moves_of(actor: Actor, erasure: ErasureRow) -> list[str]:
    """What this actor may wish for it now."""
    is_theirs = _is_theirs(actor, erasure)
    may = {"operator": actor.kind == "operator" and not is_theirs, "whoever asked": is_theirs}
    moves = MOVES.get(erasure.state, {}) if not erasure.progress else {}
    return [wish for wish, (_, who) in moves.items() if may[who]]


def note_late(session: Session, now: datetime) -> int:
    """Wishes neither refused nor done by their date: noted, told, and an alarm for the operator, once; how many.

    A sweep, as the engine.
    """
    late = (
        select(ErasureRow.id)
        .where(ErasureRow.state.in_(OPEN_ERASURES), ErasureRow.decide_by <= now, ~ErasureRow.is_late)
        .order_by(ErasureRow.decide_by)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    )
    noted = session.execute(
        update(ErasureRow)
        .where(ErasureRow.id.in_(late))
        .values(is_late=True)
        .returning(ErasureRow)
        .execution_options(synchronize_session=False, populate_existing=True)
    ).scalars()
    rows = noted.all()
    for row in rows:
        tell(session, ENGINE, row, "erasure_late", {"decide_by": row.decide_by.isoformat()}, now)
        raise_alarm(session, ENGINE, LATE, client_id=None, subject_id=row.id, due_at=row.decide_by, now=now)
    return len(rows)


def erasures_of(session: Session, person_id: UUID) -> list[ErasureRow]:
    """All that were asked for, newest first."""
    wanted = select(ErasureRow).where((ErasureRow.technician_id == person_id) | (ErasureRow.staff_id == person_id))
    return list(session.scalars(wanted.order_by(ErasureRow.id.desc()).limit(100)))


def hold_staff(session: Session, staff_id: UUID) -> StaffRow:
    """Lock the row of one of the staff until the transaction ends, and return it; NotFound where there is none."""
    held = select(StaffRow).where(StaffRow.id == staff_id).with_for_update()
    row = session.scalars(held.execution_options(populate_existing=True)).one_or_none()
    if row is None:
        raise NotFound("member of staff", staff_id)
    return row


def blockers_of(session: Session, erasure: ErasureRow) -> list[Blocker]:
    """What is in the way of this one now."""
    if erasure.technician_id is not None:
        return find_blockers(session, erasure.technician_id)
    assert erasure.staff_id is not None
    return find_staff_blockers(session, erasure.staff_id)


def tell(session: Session, actor: Actor, erasure: ErasureRow, kind: str, told: dict[str, Any], now: datetime) -> None:
    """Note what became of it: of a technician with them, of staff with their client or the network."""
    told = {"erasure": str(erasure.id), **told}
    if erasure.technician_id is not None:
        record(session, actor, ("technician", erasure.technician_id), kind, told, client_id=None, now=now)
        return
    client_id = session.scalar(select(StaffRow.client_id).where(StaffRow.id == erasure.staff_id))
    subject = NETWORK if client_id is None else ("client", client_id)
    told = {"staff": str(erasure.staff_id), **told}
    record(session, actor, subject, kind, told, client_id=client_id, now=now)


def _ask(session: Session, actor: Actor, row: ErasureRow, blockers: list[Blocker], now: datetime) -> ErasureRow:
    row.id, row.state, row.progress, row.is_late = new_id(), "asked", {}, False
    row.blocked_by = [each.to_document() for each in blockers]
    row.asked_at, row.decide_by = now, now + DECIDE_WITHIN
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError as error:
        if "uq_erasures_open" not in str(error.orig):
            raise
        raise Conflict("asked", "ask again", ("withdraw",)) from error
    tell(session, actor, row, "erasure_asked", {"decide_by": row.decide_by.isoformat()}, now)
    return row


def _is_theirs(actor: Actor, erasure: ErasureRow) -> bool:
    if erasure.technician_id is not None:
        return actor.technician_id == erasure.technician_id
    return actor.kind in STAFF_ROLES and actor.id == erasure.staff_id


def _hold(session: Session, actor: Actor, erasure: ErasureRow) -> TechnicianRow | StaffRow:
    if erasure.technician_id is not None:
        return hold_technician(session, actor, erasure.technician_id)
    assert erasure.staff_id is not None
    return hold_staff(session, erasure.staff_id)


def _check_whose(actor: Actor, erasure: ErasureRow, wish: str, who: str) -> None:
    """The operator decides, but never about themselves; whoever asked withdraws."""
    if who == "operator":
        only(actor, "operator", doing=wish)
        if _is_theirs(actor, erasure):
            raise Refused(f"another person of the operator's has to {wish} this one", ("only_another",))
    elif not _is_theirs(actor, erasure):
        raise Refused(f"only whoever is to be erased may {wish}", ("only_themselves",))
