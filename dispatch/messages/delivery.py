"""How does a notice reach its reader, and what became of it? Claimed, sent outside any transaction, its fate noted.

A process that dies after sending and before noting sends again: at least once, with the notice's id for the carrier to
tell by. What failed is tried again, later and later; then by the next channel; then it is given up, aloud.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select, text, update
from sqlalchemy.orm import Session

from dispatch.messages.adapters import Adapters, Failed, Message, Outcome, Sent
from dispatch.messages.errands import DELIVER, QUEUE, leave_deliveries
from dispatch.messages.leading import page_of
from dispatch.messages.occasions import BY_KEY, Channel, Occasion
from dispatch.messages.people import Address, Person, read_people
from dispatch.messages.preferences import quiet_until
from dispatch.messages.reading import moot_at
from dispatch.messages.scene import Scene, Unsaid, read_scene
from dispatch.messages.shelf import shelve
from dispatch.messages.wording import Written
from dispatch.messages.writing import write_notice
from dispatch.queue import Errand, Try
from dispatch.record.events import record
from dispatch.record.session import ENGINE, database_now, transaction
from dispatch.record.tables import NoticeRow

_log = logging.getLogger(__name__)

#: Seconds until a channel that failed is tried again; then the next channel has its turn.
WAITS_S = (5, 20, 60, 300, 1_200, 3_600)
#: So often a channel is tried for something urgent while there is another one.
_URGENT_TRIES = 2
#: Seconds after which what was sent is noted, while an errand goes on.
_NOTED_EVERY_S = 2.0
#: States from which a notice can still go out.
_ALIVE = ("queued", "held", "failed")


@dataclass(frozen=True, slots=True)
class Claimed:
    """A notice that this attempt is to send: the messages (one a device), and what its fate depends on."""

    notice: NoticeRow
    messages: tuple[Message, ...]
    line: Occasion | None


def deliver(this_try: Try, notices: list[str], attempt: int, num_tries: int) -> None:
    """The courier's errand: one attempt to deliver a few notices."""
    send_notices(this_try.engine, this_try.parts["adapters"], list(map(UUID, notices)), attempt, num_tries)


#: What the courier knows of messages. A fault (not a failure, which is noted) is tried again by the queue's own waits.
ERRAND = Errand(DELIVER, QUEUE, deliver)


def send_notices(engine: Engine, adapters: Adapters, notice_ids: Sequence[UUID], attempt: int, num_tries: int) -> None:
    """Claim, send and note; nothing of those that were sent already, wait for later or are not wanted any more.

    What was sent is noted every few seconds, so that a death in between sends little twice.
    """
    with transaction(engine, ENGINE, role="engine") as session:
        now = database_now(session)
        claims = _claim(session, notice_ids, attempt, num_tries, now)
    waiting: list[tuple[Claimed, Outcome]] = []
    noted_s = time.monotonic()
    for claimed in filter(None, claims):
        waiting.append((claimed, _send(adapters, claimed.messages)))
        if time.monotonic() - noted_s >= _NOTED_EVERY_S:
            _note_all(engine, waiting, attempt, num_tries)
            waiting, noted_s = [], time.monotonic()
    _note_all(engine, waiting, attempt, num_tries)


def _note_all(engine: Engine, sent: Sequence[tuple[Claimed, Outcome]], attempt: int, num_tries: int) -> None:
    if not sent:
        return
    with transaction(engine, ENGINE, role="engine") as session:
        now = database_now(session)
        arrived = [(each.notice.id, outcome.reference) for each, outcome in sent if isinstance(outcome, Sent)]
        if arrived:
            ids, references = [str(id_) for id_, _ in arrived], [reference for _, reference in arrived]
            noted = {"ids": ids, "references": references, "alive": list(_ALIVE), "attempt": attempt, "now": now}
            session.execute(_NOTE_SENT, noted)
        for claimed, outcome in sent:
            if isinstance(outcome, Failed):
                _note_failed(session, claimed, outcome, attempt, num_tries, now)


#: Guarded as `_move` is.
_NOTE_SENT = text("""
UPDATE notices SET state = 'sent', reason = NULL, until_at = NULL, sent_at = :now, reference = arrived.reference
FROM unnest(cast(:ids AS uuid[]), cast(:references AS text[])) AS arrived (id, reference)
WHERE notices.id = arrived.id AND notices.state = ANY(:alive) AND notices.num_attempts = :attempt
""")


def _claim(
    session: Session, notice_ids: Sequence[UUID], attempt: int, num_tries: int, now: datetime
) -> list[Claimed | None]:
    """Count the attempt, so that an older errand of the same notices finds it made; what they have in common, once."""
    alive = select(NoticeRow).where(
        NoticeRow.id.in_(notice_ids), NoticeRow.state.in_(_ALIVE), NoticeRow.num_attempts <= attempt
    )
    notices = session.scalars(alive.order_by(NoticeRow.id).with_for_update()).all()
    people = read_people(session, {(each.reader_kind, each.reader_id) for each in notices})
    shelf = shelve(session, notices)
    due = []
    for notice in notices:
        person = people.get((notice.reader_kind, notice.reader_id))
        if person is None:
            _move(session, notice, state="suppressed", reason="left", until_at=None)
            continue
        scene = read_scene(session, notice, shelf)
        if _is_due(session, notice, person, scene, attempt, num_tries, now):
            due.append((notice, person, scene))
    # Locked above: nobody else moves them.
    counted = update(NoticeRow).where(NoticeRow.id.in_([notice.id for notice, _, _ in due]))
    session.execute(counted.values(num_attempts=attempt))
    return [_written(session, notice, person, scene) for notice, person, scene in due]


def _is_due(
    session: Session, notice: NoticeRow, person: Person, scene: Scene, attempt: int, num_tries: int, now: datetime
) -> bool:
    """Is it still wanted, and may its reader be disturbed? Where not, that is its fate."""
    line = BY_KEY.get(notice.occasion)
    why = _why_not(person, line, scene, now)
    if why is not None:
        _move(session, notice, state="suppressed", reason=why, until_at=None)
        return False
    if (later := _quiet(person, line, now)) is not None:
        _move(session, notice, state="held", reason="quiet_hours", until_at=later)
        leave_deliveries(session, [(notice.id, later)], attempt=attempt, num_tries=num_tries)
        return False
    return True


def _written(session: Session, notice: NoticeRow, person: Person, scene: Scene) -> Claimed | None:
    try:
        words = write_notice(session, notice, person, scene)
    except Unsaid:
        _log.exception("notice %s cannot be put into words", notice.id)
        _move(session, notice, state="given_up", reason="cannot_be_written", until_at=None)
        return None
    channel = cast(Channel, notice.channels[0])
    alias = scene.thread.code if scene.thread else None
    zone = ZoneInfo(person.zone or (scene.site.time_zone if scene.site else "UTC"))
    page = page_of(notice.occasion, scene, zone) if notice.reader_kind == "technician" else "/"
    addresses = person.addresses.get(channel, ())
    return Claimed(
        notice,
        tuple(replace(_message(notice, channel, person, each, words, alias), page=page) for each in addresses),
        BY_KEY.get(notice.occasion),
    )


def _message(
    notice: NoticeRow, channel: Channel, person: Person, address: Address, words: Written, alias: str | None
) -> Message:
    body = {"mail": words.long, "voice": words.spoken}.get(channel, words.short)
    return Message(
        notice.id, channel, address.to, words.subject, body, person.wishes.language, alias=alias, keys=address.keys
    )


def _why_not(person: Person, line: Occasion | None, scene: Scene, now: datetime) -> str | None:
    """Why nobody needs to hear of it any more."""
    if not person.is_here:
        return "left"
    moot = moot_at(line, scene.data) if line else None
    return "too_late" if moot is not None and now >= moot else None


def _quiet(person: Person, line: Occasion | None, now: datetime) -> datetime | None:
    """The end of the quiet hours that a retry or a long wait has come into."""
    if line is not None and line.urgency == "urgent":
        return None
    return quiet_until(person.wishes.quiet, person.wishes.zone, now)


def _send(adapters: Adapters, messages: tuple[Message, ...]) -> Outcome:
    """By one device at least; the worst that may still mend itself, if by none."""
    if not messages:
        return Failed("no_address", retry=False)
    outcomes = [adapters[each.channel].send(each) for each in messages]
    sent = next((each for each in outcomes if isinstance(each, Sent)), None)
    failed = [each for each in outcomes if isinstance(each, Failed)]
    return sent or next((each for each in failed if each.retry), failed[0])


def _note_failed(
    session: Session, claimed: Claimed, outcome: Failed, attempt: int, num_tries: int, now: datetime
) -> None:
    notice, channels = claimed.notice, claimed.notice.channels
    if (wait_s := _wait_s(claimed, outcome, num_tries)) is not None:
        later = now + timedelta(seconds=wait_s)
        _move(session, notice, state="failed", reason=outcome.reason, until_at=later)
        leave_deliveries(session, [(notice.id, later)], attempt=attempt + 1, num_tries=num_tries + 1)
    elif len(channels) > 1:
        _move(session, notice, state="queued", reason=outcome.reason, until_at=None, channels=channels[1:])
        leave_deliveries(session, [(notice.id, None)], attempt=attempt + 1)
    else:
        _give_up(session, claimed, outcome, now)


def _wait_s(claimed: Claimed, failed: Failed, num_tries: int) -> float | None:
    """Seconds until the same channel is tried again; None: no more by this one."""
    has_other = len(claimed.notice.channels) > 1
    is_urgent = claimed.line is not None and claimed.line.urgency == "urgent"
    if not failed.retry or num_tries > len(WAITS_S) or (is_urgent and has_other and num_tries >= _URGENT_TRIES):
        return None
    return WAITS_S[num_tries - 1]


def _give_up(session: Session, claimed: Claimed, failed: Failed, now: datetime) -> None:
    """Say so in the notice; and to the client's people, where somebody on the job was to hear what cannot wait."""
    notice, line = claimed.notice, claimed.line
    if not _move(session, notice, state="given_up", reason=failed.reason, until_at=None):
        return
    matters = line is not None and line.urgency != "calm" and notice.reader_kind != "staff"
    if matters and notice.job_id is not None:
        told = {"job": str(notice.job_id), "reader_kind": notice.reader_kind, "reader": str(notice.reader_id)}
        visit = {"visit": notice.data["visit"]} if "visit" in notice.data else {}
        subject = ("message", notice.id)
        record(session, ENGINE, subject, "undelivered", told | visit, client_id=notice.client_id, now=now)


def _move(session: Session, notice: NoticeRow, **values: Any) -> bool:
    """Guarded by the attempt: an operator who had it sent again meanwhile is not overruled."""
    moved = session.scalar(
        update(NoticeRow)
        .where(NoticeRow.id == notice.id, NoticeRow.state.in_(_ALIVE), NoticeRow.num_attempts == notice.num_attempts)
        .values(values)
        .returning(NoticeRow.id)
    )
    return moved is not None
