"""Exactly one technician gets each slot, whoever does what at the same moment: with real commits."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

import pytest
from racing import race
from soundness import assert_sound
from sqlalchemy import func, select, text, update
from worlds import World

from dispatch.errors import Conflict, NotFound
from dispatch.jobs.acceptance import Answer, Lost, Won, accept_all, accept_offer, pick
from dispatch.jobs.answers import counter_offer, decline_offer
from dispatch.jobs.bundling import make_bundle
from dispatch.jobs.cancelling import cancel_job
from dispatch.jobs.changes import Change, accept_counter, change_job
from dispatch.jobs.offers import offer_job
from dispatch.jobs.releasing import release
from dispatch.jobs.rounds import due_rounds
from dispatch.jobs.sweeps import expire_offers
from dispatch.record.tables import (
    AssignmentRow,
    CounterRow,
    EventRow,
    JobRow,
    OfferRow,
    TechnicianRow,
)
from matching.job import Needs, Pay

pytestmark = pytest.mark.guards


def accepting(world: World, offer: OfferRow, **more: Any) -> Callable[[], Answer]:
    def accept() -> Answer:
        with world.as_engine() as (session, now):
            return accept_offer(session, world.actor_of(offer), world.yes(offer, **more), now=now)

    return accept


def doing(world: World, use_case: Callable[..., Any], *args: Any, **more: Any) -> Callable[[], Any]:
    def do() -> Any:
        with world.as_engine() as (session, now):
            return use_case(session, *args, now=now, **more)

    return do


def test_of_64_who_accept_at_once_one_gets_the_slot_and_hears_so(crowd: World) -> None:
    offers = crowd.offered(policy={"wave": {"min_size": 64, "max_size": 64, "answer_s": 3600}})
    assert len(offers) == 64
    answers = race([accepting(crowd, offer) for offer in offers])
    won = [answer for answer in answers if isinstance(answer, Won)]
    assert len(won) == 1
    assert [answer.code for answer in answers if isinstance(answer, Lost)] == ["taken"] * 63
    with crowd.as_engine() as (session, _):
        assignment = session.scalars(select(AssignmentRow)).one()
        assert assignment.id == won[0].assignment_id
        assert session.scalars(select(JobRow.state)).one() == "assigned"
        states = list(session.scalars(select(OfferRow.state)))
        assert sorted(states) == ["accepted"] + ["not_chosen"] * 63
        told = session.scalar(select(func.count()).where(EventRow.kind == "slot_filled"))
        assert told == 1
    assert_sound(crowd)


def test_of_64_who_accept_two_slots_two_get_one_each(crowd: World) -> None:
    offers = crowd.offered(count=2, policy={"wave": {"min_size": 64, "max_size": 64, "answer_s": 3600}})
    answers = race([accepting(crowd, offer) for offer in offers])
    won = [answer for answer in answers if isinstance(answer, Won)]
    assert len({answer.slot_id for answer in won}) == len(won) == 2
    assert_sound(crowd)


def test_a_technician_who_accepts_two_overlapping_jobs_at_once_gets_one(world: World) -> None:
    for _ in range(10):
        first = world.offered()
        second = world.offered(start_at=world.start + timedelta(hours=1))
        both = {o.technician_id for o in first} & {o.technician_id for o in second}
        who = min(both)
        pair = [next(o for o in offers if o.technician_id == who) for offers in (first, second)]
        answers = race([accepting(world, offer) for offer in pair])
        assert sum(isinstance(answer, Won) for answer in answers) == 1
        lost = next(answer for answer in answers if isinstance(answer, Lost))
        assert lost.code == "not_eligible"
        assert "free" in lost.rules
        assert_sound(world)
        world.start += timedelta(days=1)


def test_two_taps_on_yes_make_one_assignment_and_the_second_says_it_is_yours_already(world: World) -> None:
    offer = world.offered()[0]
    answers = race([accepting(world, offer) for _ in range(6)])
    assert sum(isinstance(answer, Won) for answer in answers) == 1
    assert {answer.code for answer in answers if isinstance(answer, Lost)} <= {"already_yours", "taken", "not_eligible"}
    assert_sound(world)


def test_yes_and_no_of_the_same_technician_at_once_leave_one_answer(world: World) -> None:
    for _ in range(15):
        offer = world.offered()[0]
        won, declined = race(
            [accepting(world, offer), doing(world, decline_offer, world.actor_of(offer), offer.id, "other")]
        )
        assert isinstance(won, Won) == isinstance(declined, Conflict)
        assert_sound(world)
        world.start += timedelta(days=1)


def test_a_cancelled_job_is_nobodys_whoever_accepted_meanwhile(crowd: World) -> None:
    for _ in range(10):
        offers = crowd.offered(policy={"wave": {"min_size": 16, "answer_s": 3600}})
        cancelling = doing(crowd, cancel_job, crowd.staff, offers[0].job_id, "no_longer_needed")
        accepts = [accepting(crowd, offer) for offer in offers[:16]]
        race([*accepts[:8], cancelling, *accepts[8:]])
        with crowd.as_engine() as (session, _):
            job = session.get_one(JobRow, offers[0].job_id)
            assert job.state == "cancelled"
            assert not session.scalars(
                select(AssignmentRow.id).where(AssignmentRow.job_id == job.id, AssignmentRow.state == "live")
            ).all()
        assert_sound(crowd)
        crowd.start += timedelta(days=1)


def test_a_change_of_terms_and_a_yes_never_mix(crowd: World) -> None:
    for _ in range(10):
        offers = crowd.offered(policy={"wave": {"min_size": 16, "answer_s": 3600}})
        change = Change(pay=Pay("fixed", Decimal(200), "USD"))
        changing = doing(crowd, change_job, crowd.staff, offers[0].job_id, change)
        *answers, changed = race([*(accepting(crowd, offer) for offer in offers[:8]), changing])
        won = [answer for answer in answers if isinstance(answer, Won)]
        with crowd.as_engine() as (session, _):
            agreed = session.scalars(
                select(AssignmentRow).where(AssignmentRow.job_id == offers[0].job_id, AssignmentRow.state == "live")
            ).all()
        assert len(agreed) == len(won) <= 1
        if isinstance(changed, int):
            assert not won, "a yes to terms that were replaced before it"
        else:
            assert isinstance(changed, Exception)
            assert [each.terms_version for each in agreed] == [1]
        assert_sound(crowd)
        crowd.start += timedelta(days=1)


def test_a_suspended_technician_never_gets_a_job_after_the_suspension(world: World) -> None:
    who = world.technicians[0]
    for _ in range(12):
        with world.as_engine() as (session, _):
            session.execute(update(TechnicianRow).where(TechnicianRow.id == who).values(state="active"))
        offer = next(o for o in world.offered() if o.technician_id == who)

        def suspend() -> None:
            with world.as_engine() as (session, _):
                session.execute(update(TechnicianRow).where(TechnicianRow.id == who).values(state="suspended"))

        answer, _ = race([accepting(world, offer), suspend])
        if isinstance(answer, Lost):
            assert (answer.code, answer.rules) == ("not_eligible", ("active",))
        late = next((o for o in world.offered() if o.technician_id == who), None)
        assert late is None
        assert_sound(world)
        world.start += timedelta(days=1)


def test_two_dispatchers_sweeping_at_once_ask_each_technician_once(crowd: World) -> None:
    jobs = [crowd.post(start_at=crowd.start + timedelta(hours=3 * num)) for num in range(12)]
    with crowd.as_engine() as (session, now):
        crowd.feed.refresh(session, now=now)
        due = due_rounds(session, now=now)
    assert len(due) == len(jobs)

    def offering(round_id: UUID) -> Callable[[], Any]:
        return doing(crowd, offer_job, crowd.feed.roster, round_id, seed=1)

    decisions = race([offering(round_id) for round_id in due for _ in range(4)], num_threads=8)
    assert sum(decision is not None for decision in decisions) == len(jobs)
    with crowd.as_engine() as (session, _):
        twice = session.execute(
            text("SELECT count(*) FROM (SELECT FROM offers GROUP BY round_id, technician_id HAVING count(*) > 1) t")
        ).scalar_one()
        assert twice == 0
        assert session.scalar(select(func.count()).where(EventRow.kind == "wave_sent")) == len(jobs)


def test_a_counter_accepted_twice_at_once_is_accepted_once(world: World) -> None:
    offers = world.offered()
    counters = []
    for offer in offers[:2]:
        with world.as_engine() as (session, now):
            pay = Pay("fixed", Decimal(180), "USD")
            counters.append(
                counter_offer(
                    session, world.actor_of(offer), offer.id, pay=pay, start_at=None, reason="pay", note="", now=now
                )
            )
    answers = race([doing(world, accept_counter, world.staff, counter) for counter in (*counters, *counters)])
    assert sum(isinstance(answer, Won) for answer in answers) == 1
    with world.as_engine() as (session, _):
        assert session.scalars(select(CounterRow.state)).all().count("accepted") == 1
        assignment = session.scalars(select(AssignmentRow)).one()
        assert (assignment.pay_amount, assignment.terms_version) == (180, 2)
    assert_sound(world)


def test_two_dispatchers_picking_two_technicians_give_the_slot_once(world: World) -> None:
    offers = world.offered(mode="manual")
    for offer in offers[:3]:
        accepting(world, offer)()
    answers = race([doing(world, pick, world.staff, offer.id) for offer in offers[:3] for _ in range(2)])
    assert sum(isinstance(answer, Won) for answer in answers) == 1
    assert_sound(world)


def test_backing_out_twice_at_once_opens_the_slot_once(world: World) -> None:
    offer = world.offered()[0]
    won = accepting(world, offer)()
    assert isinstance(won, Won)
    outs = race([doing(world, release, world.actor_of(offer), won.assignment_id, "ill") for _ in range(4)])
    assert sum(isinstance(out, UUID) for out in outs) == 1
    assert sum(isinstance(out, Conflict) for out in outs) == 3
    assert_sound(world)


def test_two_crossing_bundles_are_taken_whole_or_not_at_all(world: World) -> None:
    for day in range(5):
        start = world.start + timedelta(days=day)
        with world.as_staff() as (session, now):
            bundle = make_bundle(session, world.staff, f"Route {day}", now=now)
        jobs = [world.post(bundle_id=bundle, start_at=start + timedelta(hours=3 * num)) for num in range(3)]
        world.send_waves()
        by_technician: dict[UUID, list[OfferRow]] = {}
        for offer in world.offers():
            if offer.job_id in jobs:
                by_technician.setdefault(offer.technician_id, []).append(offer)
        rivals = [offers for offers in by_technician.values() if len(offers) == 3][:3]
        assert len(rivals) == 3

        def taking(offers: list[OfferRow]) -> Callable[[], Any]:
            yeses = [world.yes(offer) for offer in offers]
            return doing(world, accept_all, world.actor_of(offers[0]), yeses)

        answers = race([taking(rivals[0]), taking(rivals[1][::-1]), taking(rivals[2])])
        num_won = sorted(sum(isinstance(answer, Won) for answer in each) for each in answers)
        assert num_won == [0, 0, 3]
        assert_sound(world)


def test_200_jobs_under_acceptance_expiry_cancellation_and_suspension_stay_sound(crowd: World) -> None:
    chance = Random(11)
    policy = {"wave": {"min_size": 8, "max_size": 8, "answer_s": 3600, "max_asks_a_day": 1000}}
    starts = [crowd.start + timedelta(hours=3 * (num % 40)) for num in range(200)]
    jobs = [crowd.post(start_at=start, policy=policy) for start in starts]
    crowd.send_waves()
    offers = crowd.offers()
    assert len(offers) >= 1000
    calls: list[Callable[[], Any]] = [accepting(crowd, offer) for offer in offers]
    calls += [doing(crowd, cancel_job, crowd.staff, job, "duplicate") for job in chance.sample(jobs, 30)]
    calls += [doing(crowd, decline_offer, crowd.actor_of(o), o.id, "too_far") for o in chance.sample(offers, 100)]

    def expire_some() -> int:
        with crowd.as_engine() as (session, now):
            session.execute(
                update(OfferRow)
                .where(OfferRow.id.in_([chance.choice(offers).id]), OfferRow.state == "sent")
                .values(expires_at=OfferRow.sent_at)
            )
        with crowd.as_engine() as (session, now):
            return expire_offers(session, now=now)

    def suspend_one() -> None:
        with crowd.as_engine() as (session, _):
            who = chance.choice(crowd.technicians)
            session.execute(update(TechnicianRow).where(TechnicianRow.id == who).values(state="suspended"))

    calls += [expire_some] * 30 + [suspend_one] * 10
    chance.shuffle(calls)
    answers = race(calls, num_threads=48)
    won = [answer for answer in answers if isinstance(answer, Won)]
    with crowd.as_engine() as (session, _):
        rows = set(session.scalars(select(AssignmentRow.id)))
        assert {answer.assignment_id for answer in won} == rows, "what was said is not what is recorded"
        assert session.scalar(select(func.count()).where(JobRow.state == "cancelled")) == 30
    assert len(won) > 100
    assert not [answer for answer in answers if isinstance(answer, NotFound)]
    assert_sound(crowd)


def test_needs_that_nobody_meets_leave_no_offers_behind(world: World) -> None:
    job = world.post(needs=Needs(skills={"drones": 5}))
    world.send_waves()
    assert world.offers(job) == []
    with world.as_engine() as (session, _):
        row = session.get_one(JobRow, job)
        assert row.state == "unfilled"
        assert row.unfilled is not None
        assert row.unfilled["counts"] == {"skill": 8}
