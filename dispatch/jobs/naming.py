"""A dispatcher asks somebody by name, before all who are not asked yet: nobody is booked who did not say yes.

Whoever was asked already keeps their offer: a yes that was called for counts, whoever else is asked. Rules that may be
set aside (`matching.eligibility.OVERRIDABLE`) are, where the dispatcher names them and says why; the others never.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, NotFound, Refused
from dispatch.index.roster import Roster
from dispatch.index.search import candidate_of, search_by_cell
from dispatch.jobs.changes import find_job, resume_job
from dispatch.jobs.offers import count_asks, lacks_of, lock_open_slots
from dispatch.jobs.reading import RoleOfVisit, read_asked, read_role
from dispatch.record.events import record
from dispatch.record.refusals import NOT_APPROVED, guard_of
from dispatch.record.session import Actor
from dispatch.record.tables import OfferRow, RoundRow, SlotRow, VisitRow, new_id
from dispatch.record.tables.offers import LIVE_OFFERS
from dispatch.talent.reading import lock_technician
from matching.candidates import Candidates
from matching.eligibility import OVERRIDABLE, Rule, failed, judge, mask, may_override
from matching.reasons import reading, visible_rows
from matching.technician import Technician

_WAYS_ON = ("release the assignment",)


@dataclass(frozen=True, slots=True)
class Ask:
    """Whom to ask, for which role (None: the first that is open), until when they alone are asked.

    `waived` are codes of rules that the dispatcher sets aside, for the reason `why`.
    """

    technician_id: UUID
    role: str | None = None
    answer_min: int = 15
    waived: frozenset[str] = frozenset()
    why: str | None = None


def ask_by_name(session: Session, actor: Actor, job_id: UUID, ask: Ask, *, now: datetime) -> UUID:
    """Ask one technician, and nobody else who is not asked yet until they answer or their time is over: the offer's id.

    A job that rests (on hold, unfilled) is asked for again. Their yes gives them the work, in every mode: the choice is
    made. Runs as the engine.

    Raises
    ------
    NotFound
        When there is no such job of the actor's client, or nobody in reach whom the client may know.
    Conflict
        When no place is open, or their answer waits for the dispatcher already.
    Refused
        When a rule forbids it that was not set aside, or none that may be; or the client lacks the money.
    BadInput
        When a rule is to be set aside that nobody overrides, or the time to answer has no room.
    """
    job_row = find_job(session, actor, job_id)
    if job_row.bundle_id is not None:
        raise Conflict("in a bundle", "ask by name", ("ask for the whole bundle",))
    technician = lock_technician(session, ask.technician_id, now=now)
    if technician is None:
        raise NotFound("technician in reach", ask.technician_id)
    visit_id, role = _open_role(session, job_id, ask.role, job_row.state)
    if lock_open_slots(session, visit_id, role) == 0:
        raise Conflict("taken", "ask by name", _WAYS_ON)
    unit = read_role(session, visit_id, role)
    until = _until(unit, ask, now)
    facts = _judged(session, unit, technician, ask, now)
    if job_row.state in ("on_hold", "unfilled"):
        resume_job(session, actor, job_id, now=now)
    round_id = _lock_round(session, unit, job_row.state)
    offer_id = _write(session, unit, technician, facts, round_id, ask, until, now)
    told = {
        "offer": str(offer_id),
        "technician": str(ask.technician_id),
        "round": str(round_id),
        "role": role,
        "until": until.isoformat(),
        "waived": sorted(ask.waived),
        "why": ask.why,
    }
    record(session, actor, ("job", job_id), "asked_by_name", told, client_id=unit.job.client_id, now=now)
    return offer_id


def _open_role(session: Session, job_id: UUID, role: str | None, job_state: str) -> tuple[UUID, str]:
    """The visit and role to ask for: of the latest visit that has a place open."""
    slots = session.execute(
        select(SlotRow.visit_id, SlotRow.role, SlotRow.state)
        .join(VisitRow, VisitRow.id == SlotRow.visit_id)
        .where(SlotRow.job_id == job_id, ~SlotRow.is_observer)
        .order_by(VisitRow.num.desc(), SlotRow.num)
    ).all()
    if role is not None and role not in {each.role for each in slots}:
        roles = ", ".join(dict.fromkeys(each.role for each in slots))
        raise BadInput("role", role, f"name one of the job's roles: {roles}")
    found = next((each for each in slots if each.state == "open" and role in (None, each.role)), None)
    if found is None:
        raise Conflict(job_state, "ask by name", _WAYS_ON)
    return found.visit_id, found.role


def _lock_round(session: Session, unit: RoleOfVisit, job_state: str) -> UUID:
    """The round that is open for the role: a job that is not posted, or is over, has none."""
    wanted = select(RoundRow.id).where(
        RoundRow.visit_id == unit.job.id, RoundRow.role == unit.job.role, RoundRow.closed_at.is_(None)
    )
    round_id = session.scalar(wanted.with_for_update())
    if round_id is None:
        raise Conflict(job_state, "ask by name")
    return round_id


def _until(unit: RoleOfVisit, ask: Ask, now: datetime) -> datetime:
    until = min(now + timedelta(minutes=ask.answer_min), unit.job.latest_start_at)
    if until <= now:
        raise Conflict("too late", "ask by name", ("move the job",))
    return until


def _judged(session: Session, unit: RoleOfVisit, technician: Technician, ask: Ask, now: datetime) -> Candidates:
    """The technician's one row, if nothing stands in the way.

    A client reads what is true of everyone in the same cell: no number of asks finds a home.
    """
    roster = Roster()
    roster.upsert([technician])
    asked = {ask.technician_id} & _said_no(session, unit, ask.technician_id)
    near = search_by_cell(roster, unit.job, unit.policy, now=now, asked=asked)
    if not len(near) or not visible_rows(near, "client")[0]:
        raise NotFound("technician in reach", ask.technician_id)
    facts = candidate_of(technician, unit.job, unit.policy, now=now, asked=asked)
    exact = int(judge(unit.job, facts, unit.policy)[0]) & ~Rule.AREA.bit
    rules = failed(int(judge(unit.job, near, unit.policy)[0]) | exact)
    _refuse(rules, ask)
    lacks = lacks_of(session, unit)
    if lacks is not None:
        raise Refused("the client's money, credit or budget does not suffice", (lacks,))
    return facts


def _refuse(rules: tuple[Rule, ...], ask: Ask) -> None:
    """Refuse by every failed rule that was not set aside, as a client reads it: a block reads as any other absence."""
    never = sorted(code for code in ask.waived if code not in {rule.code for rule in OVERRIDABLE})
    if never:
        open_to_it = ", ".join(sorted(rule.code for rule in OVERRIDABLE))
        raise BadInput("override.rules", never[0], f"nobody sets this aside; these may be: {open_to_it}")
    counting = [rule for rule in rules if rule.code not in ask.waived]
    if not counting:
        return
    way_out = "ask somebody else, or change the job"
    if may_override(int(mask(*counting))):
        way_out = "name them under override, with a reason, to ask all the same"
    raise Refused(f"rules say no: {way_out}", list(dict.fromkeys(reading(rule, "client")[0] for rule in counting)))


def _said_no(session: Session, unit: RoleOfVisit, technician_id: UUID) -> frozenset[UUID]:
    """Whoever declined, gave the visit back, or did not come; who was asked and did not answer is asked again."""
    latest = select(RoundRow.id).where(RoundRow.visit_id == unit.job.id, RoundRow.role == unit.job.role)
    round_id = session.scalar(latest.order_by(RoundRow.num.desc()).limit(1))
    if round_id is None:
        return frozenset()
    answers = session.scalars(
        select(OfferRow.state).where(OfferRow.round_id == round_id, OfferRow.technician_id == technician_id)
    ).all()
    has_only_waited = answers and "declined" not in answers
    return frozenset() if has_only_waited else read_asked(session, round_id, unit.job.id)


def _write(
    session: Session,
    unit: RoleOfVisit,
    technician: Technician,
    facts: Candidates,
    round_id: UUID,
    ask: Ask,
    until: datetime,
    now: datetime,
) -> UUID:
    """The offer, and the round waits for it; one that lies with them unanswered is made this one."""
    earlier = session.scalars(
        select(OfferRow)
        .where(OfferRow.round_id == round_id, OfferRow.technician_id == technician.id)
        .order_by(OfferRow.ask_num)
        .with_for_update()
    ).all()
    live = next((each for each in earlier if each.state in LIVE_OFFERS), None)
    if live is not None and live.state in ("requested", "countered"):
        raise Conflict(live.state, "ask by name", ("pick", "accept the counter"))
    by_name: dict[str, Any] = {"waived": sorted(ask.waived), "waived_why": ask.why, "is_by_name": True}
    if live is not None:
        until = max(until, live.expires_at)
        session.execute(update(OfferRow).where(OfferRow.id == live.id).values(expires_at=until, **by_name))
        offer_id = live.id
    else:
        by_name["ask_num"] = len(earlier)
        offer_id = _new_offer(session, unit, technician, facts, round_id, until, now, by_name)
    timer = func.greatest(func.coalesce(RoundRow.next_wave_at, until), until)
    session.execute(update(RoundRow).where(RoundRow.id == round_id).values(next_wave_at=timer))
    count_asks(session, [ask.technician_id], now)
    return offer_id


def _new_offer(
    session: Session,
    unit: RoleOfVisit,
    technician: Technician,
    facts: Candidates,
    round_id: UUID,
    until: datetime,
    now: datetime,
    by_name: dict[str, Any],
) -> UUID:
    offer_id = new_id()
    try:
        session.execute(
            insert(OfferRow).values(
                id=offer_id,
                client_id=unit.job.client_id,
                job_id=unit.job.job_id,
                visit_id=unit.job.id,
                role=unit.job.role,
                round_id=round_id,
                technician_id=technician.id,
                company_id=technician.company_id,
                terms_version=unit.job.terms_version,
                distance_m=round(float(facts.distance_m[0])),
                travel_s=int(facts.travel_s[0]),
                sent_at=now,
                expires_at=until,
                **by_name,
            )
        )
    except IntegrityError as error:
        if guard_of(error) not in NOT_APPROVED:
            raise
        raise Refused("nobody is asked for a client that is not approved", ("not_approved",)) from error
    return offer_id
