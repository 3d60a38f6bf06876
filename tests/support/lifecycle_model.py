"""What should the states be? Jobs, visits, slots, offers and assignments as plain Python, moved by the tables of moves.

The model knows nothing of SQL, locks or events. What it cannot know, whom a wave asks, whom standing consent chooses
and when inside a window somebody comes, it takes from the rows, and checks that they could be.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from dispatch.jobs.lifecycle import ASSIGNMENT, JOB, NOT_THERE_YET, OFFER, move
from dispatch.record.tables.offers import LIVE_OFFERS

HOURS_OF_WORK = timedelta(hours=2)
#: An offer's state -> what somebody hears who says yes to it then.
TOO_LATE = {
    "accepted": "already_yours",
    "declined": "declined",
    "expired": "expired",
    "withdrawn": "withdrawn",
    "not_chosen": "taken",
}


#: How far a visit is, by how far the first of those on it is; later ones win.
AS_FAR = {
    "assigned": "planned",
    "confirmed": "confirmed",
    "on_the_way": "on_the_way",
    "stepped_out": "checked_in",
    "checked_in": "checked_in",
    "checked_out": "checked_in",
}


@dataclass
class ModelSlot:
    id: UUID
    role: str
    is_lead: bool = True
    state: str = "open"
    technician: UUID | None = None


@dataclass
class ModelRound:
    """Of one role of a job; `asked` each technician once."""

    id: UUID
    role: str
    asked: set[UUID] = field(default_factory=set)
    is_open: bool = True


@dataclass
class ModelVisit:
    """`ended` is the state in which it ended; `window` as the row has it, wider than the work once it was moved."""

    id: UUID
    window: tuple[datetime, datetime]
    slots: list[ModelSlot]
    rounds: dict[str, ModelRound] = field(default_factory=dict)
    people: "list[ModelAssignment]" = field(default_factory=list)
    ended: str | None = None
    outcome: str | None = None
    has_begun: bool = False

    @property
    def state(self) -> str:
        if self.ended:
            return self.ended
        there = {each.presence for each in self.people if each.state in ("live", "finished")}
        return next((AS_FAR[presence] for presence in reversed(AS_FAR) if presence in there), "planned")

    @property
    def is_exact(self) -> bool:
        return self.window[1] - self.window[0] == HOURS_OF_WORK


@dataclass
class ModelJob:
    """All that is asked and done concerns `visit`, the last one: those before it have ended."""

    id: UUID
    mode: str
    visits: list[ModelVisit]
    state: str = "open"
    terms_version: int = 1
    stayed_away: set[UUID] = field(default_factory=set)
    #: Somebody said that it is done, though it could not start: nobody need decide any more.
    was_done: bool = False

    @property
    def now(self) -> ModelVisit:
        return self.visits[-1]

    @property
    def visit(self) -> UUID:
        return self.now.id

    @property
    def start_at(self) -> datetime:
        return self.now.window[0]

    @property
    def slots(self) -> list[ModelSlot]:
        return self.now.slots

    @property
    def rounds(self) -> dict[str, ModelRound]:
        return self.now.rounds

    @property
    def visit_state(self) -> str:
        return self.now.state

    def open_slots(self, role: str | None = None) -> list[ModelSlot]:
        return [slot for slot in self.slots if slot.state == "open" and role in (None, slot.role)]

    def can(self, wish: str) -> bool:
        return wish in JOB[self.state]


@dataclass
class ModelOffer:
    id: UUID
    job: ModelJob
    role: str
    technician: UUID
    round: UUID
    terms_version: int
    state: str = "sent"
    is_late: bool = False
    counter: UUID | None = None

    def is_live(self) -> bool:
        return self.state in LIVE_OFFERS

    def is_answerable(self) -> bool:
        return self.is_live() and not self.is_late


@dataclass
class ModelAssignment:
    """`busy` is the booked time; `clock` the kind of time that goes on, None: nobody counts."""

    id: UUID
    job: ModelJob
    visit: ModelVisit
    slot: ModelSlot
    technician: UUID
    busy: tuple[datetime, datetime]
    terms_version: int
    state: str = "live"
    presence: str = "assigned"
    clock: str | None = None
    has_come: bool = False
    charges: set[str] = field(default_factory=set)

    def keeps_busy(self, start_at: datetime, end_at: datetime) -> bool:
        return self.state in ("live", "finished") and self.busy[0] < end_at and start_at < self.busy[1]

    def is_to_come(self) -> bool:
        return self.state == "live" and self.presence in NOT_THERE_YET and not self.visit.ended


@dataclass
class ModelProposal:
    """`start_at` and `pay` are what would be different."""

    id: UUID
    assignment: ModelAssignment
    side: str
    terms_version: int
    start_at: datetime | None
    state: str = "open"
    is_late: bool = False

    @property
    def is_stale(self) -> bool:
        """Its work ended, began or was agreed anew."""
        mine = self.assignment
        is_to_come = mine.state == "live" and mine.visit.state in ("planned", "confirmed", "on_the_way")
        return not is_to_come or mine.terms_version != self.terms_version


@dataclass
class ModelPart:
    """Of a job, for whichever visit comes next."""

    id: UUID
    job: ModelJob
    state: str = "wanted"


@dataclass
class Model:
    technicians: list[UUID]
    active: set[UUID]
    jobs: dict[UUID, ModelJob] = field(default_factory=dict)
    offers: dict[UUID, ModelOffer] = field(default_factory=dict)
    assignments: dict[UUID, ModelAssignment] = field(default_factory=dict)
    counters: dict[UUID, tuple[str, ModelOffer]] = field(default_factory=dict)
    proposals: "dict[UUID, ModelProposal]" = field(default_factory=dict)
    parts: "dict[UUID, ModelPart]" = field(default_factory=dict)
    #: The database's clock at the last look.
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def may(self, technician: UUID, job: ModelJob) -> bool | None:
        """Everything else that the rules ask is met in this world: only suspension and other work count.

        None: it depends on what of a window is left for this technician.
        """
        if technician not in self.active:
            return False
        start_at, end_at = job.now.window
        if job.now.is_exact:
            return start_at > self.now and self.is_free(technician, start_at, end_at)
        is_wide = start_at > self.now and end_at - start_at >= 2 * HOURS_OF_WORK
        return True if is_wide and self.is_free(technician, start_at, end_at) else None

    def is_free(
        self, technician: UUID, start_at: datetime, end_at: datetime, but: ModelAssignment | None = None
    ) -> bool:
        return not any(
            other.technician == technician and other is not but and other.keeps_busy(start_at, end_at)
            for other in self.assignments.values()
        )

    def answer_to_yes(self, offer: ModelOffer) -> set[str]:
        """What somebody can hear who says yes now."""
        if not offer.is_answerable():
            return {TOO_LATE.get(offer.state, "expired")}
        if offer.job.mode != "manual" and not offer.job.open_slots(offer.role):
            return {"taken"}
        return self._if_may(offer, "noted" if offer.job.mode == "manual" else "won")

    def _if_may(self, offer: ModelOffer, answer: str) -> set[str]:
        may = self.may(offer.technician, offer.job)
        return {answer, "not_eligible"} if may is None else {answer if may else "not_eligible"}

    def answer_to_pick(self, offer: ModelOffer) -> set[str]:
        """What the dispatcher can hear who picks this one now."""
        if offer.state not in ("requested", "countered"):
            return {"no_yes_yet" if offer.is_live() else TOO_LATE[offer.state]}
        return self._if_may(offer, "expired" if offer.is_late else "won")

    def end_offer(self, offer: ModelOffer, wish: str) -> None:
        offer.state = move(OFFER, offer.state, wish)
        self.end_counter(offer, "withdrawn")

    def end_counter(self, offer: ModelOffer, state: str) -> None:
        if offer.counter is not None:
            self.counters[offer.counter] = (state, offer)
            offer.counter = None

    def end_offers(self, job: ModelJob, wish: str, role: str | None = None) -> None:
        """Close rounds: of a role, or of all."""
        for offer in self.offers.values():
            if offer.job is job and offer.is_live() and role in (None, offer.role):
                self.end_offer(offer, wish)
        for each in job.rounds.values():
            each.is_open = each.is_open and role not in (None, each.role)

    def fill(
        self, job: ModelJob, slot: UUID, technician: UUID, assignment: UUID, busy: tuple[datetime, datetime]
    ) -> None:
        """A slot is taken; the caller has ended the offer that led to it."""
        taken = next(each for each in job.slots if each.id == slot)
        assert taken.state == "open", "a slot was given away twice"
        assert self.may(technician, job) is not False, "given to somebody who may not do it"
        assert job.now.window[0] <= busy[0] < busy[1] <= job.now.window[1], "outside the window"
        assert busy[1] - busy[0] == HOURS_OF_WORK
        taken.state, taken.technician = "filled", technician
        made = ModelAssignment(assignment, job, job.now, taken, technician, busy, job.terms_version)
        self.assignments[assignment] = made
        job.now.people.append(made)
        if not job.open_slots(taken.role):
            self.end_offers(job, "close", taken.role)
        if not job.open_slots():
            begun = any(visit.has_begun for visit in job.visits)
            job.state = "in_progress" if begun else move(JOB, job.state, "fill")

    def release(self, assignment: ModelAssignment) -> None:
        assignment.state = move(ASSIGNMENT, assignment.state, "release")
        assignment.slot.state, assignment.slot.technician = "open", None
        self.end_offers(assignment.job, "withdraw", assignment.slot.role)
        assignment.job.state = move(JOB, assignment.job.state, "reopen")
