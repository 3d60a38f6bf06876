"""How does somebody leave over the result of a screening? Notice, days to answer, a person's review, a final notice.

What the fair-credit rules ask of whoever acts on a report (15 U.S.C. 1681b(b)(3)): a copy and the rights before, time
to answer, and a notice after. Every step is a person's, and who makes it final writes down what they weighed: the
nature and gravity of what the report says, the time since, and what it has to do with the work (EEOC Enforcement
Guidance 915.002 of 25 April 2012, part V.B). Meanwhile the technician is held: nothing new is offered, and what is
booked is for its dispatchers to look at; taken back, everything is as it was.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, NotFound, Refused
from dispatch.record.events import record
from dispatch.record.refusals import guard_of
from dispatch.record.session import Actor
from dispatch.record.tables import (
    CredentialKindRow,
    CredentialRow,
    DocumentRow,
    RemovalRow,
    TechnicianRow,
    new_id,
)
from dispatch.record.tables.talent import LIVE_PROOFS
from dispatch.talent.credentials import move_credential
from dispatch.talent.rights import hold_technician
from dispatch.talent.words import checked_text
from dispatch.visits.alarms import clear_alarms, raise_alarm
from dispatch.visits.lapses import give_back, recheck, to_come, withdraw_all
from geo.restdays import after_business_days

#: state -> {wish: (the next state, who makes it)}
MOVES: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "noticed": {
        "answer": ("answered", "technician"),
        "review": ("under_review", "operator"),
        "withdraw": ("withdrawn", "operator"),
    },
    "answered": {"review": ("under_review", "operator"), "withdraw": ("withdrawn", "operator")},
    "under_review": {
        "answer": ("under_review", "technician"),
        "withdraw": ("withdrawn", "operator"),
        "finish": ("final", "operator"),
    },
    "withdrawn": {},
    "final": {},
}
_KINDS = {"answer": "answered", "review": "review_begun", "withdraw": "withdrawn", "finish": "finished"}
#: Business days to answer, and the least that a notice may give.
WAIT_DAYS = 5
_MAX_CHARS = 20_000


def give_notice(
    session: Session,
    actor: Actor,
    credential_id: UUID,
    notice: str,
    *,
    enclosed: Sequence[str] = (),
    no_copy: str | None = None,
    wait_days: int = WAIT_DAYS,
    now: datetime,
) -> UUID:
    """Tell a technician that they may have to leave over this screening, with the copy: the removal's id.

    `enclosed` are the hashes of the screening's pages that are the copy; where there is none, `no_copy` says why, to
    the technician too. From now until it ends nothing new is offered to them, and what they have needs a look.

    Raises
    ------
    BadInput
        The proof is no screening, the notice is empty, the days are fewer than `WAIT_DAYS`; no page of the screening
        is enclosed and nothing says why, or one that it does not have.
    Conflict
        They were told already, or they have left.
    NotFound, Refused
        There is no such proof; the actor is not a person of the operator.
    """
    only_person(actor)
    credential = session.get(CredentialRow, credential_id)
    if credential is None:
        raise NotFound("credential", credential_id)
    if not session.get_one(CredentialKindRow, credential.kind).is_screening:
        raise BadInput("credential_id", credential_id, "name a screening: other proofs are rejected or revoked")
    if not WAIT_DAYS <= wait_days <= 60:
        raise BadInput("wait_days", wait_days, f"give from {WAIT_DAYS} to 60 business days")
    words = checked_text("notice", notice, max_chars=_MAX_CHARS, is_long=True)
    if not words:
        raise BadInput("notice", notice, "say what the report says, and enclose the copy")
    person = hold_technician(session, actor, credential.technician_id)
    if person.state in ("left", "erased"):
        raise Conflict(person.state, "give notice")
    pages = _enclosed(session, credential_id, enclosed, no_copy)
    if no_copy is not None:
        words = f"{words}\n\n{checked_text('no_copy', no_copy, max_chars=500, is_long=True)}"
    respond_by = _end_of_wait(person, wait_days, now)
    removal_id = _insert(session, actor, person, credential_id, words, pages, respond_by, now)
    person.state = "suspended"
    session.flush()
    withdraw_all(session, actor, person.id, now=now)
    _alarm_of_held(session, actor, person.id, now)
    told = {
        "technician": str(person.id),
        "credential": str(credential_id),
        "respond_by": respond_by.isoformat(),
        "enclosed": list(pages),
    }
    record(session, actor, ("removal", removal_id), "noticed", told, client_id=None, now=now)
    return removal_id


def _alarm_of_held(session: Session, actor: Actor, technician_id: UUID, now: datetime) -> None:
    """Whatever the technician has before them needs a look."""
    for each in to_come(session, technician_id):
        raise_alarm(
            session,
            actor,
            "technician_held",
            client_id=each.client_id,
            due_at=each.start_at,
            now=now,
            job_id=each.job_id,
            visit_id=each.visit_id,
            subject_id=each.id,
        )


def answer_notice(session: Session, actor: Actor, removal_id: UUID, answer: str, *, now: datetime) -> None:
    """Say what is wrong with the report: the technician, until it is final. Raises as `move_removal`."""
    words = checked_text("answer", answer, max_chars=_MAX_CHARS, is_long=True)
    if not words:
        raise BadInput("answer", answer, "say what is wrong with the report, or what should be known besides")
    row = _hold(session, actor, removal_id)
    row.answer = words
    _move(session, actor, row, "answer", now)


def move_removal(
    session: Session, actor: Actor, removal_id: UUID, wish: str, *, weighed: str | None = None, now: datetime
) -> str:
    """Review, withdraw or finish: the state after it. To finish takes what was `weighed`, which the technician reads.

    Withdrawn, everything is as it was. Finished, never before the days to answer are over and somebody has reviewed
    it, the proof ends, and the work to come goes to the next in line.

    Raises
    ------
    BadInput
        Nothing says what was weighed before it is made final.
    Conflict
        Its state does not allow it, or the technician may still answer.
    NotFound, Refused
        There is none for this actor; the actor is not a person of the operator.
    """
    only_person(actor)
    row = _hold(session, actor, removal_id)
    if wish == "finish" and now < row.respond_by:
        raise Conflict(f"may be answered until {row.respond_by.isoformat()}", wish, ("withdraw",))
    if wish == "finish" and "finish" in MOVES[row.state]:
        row.weighed = _weighed(weighed)
    _move(session, actor, row, wish, now)
    if row.ended_at is not None:
        _end(session, actor, row, now)
    return row.state


def find_removals(session: Session, actor: Actor, technician_id: UUID) -> Sequence[RemovalRow]:
    """Those of a technician, newest first; of nobody else's does a technician learn that there are none."""
    if actor.kind != "operator" and actor.technician_id != technician_id:
        raise NotFound("technician", technician_id)
    wanted = select(RemovalRow).where(RemovalRow.technician_id == technician_id)
    return session.scalars(wanted.order_by(RemovalRow.id.desc()).limit(100)).all()


def only_person(actor: Actor) -> None:
    """Raises Refused unless a person of the operator acts: no machine decides over somebody's living."""
    if actor.kind != "operator":
        raise Refused("removals are decided by a person of the operator", ("only_operator",))


def _insert(
    session: Session,
    actor: Actor,
    person: TechnicianRow,
    credential_id: UUID,
    notice: str,
    pages: Sequence[str],
    respond_by: datetime,
    now: datetime,
) -> UUID:
    removal_id = new_id()
    try:
        with session.begin_nested():
            session.execute(
                insert(RemovalRow).values(
                    id=removal_id,
                    technician_id=person.id,
                    credential_id=credential_id,
                    held_before=person.state,
                    notice=notice,
                    steps=[{**_step(actor, "notice", now), "enclosed": list(pages)}],
                    respond_by=respond_by,
                    created_at=now,
                )
            )
    except IntegrityError as error:
        if guard_of(error) != "uq_removals_open":
            raise
        raise Conflict("noticed", "give notice", ("review", "withdraw")) from error
    return removal_id


def _hold(session: Session, actor: Actor, removal_id: UUID) -> RemovalRow:
    """The technician, then the removal; told to nobody but the technician and the operator."""
    row = session.get(RemovalRow, removal_id)
    if row is None or (actor.kind != "operator" and actor.technician_id != row.technician_id):
        raise NotFound("removal", removal_id)
    hold_technician(session, actor, row.technician_id)
    session.refresh(row, with_for_update=True)
    return row


def _move(session: Session, actor: Actor, row: RemovalRow, wish: str, now: datetime) -> None:
    moves = MOVES[row.state]
    if wish not in moves:
        raise Conflict(row.state, wish, tuple(moves))
    state, who = moves[wish]
    if who != actor.kind:
        raise Refused(f"to {wish} is for the {who}", (f"only_{who}",))
    row.state = state
    row.steps = [*row.steps, _step(actor, wish, now)]
    row.ended_at = now if not MOVES[state] else None
    session.flush()
    told = {"technician": str(row.technician_id), "credential": str(row.credential_id)}
    record(session, actor, ("removal", row.id), _KINDS[wish], told, client_id=None, now=now)


def _weighed(words: str | None) -> str:
    found = "" if words is None else checked_text("weighed", words, max_chars=_MAX_CHARS, is_long=True)
    if not found:
        way_out = "say what was weighed: how grave it is, how long ago, and what it has to do with the work"
        raise BadInput("weighed", words, way_out)
    return found


def _end(session: Session, actor: Actor, row: RemovalRow, now: datetime) -> None:
    for each in to_come(session, row.technician_id):
        clear_alarms(session, actor, ("technician_held",), why=row.state, now=now, subject_id=each.id)
    if row.state == "withdrawn":
        person = session.get_one(TechnicianRow, row.technician_id)
        if person.state == "suspended":
            person.state = row.held_before
        session.flush()
        return
    state = session.get_one(CredentialRow, row.credential_id).state
    if state in LIVE_PROOFS or state in ("claimed", "submitted"):
        wish = "revoke" if state in LIVE_PROOFS else "reject"
        move_credential(session, actor, row.credential_id, wish, is_heard=True, now=now)
    give_back(session, actor, row.technician_id, "not_available", now=now)
    recheck(session, actor, row.technician_id, now=now)


def _enclosed(session: Session, credential_id: UUID, enclosed: Sequence[str], no_copy: str | None) -> list[str]:
    """The copy's pages by hash, in their order; raises BadInput where there is none, nor a word why."""
    wanted = select(DocumentRow.sha256).where(DocumentRow.credential_id == credential_id).order_by(DocumentRow.num)
    pages = list(session.scalars(wanted))
    strange = sorted(set(enclosed) - set(pages))
    if strange:
        raise BadInput("enclosed", strange[0], "name pages of this screening by their hashes: add the report to it")
    if bool(enclosed) == bool(no_copy and no_copy.strip()):
        way_out = "enclose the pages of the report, added to the screening's documents; or say in no_copy why not"
        raise BadInput("enclosed", list(enclosed), way_out)
    return [each for each in pages if each in set(enclosed)]


def _step(actor: Actor, wish: str, now: datetime) -> dict[str, str | None]:
    return {"step": wish, "by_kind": actor.kind, "by": str(actor.id) if actor.id else None, "at": now.isoformat()}


def _end_of_wait(person: TechnicianRow, wait_days: int, now: datetime) -> datetime:
    """The end of the last business day, by the technician's clock; the holidays are the nation's."""
    zone = ZoneInfo(person.time_zone)
    last = after_business_days(now.astimezone(zone).date(), wait_days, "US")
    return datetime.combine(last, time.max, zone).astimezone(UTC)
