"""What should the states be? Jobs, slots, offers and assignments as plain Python, moved by the tables of moves.

The model knows nothing of SQL, locks or events. What it cannot know, whom a wave asks and whom standing consent
chooses, it takes from the rows, and checks that they could be.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from dispatch.jobs.lifecycle import ASSIGNMENT, JOB, OFFER, VISIT, move, states_with
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


@dataclass
class ModelSlot:
    id: UUID
    role: str
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
class ModelJob:
    id: UUID
    visit: UUID
    mode: str
    start_at: datetime
    slots: list[ModelSlot]
    rounds: dict[str, ModelRound] = field(default_factory=dict)
    state: str = "open"
    visit_state: str = "planned"
    terms_version: int = 1

    def open_slots(self, role: str | None = None) -> list[ModelSlot]:
        return [slot for slot in self.slots if slot.state == "open" and role in (None, slot.role)]

    def can(self, wish: str) -> bool:
        return wish in JOB[self.state]

    def begun(self) -> bool:
        return self.visit_state in ("checked_in", "checked_out")


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
    id: UUID
    job: ModelJob
    slot: ModelSlot
    technician: UUID
    state: str = "live"


@dataclass
class Model:
    technicians: list[UUID]
    active: set[UUID]
    jobs: dict[UUID, ModelJob] = field(default_factory=dict)
    offers: dict[UUID, ModelOffer] = field(default_factory=dict)
    assignments: dict[UUID, ModelAssignment] = field(default_factory=dict)
    counters: dict[UUID, tuple[str, ModelOffer]] = field(default_factory=dict)

    def may(self, technician: UUID, job: ModelJob) -> bool:
        """Everything else that the rules ask is met in this world: only suspension and other work count."""
        return technician in self.active and not any(
            abs(other.job.start_at - job.start_at) < HOURS_OF_WORK
            for other in self.assignments.values()
            if other.technician == technician and other.state in ("live", "finished")
        )

    def answer_to_yes(self, offer: ModelOffer) -> str:
        """What somebody hears who says yes now."""
        if not offer.is_answerable():
            return TOO_LATE.get(offer.state, "expired")
        if offer.job.mode != "manual" and not offer.job.open_slots(offer.role):
            return "taken"
        if not self.may(offer.technician, offer.job):
            return "not_eligible"
        return "noted" if offer.job.mode == "manual" else "won"

    def answer_to_pick(self, offer: ModelOffer) -> str:
        """What the dispatcher hears who picks this one now."""
        if offer.state not in ("requested", "countered"):
            return "no_yes_yet" if offer.is_live() else TOO_LATE[offer.state]
        if not self.may(offer.technician, offer.job):
            return "not_eligible"
        return "expired" if offer.is_late else "won"

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

    def fill(self, job: ModelJob, slot: UUID, technician: UUID, assignment: UUID) -> None:
        """A slot is taken; the caller has ended the offer that led to it."""
        taken = next(each for each in job.slots if each.id == slot)
        assert taken.state == "open", "a slot was given away twice"
        assert self.may(technician, job), "given to somebody who may not do it"
        taken.state, taken.technician = "filled", technician
        self.assignments[assignment] = ModelAssignment(assignment, job, taken, technician)
        if not job.open_slots(taken.role):
            self.end_offers(job, "close", taken.role)
        if not job.open_slots():
            job.state = "in_progress" if job.begun() else move(JOB, job.state, "fill")

    def release(self, assignment: ModelAssignment) -> None:
        assignment.state = move(ASSIGNMENT, assignment.state, "release")
        assignment.slot.state, assignment.slot.technician = "open", None
        assignment.job.visit_state = "planned"
        self.end_offers(assignment.job, "withdraw", assignment.slot.role)
        assignment.job.state = move(JOB, assignment.job.state, "reopen")

    def cancel(self, job: ModelJob) -> None:
        job.state = move(JOB, job.state, "cancel")
        self.end_offers(job, "withdraw")
        for slot in job.slots:
            slot.state, slot.technician = "closed", None
        for assignment in self.assignments.values():
            if assignment.job is job and assignment.state == "live":
                assignment.state = "released"
        if job.visit_state in states_with(VISIT, "cancel"):
            job.visit_state = "cancelled"
