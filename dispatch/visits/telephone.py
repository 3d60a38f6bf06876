"""What does a technician say by text or telephone? A code and a word move their visit, as the app would.

The code is in the reminder, and works from the technician's own number alone. Who guesses is stopped after a few
misses, counted in the record, so that no restart forgets them. What a carrier brings twice is answered as the first
time. Which of number and code was wrong is told to nobody.
"""

import hashlib
import re
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, TruckrollError
from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow, PhoneWordRow, TechnicianRow, VisitRow, new_id
from dispatch.talent.words import checked_phone
from dispatch.visits.before import confirm, leave, run_late
from dispatch.visits.endings import Ending
from dispatch.visits.onsite import check_in, check_out
from dispatch.visits.presence import Moved
from dispatch.visits.stamps import Stamp

#: So many misses from a number within this time, and it is answered no more for as long.
MAX_MISSES = 5
_WITHIN = timedelta(minutes=15)

_CODE = re.compile(r"(?<!\d)(\d{6})(?!\d)", re.ASCII)
_NUMBER = re.compile(r"(?<!\d)(\d{1,3})(?!\d)", re.ASCII)
#: Words and keys that people use -> what they mean. Keys are what a voice line takes after the code.
_WORDS = {
    "check_in": ("in", "here", "arrived", "entrada", "llegue", "1"),
    "check_out": ("out", "done", "salida", "listo", "2"),
    "leave": ("way", "leaving", "camino", "voy", "3"),
    "confirm": ("yes", "ok", "confirm", "si", "confirmo", "4"),
    "late": ("late", "tarde"),
}
_LOCK_SENDER = text("SELECT pg_advisory_xact_lock(hashtextextended('phone ' || encode(:sender, 'hex'), 0))")


@dataclass(frozen=True, slots=True)
class Word:
    """What a carrier brought: by `sms` or `voice`, with its own id of it, from which number."""

    channel: str
    message_id: str
    sender: str
    words: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of it: `done`, `refused` (by the visit's state), `unknown`, `too_many` or `no_code`.

    `no_code` is for whoever else reads texts: it is no word of a visit.
    """

    outcome: str
    did: str | None = None
    visit_id: str | None = None
    presence: str | None = None
    visit_state: str | None = None
    detail: str | None = None
    is_duplicate: bool = False


def take_word(session: Session, actor: Actor, word: Word, *, now: datetime) -> Answer:
    """Do what a technician says by telephone; `actor` is the gateway. Runs as the engine.

    Raises
    ------
    BadInput
        When the sender is no telephone number.
    """
    number = checked_phone("from", word.sender, "US")
    sender = hashlib.sha256(number.encode()).digest()
    session.execute(_LOCK_SENDER, {"sender": sender})
    known = select(PhoneWordRow.answer).where(
        PhoneWordRow.channel == word.channel, PhoneWordRow.message_id == word.message_id
    )
    if (before := session.scalar(known)) is not None:
        return Answer(**{**before, "is_duplicate": True})
    code = _CODE.search(word.words)
    if code is None:
        return Answer("no_code")
    if _num_misses(session, sender, now) >= MAX_MISSES:
        return _keep(session, word, sender, Answer("too_many"), now)
    found = _find(session, number, code[1], now)
    if found is None:
        return _keep(session, word, sender, Answer("unknown"), now)
    rest = word.words[: code.start()] + " " + word.words[code.end() :]
    answer = _do(session, actor, found, _meaning(rest, found.presence), rest, word, now)
    return _keep(session, word, sender, answer, now)


def _do(session: Session, actor: Actor, found: AssignmentRow, did: str, rest: str, word: Word, now: datetime) -> Answer:
    them = replace(actor, technician_id=found.technician_id)
    try:
        with session.begin_nested():
            moved = _move(session, them, found.visit_id, did, rest, Stamp(source=word.channel), now)
    except (BadInput, Conflict) as refusal:
        return Answer("refused", did, str(found.visit_id), found.presence, None, _said(refusal))
    return Answer("done", did, str(moved.visit_id), moved.presence, moved.visit_state)


def _move(session: Session, them: Actor, visit_id: UUID, did: str, rest: str, stamp: Stamp, now: datetime) -> Moved:
    if did == "check_in":
        return check_in(session, them, visit_id, None, stamp, now=now)
    if did == "check_out":
        return check_out(session, them, visit_id, None, stamp, Ending(), now=now)
    if did == "leave":
        return leave(session, them, visit_id, None, now=now)
    if did == "late":
        minutes = _NUMBER.search(rest)
        return run_late(session, them, visit_id, None, minutes=int(minutes[1]) if minutes else 15, now=now)
    return confirm(session, them, visit_id, None, now=now)


def _meaning(rest: str, presence: str) -> str:
    """What is meant; a code alone checks in, or out again."""
    said = re.findall(r"[a-z0-9]+", rest.lower().replace("é", "e").replace("í", "i"))
    for did in ("late", "check_out", "check_in", "leave", "confirm"):
        if any(word in _WORDS[did] for word in said):
            return did
    return "check_out" if presence == "checked_in" else "check_in"


def _said(refusal: TruckrollError) -> str:
    """A code of why, without what was sent."""
    return refusal.state if isinstance(refusal, Conflict) else "bad_input"


def _num_misses(session: Session, sender: bytes, now: datetime) -> int:
    wanted = select(func.count()).where(
        PhoneWordRow.sender_hash == sender, PhoneWordRow.is_miss, PhoneWordRow.received_at > now - _WITHIN
    )
    return session.scalar(wanted) or 0


def _find(session: Session, number: str, code: str, now: datetime) -> AssignmentRow | None:
    """The live assignment of whoever has this number and code; of several the nearest in time."""
    apart = func.abs(func.extract("epoch", AssignmentRow.start_at - now))
    return session.scalars(
        select(AssignmentRow)
        .join(TechnicianRow, TechnicianRow.id == AssignmentRow.technician_id)
        .join(VisitRow, VisitRow.id == AssignmentRow.visit_id)
        .where(
            AssignmentRow.reply_code == code,
            AssignmentRow.state == "live",
            VisitRow.state.not_in(("checked_out", "missed", "cancelled")),
            TechnicianRow.phone == number,
        )
        .order_by(apart)
        .limit(1)
    ).one_or_none()


def _keep(session: Session, word: Word, sender: bytes, answer: Answer, now: datetime) -> Answer:
    kept: dict[str, Any] = asdict(answer)
    session.execute(
        insert(PhoneWordRow).values(
            id=new_id(),
            channel=word.channel,
            message_id=word.message_id,
            sender_hash=sender,
            is_miss=answer.outcome == "unknown",
            answer=kept,
            received_at=now,
        )
    )
    return answer
