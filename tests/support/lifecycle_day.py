"""What happens on the day? Who comes, how a visit ends, what follows: the rules of the machine, and what they expect.

A visit's time comes when everything that was agreed of it is set back, as an offer runs out when its time is.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import wraps
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import rule
from lifecycle_comparison import Compared, one_of
from lifecycle_model import ModelAssignment, ModelJob, ModelSlot, ModelVisit
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict
from dispatch.jobs.lifecycle import JOB, NOT_THERE_YET, PRESENCE, move
from dispatch.record.session import Actor
from dispatch.record.tables import JobRow, VisitRow
from dispatch.reputation.excuses import hand_back, leave_visit
from dispatch.visits.before import confirm, leave, run_late
from dispatch.visits.cancelling import cancel_work, release_from_work
from dispatch.visits.completion import approve_job, finish_job, send_back_job
from dispatch.visits.endings import Ending
from dispatch.visits.nextvisit import add_visit, next_window, who_was_there
from dispatch.visits.noshow import mark_no_show
from dispatch.visits.onsite import check_in, switch
from dispatch.visits.stamps import Stamp

MINUTE = timedelta(minutes=1)
RETURN = Ending("return_needed", "part", "the belt is worn")
NO_ACCESS = Ending("could_not_start", "no_access", "the door is locked")

#: wish -> the use case that makes it, what it is told, and what more
WORK: dict[str, tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = {
    "confirm": (confirm, (), {}),
    "leave": (leave, (), {}),
    "run_late": (run_late, (), {"minutes": 30}),
    "check_in": (check_in, (Stamp(),), {}),
    "wait": (switch, ("wait", Stamp()), {"reason": "not_ready"}),
    "break": (switch, ("break", Stamp()), {}),
    "work": (switch, ("work", Stamp()), {}),
    "step_out": (leave_visit, (Stamp(), Ending("back_later")), {}),
    "check_out": (leave_visit, (Stamp(), Ending()), {}),
    "return": (leave_visit, (Stamp(), RETURN), {}),
    "no_access": (leave_visit, (Stamp(), NO_ACCESS), {}),
}
TURNS = ("check_out", "check_out", "return", "no_access", "send_back", "")
CLOCKS = ("work", "wait", "break")
#: A wish that leaves with an outcome -> the outcome.
OUTCOMES = {"check_out": "complete", "return": "return_needed", "no_access": "could_not_start"}

numbers = st.integers(0, 10_000)

SET_BACK = (
    "UPDATE bookings SET busy = tstzrange(lower(busy) - :by, upper(busy) - :by)"
    " WHERE id IN (SELECT booking_id FROM assignments WHERE visit_id = :visit AND state = 'live')",
    "UPDATE assignments SET start_at = start_at - :by, end_at = end_at - :by, watch_at = now()"
    " WHERE visit_id = :visit AND state = 'live'",
    "UPDATE visits SET window_start_at = window_start_at - :by, window_end_at = window_end_at - :by,"
    " planned_start_at = planned_start_at - :by, planned_end_at = planned_end_at - :by WHERE id = :visit",
)


def with_some(of: Callable[[Any], Sequence[Any]]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A rule that does nothing while there is nothing to choose from.

    Not a precondition of the rule: what the world holds hangs on random ids and on the clock, and what Hypothesis
    draws must not.
    """

    def decorate(take: Callable[..., None]) -> Callable[..., None]:
        @wraps(take)
        def take_if_some(self: Any, *args: Any, **more: Any) -> None:
            if of(self):
                take(self, *args, **more)

        return take_if_some

    return decorate


def plan_next(session: Session, actor: Actor, visit_id: UUID, *, now: datetime) -> UUID:
    """The dispatcher adds a visit after the last one, as the API does: by rule, who was there asked first."""
    visit = session.get_one(VisitRow, visit_id)
    window = next_window(session, session.get_one(JobRow, visit.job_id), visit, now=now)
    first = dict(who_was_there(session, visit_id))
    return add_visit(session, actor, visit, window, "by_dispatcher", first_ask=first, now=now)


def back_out(session: Session, actor: Actor, assignment_id: UUID, why: str, *, now: datetime) -> None:
    """A technician hands work back, as the API does."""
    hand_back(session, actor, assignment_id, why, now=now)


class Day(Compared):
    """What people do who have the work, and what a dispatcher does about it."""

    @rule(number=numbers, wish=st.sampled_from((*WORK, "finish", "approve", "send_back")))
    @with_some(lambda self: self.model.assignments)
    def work_out_of_turn(self, number: int, wish: str) -> None:
        self.work(one_of(list(self.model.assignments.values())[::-1], number), wish)

    @rule(number=numbers, wish=st.sampled_from(TURNS), steps=st.integers(1, 4))
    @with_some(lambda self: self.working())
    def work_in_turn(self, number: int, wish: str, steps: int) -> None:
        assignment = one_of(self.working(), number)
        for _ in range(steps):
            if assignment in self.working():
                self.go_on(assignment, wish)
                self.rows_model_and_events_agree()

    def go_on(self, assignment: ModelAssignment, wish: str) -> None:
        job = assignment.job
        if not assignment.visit.ended:
            next_one = next(iter(PRESENCE[assignment.presence]))
            self.work(assignment, wish if next_one == "check_out" and wish in OUTCOMES else next_one)
        elif job.state == "done":
            self.work(assignment, "send_back" if wish == "send_back" else "approve")
        else:
            self.work(assignment, "finish")

    def working(self) -> list[ModelAssignment]:
        live = [each for each in self.model.assignments.values() if each.state == "live"]
        return [each for each in live if each.job.state in ("assigned", "in_progress", "done", "sent_back")]

    def work(self, assignment: ModelAssignment, wish: str) -> None:
        if wish in WORK:
            self.move_somebody(assignment, wish)
        else:
            {"finish": self.finish, "approve": self.approve, "send_back": self.send_back}[wish](assignment.job)

    def move_somebody(self, assignment: ModelAssignment, wish: str) -> None:
        use_case, told, more = WORK[wish]
        # Who was released and took the work again has two assignments; it is the live one that moves.
        same = [each for each in assignment.visit.people if each.technician == assignment.technician]
        assignment = next((each for each in same if each.state == "live"), assignment)
        technician = assignment.technician
        answer = self.do(use_case, self.world.staff, assignment.visit.id, technician, *told, **more)
        can = self.may_move(assignment, wish)
        assert isinstance(answer, (BadInput, Conflict)) != can, answer
        if not can:
            return
        if wish in CLOCKS:
            assignment.clock = wish
        elif wish != "run_late":
            self.move(assignment, wish)
        assert (answer.presence, answer.visit_state) == (assignment.presence, assignment.visit.state)
        if assignment.visit.ended:
            self.follow_up(assignment.visit, assignment.job, answer.next_visit_id)

    def may_move(self, assignment: ModelAssignment, wish: str) -> bool:
        """Whether a technician may do this on their visit now; nobody is checked in at two."""
        if assignment.state != "live" or assignment.visit.ended:
            return False
        if wish in CLOCKS:
            return assignment.presence == "checked_in" and assignment.clock != wish
        if wish == "run_late":
            return assignment.presence in NOT_THERE_YET
        if ("check_out" if wish in OUTCOMES else wish) not in PRESENCE[assignment.presence]:
            return False
        return wish != "check_in" or not any(
            each.clock and each.technician == assignment.technician for each in self.model.assignments.values()
        )

    def move(self, assignment: ModelAssignment, wish: str) -> None:
        """Move one technician, the visit and the job with them."""
        job, visit = assignment.job, assignment.visit
        assignment.presence = move(PRESENCE, assignment.presence, "check_out" if wish in OUTCOMES else wish)
        assignment.clock = {"check_in": "work"}.get(wish)
        if wish == "check_in":
            visit.has_begun = assignment.has_come = True
            job.state = "in_progress" if job.can("start") else job.state
        if wish in OUTCOMES:
            visit.outcome = OUTCOMES[wish] if assignment.slot.is_lead or not visit.outcome else visit.outcome
            if self.is_over(visit):
                self.end_visit(job)

    def is_over(self, visit: ModelVisit) -> bool:
        live = [each for each in visit.people if each.state == "live"]
        if any(each.presence in ("checked_in", "stepped_out") for each in live):
            return False
        leads = [each.presence for each in live if each.slot.is_lead]
        return "checked_out" in leads or all(presence == "checked_out" for presence in leads)

    def end_visit(self, job: ModelJob) -> None:
        """The visit is over: nobody else is asked for it, and whoever was before a closed door is paid."""
        visit = job.now
        visit.ended = "checked_out"
        for role in {slot.role for slot in job.open_slots()}:
            self.model.end_offers(job, "withdraw", role)
        for slot in job.open_slots():
            slot.state = "closed"
        job.state = "in_progress" if job.can("go_on") else job.state
        for each in visit.people:
            if visit.outcome == "could_not_start" and each.state == "live" and each.has_come:
                each.charges |= {"trip_charge", "minimum_hours"}
        self.take_over_times()

    def follow_up(self, visit: ModelVisit, job: ModelJob, next_visit: UUID | None) -> None:
        assert (next_visit is not None) == (visit.outcome == "return_needed")
        if next_visit is not None:
            there = [each for each in visit.people if each.state == "live" and each.has_come]
            self.expect_visit(job, next_visit, there)

    def expect_visit(self, job: ModelJob, visit: UUID, first: Sequence[ModelAssignment]) -> None:
        """The job's next visit has the roles of the one before, and those are asked first who were there."""
        with self.world.as_engine() as (session, _):
            row = session.get_one(VisitRow, visit)
            window = row.window_start_at, row.window_end_at
            slots = session.execute(
                text("SELECT id, role, is_lead FROM slots WHERE visit_id = :visit ORDER BY num"), {"visit": visit}
            ).all()
            asked = session.execute(
                text("SELECT role, first_ask FROM rounds WHERE visit_id = :visit"), {"visit": visit}
            ).all()
        assert [(slot.role, slot.is_lead) for slot in slots] == [(slot.role, slot.is_lead) for slot in job.slots]
        job.visits.append(ModelVisit(visit, window, [ModelSlot(slot.id, slot.role, slot.is_lead) for slot in slots]))
        job.state = move(JOB, job.state, "reopen")
        job.terms_version += 1
        job.was_done = False
        for role, first_ask in asked:
            assert set(first_ask) == {each.technician for each in first if each.slot.role == role}
        self.expect_rounds(job)

    def take_over_times(self) -> None:
        """When people are booked now, and what a visit's window is: as the rows have it."""
        with self.world.as_engine() as (session, _):
            busy = session.execute(
                text(
                    "SELECT a.id, lower(b.busy), upper(b.busy) FROM assignments a JOIN bookings b ON b.id = booking_id"
                )
            ).all()
            windows = session.execute(select(VisitRow.id, VisitRow.window_start_at, VisitRow.window_end_at)).all()
        for assignment, start_at, end_at in busy:
            if assignment in self.model.assignments:
                self.model.assignments[assignment].busy = start_at, end_at
        found = {row.id: (row.window_start_at, row.window_end_at) for row in windows}
        for job in self.model.jobs.values():
            for visit in job.visits:
                visit.window = found[visit.id]

    # Its time comes

    @rule(number=numbers)
    @with_some(lambda self: self.coming())
    def its_time_comes(self, number: int) -> None:
        """A visit begins a minute ago, for everybody on it, if they have nothing else now."""
        assignment = one_of(self.coming(), number)
        live = [each for each in assignment.visit.people if each.state == "live"]
        with self.world.as_engine() as (_, now):
            pass
        by = min(each.busy[0] for each in live) - (now - MINUTE)
        spans = [(each.busy[0] - by, each.busy[1] - by) for each in live]
        if by < timedelta(0) or not all(
            self.model.is_free(each.technician, *span, but=each) for each, span in zip(live, spans, strict=True)
        ):
            return
        with self.world.as_engine() as (session, _):
            for statement in SET_BACK:
                session.execute(text(statement), {"by": by, "visit": assignment.visit.id})
        self.take_over_times()

    def coming(self) -> list[ModelAssignment]:
        """Live work on visits to come that are fully staffed: nobody is being asked for a time that has passed."""
        return [
            each
            for each in self.model.assignments.values()
            if each.is_to_come() and not each.job.open_slots() and each.busy[0] > self.model.now
        ]

    @rule(number=numbers)
    @with_some(lambda self: self.late())
    def nobody_came(self, number: int) -> None:
        assignment = one_of(self.late(), number)
        self.miss(assignment)

    @rule(number=numbers)
    @with_some(lambda self: self.model.assignments)
    def nobody_came_they_say(self, number: int) -> None:
        self.miss(one_of(list(self.model.assignments.values())[::-1], number))

    def late(self) -> list[ModelAssignment]:
        return [each for each in self.model.assignments.values() if each.is_to_come() and each.busy[0] < self.model.now]

    def miss(self, assignment: ModelAssignment) -> None:
        job, visit = assignment.job, assignment.visit
        answer = self.do(mark_no_show, self.world.staff, visit.id, assignment.technician, "called_no_answer")
        can = assignment.is_to_come() and assignment.busy[0] <= self.model.now
        assert isinstance(answer, (BadInput, Conflict)) != can, answer
        if not can:
            return
        job.stayed_away.add(assignment.technician)
        self.overtake([assignment])
        if any(each.state == "live" and each is not assignment for each in visit.people):
            assert answer.next_visit_id is None
            before = visit.window
            self.model.release(assignment)
            self.expect_rounds(job)
            self.take_over_times()
            job.terms_version += visit.window != before
            return
        self.model.end_offers(job, "withdraw")
        assignment.state, visit.ended = "released", "missed"
        for slot in visit.slots:
            slot.state, slot.technician = "closed", None
        self.expect_next_of_missed(job, answer.next_visit_id)

    def expect_next_of_missed(self, job: ModelJob, visit: UUID) -> None:
        with self.world.as_engine() as (session, _):
            first = session.scalars(
                text("SELECT unnest(first_ask) FROM rounds WHERE visit_id = :visit"), {"visit": visit}
            ).all()
        backups = [offer for offer in self.model.offers.values() if offer.job is job]
        assert set(first) <= {offer.technician for offer in backups if offer.state in ("not_chosen", "withdrawn")}
        assert not job.stayed_away & set(first), "who stayed away is no backup"
        with self.world.as_engine() as (session, _):
            row = session.get_one(VisitRow, visit)
            window = row.window_start_at, row.window_end_at
            slots = session.execute(
                text("SELECT id, role, is_lead FROM slots WHERE visit_id = :visit ORDER BY num"), {"visit": visit}
            ).all()
        job.visits.append(ModelVisit(visit, window, [ModelSlot(slot.id, slot.role, slot.is_lead) for slot in slots]))
        job.state = move(JOB, job.state, "reopen")
        job.terms_version += 1
        self.expect_rounds(job)

    # What the client does about it

    @rule(number=numbers)
    @with_some(lambda self: self.model.jobs)
    def plan_another_visit(self, number: int) -> None:
        over = [job for job in self.model.jobs.values() if job.now.ended == "checked_out"]
        if not over:
            return
        job = one_of(over, number)
        there = [each for each in job.now.people if each.state == "live" and each.has_come]
        answer = self.do(plan_next, self.world.staff, job.visit)
        assert isinstance(answer, Conflict) != job.can("reopen"), answer
        if job.can("reopen"):
            self.expect_visit(job, answer, there)

    @rule(number=numbers, by_technician=st.booleans(), why=st.sampled_from(("ill", "no_access")))
    @with_some(lambda self: self.model.assignments)
    def give_back(self, number: int, by_technician: bool, why: str = "no_access") -> None:
        assignment = one_of(list(self.model.assignments.values())[::-1], number)
        if by_technician:
            answer = self.do(back_out, self.actor(assignment.technician), assignment.id, why)
        else:
            answer = self.do(release_from_work, self.world.staff, assignment.id, "budget")
        can = assignment.is_to_come()
        assert isinstance(answer, Conflict) != can, answer
        if not can:
            return
        if not by_technician and assignment.presence == "on_the_way":
            assignment.charges.add("trip_charge")
        self.overtake([assignment])
        self.model.release(assignment)
        self.expect_rounds(assignment.job)

    def cancel(self, job: ModelJob) -> None:
        """At any time before the last visit is over; who is there stops, and is paid for having come."""
        answer = self.do(cancel_work, self.world.staff, job.id, "duplicate")
        can = job.can("cancel") and not job.now.ended
        assert isinstance(answer, Conflict) != can, answer
        if not can:
            return
        visit = job.now
        job.state = move(JOB, job.state, "cancel")
        self.model.end_offers(job, "withdraw")
        is_there = visit.state == "checked_in"
        live = [each for each in visit.people if each.state == "live"]
        # Whoever has checked out is finished, and keeps the place.
        released = [each for each in live if each.presence != "checked_out"]
        kept = [each.slot for each in live if each not in released]
        for slot in (slot for slot in visit.slots if slot not in kept):
            slot.state, slot.technician = "closed", None
        for each in (each for past in job.visits for each in past.people if each.state == "live"):
            each.state = "released" if each in released else "finished"
        for each in released:
            each.clock = None
            each.charges |= {"trip_charge"} if each.presence == "on_the_way" else set()
            each.charges |= {"trip_charge", "minimum_hours"} if each.has_come else set()
        self.overtake(released)
        visit.ended, visit.outcome = ("checked_out", "cancelled") if is_there else ("cancelled", visit.outcome)

    def finish(self, job: ModelJob) -> None:
        answer = self.do(finish_job, self.world.staff, job.id)
        can = job.can("finish") and bool(job.now.ended)
        assert isinstance(answer, Conflict) != can, answer
        job.state = "done" if can else job.state
        job.was_done = job.was_done or can

    def approve(self, job: ModelJob) -> None:
        answer = self.do(approve_job, self.world.staff, job.id)
        assert isinstance(answer, Conflict) != job.can("approve")
        if job.can("approve"):
            job.state = "approved"
            for each in self.model.assignments.values():
                each.state = "finished" if each.job is job and each.state == "live" else each.state

    def send_back(self, job: ModelJob) -> None:
        due_at = self.world.start + timedelta(days=30)
        answer = self.do(send_back_job, self.world.staff, job.id, ["the label is missing"], due_at)
        assert isinstance(answer, Conflict) != job.can("send_back")
        job.state = "sent_back" if job.can("send_back") else job.state

    def overtake(self, assignments: Sequence[ModelAssignment]) -> None:
        """Their open proposals end."""
        for each in self.model.proposals.values():
            if each.state == "open" and each.assignment in assignments:
                each.state = "overtaken"
