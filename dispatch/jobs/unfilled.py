"""What if nobody takes it? The dispatcher's queue: the reasons counted, and the ways on."""

from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from dispatch.jobs.lifecycle import JOB, states_with
from dispatch.jobs.reading import RoleOfVisit
from dispatch.jobs.rounds import close_rounds
from dispatch.record.events import record
from dispatch.record.session import ENGINE
from dispatch.record.tables import JobRow, OfferRow, RoundRow
from matching.decision import Decision

#: What a dispatcher can do about an unfilled job; screens and the API say them in people's words.
WAYS_ON = ("raise_pay", "widen", "move", "call")
#: And about one that the client has neither money nor credit for.
WAYS_TO_FUND = ("add_funds", "cancel")
#: And about one that its budget has no room for.
WAYS_TO_BUDGET = ("raise_budget", "cancel")

Lack = Literal["funds", "budget"]

_WAYS: dict[Lack | None, tuple[str, ...]] = {"funds": WAYS_TO_FUND, "budget": WAYS_TO_BUDGET}
#: Whoever could take it may not be disturbed now, or a yes waits for the dispatcher's pick: look again after this.
_LOOK_AGAIN = timedelta(minutes=15)


def wait(session: Session, due: RoundRow, unit: RoleOfVisit, decision: Decision, *, now: datetime) -> bool:
    """Whether it is too early to give up; the round then stays open, at the latest until the work would have to begin.

    Too early: an answer waits for a person to choose, or people who may do it were not asked in any wave yet (it is
    night where they are, or they were asked often enough today).
    """
    waiting = session.scalar(
        select(OfferRow.id).where(OfferRow.round_id == due.id, OfferRow.state.in_(("requested", "countered"))).limit(1)
    )
    has_waves_left = due.num_waves < unit.policy.wave.max_waves
    is_early = waiting is not None or (has_waves_left and decision.num_may > 0)
    if not is_early or now >= unit.job.latest_start_at:
        return False
    again = min(now + _LOOK_AGAIN, unit.job.latest_start_at)
    session.execute(update(RoundRow).where(RoundRow.id == due.id).values(next_wave_at=again))
    return True


def give_up(
    session: Session,
    due: RoundRow,
    unit: RoleOfVisit,
    decision: Decision,
    *,
    now: datetime,
    lacks: Lack | None = None,
) -> None:
    """Close the round and put the job into the dispatcher's queue, with the reasons counted.

    With `lacks` nobody was asked, because the client's money and credit, or the job's budget, don't suffice. A job
    without its observer is not unfilled: that is only told. The caller holds the slots and the round. Reasons count,
    for each rule, everyone in reach who fails it at this moment, as the last decision found.
    """
    answers = dict(
        session.execute(
            select(OfferRow.state, func.count()).where(OfferRow.round_id == due.id).group_by(OfferRow.state)
        ).all()
    )
    ended = close_rounds(session, due.job_id, "withdrawn", now=now, visit_id=due.visit_id, role=due.role)
    reasons = {
        "visit": str(due.visit_id),
        "role": due.role,
        "num_in_reach": len(decision.words),
        "num_may": decision.num_may,
        "num_asked": sum(answers.values()),
        "answers": {("withdrawn" if state in ("sent", "viewed") else state): num for state, num in answers.items()},
        "counts": {rule.code: num for rule, num in decision.counts.items()},
        "ways_on": list(_WAYS.get(lacks, WAYS_ON)),
        **({"is_unfunded": True} if lacks == "funds" else {}),
        **({"is_over_budget": True} if lacks == "budget" else {}),
    }
    told = {**reasons, "round": str(due.id), "offers_withdrawn": [str(offer) for offer in ended]}
    if unit.is_observer:
        record(session, ENGINE, ("job", due.job_id), "no_observer", told, client_id=due.client_id, now=now)
        return
    moved = session.scalar(
        update(JobRow)
        .where(JobRow.id == due.job_id, JobRow.state.in_(states_with(JOB, "give_up")))
        .values(state="unfilled", unfilled=reasons, version=JobRow.version + 1)
        .returning(JobRow.id)
    )
    if moved is None:  # nobody came to help where the work goes on already: the job is not unfilled for that
        told = {name: told[name] for name in ("visit", "role", "round", "num_asked", "offers_withdrawn")}
    kind = "unfilled" if moved else "nobody_found"
    record(session, ENGINE, ("job", due.job_id), kind, told, client_id=due.client_id, now=now)
