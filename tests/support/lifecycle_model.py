"""What should the states be? Jobs, slots, offers and assignments as plain Python, moved by the tables of moves.

The model knows nothing of SQL, locks or events. What it cannot know, whom a wave asks and whom standing consent
chooses, it takes from the rows, and checks that they could be.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from dispatch.jobs.lifecycle import ASSIGNMENT, JOB, OFFER, PRESENCE, move
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
class ModelJob:
    id: UUID
    visit: UUID
    mode: str
    start_at: datetime
    slots: list[ModelSlot]
    rounds: dict[str, ModelRound] = field(default_factory=dict)
    people: "list[ModelAssignment]" = field(default_factory=list)
    state: str = "open"
    ended: str | None = None
    terms_version: int = 1

    @property
    def visit_state(self) -> str:
        if self.ended:
            return self.ended
        there = {each.presence for each in self.people if each.state in ("live", "finished")}
        return next((AS_FAR[presence] for presence in reversed(AS_FAR) if presence in there), "planned")

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
    presence: str = "assigned"
    #: Checked out before the agreed start: all but a minute of the booking is given back.
    is_short: bool = False

    def keeps_busy(self, job: ModelJob) -> bool:
        """Whether its booking overlaps the work of another job."""
        after = self.job.start_at - job.start_at
        before = timedelta(0) if self.is_short else HOURS_OF_WORK
        return -before < after < HOURS_OF_WORK or after == timedelta(0)


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
            other.keeps_busy(job)
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
        job.people.append(self.assignments[assignment])
        if not job.open_slots(taken.role):
            self.end_offers(job, "close", taken.role)
        if not job.open_slots():
            job.state = "in_progress" if job.begun() else move(JOB, job.state, "fill")

    def release(self, assignment: ModelAssignment) -> None:
        assignment.state = move(ASSIGNMENT, assignment.state, "release")
        assignment.slot.state, assignment.slot.technician = "open", None
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
        job.ended = "cancelled"

    def may_move(self, assignment: ModelAssignment, wish: str) -> bool:
        """Whether a technician may do this on their visit now; nobody is checked in at two."""
        if assignment.state != "live" or assignment.job.ended or wish not in PRESENCE[assignment.presence]:
            return False
        return wish != "check_in" or not any(
            each.presence == "checked_in" and each.technician == assignment.technician
            for each in self.assignments.values()
        )

    def move(self, assignment: ModelAssignment, wish: str) -> None:
        """Move one technician, the visit and the job with them."""
        job = assignment.job
        assignment.presence = move(PRESENCE, assignment.presence, wish)
        if wish == "check_in" and job.can("start"):
            job.state = "in_progress"
        if wish == "check_out" and self._is_over(job):
            self._end_visit(job)

    def _is_over(self, job: ModelJob) -> bool:
        live = [each for each in job.people if each.state == "live"]
        if any(each.presence in ("checked_in", "stepped_out") for each in live):
            return False
        leads = [each.presence for each in live if each.slot.is_lead]
        return "checked_out" in leads or all(presence == "checked_out" for presence in leads)

    def _end_visit(self, job: ModelJob) -> None:
        job.ended = "checked_out"
        for each in job.people:
            each.is_short = each.is_short or (each.state == "live" and each.presence == "checked_out")
        for role in {slot.role for slot in job.open_slots()}:
            self.end_offers(job, "withdraw", role)
        for slot in job.open_slots():
            slot.state = "closed"
        if job.can("go_on"):
            job.state = "in_progress"
