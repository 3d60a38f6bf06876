"""Whatever people do in whatever order, rows, events and a plain model say the same.

Five technicians, jobs at one site in starts that overlap; T-00000 has standing consent, so that mode `auto` gives it
work at once. Nothing sleeps: an offer runs out when its time is set back.
"""

import os
from collections import Counter
from contextlib import ExitStack
from datetime import timedelta
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import get_state_machine_test, initialize, rule
from lifecycle_comparison import one_of
from lifecycle_day import numbers, with_some
from lifecycle_model import HOURS_OF_WORK, ModelJob, ModelOffer, ModelSlot, ModelVisit
from lifecycle_terms import Terms
from lifecycle_walk import Walk
from own_database import own_copy
from personal_data import assert_events_impersonal
from sqlalchemy import text, update
from worlds import small_world

from dispatch.errors import Conflict, NotFound, Refused
from dispatch.jobs.acceptance import Won, accept_offer, pick
from dispatch.jobs.answers import counter_offer, decline_offer, view_offer
from dispatch.jobs.changes import (
    Change,
    accept_counter,
    change_job,
    hold_job,
    refuse_counter,
    resume_job,
    withdraw_offer,
)
from dispatch.jobs.lifecycle import OFFER, move
from dispatch.jobs.market import request_job
from dispatch.jobs.sweeps import expire_offers
from dispatch.jobs.wishes import SlotWish
from dispatch.private_postgres import PrivatePostgres
from dispatch.record.tables import OfferRow, TechnicianRow
from matching.job import Needs, Pay

NUM_TESTS = 5
IS_LONG = os.environ.get("TRUCKROLL_TEST_LONG") == "1"
#: In the long form ten times as many.
NUM_MACHINES, NUM_STEPS = (300, 50) if IS_LONG else (30, 50)
NUM_TECHNICIANS = 5
MAX_JOBS = 6
#: The day that people live one after the other comes here, whatever chance brings in the other tests.
REACHED = {
    ("job", "assigned"),
    ("job", "cancelled"),
    ("offer", "accepted"),
    ("offer", "withdrawn"),
    ("assignment", "released"),
    ("visit", "checked_in"),
    ("visit", "checked_out"),
    ("proposal", "open"),
    ("offer", "not_chosen"),
    ("visit", "missed"),
    ("outcome", "complete"),
    ("outcome", "return_needed"),
    ("outcome", "could_not_start"),
    ("outcome", "cancelled"),
    ("job", "done"),
    ("job", "sent_back"),
    ("job", "approved"),
    ("proposal", "accepted"),
    ("proposal", "refused"),
    ("proposal", "withdrawn"),
    ("proposal", "expired"),
    ("proposal", "overtaken"),
    ("part", "received"),
    ("part", "lost"),
    ("alarm", "cleared"),
}
#: What every machine begins with, so that the rest of it has something to be about.
BEGUN = {("job", "assigned"), ("offer", "accepted"), ("assignment", "live")}
#: A busy machine may be slow: limits of time are tested elsewhere.
PATIENCE_S = 120

PAY = Pay("fixed", Decimal(140), "USD")
NEEDS = Needs(skills={"hvac": 2})
SHAPES = {
    "one": (SlotWish(NEEDS, PAY),),
    "two": (SlotWish(NEEDS, PAY, count=2),),
    "two roles": (SlotWish(NEEDS, PAY, role="lead"), SlotWish(NEEDS, PAY, role="helper", is_lead=False)),
}
WAVE = {"min_size": 2, "max_size": 2, "max_waves": 2, "answer_s": 3600, "max_asks_a_day": 10_000}
CHARGES = {"trip_charge": "30", "minimum_h": "1"}
RULES = {"policy": {"wave": WAVE}, "day_policy": {"cancellation": CHARGES}}

modes = st.sampled_from(("first", "manual", "auto"))


class Lifecycle(Terms):
    """What people can do, in any order."""

    @initialize(number=numbers)
    def give_work_out(self, number: int) -> None:
        """Some work is given away before anything happens: the day begins early."""
        self.begin()
        for shape, at in (("one", number), ("two roles", number + 1), ("one", number + 2)):
            self.post("first", shape, at)
        self.send_waves()
        for offer in list(self.model.offers.values()):
            self.say_yes(offer)

    # Posting and asking

    @rule(mode=st.sampled_from(("first", "first", "manual", "auto")), shape=st.sampled_from(sorted(SHAPES)), at=numbers)
    def post_another(self, mode: str, shape: str, at: int) -> None:
        if len(self.model.jobs) < MAX_JOBS:
            self.post(mode, shape, at)

    def post(self, mode: str, shape: str, at: int) -> None:
        start = self.world.start + timedelta(hours=(0, 1, 3)[at % 3])
        job = self.world.post(mode=mode, slots=SHAPES[shape], start_at=start, **RULES)
        with self.world.as_engine() as (session, _):
            rows = session.execute(
                text("SELECT id, visit_id, role, is_lead FROM slots WHERE job_id = :job ORDER BY num"), {"job": job}
            ).all()
        slots = [ModelSlot(row.id, row.role, row.is_lead) for row in rows]
        visit = ModelVisit(rows[0].visit_id, (start, start + HOURS_OF_WORK), slots)
        self.model.jobs[job] = ModelJob(job, mode, [visit])
        self.expect_rounds(self.model.jobs[job])

    @rule()
    @with_some(lambda self: self.model.jobs)
    def send_waves(self) -> None:
        self.world.send_waves()
        self.take_over_waves()
        self.take_over_unfilled()

    @rule(number=numbers, who=numbers, later=st.booleans())
    @with_some(lambda self: self.model.jobs)
    def request_from_the_market(self, number: int, who: int, later: bool) -> None:
        job = one_of(list(self.model.jobs.values()), number)
        role, technician = one_of(job.slots, number).role, one_of(self.model.technicians, who)
        current = job.rounds.get(role)
        is_open = current is not None and current.is_open and bool(job.open_slots(role))
        start_at = job.start_at if later and job.now.is_exact and job.start_at > self.model.now else None
        answer = self.do(request_job, self.actor(technician), job.visit, role, start_at=start_at)
        may = self.model.may(technician, job)
        if not is_open:
            assert isinstance(answer, NotFound)
        elif may is False or technician in current.asked | job.stayed_away:  # type: ignore[union-attr]
            assert isinstance(answer, Refused)
        elif isinstance(answer, Refused):
            assert may is None
        else:
            offer_id, said = answer
            self.add_offer(offer_id, job, role, technician, current.id, job.terms_version)  # type: ignore[union-attr]
            self.model.offers[offer_id].state = "viewed"
            self.expect_yes(self.model.offers[offer_id], said, {"noted" if job.mode == "manual" else "won"})

    # What technicians answer

    @rule(number=numbers)
    @with_some(lambda self: self.model.offers)
    def view(self, number: int) -> None:
        offer = self.an_offer(number)
        self.do(view_offer, self.actor(offer.technician), offer.id)
        if offer.state == "sent" and not offer.is_late:
            offer.state = move(OFFER, offer.state, "view")

    @rule(number=numbers)
    @with_some(lambda self: self.model.offers)
    def accept(self, number: int) -> None:
        self.say_yes(self.an_offer(number))

    def say_yes(self, offer: ModelOffer) -> None:
        expected = self.model.answer_to_yes(offer)
        with self.world.as_engine() as (session, now):
            row = session.get_one(OfferRow, offer.id)
            answer = accept_offer(session, self.actor(offer.technician), self.world.yes(row), now=now)
        self.expect_yes(offer, answer, expected)

    @rule(number=numbers)
    @with_some(lambda self: self.model.offers)
    def decline(self, number: int) -> None:
        offer = self.an_offer(number)
        answer = self.do(decline_offer, self.actor(offer.technician), offer.id, "too_far")
        assert isinstance(answer, Conflict) != offer.is_answerable()
        if offer.is_answerable():
            self.model.end_offer(offer, "decline")

    @rule(number=numbers, asks_pay=st.booleans())
    @with_some(lambda self: self.model.offers)
    def counter(self, number: int, asks_pay: bool) -> None:
        offer = self.an_offer(number)
        job = offer.job
        start_at = job.start_at if job.now.is_exact and job.start_at > self.model.now else None
        pay = Pay("fixed", Decimal(180), "USD") if asks_pay or start_at is None else None
        asked = {"pay": pay, "start_at": start_at}
        answer = self.do(counter_offer, self.actor(offer.technician), offer.id, reason="pay", note="", **asked)
        assert isinstance(answer, UUID) == offer.is_answerable()
        if isinstance(answer, UUID):
            self.model.end_offer(offer, "counter")
            offer.counter = answer
            self.model.counters[answer] = ("open", offer)

    @rule(number=numbers)
    @with_some(lambda self: self.model.offers)
    def run_late(self, number: int) -> None:
        offer = self.an_offer(number)
        if offer.is_live():
            with self.world.as_engine() as (session, _):
                session.execute(update(OfferRow).where(OfferRow.id == offer.id).values(expires_at=OfferRow.sent_at))
            offer.is_late = True

    @rule()
    @with_some(lambda self: [each for each in self.model.offers.values() if each.is_late and each.is_live()])
    def expire(self) -> None:
        late = [each for each in self.model.offers.values() if each.is_late and each.is_live()]
        assert self.do(expire_offers) == len(late)
        for offer in late:
            self.model.end_offer(offer, "expire")

    # What the client decides

    @rule(number=numbers)
    @with_some(lambda self: self.model.counters)
    def accept_a_counter(self, number: int) -> None:
        counter, (state, offer) = one_of(list(self.model.counters.items())[::-1], number)
        expected = self.model.answer_to_pick(offer)
        answer = self.do(accept_counter, self.world.staff, counter)
        if "won" in expected and state != "open" and isinstance(answer, Conflict):
            return
        assert not isinstance(answer, Conflict), answer
        if isinstance(answer, Won):
            assert state == "open", "a counter was accepted that had ended"
            self.model.end_counter(offer, "accepted")
            offer.job.terms_version += 1
        self.expect_yes(offer, answer, expected)

    @rule(number=numbers)
    @with_some(lambda self: self.model.counters)
    def refuse_a_counter(self, number: int) -> None:
        counter, (state, offer) = one_of(list(self.model.counters.items())[::-1], number)
        answer = self.do(refuse_counter, self.world.staff, counter)
        assert isinstance(answer, Conflict) == (state != "open")
        if state == "open":
            self.model.end_counter(offer, "refused")
            offer.state = "viewed"

    @rule(number=numbers)
    @with_some(lambda self: self.model.offers)
    def pick(self, number: int) -> None:
        waiting = [each for each in self.model.offers.values() if each.state in ("requested", "countered")]
        offer = one_of(waiting, number) if waiting else self.an_offer(number)
        expected = self.model.answer_to_pick(offer)
        self.expect_yes(offer, self.do(pick, self.world.staff, offer.id), expected)

    @rule(number=numbers)
    @with_some(lambda self: self.model.offers)
    def withdraw(self, number: int) -> None:
        offer = self.an_offer(number)
        answer = self.do(withdraw_offer, self.world.staff, offer.id, "mistake")
        assert isinstance(answer, Conflict) != offer.is_live()
        if offer.is_live():
            self.model.end_offer(offer, "withdraw")

    @rule(number=numbers, wish=st.sampled_from(("cancel", "cancel", "hold", "resume", "resume", "change")), mode=modes)
    @with_some(lambda self: self.model.jobs)
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

    def change_terms(self, job: ModelJob, mode: str) -> None:
        change = Change(pay=Pay("fixed", Decimal(150), "USD") if job.open_slots() else None, mode=mode)
        can = job.can("change")
        self.change_state(job, "change", self.do(change_job, self.world.staff, job.id, change))
        if can:
            job.terms_version, job.mode = job.terms_version + 1, mode

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


def machine_of(postgres: PrivatePostgres, template_name: str) -> type[Lifecycle]:
    """A class of machines, each in a world of its own, which counts where they came."""

    class Machine(Lifecycle):
        reached: ClassVar[Counter[tuple[str, str]]] = Counter()

        def __init__(self) -> None:
            super().__init__()
            with ExitStack() as opened:
                url = postgres.url(opened.enter_context(own_copy(postgres, template_name)))
                made = small_world(url, num_technicians=NUM_TECHNICIANS, pool_size=2, patience_s=PATIENCE_S)
                self.world = opened.enter_context(made)
                with self.world.as_engine() as (session, _):
                    session.execute(
                        update(TechnicianRow)
                        .where(TechnicianRow.id == self.world.technicians[0])
                        .values(auto_min_hourly=20, auto_max_km=100, auto_max_per_day=10)
                    )
                self.opened = opened.pop_all()

        def teardown(self) -> None:
            with self.opened, self.world.as_engine() as (session, _):
                assert_events_impersonal(session)

    return Machine


@pytest.mark.parametrize("number", range(NUM_TESTS))
def test_rows_events_and_model_agree_whatever_people_do(
    number: int, postgres: PrivatePostgres, template_name: str
) -> None:
    machine = machine_of(postgres, template_name)
    run = get_state_machine_test(
        machine,
        settings=settings(
            max_examples=NUM_MACHINES // NUM_TESTS,
            stateful_step_count=NUM_STEPS,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate,),
            print_blob=False,
        ),
    )
    seed(number)(run)()
    assert not BEGUN - machine.reached.keys()


def test_rows_events_and_model_agree_when_each_turn_is_taken_once(
    postgres: PrivatePostgres, template_name: str
) -> None:
    """The steps of the machine in an order that leads everywhere: nothing of it is left to chance."""
    machine = machine_of(postgres, template_name)()
    try:
        Walk(machine).take_every_turn()
    finally:
        machine.teardown()
    missed = REACHED - machine.reached.keys()
    assert not missed
