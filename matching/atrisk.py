"""What will go wrong if nobody does anything? Facts of a job in, risks with their deadlines out; before anyone drives.

Each rule is a function that says from when on something is a risk and when it will be too late, so one look tells both
what is at risk now and when to look again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from matching.daypolicy import DayPolicy
from matching.sla import Deadline, Promise
from matching.trouble import TROUBLE

#: Kinds that the dispatcher raises and clears by these rules; the others are raised where they happen.
RAISED = (
    "unassigned_soon",
    "unfilled",
    "nobody_may",
    "pick_waiting",
    "credential_expiring",
    "rework_due",
    "sla_at_risk",
    "sla_breached",
)

#: States of a job and of a visit in which something can still go wrong.
LIVE_JOBS = ("open", "unfilled", "on_hold", "assigned", "in_progress", "sent_back")
LIVE_VISITS = ("planned", "confirmed", "on_the_way", "checked_in", "missed")
_TO_COME = ("planned", "confirmed")
NOT_BEGUN = (*_TO_COME, "on_the_way")

#: How long before they must leave a technician is watched.
_BEFORE_LEAVING = timedelta(minutes=30)
#: A look is never older than this: facts that tell nobody when they change.
LOOK_AGAIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Coming:
    """A technician on a visit: what it takes to be there, and what they must prove.

    `travel_s` is from where they are before it, `busy_until` when they will be done there, None if they are not at
    work; `proofs` has the last valid day of each credential that the slot needs, None: there is none.
    """

    assignment_id: UUID
    technician_id: UUID
    start_at: datetime
    travel_s: int
    busy_until: datetime | None
    proofs: Mapping[str, date | None]


@dataclass(frozen=True, slots=True)
class VisitFacts:
    """A visit that is not over. `latest_start_at` is the last moment at which its work fits its window.

    `last_day` is the local day at the site on which the work ends, with the policy's slack for credentials;
    `missing_part_at` is when a part that is not there will be too late, None: all are there.
    """

    id: UUID
    state: str
    latest_start_at: datetime
    duration_min: int
    planned_start_at: datetime | None
    planned_end_at: datetime | None
    confirm_by: datetime | None
    num_open: int
    last_day: date | None = None
    missing_part_at: datetime | None = None
    coming: tuple[Coming, ...] = ()


@dataclass(frozen=True, slots=True)
class JobFacts:
    """A job with its visits that are not over.

    `paused_at` is since when its promises stand still; `responded_at` and `fixed_at` are when they were kept, None:
    not yet; `mend_by` is when work that was sent back is to be mended, None: nothing is. `num_may` is how many
    might do it when it was last offered, None: nobody has looked yet; `answer_by` is when the first yes that waits
    for a pick lapses, None: none waits.
    """

    id: UUID
    state: str
    promise: Promise = field(default_factory=Promise)
    paused_at: datetime | None = None
    responded_at: datetime | None = None
    fixed_at: datetime | None = None
    mend_by: datetime | None = None
    num_may: int | None = None
    answer_by: datetime | None = None
    visits: tuple[VisitFacts, ...] = ()


@dataclass(frozen=True, slots=True)
class Risk:
    """Something that goes wrong at `due_at` if nobody does anything; a risk from `from_at` on.

    `about` is the job, the visit or the assignment; `detail` a code: which promise, which credential.
    """

    kind: str
    about: UUID
    from_at: datetime
    due_at: datetime
    visit_id: UUID | None = None
    detail: str | None = None

    @property
    def words(self) -> str:
        """What it is, for a person."""
        return TROUBLE[self.kind].words

    def minutes_left(self, now: datetime) -> int:
        """Whole minutes until it is too late; negative when it is."""
        return (self.due_at - now) // timedelta(minutes=1)


def risks(facts: JobFacts, policy: DayPolicy, now: datetime) -> tuple[Risk, ...]:
    """Return what is at risk now, the most urgent first; of a kind about the same thing, the first to go wrong."""
    found: dict[tuple[str, UUID], Risk] = {}
    for risk in sorted(foreseen(facts, policy, now), key=lambda each: (each.due_at, each.kind, each.about)):
        if risk.from_at <= now:
            found.setdefault((risk.kind, risk.about), risk)
    return tuple(found.values())


def look_again_at(foretold: Sequence[Risk], now: datetime) -> datetime:
    """Return when to look again, if no state changes before."""
    return min((each.from_at for each in foretold if now < each.from_at < now + LOOK_AGAIN), default=now + LOOK_AGAIN)


def foreseen(facts: JobFacts, policy: DayPolicy, now: datetime) -> tuple[Risk, ...]:
    """Return everything that can go wrong, now or later, as things stand."""
    if facts.state not in LIVE_JOBS:
        return ()
    return tuple(risk for rule in RULES for risk in rule(facts, policy, now))


def broken(facts: JobFacts, now: datetime) -> tuple[str, ...]:
    """Return which promises are broken, whatever became of the job since: `respond`, `fix`.

    A promise that was kept late is broken; one that stands still breaks no further; a cancelled job owes nothing.
    """
    if facts.state in ("draft", "cancelled"):
        return ()
    until = now if facts.paused_at is None else min(now, facts.paused_at)
    kept = (("respond", facts.promise.respond, facts.responded_at), ("fix", facts.promise.fix, facts.fixed_at))
    return tuple(name for name, deadline, at in kept if deadline is not None and (at or until) >= deadline.by)


def nobody_took_it(facts: JobFacts, _policy: DayPolicy, now: datetime) -> Iterator[Risk]:
    """Unfilled; or, worse, nobody in reach may do it."""
    last_moments = [each.latest_start_at for each in facts.visits if each.num_open]
    if facts.state == "unfilled" and last_moments:
        yield Risk("nobody_may" if facts.num_may == 0 else "unfilled", facts.id, now, min(last_moments))


def a_yes_waits(facts: JobFacts, _policy: DayPolicy, now: datetime) -> Iterator[Risk]:
    """Somebody said yes, and the dispatcher is to choose."""
    if facts.answer_by is not None:
        yield Risk("pick_waiting", facts.id, now, facts.answer_by)


def nobody_has_it_yet(facts: JobFacts, policy: DayPolicy, _now: datetime) -> Iterator[Risk]:
    """The work must begin soon, and a place is open."""
    before = timedelta(minutes=policy.sla.unassigned_before_min)
    for visit in facts.visits:
        if visit.num_open and visit.state in LIVE_VISITS:
            due_at = visit.latest_start_at
            yield Risk("unassigned_soon", visit.id, due_at - before, due_at, visit.id)


def not_confirmed(facts: JobFacts, policy: DayPolicy, _now: datetime) -> Iterator[Risk]:
    """The confirmation is missing."""
    before = timedelta(minutes=policy.day.remind_before_min)
    for visit in facts.visits:
        if visit.state == "planned" and visit.coming and visit.confirm_by is not None:
            yield Risk("not_confirmed", visit.id, visit.confirm_by - before, visit.confirm_by, visit.id)


def must_leave(facts: JobFacts, _policy: DayPolicy, _now: datetime) -> Iterator[Risk]:
    """Whoever is to be there must leave."""
    for visit, person in _coming(facts):
        leave_by = person.start_at - timedelta(seconds=person.travel_s)
        yield Risk("not_left", person.assignment_id, leave_by - _BEFORE_LEAVING, leave_by, visit.id)


def late_from_before(facts: JobFacts, _policy: DayPolicy, now: datetime) -> Iterator[Risk]:
    """The visit before takes so long that they cannot be there in time."""
    for visit, person in _coming(facts):
        if person.busy_until is not None:
            arrives_at = max(now, person.busy_until) + timedelta(seconds=person.travel_s)
            if arrives_at > person.start_at:
                yield Risk("next_visit_at_risk", person.assignment_id, now, person.start_at, visit.id)


def part_missing(facts: JobFacts, _policy: DayPolicy, now: datetime) -> Iterator[Risk]:
    """A part is not there."""
    for visit in facts.visits:
        if visit.missing_part_at is not None and visit.state in _TO_COME:
            yield Risk("part_missing", visit.id, now, visit.missing_part_at, visit.id)


def credential_expires(facts: JobFacts, policy: DayPolicy, now: datetime) -> Iterator[Risk]:
    """A proof that was there when they took the work will not be at its end; no risk to a client who keeps them."""
    if policy.proofs.on_lapse == "keep":
        return
    for visit, person in _coming(facts, NOT_BEGUN):
        for kind, last_day in sorted(person.proofs.items()):
            if visit.last_day is not None and (last_day is None or last_day < visit.last_day):
                yield Risk("credential_expiring", person.assignment_id, now, person.start_at, visit.id, kind)


def rework_due(facts: JobFacts, policy: DayPolicy, _now: datetime) -> Iterator[Risk]:
    """Work was sent back, and the day by which it is to be mended comes near."""
    if facts.mend_by is not None:
        warn = timedelta(minutes=policy.sla.warn_min)
        yield Risk("rework_due", facts.id, facts.mend_by - warn, facts.mend_by)


def promise_at_risk(facts: JobFacts, policy: DayPolicy, now: datetime) -> Iterator[Risk]:
    """A promise that the plan as it stands breaks, or is about to."""
    if facts.paused_at is not None:
        return
    respond, fix = facts.promise.respond, facts.promise.fix
    if respond is not None and facts.responded_at is None and now < respond.by:
        yield Risk("sla_at_risk", facts.id, respond.warn_at, respond.by, detail="respond")
    if fix is not None and now < fix.by:
        yield Risk("sla_at_risk", facts.id, _fix_from(facts, policy, fix, now), fix.by, detail="fix")


def promise_broken(facts: JobFacts, _policy: DayPolicy, _now: datetime) -> Iterator[Risk]:
    """A promise is broken from its deadline on, until it is kept late."""
    if facts.paused_at is not None:
        return
    if facts.promise.respond is not None and facts.responded_at is None:
        yield Risk("sla_breached", facts.id, facts.promise.respond.by, facts.promise.respond.by, detail="respond")
    if facts.promise.fix is not None:
        yield Risk("sla_breached", facts.id, facts.promise.fix.by, facts.promise.fix.by, detail="fix")


#: The rules, in the order in which a screen lists risks of the same urgency.
RULES: tuple[Callable[[JobFacts, DayPolicy, datetime], Iterator[Risk]], ...] = (
    promise_broken,
    promise_at_risk,
    rework_due,
    nobody_took_it,
    a_yes_waits,
    nobody_has_it_yet,
    credential_expires,
    part_missing,
    late_from_before,
    must_leave,
    not_confirmed,
)


def _coming(facts: JobFacts, states: Sequence[str] = _TO_COME) -> Iterator[tuple[VisitFacts, Coming]]:
    for visit in facts.visits:
        if visit.state in states:
            for person in visit.coming:
                yield visit, person


def _fix_from(facts: JobFacts, policy: DayPolicy, fix: Deadline, now: datetime) -> datetime:
    """From when on the work is at risk of being done too late.

    Planned beyond the deadline: now. Planned in time: once it overruns its plan shortly before the deadline. Not
    planned: while there is still time for the work and the warning.
    """
    unplanned = [each.duration_min for each in facts.visits if each.planned_end_at is None]
    if unplanned:
        return min(fix.warn_at, fix.by - timedelta(minutes=max(unplanned) + policy.sla.warn_min))
    ends_at = max((each.planned_end_at for each in facts.visits if each.planned_end_at is not None), default=now)
    return now if ends_at > fix.by else max(fix.warn_at, ends_at)
