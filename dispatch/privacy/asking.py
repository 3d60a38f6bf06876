"""May I be erased? A technician asks, a person of the operator decides by a date, and says why not."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from dispatch.errors import Conflict, NotFound
from dispatch.privacy.blocking import find_blockers
from dispatch.record.events import record
from dispatch.record.session import ENGINE, Actor
from dispatch.record.tables import ErasureRow, new_id
from dispatch.talent.rights import hold_technician, only
from dispatch.talent.words import checked_code

#: What the law gives for an answer (GDPR article 12: a month); California gives 45 days.
DECIDE_WITHIN = timedelta(days=30)
_BATCH = 100
#: state -> wish -> (the next state, who makes it)
MOVES = {
    "asked": {
        "grant": ("granted", "operator"),
        "refuse": ("refused", "operator"),
        "withdraw": ("withdrawn", "technician"),
    },
    "granted": {"withdraw": ("withdrawn", "technician")},
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
    row = ErasureRow(
        id=new_id(),
        technician_id=technician_id,
        state="asked",
        blocked_by=[each.to_document() for each in find_blockers(session, technician_id)],
        progress={},
        asked_at=now,
        decide_by=now + DECIDE_WITHIN,
    )
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError as error:
        if "uq_erasures_open" not in str(error.orig):
            raise
        raise Conflict("asked", "ask again", ("withdraw",)) from error
    told = {"erasure": str(row.id), "decide_by": row.decide_by.isoformat()}
    record(session, actor, ("technician", technician_id), "erasure_asked", told, client_id=None, now=now)
    return row


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
    if found is None or (actor.kind != "operator" and actor.technician_id != found.technician_id):
        raise NotFound("erasure", erasure_id)
    person = hold_technician(session, actor, found.technician_id)
    moves = MOVES.get(found.state, {}) if not found.progress else {}
    if wish not in moves:
        raise Conflict(found.state, wish, tuple(moves))
    state, who = moves[wish]
    only(actor, who, doing=wish)
    found.state = state
    found.why = checked_code("why", why or "") if wish == "refuse" else None
    found.next_at = now if state == "granted" else None
    found.decided_at, found.decided_by = found.decided_at or now, actor.id
    if state == "granted" and person.state == "active":
        # Nothing new comes in meanwhile; what they have is done and paid.
        person.state = "paused"
    found.blocked_by = [each.to_document() for each in find_blockers(session, person.id)]
    session.flush()
    told = {"erasure": str(found.id), "why": found.why, "blocked_by": found.blocked_by}
    record(session, actor, ("technician", person.id), _KINDS[wish], told, client_id=None, now=now)
    return found


def note_late(session: Session, now: datetime) -> int:
    """Wishes that nobody decided by their date, each noted and told once: how many. A sweep, as the engine."""
    late = (
        select(ErasureRow.id)
        .where(ErasureRow.state == "asked", ErasureRow.decide_by <= now, ~ErasureRow.is_late)
        .order_by(ErasureRow.decide_by)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    )
    noted = session.execute(
        update(ErasureRow)
        .where(ErasureRow.id.in_(late))
        .values(is_late=True)
        .returning(ErasureRow.id, ErasureRow.technician_id, ErasureRow.decide_by)
        .execution_options(synchronize_session=False)
    ).all()
    for row in noted:
        told = {"erasure": str(row.id), "decide_by": row.decide_by.isoformat()}
        record(session, ENGINE, ("technician", row.technician_id), "erasure_late", told, client_id=None, now=now)
    return len(noted)


def erasures_of(session: Session, technician_id: UUID) -> list[ErasureRow]:
    """All that were asked for, newest first."""
    wanted = select(ErasureRow).where(ErasureRow.technician_id == technician_id)
    return list(session.scalars(wanted.order_by(ErasureRow.id.desc()).limit(100)))
