"""A job becomes offers: who is asked now, by a stored decision, until when."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.orm import Session

from dispatch.index.roster import Roster
from dispatch.index.search import search
from dispatch.jobs.bundles import able_to_do_all, read_bundle_roles
from dispatch.jobs.consent import assign_at_once
from dispatch.jobs.reading import RoleOfVisit, read_asked, read_role
from dispatch.jobs.rounds import is_due
from dispatch.jobs.unfilled import Lack, give_up, wait
from dispatch.money.committing import fits
from dispatch.money.holding import has_room, most_pay
from dispatch.record.events import record
from dispatch.record.session import ENGINE
from dispatch.record.tables import DecisionRow, OfferRow, RoundRow, SlotRow, TechnicianRow, WaveRow, new_id
from matching.decision import Decision, decide_auto, decide_wave, encode_inputs, outcome_document
from matching.fanout import Wave
from matching.rates import Rates

_COUNT_ASKS = text(
    "INSERT INTO day_asks (technician_id, day, num_asked)"
    " SELECT unnest(CAST(:technicians AS uuid[])) AS t, CAST(:day AS date), 1 ORDER BY t"
    " ON CONFLICT (technician_id, day) DO UPDATE SET num_asked = day_asks.num_asked + 1"
)


def offer_job(session: Session, roster: Roster, round_id: UUID, *, now: datetime, seed: int) -> Decision | None:
    """Ask the best technicians for this round's job; the decision says whom, whom not, and why.

    Runs as the engine. Answers None, and changes nothing, when the round turned out not to be due any more. With
    nobody left to ask, the job goes to the dispatcher's queue. The roster is fresh as of `now`; it is not locked: an
    acceptance judges again.
    """
    due = session.scalars(select(RoundRow).where(RoundRow.id == round_id, is_due(now))).one_or_none()
    if due is None:
        return None
    unit = read_role(session, due.visit_id, due.role)  # read
    asked = read_asked(session, round_id, due.visit_id)
    candidates = search(roster, unit.job, unit.policy, now=now, asked=asked)
    if unit.job_row.bundle_id is not None:
        others = read_bundle_roles(session, unit.job_row.bundle_id)
        candidates = candidates.take(able_to_do_all(roster, candidates, others, now=now))
    if unit.policy.mode == "auto" and not unit.is_observer and due.num_waves == 0 and not due.first_ask:
        at_once = decide_auto(unit.job, candidates, unit.policy, now=now, seed=seed)
        if assign_at_once(session, unit, at_once, now=now):  # what is still open is due, and judged anew
            record_decision(session, unit, at_once, now=now)
            return at_once
    wave_num = 0 if due.first_ask else due.num_waves + 1
    decision = decide_wave(  # decide (pure)
        unit.job, candidates, unit.policy, now=now, seed=seed, wave_num=wave_num, first_ask=due.first_ask
    )
    return decision if _write(session, due, unit, decision, now=now) else None  # write


def lock_open_slots(session: Session, visit_id: UUID, role: str) -> int:
    """Lock the open slots of a role, so that none is filled meanwhile: how many there are."""
    rows = session.scalars(
        select(SlotRow.id)
        .where(SlotRow.visit_id == visit_id, SlotRow.role == role, SlotRow.state == "open")
        .order_by(SlotRow.id)
        .with_for_update()
    )
    return len(rows.all())


def count_asks(session: Session, technicians: Sequence[UUID], sent_at: datetime) -> None:
    """Count that these were asked once more today."""
    session.execute(_COUNT_ASKS, {"technicians": sorted(technicians), "day": sent_at.date()})


def lacks_of(session: Session, unit: RoleOfVisit) -> Lack | None:
    """What the client lacks to give one place of this role to somebody."""
    if not has_room(session, unit.job.client_id, lambda: _most_of(unit), unit.job.pay.currency):
        return "funds"
    fitting = fits(session, unit.job_row.budget_id, lambda: _most_of(unit), unit.job.start_at)
    return None if fitting else "budget"


def record_decision(session: Session, unit: RoleOfVisit, decision: Decision, *, now: datetime) -> UUID:
    """Store a decision, to explain and to replay."""
    decision_id = new_id()
    session.execute(
        insert(DecisionRow).values(
            id=decision_id,
            client_id=unit.job.client_id,
            job_id=unit.job.job_id,
            visit_id=unit.job.id,
            role=unit.job.role,
            kind=decision.kind,
            digest=decision.inputs_digest,
            policy_version=decision.policy_version,
            engine_version=decision.engine_version,
            seed=decision.inputs.seed,
            decided_at=now,
            inputs=encode_inputs(decision),
            outcome=outcome_document(decision),
        )
    )
    return decision_id


def _write(session: Session, due: RoundRow, unit: RoleOfVisit, decision: Decision, *, now: datetime) -> bool:
    """Lock slots, then the round; if it is still as it was read, send the wave or give up."""
    num_open = lock_open_slots(session, due.visit_id, due.role)
    as_read = (RoundRow.num_waves == due.num_waves) & (RoundRow.first_ask == due.first_ask)
    still_due = select(RoundRow.id).where(RoundRow.id == due.id, as_read, is_due(now))
    if num_open == 0 or session.scalar(still_due.with_for_update()) is None:
        return False
    decision_id = record_decision(session, unit, decision, now=now)
    wave = decision.outcome
    assert isinstance(wave, Wave)
    if (lacks := lacks_of(session, unit)) is not None:
        # Nobody is asked for work that the client could not give them.
        give_up(session, due, unit, decision, lacks=lacks, now=now)
    elif wave.technicians and due.num_waves < unit.policy.wave.max_waves:
        _send(session, due, unit, decision, wave, decision_id, now=now)
    elif not wait(session, due, unit, decision, now=now):
        give_up(session, due, unit, decision, now=now)
    return True


def _most_of(unit: RoleOfVisit) -> Decimal:
    rates = Rates.from_document(unit.job_row.day_policy.get("rates", {}))
    return most_pay(unit.job.pay, rates, unit.job.start_at, timedelta(minutes=unit.job.duration_min), unit.site_row)


def _send(
    session: Session,
    due: RoundRow,
    unit: RoleOfVisit,
    decision: Decision,
    wave: Wave,
    decision_id: UUID,
    *,
    now: datetime,
) -> None:
    # The backups' wave uses up none of the round's.
    wave_id, num = new_id(), 0 if wave.is_backup else due.num_waves + 1
    sent_at = session.scalar(select(func.clock_timestamp()))
    assert sent_at is not None
    until = sent_at + (wave.until - now)
    session.execute(
        insert(WaveRow).values(
            id=wave_id,
            client_id=due.client_id,
            round_id=due.id,
            decision_id=decision_id,
            num=num,
            num_asked=len(wave.technicians),
            sent_at=sent_at,
            until_at=until,
        )
    )
    offers = _offer_rows(session, due, unit, decision, wave, wave_id, sent_at, until)
    session.execute(insert(OfferRow), offers)
    session.execute(
        update(RoundRow)
        .where(RoundRow.id == due.id)
        .values(num_waves=max(due.num_waves, num), next_wave_at=until, first_ask=[])
    )
    count_asks(session, wave.technicians, sent_at)
    told = {
        "round": str(due.id),
        "role": due.role,
        "wave": num,
        "decision": str(decision_id),
        "until": until.isoformat(),
        "offers": [[str(offer["id"]), str(offer["technician_id"])] for offer in offers],
    }
    record(session, ENGINE, ("job", due.job_id), "wave_sent", told, client_id=due.client_id, now=sent_at)


def _offer_rows(
    session: Session,
    due: RoundRow,
    unit: RoleOfVisit,
    decision: Decision,
    wave: Wave,
    wave_id: UUID,
    sent_at: datetime,
    until: datetime,
) -> list[dict[str, object]]:
    companies = _companies_of(session, wave.technicians)
    facts = decision.inputs.candidates
    return [
        {
            "id": new_id(),
            "client_id": due.client_id,
            "job_id": due.job_id,
            "visit_id": due.visit_id,
            "role": due.role,
            "round_id": due.id,
            "wave_id": wave_id,
            "technician_id": placed.technician,
            "company_id": companies.get(placed.technician),
            "terms_version": unit.job.terms_version,
            "rank": placed.place,
            "score": placed.total,
            "distance_m": round(float(facts.distance_m[row])),
            "travel_s": int(facts.travel_s[row]),
            "sent_at": sent_at,
            "expires_at": until,
        }
        for placed, row in zip(decision.asked, wave.rows, strict=True)
    ]


def _companies_of(session: Session, technicians: Sequence[UUID]) -> dict[UUID, UUID]:
    rows = session.execute(
        select(TechnicianRow.id, TechnicianRow.company_id).where(
            TechnicianRow.id.in_(technicians), TechnicianRow.company_id.is_not(None)
        )
    )
    return {technician: company for technician, company in rows if company is not None}
