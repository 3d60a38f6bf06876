"""A technician says yes: exactly one of them gets the slot.

Locks are taken in one order everywhere: technicians (ascending), slots, rounds, offers, counters, assignments,
visits, jobs, chains of events. So losers wait for the winner's slot before they touch an offer, and nobody waits for
them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, NotFound
from dispatch.jobs.answers import is_asked, note_too_late, note_yes
from dispatch.jobs.assignments import Deal, GivenBackError, Terms, settle, take_slot, take_slot_in_crowd
from dispatch.jobs.judging import at_start, failed_now
from dispatch.jobs.reading import read_role
from dispatch.jobs.rounds import withdraw_counters
from dispatch.money.committing import budgets_of, is_beyond, lock_budgets
from dispatch.money.funds import is_short
from dispatch.money.holding import Work, set_aside
from dispatch.record.events import record
from dispatch.record.refusals import NOT_APPROVED, NOT_FREE, guard_of
from dispatch.record.session import Actor
from dispatch.record.tables import JobRow, OfferRow
from dispatch.record.tables.offers import LIVE_OFFERS
from dispatch.talent.reading import lock_technician_row, read_held
from dispatch.talent.usage import HoursMovedError
from matching.eligibility import Rule
from matching.job import Job


@dataclass(frozen=True, slots=True)
class Yes:
    """What a technician says yes to: an offer, at the version of the terms that was shown.

    `start_at` is the start picked inside the window, None the earliest that fits; `worker_id` is the person whom a
    company names, None the one who was asked.
    """

    offer_id: UUID
    terms_version: int
    start_at: datetime | None = None
    worker_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Won:
    """Yours. `start_at` and `end_at` are booked."""

    assignment_id: UUID
    job_id: UUID
    visit_id: UUID
    slot_id: UUID
    start_at: datetime
    end_at: datetime


@dataclass(frozen=True, slots=True)
class Noted:
    """Your yes is known; the dispatcher picks."""

    offer_id: UUID


@dataclass(frozen=True, slots=True)
class Lost:
    """Not yours, and why: `code`, and for `not_eligible` the codes of the failed rules."""

    offer_id: UUID
    code: str
    rules: tuple[str, ...] = ()
    state: str = ""


@dataclass(frozen=True, slots=True)
class _Asked:
    """An offer, how its job is given away, and the bundle that it belongs to."""

    offer: OfferRow
    mode: str
    bundle_id: UUID | None


Answer = Won | Noted | Lost

#: (session, visit, role, technician) -> slot
TakeSlot = Callable[[Session, UUID, str, UUID], UUID | None]


def accept_offer(session: Session, actor: Actor, yes: Yes, *, now: datetime) -> Answer:
    """Say yes to one offer.

    Runs as the engine. Everything that was changed on the way to a `Lost` is rolled back, save the note that this
    technician would have taken it.

    Raises
    ------
    NotFound
        When there is no such offer for this actor.
    BadInput
        When the offer belongs to a bundle, the start lies outside the window, or the named worker is not the
        company's.
    """
    asked = _read_asked(session, actor, yes)
    if asked.bundle_id is not None:
        raise BadInput("offer", yes.offer_id, f"it belongs to bundle {asked.bundle_id}: accept all of it")
    return _accept(session, actor, (asked,), (yes,), now)[0]


def accept_all(session: Session, actor: Actor, yeses: Sequence[Yes], *, now: datetime) -> tuple[Answer, ...]:
    """Say yes to a bundle: all of its offers or none. The answers are in the order of `yeses`.

    With one that is lost, the others are lost too, as `bundle_broken`.
    """
    return _accept(session, actor, [_read_asked(session, actor, yes) for yes in yeses], yeses, now)


def _accept(
    session: Session, actor: Actor, asked: Sequence[_Asked], yeses: Sequence[Yes], now: datetime
) -> tuple[Answer, ...]:
    offers = [each.offer for each in asked]
    over = [_over(offer, yes, now) for offer, yes in zip(offers, yeses, strict=True)]
    if not any(over):
        try:
            answers = _take_all(session, actor, asked, yeses, now, take=take_slot_in_crowd)
        except GivenBackError:
            answers = _take_all(session, actor, asked, yeses, now, take=take_slot)
        if not any(isinstance(answer, Lost) for answer in answers):
            return tuple(answers)
        over = [answer if isinstance(answer, Lost) else None for answer in answers]
    for offer, lost in zip(offers, over, strict=True):
        if lost is not None and lost.code == "taken":
            note_too_late(session, actor, offer, now=now)
    return tuple(
        lost or Lost(offer.id, "bundle_broken", state=offer.state) for offer, lost in zip(offers, over, strict=True)
    )


def pick(session: Session, actor: Actor, offer_id: UUID, *, now: datetime, terms: Terms | None = None) -> Answer:
    """The dispatcher gives the slot to one of those who said yes; `terms` are those of an accepted counter.

    Raises
    ------
    NotFound
        When there is no such offer of the actor's client.
    """
    asked = _find(session, offer_id)
    if asked is None or (actor.client_id is not None and asked.offer.client_id != actor.client_id):
        raise NotFound("offer", offer_id)
    offer = asked.offer
    if offer.state not in ("requested", "countered"):
        return Lost(offer.id, "no_yes_yet" if offer.state in LIVE_OFFERS else _CODES[offer.state], state=offer.state)
    yes = Yes(offer.id, offer.terms_version, terms.start_at if terms else offer.wanted_start_at)
    with session.begin_nested() as savepoint:
        answer = _take(session, actor, asked, yes, now, picked=True, terms=terms)
        if isinstance(answer, Lost):
            savepoint.rollback()
    return answer


_CODES = {
    "accepted": "already_yours",
    "declined": "declined",
    "expired": "expired",
    "withdrawn": "withdrawn",
    "not_chosen": "taken",
}


def _find(session: Session, offer_id: UUID) -> _Asked | None:
    found = session.execute(
        select(OfferRow, JobRow.mode, JobRow.bundle_id)
        .join(JobRow, JobRow.id == OfferRow.job_id)
        .where(OfferRow.id == offer_id)
    ).one_or_none()
    return _Asked(*found) if found is not None else None


def _read_asked(session: Session, actor: Actor, yes: Yes) -> _Asked:
    asked = _find(session, yes.offer_id)
    if asked is None or not is_asked(actor, asked.offer):
        raise NotFound("offer", yes.offer_id)
    if yes.worker_id not in (None, asked.offer.technician_id) and actor.company_id is None:
        raise BadInput("worker_id", yes.worker_id, "only a company names another of its workers")
    return asked


def _over(offer: OfferRow, yes: Yes, now: datetime) -> Lost | None:
    """Why an offer can no longer be taken, without taking a lock: most losers need to know no more."""
    if offer.state not in LIVE_OFFERS:
        return Lost(offer.id, _CODES[offer.state], state=offer.state)
    if offer.expires_at <= now:
        return Lost(offer.id, "expired", state=offer.state)
    if offer.terms_version != yes.terms_version:
        return Lost(offer.id, "terms_changed", state=offer.state)
    return None


def _take_all(
    session: Session, actor: Actor, asked: Sequence[_Asked], yeses: Sequence[Yes], now: datetime, *, take: TakeSlot
) -> list[Answer]:
    """Technicians first, then slots in the order of their visits: two bundles never wait for each other.

    One that is lost rolls back all.
    """
    answers: dict[UUID, Answer] = {}
    works: list[Work] = []
    with session.begin_nested() as savepoint:
        for each, yes in sorted(zip(asked, yeses, strict=True), key=lambda pair: pair[0].offer.visit_id):
            answer = _take(session, actor, each, yes, now, take=take, unpaid=works)
            answers[each.offer.id] = answer
            if isinstance(answer, Lost):
                break
        if not any(isinstance(answer, Lost) for answer in answers.values()):
            answers |= _pay_for(session, actor, asked, works, now)
        if any(isinstance(answer, Lost) for answer in answers.values()):
            savepoint.rollback()
    return [
        answers.get(each.offer.id) or Lost(each.offer.id, "bundle_broken", state=each.offer.state) for each in asked
    ]


def _pay_for(
    session: Session, actor: Actor, asked: Sequence[_Asked], works: Sequence[Work], now: datetime
) -> dict[UUID, Answer]:
    """Set the money aside for everything that was taken, at the end: no slot or job is waited for with it in hand."""
    try:
        with session.begin_nested():
            lock_budgets(session, budgets_of(session, [work.job_id for work in works]))
            for work in works:
                set_aside(session, actor, work, now=now)
    except IntegrityError as error:
        if not is_short(error):
            raise
        return {each.offer.id: Lost(each.offer.id, "unfunded", state=each.offer.state) for each in asked}
    return {}


def _take(
    session: Session,
    actor: Actor,
    asked: _Asked,
    yes: Yes,
    now: datetime,
    *,
    take: TakeSlot = take_slot,
    picked: bool = False,
    terms: Terms | None = None,
    unpaid: list[Work] | None = None,
) -> Answer:
    """Hold the technician, take a slot, and only then judge: who comes too late waits without work, and learns it.

    Whoever turns out not to be eligible gives the slot back with the savepoint.
    """
    offer = asked.offer
    who = yes.worker_id or offer.technician_id
    held = lock_technician_row(session, who)
    if held is None or (yes.worker_id and held.company_id != actor.company_id):
        raise BadInput("worker_id", yes.worker_id, "name a technician of your company")
    is_only_noted = asked.mode == "manual" and not (picked or offer.is_by_name)
    try:
        slot_id = None if is_only_noted else take(session, offer.visit_id, offer.role, who)
    except IntegrityError as error:
        return _not_free(actor, offer, error)
    if slot_id is None and not is_only_noted:
        return Lost(offer.id, "taken", state=offer.state)
    unit = read_role(session, offer.visit_id, offer.role, slot_id)
    technician = read_held(session, held, now=now)
    job = at_start(unit, technician, yes.start_at, now=now)
    rules = _counting(offer, who, failed_now(unit, technician, job, now=now))
    if job is None or rules:
        return Lost(offer.id, "not_eligible", rules or ("free",), state=offer.state)
    if slot_id is None:
        return _note(session, actor, offer, job, now)
    agreed = terms or Terms(unit.job.pay, offer.terms_version)
    deal = Deal(unit, slot_id, technician, job, offer, agreed)
    return _settle(session, actor, offer, deal, now, unpaid, has_counter_accepted=terms is not None)


def _counting(offer: OfferRow, who: UUID, rules: Sequence[str]) -> tuple[str, ...]:
    """Those of the failed rules that count, if this technician takes the offer.

    Whoever was asked by name knows how far it is; what was set aside for them is not for a colleague.
    """
    if not offer.is_by_name or who != offer.technician_id:
        return tuple(rules)
    return tuple(rule for rule in rules if rule != Rule.AREA.code and rule not in offer.waived)


def _settle(
    session: Session,
    actor: Actor,
    offer: OfferRow,
    deal: Deal,
    now: datetime,
    unpaid: list[Work] | None,
    *,
    has_counter_accepted: bool,
) -> Answer:
    """With the slot taken, end the offer and book."""
    if not _end(session, offer, now, has_counter_accepted=has_counter_accepted):
        session.refresh(offer)
        return Lost(offer.id, _CODES.get(offer.state, "expired"), state=offer.state)
    try:
        assignment_id = settle(session, actor, deal, now=now, unpaid=unpaid)
    except HoursMovedError:
        return Lost(offer.id, "not_eligible", ("limit",), state=offer.state)
    except IntegrityError as error:
        return _not_free(actor, offer, error)
    job = deal.job
    return Won(assignment_id, job.job_id, job.id, deal.slot_id, job.start_at, job.end_at)


def _not_free(actor: Actor, offer: OfferRow, error: IntegrityError) -> Lost:
    """The answer to who has another role of this visit, is booked then after all, isn't paid for, or whose client went.

    Whether the client's money, its credit or its budget is short is nobody's business but the client's.
    """
    if is_beyond(error) and actor.client_id is not None:
        return Lost(offer.id, "over_budget", state=offer.state)
    if is_short(error):
        return Lost(offer.id, "unfunded", state=offer.state)
    if guard_of(error) in NOT_APPROVED:
        return Lost(offer.id, "withdrawn", state=offer.state)
    if guard_of(error) not in NOT_FREE:
        raise error
    return Lost(offer.id, "not_eligible", ("free",), state=offer.state)


def _note(session: Session, actor: Actor, offer: OfferRow, job: Job, now: datetime) -> Answer:
    """Mode `manual`: the yes waits for the dispatcher's pick, until the work would have to begin."""
    is_first_yes = offer.state != "requested"  # the statement below moves this object too
    noted = session.scalar(
        update(OfferRow)
        .where(OfferRow.id == offer.id, OfferRow.state.in_(LIVE_OFFERS), OfferRow.expires_at > func.clock_timestamp())
        .values(state="requested", answered_at=now, wanted_start_at=job.start_at, expires_at=job.start_at)
        .returning(OfferRow.id)
    )
    if noted is None:
        return Lost(offer.id, "expired", state=offer.state)
    session.execute(withdraw_counters([offer.id], now))
    if is_first_yes:
        note_yes(session, offer.technician_id, now)
        start = {"start_at": job.start_at.isoformat()}
        record(session, actor, ("offer", offer.id), "requested", start, client_id=offer.client_id, now=now)
    return Noted(offer.id)


def _end(session: Session, offer: OfferRow, now: datetime, *, has_counter_accepted: bool) -> bool:
    """End the offer as accepted, if it still lives by the database's clock at this very moment.

    What it asked for besides is withdrawn, unless the client accepts just that.
    """
    ended = (
        update(OfferRow)
        .where(OfferRow.id == offer.id, OfferRow.state.in_(LIVE_OFFERS), OfferRow.expires_at > func.clock_timestamp())
        .values(state="accepted", answered_at=func.clock_timestamp())
        .returning(OfferRow.id)
        .cte("ended")
    )
    statement = select(ended.c.id)
    if not has_counter_accepted:
        statement = statement.add_cte(withdraw_counters(ended.c.id, now).cte("withdrawn"))
    return session.scalar(statement) is not None
