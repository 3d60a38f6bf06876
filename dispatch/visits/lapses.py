"""What breaks when a proof no longer holds? Every assignment to come and every open offer is judged again, at once.

In the transaction that ends the proof, under the technician's lock, by the same pure rules as when the work was taken:
an acceptance that was under way is among what is looked at, one that comes later fails the rule. A proof that only the
pool asks for, through which alone they may have the work, is treated alike. Slots, rounds, offers
and visits of all that is to be withdrawn are locked before the first of it is, in the order that everybody keeps.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dispatch.jobs.judging import failed_now
from dispatch.jobs.lifecycle import NOT_THERE_YET
from dispatch.jobs.reading import RoleOfVisit, read_day_policy, read_role
from dispatch.jobs.releasing import release
from dispatch.jobs.rounds import withdraw_counters
from dispatch.record.events import record
from dispatch.record.session import CLOCK, ENGINE, Actor
from dispatch.record.tables import (
    AssignmentRow,
    CredentialRow,
    EventRow,
    OfferRow,
    RoundRow,
    SlotRow,
    TechnicianRow,
    VisitRow,
)
from dispatch.record.tables.offers import LIVE_OFFERS
from dispatch.record.tables.talent import LIVE_PROOFS
from dispatch.talent.batches import hold_next
from dispatch.talent.clearances import hold_words
from dispatch.talent.credentials import first_day_anywhere, look_again, move_credential
from dispatch.talent.membership import proofs_lacking, renew_memberships
from dispatch.talent.reading import lock_technician_row, read_held
from dispatch.visits.alarms import raise_alarm
from dispatch.visits.warnings import WARN
from matching.eligibility import Rule, credential_day, is_by_pool_alone
from matching.job import Job
from matching.proof import NEVER, kind_of
from matching.technician import Technician

#: The rules that a proof can break.
RULES = frozenset({Rule.CREDENTIAL.code, Rule.CLEARANCE.code})
#: The event by which a technician reads what became of work of theirs, and by which they have a person look again.
LAPSED = "work_lapsed"
#: The event that the same work is covered again; another lapse is told anew.
COVERED = "work_covered"
_BATCH = 20


@dataclass(frozen=True, slots=True)
class Broken:
    """What no longer stands: offers withdrawn, and assignments with what became of them (`flag`, `withdraw`, `keep`).

    `backups` are the rounds that opened for what was withdrawn; the next in line are asked first.
    """

    offers: tuple[UUID, ...] = ()
    assignments: tuple[tuple[UUID, str], ...] = ()
    backups: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Lacks:
    """Why work no longer stands: the codes of the rules that fail, and the kinds of proof that are missing."""

    rules: tuple[str, ...]
    proofs: tuple[str, ...]


def recheck(session: Session, actor: Actor, technician_id: UUID, *, now: datetime) -> Broken:
    """Judge again what this technician has or is asked for, by their proofs as they are now. Runs as the engine."""
    held = lock_technician_row(session, technician_id)
    if held is None:
        return Broken()
    renew_memberships(session, [technician_id], now=now)
    technician = read_held(session, held, now=now)  # read
    offers = [each for each in _live_offers(session, technician_id) if _breaks_offer(session, each, technician, now)]
    judged = [(each, _lacks_of(session, each, technician, now)) for each in to_come(session, technician_id)]
    why = {each.id: lacks for each, lacks in judged if lacks is not None}
    told = _last_told(session, technician_id)
    broken = [each for each, lacks in judged if lacks is not None]
    fates = {each.id: _fate(session, each) for each in broken}  # decide
    _hold(session, [each.visit_id for each in broken if fates[each.id] == "withdraw"])  # write
    withdrawn = _withdraw(session, offers, now)
    live = [each for each in broken if _still_to_come(session, each)]
    for each in live:
        if fates[each.id] == "flag":
            _flag(session, actor, each, now)
    backups = [_release(session, actor, each, now) for each in live if fates[each.id] == "withdraw"]
    _tell_offers(session, actor, [each for each in offers if each.id in withdrawn], now)
    new = {each.id: _lapse_of(each, fates[each.id], why[each.id]) for each in live}
    changed = [each for each in live if told.get(each.id) != new[each.id]]
    _tell(session, actor, [each for each in changed if fates[each.id] != "withdraw"], fates, now)
    for each in changed:
        _tell_them(session, actor, LAPSED, technician_id, new[each.id], now)
    for each in (work for work, lacks in judged if lacks is None and told.get(work.id) is not None):
        _tell_them(session, actor, COVERED, technician_id, _of_work(each), now)
    return Broken(
        tuple(sorted(withdrawn)),
        tuple((each.id, fates[each.id]) for each in live),
        tuple(each for each in backups if each is not None),
    )


def revoke(session: Session, actor: Actor, credential_id: UUID, *, ground: str | None = None, now: datetime) -> Broken:
    """Take a verified proof back, and see to what it leaves uncovered; raises as `move_credential`."""
    row = move_credential(session, actor, credential_id, "revoke", ground=ground, now=now)
    return recheck(session, actor, row.technician_id, now=now)


def recheck_due(session: Session, now: datetime) -> int:
    """Judge again whose time has come: how many. They are locked before the first is looked at, ascending.

    A wave's offers are not sent under the technicians' locks, of which it would need hundreds: one that its index let
    through while a proof ended is found here. So is whatever a client's new policy no longer lets stand.
    """
    due = hold_next(session, TechnicianRow.proofs_due_at <= CLOCK, TechnicianRow.proofs_due_at)
    look_again(session, due, None)
    for technician_id in due:
        recheck(session, ENGINE, technician_id, now=now)
    return len(due)


def end_proofs(session: Session, now: datetime) -> int:
    """Warn of proofs that end soon, and end those whose last day is over everywhere on Earth: how many.

    Time alone takes no assignment away: each was judged at its own end.
    """
    over = first_day_anywhere(now)
    soon = now.astimezone(UTC).date() + WARN
    # The first to end are found by their days, and only then by whose they are: looking the other way round would go
    # through everybody when there are few.
    first = (
        select(CredentialRow.id, CredentialRow.technician_id, CredentialRow.valid_until)
        .where(
            CredentialRow.state.in_(LIVE_PROOFS),
            CredentialRow.valid_until <= soon,
            (CredentialRow.state == "verified") | (CredentialRow.valid_until < over),
        )
        .order_by(CredentialRow.valid_until)
        .limit(_BATCH)
        .subquery()
    )
    rows = session.execute(
        select(first.c.id, first.c.valid_until)
        .join(TechnicianRow, TechnicianRow.id == first.c.technician_id)
        .order_by(TechnicianRow.id, first.c.id)
        .with_for_update(of=TechnicianRow, key_share=True, skip_locked=True)
    ).all()
    ended = set()
    for credential_id, until in rows:
        wish = "expire" if until < over else "warn"
        row = move_credential(session, ENGINE, credential_id, wish, told={"valid_until": until.isoformat()}, now=now)
        if wish == "expire":
            ended.add(row.technician_id)
    for technician_id in sorted(ended):
        recheck(session, ENGINE, technician_id, now=now)
    return len(rows)


def end_words(session: Session, now: datetime) -> int:
    """End the operator's word that somebody is a US person when its last day is over everywhere: whose, how many.

    Where proofs clear them, those end by themselves (`end_proofs`).
    """
    ended = hold_words(session, TechnicianRow.clearance_until < first_day_anywhere(now))
    for technician_id in ended:
        word = session.get_one(TechnicianRow, technician_id, populate_existing=True)
        told = {"fields": ["clearance", "clearance_until"]}
        word.clearance, word.clearance_until = "unknown", None
        session.flush()
        record(session, ENGINE, ("technician", technician_id), "updated", told, client_id=None, now=now)
        recheck(session, ENGINE, technician_id, now=now)
    return len(ended)


def to_come(session: Session, technician_id: UUID) -> Sequence[AssignmentRow]:
    """What has not begun: work under way is never stopped by a rule."""
    return session.scalars(
        select(AssignmentRow)
        .where(
            AssignmentRow.technician_id == technician_id,
            AssignmentRow.state == "live",
            AssignmentRow.presence.in_(NOT_THERE_YET),
        )
        .order_by(AssignmentRow.visit_id, AssignmentRow.id)
        .execution_options(populate_existing=True)
    ).all()


def withdraw_all(session: Session, actor: Actor, technician_id: UUID, *, now: datetime) -> None:
    """End every open offer of a technician who may do nothing for now; the caller holds them."""
    offers = _live_offers(session, technician_id)
    withdrawn = _withdraw(session, offers, now)
    _tell_offers(session, actor, [each for each in offers if each.id in withdrawn], now)


def give_back(session: Session, actor: Actor, technician_id: UUID, why: str, *, now: datetime) -> list[UUID]:
    """Release all work to come of a technician, the next in line asked first: what was released."""
    coming = to_come(session, technician_id)
    _hold(session, [each.visit_id for each in coming])
    live = [each for each in coming if _still_to_come(session, each)]
    for each in live:
        release(session, actor, each.id, why, now=now)
    return [each.id for each in live]


def _live_offers(session: Session, technician_id: UUID) -> Sequence[OfferRow]:
    return session.scalars(
        select(OfferRow)
        .where(OfferRow.technician_id == technician_id, OfferRow.state.in_(LIVE_OFFERS))
        .order_by(OfferRow.id)
        .execution_options(populate_existing=True)
    ).all()


def _lacks_of(session: Session, assignment: AssignmentRow, technician: Technician, now: datetime) -> Lacks | None:
    unit = read_role(session, assignment.visit_id, _role(session, assignment.slot_id), assignment.slot_id)
    offer = session.get(OfferRow, assignment.offer_id) if assignment.offer_id else None
    job = at_agreed(unit.job, assignment.start_at, assignment.end_at)
    return _lacks(session, unit, technician, job, offer.waived if offer else (), now)


def at_agreed(job: Job, start_at: datetime, end_at: datetime) -> Job:
    """The work at its agreed time, which may lie outside the window it was posted with."""
    minutes = max(1, int((end_at - start_at).total_seconds()) // 60)
    return replace(job, start_at=start_at, end_at=end_at, duration_min=minutes)


def _breaks_offer(session: Session, offer: OfferRow, technician: Technician, now: datetime) -> bool:
    unit = read_role(session, offer.visit_id, offer.role)
    return _lacks(session, unit, technician, unit.job, offer.waived, now) is not None


def _lacks(
    session: Session, unit: RoleOfVisit, technician: Technician, job: Job, waived: Sequence[str], now: datetime
) -> Lacks | None:
    """What is missing for work, in the rules that a proof can break; None while all of it holds."""
    rules = frozenset(failed_now(unit, technician, job, now=now))
    if broken := RULES & rules:
        last = credential_day(job, unit.policy)
        short = (key for key in job.needs.credentials if technician.credentials.get(key, NEVER) < last)
        return Lacks(tuple(sorted(broken)), tuple(sorted({kind_of(key) for key in short})))
    if Rule.POOL.code not in rules - set(waived):
        return None
    if not is_by_pool_alone(job.needs, job.client_id, technician, unit.policy):
        return None
    proofs = proofs_lacking(session, job.needs.pools, technician, now=now)
    return Lacks((Rule.POOL.code,), tuple(sorted({kind_of(key) for key in proofs}))) if proofs else None


def _role(session: Session, slot_id: UUID) -> str:
    return session.scalars(select(SlotRow.role).where(SlotRow.id == slot_id)).one()


def _fate(session: Session, assignment: AssignmentRow) -> str:
    unit = read_role(session, assignment.visit_id, _role(session, assignment.slot_id), assignment.slot_id)
    return read_day_policy(unit.job_row).proofs.on_lapse


def _hold(session: Session, visits: Sequence[UUID]) -> None:
    """Lock all that will be given back, before the first of it is: two who hold several never wait for each other."""
    tables: tuple[tuple[Any, Any], ...] = (
        (SlotRow, SlotRow.visit_id),
        (RoundRow, RoundRow.visit_id),
        (OfferRow, OfferRow.visit_id),
        (AssignmentRow, AssignmentRow.visit_id),
        (VisitRow, VisitRow.id),
    )
    for table, visit in tables if visits else ():
        live = (table.state.in_(LIVE_OFFERS),) if table is OfferRow else ()
        wanted = select(table.id).where(visit.in_(visits), *live).order_by(visit, table.id)
        session.execute(wanted.with_for_update(key_share=True))


def _still_to_come(session: Session, assignment: AssignmentRow) -> bool:
    session.refresh(assignment)
    return assignment.state == "live" and assignment.presence in NOT_THERE_YET


def _withdraw(session: Session, offers: Sequence[OfferRow], now: datetime) -> set[UUID]:
    if not offers:
        return set()
    ended = set(
        session.scalars(
            update(OfferRow)
            .where(OfferRow.id.in_([each.id for each in offers]), OfferRow.state.in_(LIVE_OFFERS))
            .values(state="withdrawn")
            .returning(OfferRow.id)
        )
    )
    session.execute(withdraw_counters(ended, now))
    return ended


def _flag(session: Session, actor: Actor, assignment: AssignmentRow, now: datetime) -> None:
    raise_alarm(
        session,
        actor,
        "credential_expiring",
        client_id=assignment.client_id,
        due_at=assignment.start_at,
        now=now,
        job_id=assignment.job_id,
        visit_id=assignment.visit_id,
        subject_id=assignment.id,
    )


def _release(session: Session, actor: Actor, assignment: AssignmentRow, now: datetime) -> UUID | None:
    return release(session, actor, assignment.id, "proof_lapsed", now=now)


def _tell(
    session: Session, actor: Actor, assignments: Sequence[AssignmentRow], fates: dict[UUID, str], now: datetime
) -> None:
    """Which proof it was is not told: a client may not read the result of a screening."""
    for each in assignments:
        of = {"job": str(each.job_id), "visit": str(each.visit_id), "technician": str(each.technician_id)}
        told = {**of, "fate": fates[each.id]}
        record(session, actor, ("assignment", each.id), "proof_lapsed", told, client_id=each.client_id, now=now)


def _last_told(session: Session, technician_id: UUID) -> dict[UUID, dict[str, Any] | None]:
    """By assignment, what its technician read last of a lapse of it; None where it was covered again since."""
    rows = session.execute(
        select(EventRow.kind, EventRow.data)
        .where(
            EventRow.subject_kind == "technician",
            EventRow.subject_id == technician_id,
            EventRow.kind.in_((LAPSED, COVERED)),
        )
        .order_by(EventRow.seq)
    )
    return {UUID(data["assignment"]): data if kind == LAPSED else None for kind, data in rows}


def _of_work(assignment: AssignmentRow) -> dict[str, Any]:
    return {"assignment": str(assignment.id), "job": str(assignment.job_id), "visit": str(assignment.visit_id)}


def _lapse_of(assignment: AssignmentRow, fate: str, lacks: Lacks) -> dict[str, Any]:
    """What became of work, and by what it was judged; told again only where something of it is another."""
    return {
        **_of_work(assignment),
        "fate": fate,
        "rules": list(lacks.rules),
        "proofs": list(lacks.proofs),
        "start_at": assignment.start_at.astimezone(UTC).isoformat(),
        "end_at": assignment.end_at.astimezone(UTC).isoformat(),
    }


def _tell_them(
    session: Session, actor: Actor, kind: str, technician_id: UUID, told: dict[str, Any], now: datetime
) -> None:
    """The same for the technician: no client's event, so that no client reads which proof."""
    record(session, actor, ("technician", technician_id), kind, told, client_id=None, now=now)


def _tell_offers(session: Session, actor: Actor, offers: Sequence[OfferRow], now: datetime) -> None:
    for each in offers:
        told = {"job": str(each.job_id), "visit": str(each.visit_id), "why": "proof_lapsed"}
        record(session, actor, ("offer", each.id), "withdrawn", told, client_id=each.client_id, now=now)
