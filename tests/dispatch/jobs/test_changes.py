"""The client changes their mind: new terms are a new round, a hold stops asking, a cancellation frees everyone."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, update
from worlds import World

from dispatch.errors import BadInput, Conflict, NotFound
from dispatch.jobs import market
from dispatch.jobs.acceptance import Won, accept_offer
from dispatch.jobs.cancelling import cancel_job
from dispatch.jobs.changes import Change, change_job, hold_job, resume_job, withdraw_offer
from dispatch.jobs.market import find_open_jobs, request_job
from dispatch.jobs.sweeps import expire_offers
from dispatch.record.session import Actor
from dispatch.record.tables import (
    AssignmentRow,
    BookingRow,
    JobRow,
    OfferRow,
    SlotRow,
    TechnicianRow,
    TermsRow,
    VisitRow,
    new_id,
)
from dispatch.visits.before import confirm, leave
from dispatch.visits.completion import approve_job, finish_job
from dispatch.visits.endings import Ending
from dispatch.visits.onsite import check_in, check_out
from dispatch.visits.stamps import Stamp
from matching.job import Needs, Pay


def win(world: World, offer: OfferRow) -> Won:
    with world.as_engine() as (session, now):
        won = accept_offer(session, world.actor_of(offer), world.yes(offer), now=now)
    assert isinstance(won, Won)
    return won


def test_new_terms_withdraw_the_offers_and_ask_again_under_the_next_version(world: World) -> None:
    offers = world.offered()
    with world.as_engine() as (session, now):
        change = Change(pay=Pay("fixed", Decimal(200), "USD"))
        assert change_job(session, world.staff, offers[0].job_id, change, now=now) == 2
    world.send_waves()
    states = {(offer.terms_version, offer.state) for offer in world.offers()}
    assert states == {(1, "withdrawn"), (2, "sent")}
    with world.as_engine() as (session, _):
        paid = [terms["slots"][0]["pay_amount"] for terms in session.scalars(select(TermsRow.terms))]
        assert sorted(paid) == ["140.00", "200.00"]


def test_a_change_of_time_needs_room_for_the_work(world: World) -> None:
    job = world.post()
    with world.as_engine() as (session, now), pytest.raises(BadInput, match="120 minutes"):
        change_job(session, world.staff, job, Change(end_at=world.start + timedelta(minutes=30)), now=now)


def test_the_time_of_an_assigned_job_is_not_changed_without_the_technician(world: World) -> None:
    won = win(world, world.offered()[0])
    with world.as_engine() as (session, now), pytest.raises(Conflict):
        change_job(session, world.staff, won.job_id, Change(end_at=world.start + timedelta(hours=9)), now=now)


def test_an_unfilled_job_is_offered_again_once_the_needs_are_lowered(world: World) -> None:
    job = world.post(needs=Needs(skills={"hvac": 5}))
    world.send_waves()
    with world.as_engine() as (session, _):
        row = session.get_one(JobRow, job)
        assert (row.state, row.unfilled["counts"]) == ("unfilled", {"level": 8})  # type: ignore[index]
    with world.as_engine() as (session, now):
        change_job(session, world.staff, job, Change(needs=Needs(skills={"hvac": 3})), now=now)
    world.send_waves()
    assert world.offers(job)


def test_a_held_job_asks_nobody_until_it_is_resumed(world: World) -> None:
    offers = world.offered()
    with world.as_engine() as (session, now):
        hold_job(session, world.staff, offers[0].job_id, "site_closed", now=now)
    assert world.send_waves() == 0
    assert {offer.state for offer in world.offers()} == {"withdrawn"}
    with world.as_engine() as (session, now):
        resume_job(session, world.staff, offers[0].job_id, now=now)
    assert world.send_waves() == 1


def test_a_cancelled_job_frees_the_technicians_time_for_another(world: World) -> None:
    won = win(world, world.offered()[0])
    with world.as_engine() as (session, now):
        cancel_job(session, world.staff, won.job_id, "duplicate", now=now)
    with world.as_engine() as (session, _):
        assert session.scalars(select(BookingRow.live)).all() == [False]
        assert session.get_one(AssignmentRow, won.assignment_id).ended_why == "duplicate"
        assert session.get_one(VisitRow, won.visit_id).state == "cancelled"
        assert session.get_one(SlotRow, won.slot_id).state == "closed"
    assert isinstance(win(world, world.offered()[0]), Won)


def test_a_cancelled_job_cannot_be_cancelled_again_or_changed(world: World) -> None:
    job = world.post()
    with world.as_engine() as (session, now):
        cancel_job(session, world.staff, job, "duplicate", now=now)
    for again in (
        lambda s, n: cancel_job(s, world.staff, job, "x", now=n),
        lambda s, n: resume_job(s, world.staff, job, now=n),
    ):
        with world.as_engine() as (session, now), pytest.raises(Conflict, match="cancelled"):
            again(session, now)


def test_another_client_finds_nothing_to_change(world: World) -> None:
    job = world.post()
    with world.as_engine() as (session, now), pytest.raises(NotFound):
        cancel_job(session, Actor("dispatcher", client_id=new_id()), job, "malice", now=now)


def test_one_offer_is_withdrawn_and_the_others_stand(world: World) -> None:
    offers = world.offered()
    with world.as_engine() as (session, now):
        withdraw_offer(session, world.staff, offers[0].id, "by_phone", now=now)
    states = [offer.state for offer in world.offers()]
    assert sorted(states) == ["sent"] * (len(states) - 1) + ["withdrawn"]


def test_the_day_goes_from_confirmed_to_approved_and_each_move_only_once(world: World) -> None:
    offer = world.offered()[0]
    won = win(world, offer)
    technician = world.actor_of(offer)
    for wish, more, state in (
        (confirm, (), "confirmed"),
        (leave, (), "on_the_way"),
        (check_in, (Stamp(),), "checked_in"),
        (check_out, (Stamp(), Ending()), "checked_out"),
    ):
        with world.as_engine() as (session, now):
            moved = wish(session, technician, won.visit_id, None, *more, now=now)
            assert moved.visit_state == state
        with world.as_engine() as (session, now), pytest.raises(Conflict):
            wish(session, technician, won.visit_id, None, *more, now=now)
    with world.as_engine() as (session, now):
        finish_job(session, technician, won.job_id, now=now)
    with world.as_engine() as (session, now):
        approve_job(session, world.staff, won.job_id, now=now)
    with world.as_engine() as (session, _):
        assert session.get_one(JobRow, won.job_id).state == "approved"
        assert session.get_one(AssignmentRow, won.assignment_id).state == "finished"


def test_work_is_not_done_before_the_visit_is_checked_out(world: World) -> None:
    offer = world.offered()[0]
    won = win(world, offer)
    with world.as_engine() as (session, now), pytest.raises(Conflict, match="planned"):
        finish_job(session, world.actor_of(offer), won.job_id, now=now)


def test_a_technician_who_is_not_on_the_visit_cannot_move_it(world: World) -> None:
    offers = world.offered()
    won = win(world, offers[0])
    with world.as_engine() as (session, now), pytest.raises(NotFound):
        confirm(session, world.actor_of(offers[1]), won.visit_id, None, now=now)


def test_offers_that_ran_out_end_with_one_event_a_job(world: World) -> None:
    offers = world.offered()
    with world.as_engine() as (session, _):
        session.execute(update(OfferRow).values(expires_at=OfferRow.sent_at))
    with world.as_engine() as (session, now):
        assert expire_offers(session, now=now) == len(offers)
        assert expire_offers(session, now=now) == 0
    assert {offer.state for offer in world.offers()} == {"expired"}


def test_after_the_last_wave_the_job_goes_to_the_queue_with_its_answers_counted(world: World) -> None:
    job = world.post(policy={"wave": {"min_size": 4, "max_size": 4, "max_waves": 2, "answer_s": 3600}})
    for _ in range(2):
        world.send_waves()
        with world.as_engine() as (session, now):
            session.execute(update(OfferRow).values(expires_at=OfferRow.sent_at).where(OfferRow.state == "sent"))
            expire_offers(session, now=now)
    world.send_waves()
    with world.as_engine() as (session, _):
        row = session.get_one(JobRow, job)
    assert row.state == "unfilled"
    assert row.unfilled is not None
    assert (row.unfilled["num_asked"], row.unfilled["answers"]) == (8, {"expired": 8})
    assert row.unfilled["ways_on"] == ["raise_pay", "widen", "move", "call"]


def test_a_technician_finds_open_jobs_they_may_do_nearest_first_and_gets_one_by_asking(world: World) -> None:
    may = world.post()
    world.post(needs=Needs(skills={"drones": 1}))
    who = world.technician(3)
    with world.as_engine() as (session, now):
        found = find_open_jobs(session, world.technicians[3], now=now).jobs
    assert [each.unit.job.job_id for each in found] == [may]
    with world.as_engine() as (session, now):
        _, answer = request_job(session, who, found[0].unit.job.id, "technician", start_at=None, now=now)
    assert isinstance(answer, Won)
    with world.as_engine() as (session, now):
        assert find_open_jobs(session, world.technicians[4], now=now).jobs == []


def test_open_work_says_whether_it_is_all_that_there_is(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        world.post()
    far = world.post(needs=Needs(skills={"drones": 1}))
    with world.as_engine() as (session, now):
        # The one for which they lack a skill is none of theirs: three are all.
        for limit, is_all in ((4, True), (3, True), (2, False)):
            found = find_open_jobs(session, world.technicians[3], now=now, limit=limit)
            assert (len(found.jobs), found.is_all) == (min(limit, 3), is_all)
            assert far not in {each.unit.job.job_id for each in found.jobs}
        for num_judged, is_all in ((4, True), (3, False)):
            monkeypatch.setattr(market, "_NUM_JUDGED", num_judged)
            assert find_open_jobs(session, world.technicians[3], now=now).is_all == is_all


def test_with_standing_consent_the_job_is_assigned_at_once_and_may_be_handed_back(world: World) -> None:
    with world.as_engine() as (session, _):
        consent = {"auto_min_hourly": 20, "auto_max_km": 50, "auto_max_per_day": 2}
        session.execute(update(TechnicianRow).where(TechnicianRow.id == world.technicians[2]).values(consent))
    job = world.post(mode="auto")
    world.send_waves()
    with world.as_engine() as (session, _):
        row = session.scalars(select(AssignmentRow).where(AssignmentRow.job_id == job)).one()
        assert (row.technician_id, row.mode, row.offer_id) == (world.technicians[2], "auto", None)
        assert row.hand_back_until is not None
        assert session.get_one(JobRow, job).state == "assigned"
    assert world.offers(job) == []


def test_without_anyones_consent_an_auto_job_is_offered(world: World) -> None:
    job = world.post(mode="auto")
    world.send_waves()
    assert world.offers(job)
