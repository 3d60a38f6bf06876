"""Whatever people do in whatever order, rows, events and a plain model say the same.

Five technicians, jobs at one site in starts that overlap; T-00000 has standing consent, so that mode `auto` gives it
work at once. Nothing sleeps: an offer runs out when its time is set back.
"""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import get_state_machine_test, precondition, rule
from lifecycle_comparison import Compared, one_of
from lifecycle_model import ModelAssignment, ModelJob, ModelSlot
from own_database import own_copy
from sqlalchemy import text, update
from worlds import small_world

from dispatch.errors import BadInput, Conflict, NotFound, Refused
from dispatch.jobs.acceptance import accept_offer, pick
from dispatch.jobs.answers import counter_offer, decline_offer, view_offer
from dispatch.jobs.assignments import release
from dispatch.jobs.cancelling import cancel_job
from dispatch.jobs.changes import (
    Change,
    accept_counter,
    change_job,
    hold_job,
    refuse_counter,
    resume_job,
    withdraw_offer,
)
from dispatch.jobs.lifecycle import NOT_THERE_YET, OFFER, PRESENCE, move
from dispatch.jobs.market import request_job
from dispatch.jobs.posting import SlotWish
from dispatch.jobs.sweeps import expire_offers
from dispatch.private_postgres import PrivatePostgres
from dispatch.record.tables import OfferRow, TechnicianRow
from dispatch.visits.before import confirm, leave
from dispatch.visits.completion import approve_job, finish_job
from dispatch.visits.endings import Ending
from dispatch.visits.onsite import check_in, check_out
from dispatch.visits.stamps import Stamp
from matching.job import Needs, Pay

NUM_TESTS = 10
NUM_MACHINES = 1000 if os.environ.get("TRUCKROLL_TEST_LONG") == "1" else 100
NUM_STEPS = 50
NUM_TECHNICIANS = 5
MAX_JOBS = 6
#: A run that never came here proves little.
REACHED = {
    ("job", "assigned"),
    ("job", "cancelled"),
    ("offer", "accepted"),
    ("offer", "not_chosen"),
    ("offer", "withdrawn"),
    ("assignment", "live"),
}

PAY = Pay("fixed", Decimal(140), "USD")
NEEDS = Needs(skills={"hvac": 2})
SHAPES = {
    "one": (SlotWish(NEEDS, PAY),),
    "two": (SlotWish(NEEDS, PAY, count=2),),
    "two roles": (SlotWish(NEEDS, PAY, role="lead"), SlotWish(NEEDS, PAY, role="helper", is_lead=False)),
}
WAVE = {"min_size": 2, "max_size": 2, "max_waves": 2, "answer_s": 3600, "max_asks_a_day": 10_000}

#: wish -> the use case that makes it, and what it is told
WORK: dict[str, tuple[Any, ...]] = {
    "confirm": (confirm,),
    "leave": (leave,),
    "check_in": (check_in, Stamp()),
    "step_out": (check_out, Stamp(), Ending("back_later")),
    "check_out": (check_out, Stamp(), Ending()),
}

numbers = st.integers(0, 10_000)
modes = st.sampled_from(("first", "manual", "auto"))


def with_some(of: Callable[["Lifecycle"], Sequence[Any]]) -> Callable[[Any], Any]:
    """Precondition that there is something to choose from."""
    return precondition(lambda self: bool(of(self)))


class Lifecycle(Compared):
    """What people can do, in any order."""

    # Posting and asking

    @precondition(lambda self: len(self.model.jobs) < MAX_JOBS)
    @rule(mode=st.sampled_from(("first", "first", "manual", "auto")), shape=st.sampled_from(sorted(SHAPES)), at=numbers)
    def post(self, mode: str, shape: str, at: int) -> None:
        start = self.world.start + timedelta(hours=(0, 1, 3)[at % 3])
        job = self.world.post(mode=mode, slots=SHAPES[shape], start_at=start, policy={"wave": WAVE})
        with self.world.as_engine() as (session, _):
            rows = session.execute(
                text("SELECT id, visit_id, role, is_lead FROM slots WHERE job_id = :job ORDER BY num"), {"job": job}
            ).all()
        slots = [ModelSlot(row.id, row.role, row.is_lead) for row in rows]
        self.model.jobs[job] = ModelJob(job, rows[0].visit_id, mode, start, slots)
        self.expect_rounds(self.model.jobs[job])

    @with_some(lambda self: self.model.jobs)
    @rule()
    def send_waves(self) -> None:
        self.world.send_waves()
        self.take_over_waves()
        self.take_over_unfilled()

    @with_some(lambda self: self.model.jobs)
    @rule(number=numbers, who=numbers, later=st.booleans())
    def request_from_the_market(self, number: int, who: int, later: bool) -> None:
        job = one_of(list(self.model.jobs.values()), number)
        role, technician = one_of(job.slots, number).role, one_of(self.model.technicians, who)
        current = job.rounds.get(role)
        is_open = current is not None and current.is_open and bool(job.open_slots(role))
        answer = self.do(request_job, self.actor(technician), job.visit, role, start_at=job.start_at if later else None)
        if not is_open:
            assert isinstance(answer, NotFound)
        elif not self.model.may(technician, job) or (current is not None and technician in current.asked):
            assert isinstance(answer, Refused)
        else:
            offer_id, said = answer
            self.add_offer(offer_id, job, role, technician, current.id, job.terms_version)  # type: ignore[union-attr]
            self.model.offers[offer_id].state = "viewed"
            self.expect_yes(self.model.offers[offer_id], said, "noted" if job.mode == "manual" else "won")

    # What technicians answer

    @with_some(lambda self: self.model.offers)
    @rule(number=numbers)
    def view(self, number: int) -> None:
        offer = self.an_offer(number)
        self.do(view_offer, self.actor(offer.technician), offer.id)
        if offer.state == "sent" and not offer.is_late:
            offer.state = move(OFFER, offer.state, "view")

    @with_some(lambda self: self.model.offers)
    @rule(number=numbers)
    def accept(self, number: int) -> None:
        offer = self.an_offer(number)
        expected = self.model.answer_to_yes(offer)
        with self.world.as_engine() as (session, now):
            row = session.get_one(OfferRow, offer.id)
            answer = accept_offer(session, self.actor(offer.technician), self.world.yes(row), now=now)
        self.expect_yes(offer, answer, expected)

    @with_some(lambda self: self.model.offers)
    @rule(number=numbers)
    def decline(self, number: int) -> None:
        offer = self.an_offer(number)
        answer = self.do(decline_offer, self.actor(offer.technician), offer.id, "too_far")
        assert isinstance(answer, Conflict) != offer.is_answerable()
        if offer.is_answerable():
            self.model.end_offer(offer, "decline")

    @with_some(lambda self: self.model.offers)
    @rule(number=numbers, asks_pay=st.booleans())
    def counter(self, number: int, asks_pay: bool) -> None:
        offer = self.an_offer(number)
        asked = {"pay": Pay("fixed", Decimal(180), "USD") if asks_pay else None, "start_at": offer.job.start_at}
        answer = self.do(counter_offer, self.actor(offer.technician), offer.id, reason="pay", note="", **asked)
        assert isinstance(answer, UUID) == offer.is_answerable()
        if isinstance(answer, UUID):
            self.model.end_offer(offer, "counter")
            offer.counter = answer
            self.model.counters[answer] = ("open", offer)

    @with_some(lambda self: self.model.offers)
    @rule(number=numbers)
    def run_late(self, number: int) -> None:
        offer = self.an_offer(number)
        if offer.is_live():
            with self.world.as_engine() as (session, _):
                session.execute(update(OfferRow).where(OfferRow.id == offer.id).values(expires_at=OfferRow.sent_at))
            offer.is_late = True

    @with_some(lambda self: [each for each in self.model.offers.values() if each.is_late and each.is_live()])
    @rule()
    def expire(self) -> None:
        late = [each for each in self.model.offers.values() if each.is_late and each.is_live()]
        assert self.do(expire_offers) == len(late)
        for offer in late:
            self.model.end_offer(offer, "expire")

    # What the client decides

    @with_some(lambda self: self.model.counters)
    @rule(number=numbers)
    def accept_a_counter(self, number: int) -> None:
        counter, (state, offer) = one_of(list(self.model.counters.items())[::-1], number)
        expected = self.model.answer_to_pick(offer)
        answer = self.do(accept_counter, self.world.staff, counter)
        if expected == "won" and state != "open":
            assert isinstance(answer, Conflict)
            return
        if expected == "won":
            self.model.end_counter(offer, "accepted")
            offer.job.terms_version += 1
        self.expect_yes(offer, answer, expected)

    @with_some(lambda self: self.model.counters)
    @rule(number=numbers)
    def refuse_a_counter(self, number: int) -> None:
        counter, (state, offer) = one_of(list(self.model.counters.items())[::-1], number)
        answer = self.do(refuse_counter, self.world.staff, counter)
        assert isinstance(answer, Conflict) == (state != "open")
        if state == "open":
            self.model.end_counter(offer, "refused")
            offer.state = "viewed"

    @with_some(lambda self: self.model.offers)
    @rule(number=numbers)
    def pick(self, number: int) -> None:
        waiting = [each for each in self.model.offers.values() if each.state in ("requested", "countered")]
        offer = one_of(waiting, number) if waiting else self.an_offer(number)
        expected = self.model.answer_to_pick(offer)
        self.expect_yes(offer, self.do(pick, self.world.staff, offer.id), expected)

    @with_some(lambda self: self.model.offers)
    @rule(number=numbers)
    def withdraw(self, number: int) -> None:
        offer = self.an_offer(number)
        answer = self.do(withdraw_offer, self.world.staff, offer.id, "mistake")
        assert isinstance(answer, Conflict) != offer.is_live()
        if offer.is_live():
            self.model.end_offer(offer, "withdraw")

    @with_some(lambda self: self.model.assignments)
    @rule(number=numbers, by_technician=st.booleans())
    def give_back(self, number: int, by_technician: bool) -> None:
        assignment = one_of(list(self.model.assignments.values())[::-1], number)
        actor = self.actor(assignment.technician) if by_technician else self.world.staff
        answer = self.do(release, actor, assignment.id, "ill")
        if assignment.state != "live" or assignment.presence not in NOT_THERE_YET or assignment.job.ended:
            assert isinstance(answer, Conflict)
            return
        self.model.release(assignment)
        self.expect_rounds(assignment.job)

    @with_some(lambda self: self.model.jobs)
    @rule(number=numbers, wish=st.sampled_from(("cancel", "cancel", "hold", "resume", "resume", "change")), mode=modes)
    def change_the_job(self, number: int, wish: str, mode: str) -> None:
        job = self.a_job(number)
        if wish == "cancel":
            self.cancel(job)
        elif wish == "hold":
            self.change_state(job, wish, self.do(hold_job, self.world.staff, job.id, "budget"))
        elif wish == "resume":
            self.change_state(job, wish, self.do(resume_job, self.world.staff, job.id))
        else:
            self.change_terms(job, mode)

    def cancel(self, job: ModelJob) -> None:
        answer = self.do(cancel_job, self.world.staff, job.id, "duplicate")
        can = job.can("cancel") and not job.begun()
        assert isinstance(answer, Conflict) != can
        if can:
            self.model.cancel(job)

    def change_terms(self, job: ModelJob, mode: str) -> None:
        change = Change(pay=Pay("fixed", Decimal(150), "USD") if job.open_slots() else None, mode=mode)
        can = job.can("change")
        self.change_state(job, "change", self.do(change_job, self.world.staff, job.id, change))
        if can:
            job.terms_version, job.mode = job.terms_version + 1, mode

    # The day itself

    @with_some(lambda self: self.model.assignments)
    @rule(number=numbers, wish=st.sampled_from((*WORK, "finish", "approve")))
    def work_out_of_turn(self, number: int, wish: str) -> None:
        self.work(one_of(list(self.model.assignments.values())[::-1], number), wish)

    @with_some(lambda self: self.working())
    @rule(number=numbers)
    def work_in_turn(self, number: int) -> None:
        assignment = one_of(self.working(), number)
        job = assignment.job
        if not job.ended:
            self.work(assignment, next(iter(PRESENCE[assignment.presence])))
        else:
            self.work(assignment, "finish" if job.state == "in_progress" else "approve")

    def working(self) -> list[ModelAssignment]:
        live = [each for each in self.model.assignments.values() if each.state == "live"]
        return [each for each in live if each.job.state in ("assigned", "in_progress", "done")]

    def work(self, assignment: ModelAssignment, wish: str) -> None:
        if wish == "finish":
            self.finish(assignment.job)
        elif wish == "approve":
            self.approve(assignment.job)
        else:
            self.move_somebody(assignment, wish)

    def move_somebody(self, assignment: ModelAssignment, wish: str) -> None:
        use_case, *more = WORK[wish]
        # Who was released and took the work again has two assignments; it is the live one that moves.
        same = [each for each in assignment.job.people if each.technician == assignment.technician]
        assignment = next((each for each in same if each.state == "live"), assignment)
        answer = self.do(use_case, self.world.staff, assignment.job.visit, assignment.technician, *more)
        can = self.model.may_move(assignment, wish)
        assert isinstance(answer, (BadInput, Conflict)) != can, answer
        if can:
            self.model.move(assignment, wish)
            assert (answer.presence, answer.visit_state) == (assignment.presence, assignment.job.visit_state)

    def finish(self, job: ModelJob) -> None:
        answer = self.do(finish_job, self.world.staff, job.id)
        can = job.can("finish") and job.visit_state == "checked_out"
        assert isinstance(answer, Conflict) != can
        job.state = "done" if can else job.state

    def approve(self, job: ModelJob) -> None:
        answer = self.do(approve_job, self.world.staff, job.id)
        assert isinstance(answer, Conflict) != job.can("approve")
        if job.can("approve"):
            job.state = "approved"
            for each in self.model.assignments.values():
                each.state = "finished" if each.job is job and each.state == "live" else each.state

    @rule(number=numbers)
    def suspend_or_bring_back(self, number: int) -> None:
        technician = one_of(self.model.technicians, number)
        is_active = technician in self.model.active
        with self.world.as_engine() as (session, _):
            session.execute(
                update(TechnicianRow)
                .where(TechnicianRow.id == technician)
                .values(state="suspended" if is_active else "active")
            )
        self.model.active ^= {technician}


@pytest.mark.parametrize("number", range(NUM_TESTS))
def test_rows_events_and_model_agree_whatever_people_do(
    number: int, postgres: PrivatePostgres, template_name: str
) -> None:
    class Machine(Lifecycle):
        reached: ClassVar[Counter[tuple[str, str]]] = Counter()

        def __init__(self) -> None:
            super().__init__()
            self.copy = own_copy(postgres, template_name)
            self.made = small_world(postgres.url(self.copy.__enter__()), num_technicians=NUM_TECHNICIANS, pool_size=2)
            self.world = self.made.__enter__()
            with self.world.as_engine() as (session, _):
                session.execute(
                    update(TechnicianRow)
                    .where(TechnicianRow.id == self.world.technicians[0])
                    .values(auto_min_hourly=20, auto_max_km=100, auto_max_per_day=10)
                )

        def teardown(self) -> None:
            self.made.__exit__(None, None, None)
            self.copy.__exit__(None, None, None)

    run = get_state_machine_test(
        Machine,
        settings=settings(
            max_examples=NUM_MACHINES // NUM_TESTS,
            stateful_step_count=NUM_STEPS,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate, Phase.shrink),
            print_blob=False,
        ),
    )
    for more in range(4):  # what a seed draws changes with the code: a run that came nowhere is followed by another
        seed(number + more * NUM_TESTS)(run)()
        if Machine.reached.keys() >= REACHED:
            break
    assert Machine.reached.keys() >= REACHED
