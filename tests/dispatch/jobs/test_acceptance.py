"""A yes is judged at that moment, by the same rules as the offer; whoever does not get the job hears why."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from worlds import World

from dispatch.errors import BadInput, NotFound
from dispatch.jobs.acceptance import Answer, Lost, Noted, Won, accept_offer, pick
from dispatch.jobs.answers import counter_offer, decline_offer, view_offer
from dispatch.jobs.bundling import make_bundle
from dispatch.jobs.cancelling import cancel_job
from dispatch.jobs.changes import accept_counter, refuse_counter
from dispatch.jobs.releasing import release
from dispatch.jobs.wishes import SlotWish
from dispatch.record.session import Actor
from dispatch.record.tables import (
    AssignmentRow,
    BookingRow,
    CompanyRow,
    JobRow,
    OfferRow,
    RoundRow,
    SlotRow,
    TechnicianRow,
    TechnicianSkillRow,
    VisitRow,
    new_id,
)
from matching.job import Needs, Pay


def accept(world: World, offer: OfferRow, actor: Actor | None = None, **more: Any) -> Answer:
    with world.as_engine() as (session, now):
        return accept_offer(session, actor or world.actor_of(offer), world.yes(offer, **more), now=now)


def test_the_winner_has_slot_booking_and_visit_and_the_others_are_told(world: World) -> None:
    offers = world.offered()
    won = accept(world, offers[0])
    assert isinstance(won, Won)
    assert (won.start_at, won.end_at) == (world.start, world.start + timedelta(hours=2))
    with world.as_engine() as (session, _):
        assert session.get_one(SlotRow, won.slot_id).technician_id == offers[0].technician_id
        assert session.get_one(JobRow, won.job_id).state == "assigned"
        visit = session.get_one(VisitRow, won.visit_id)
        assert (visit.planned_start_at, visit.planned_end_at) == (won.start_at, won.end_at)
        assert visit.confirm_by == won.start_at - timedelta(minutes=120)
        assert session.scalars(select(BookingRow.live)).all() == [True]
        assert session.scalars(select(RoundRow.closed_at)).one() is not None
        states = set(session.scalars(select(OfferRow.state).where(OfferRow.id != offers[0].id)))
        assert states == {"not_chosen"}
    late = accept(world, offers[1])
    assert late == Lost(offers[1].id, "taken", state="not_chosen")


def test_whoever_was_not_asked_cannot_say_yes_for_another(world: World) -> None:
    offers = world.offered()
    with pytest.raises(NotFound):
        accept(world, offers[0], world.actor_of(offers[1]))


def test_an_expired_offer_cannot_be_taken_even_before_the_sweep(world: World) -> None:
    offer = world.offered()[0]
    with world.as_engine() as (session, _):
        session.execute(update(OfferRow).where(OfferRow.id == offer.id).values(expires_at=OfferRow.sent_at))
    assert accept(world, offer) == Lost(offer.id, "expired", state="sent")


def test_an_offer_that_expires_while_the_yes_waits_is_not_taken(world: World) -> None:
    offer = world.offered()[0]
    with world.as_engine() as (session, now):
        session.execute(
            update(OfferRow).where(OfferRow.id == offer.id).values(expires_at=now + timedelta(milliseconds=1))
        )
        before = now - timedelta(seconds=1)
    with world.as_engine() as (session, _):
        answer = accept_offer(session, world.actor_of(offer), world.yes(offer), now=before)
    assert isinstance(answer, Lost)
    assert answer.code == "expired"
    with world.as_engine() as (session, _):
        assert session.scalars(select(SlotRow.state)).all() == ["open"]
        assert session.scalars(select(BookingRow)).all() == []


def test_a_yes_to_old_terms_is_refused(world: World) -> None:
    offer = world.offered()[0]
    with world.as_engine() as (session, now):
        yes = world.yes(offer)
        old = type(yes)(yes.offer_id, 99)
        assert accept_offer(session, world.actor_of(offer), old, now=now) == Lost(
            offer.id, "terms_changed", state="sent"
        )


def test_a_yes_after_the_skill_was_taken_away_names_the_rule(world: World) -> None:
    offer = world.offered()[0]
    with world.as_engine() as (session, _):
        session.execute(delete(TechnicianSkillRow).where(TechnicianSkillRow.technician_id == offer.technician_id))
    assert accept(world, offer) == Lost(offer.id, "not_eligible", ("skill",), state="sent")


def test_the_technician_picks_the_start_inside_the_window(world: World) -> None:
    offer = world.offered(asked_time="window", end_at=world.start + timedelta(hours=6))[0]
    wanted = world.start + timedelta(hours=3, minutes=15)
    won = accept(world, offer, start_at=wanted)
    assert isinstance(won, Won)
    assert (won.start_at, won.end_at) == (wanted, wanted + timedelta(hours=2))


@pytest.mark.parametrize("minutes", [-1, 241])
def test_a_start_outside_the_window_is_refused_with_the_window_named(world: World, minutes: int) -> None:
    offer = world.offered(asked_time="window", end_at=world.start + timedelta(hours=6))[0]
    with pytest.raises(BadInput, match="outside the window: pick one from"):
        accept(world, offer, start_at=world.start + timedelta(minutes=minutes))


def test_in_manual_mode_a_yes_is_noted_and_the_dispatcher_picks(world: World) -> None:
    offers = world.offered(mode="manual")
    assert accept(world, offers[0]) == Noted(offers[0].id)
    assert accept(world, offers[1]) == Noted(offers[1].id)
    with world.as_engine() as (session, now):
        won = pick(session, world.staff, offers[1].id, now=now)
        assert isinstance(won, Won)
    with world.as_engine() as (session, now):
        states = dict(session.execute(select(OfferRow.technician_id, OfferRow.state)).all())
        assert states[offers[1].technician_id] == "accepted"
        assert states[offers[0].technician_id] == "not_chosen"


def test_the_dispatcher_cannot_pick_someone_who_did_not_say_yes(world: World) -> None:
    offer = world.offered(mode="manual")[0]
    with world.as_engine() as (session, now):
        assert pick(session, world.staff, offer.id, now=now) == Lost(offer.id, "no_yes_yet", state="sent")


def test_another_client_cannot_pick(world: World) -> None:
    offer = world.offered(mode="manual")[0]
    accept(world, offer)
    with world.as_engine() as (session, now), pytest.raises(NotFound):
        pick(session, Actor("dispatcher", client_id=new_id()), offer.id, now=now)


def test_a_company_accepts_for_a_named_worker_of_its_own_only(world: World) -> None:
    with world.as_engine() as (session, _):
        company = session.scalars(select(CompanyRow.id)).one()
        workers = world.technicians[:2]
        session.execute(update(TechnicianRow).where(TechnicianRow.id.in_(workers)).values(company_id=company))
    offer = next(o for o in world.offered() if o.technician_id == workers[0])
    actor = Actor("company", company_id=company)
    with pytest.raises(BadInput, match="of your company"):
        accept(world, offer, actor, worker_id=world.technicians[5])
    won = accept(world, offer, actor, worker_id=workers[1])
    assert isinstance(won, Won)
    with world.as_engine() as (session, _):
        row = session.get_one(AssignmentRow, won.assignment_id)
        assert (row.technician_id, row.company_id) == (workers[1], company)


def test_a_job_of_a_bundle_is_not_taken_alone(world: World) -> None:
    with world.as_staff() as (session, now):
        bundle = make_bundle(session, world.staff, "Route", now=now)
    world.post(bundle_id=bundle)
    offers = world.offered(bundle_id=bundle, start_at=world.start + timedelta(hours=4))
    with pytest.raises(BadInput, match="bundle"):
        accept(world, offers[0])


def test_a_second_slot_is_not_given_to_the_same_technician(world: World) -> None:
    offer = world.offered(count=2)[0]
    assert isinstance(accept(world, offer), Won)
    assert accept(world, offer).code == "already_yours"  # type: ignore[union-attr]


def test_a_second_role_of_the_same_visit_is_not_given_to_the_same_technician(world: World) -> None:
    needs, pay = Needs(skills={"hvac": 2}), Pay("fixed", Decimal(140), "USD")
    offers = world.offered(slots=(SlotWish(needs, pay, role="lead"), SlotWish(needs, pay, role="helper")))
    lead = next(offer for offer in offers if offer.role == "lead")
    helper = next(o for o in offers if o.role == "helper" and o.technician_id == lead.technician_id)
    assert isinstance(accept(world, lead), Won)
    second = accept(world, helper)
    assert isinstance(second, Lost)
    assert (second.code, second.rules) == ("not_eligible", ("free",))


def test_after_a_back_out_the_backup_is_asked_first_and_alone(world: World) -> None:
    offers = world.offered()
    won = accept(world, offers[0])
    assert isinstance(won, Won)
    assert isinstance(accept(world, offers[2]), Lost)
    with world.as_engine() as (session, now):
        release(session, world.actor_of(offers[0]), won.assignment_id, "ill", now=now)
    world.send_waves()
    with world.as_engine() as (session, _):
        newest = session.scalars(select(OfferRow).join(RoundRow).where(RoundRow.opened_why == "backed_out")).all()
        assert [offer.technician_id for offer in newest] == [offers[2].technician_id]
        assert session.get_one(JobRow, won.job_id).state == "open"
        assert session.scalars(select(BookingRow.live)).all() == [False]
    assert isinstance(accept(world, newest[0]), Won)


def test_whoever_backed_out_is_not_asked_again(world: World) -> None:
    offers = world.offered()
    won = accept(world, offers[0])
    assert isinstance(won, Won)
    with world.as_engine() as (session, now):
        release(session, world.actor_of(offers[0]), won.assignment_id, "ill", now=now)
    world.send_waves()
    with world.as_engine() as (session, _):
        again = session.scalars(
            select(OfferRow.technician_id).join(RoundRow).where(RoundRow.opened_why == "backed_out")
        ).all()
    assert again
    assert offers[0].technician_id not in again


def test_a_no_ends_the_offer_and_when_all_said_no_the_next_wave_goes_at_once(world: World) -> None:
    offers = world.offered(policy={"wave": {"min_size": 3, "max_size": 3, "answer_s": 3600}})
    for offer in offers[:2]:
        with world.as_engine() as (session, now):
            decline_offer(session, world.actor_of(offer), offer.id, "busy", now=now)
        assert world.send_waves() == 0
    with world.as_engine() as (session, now):
        decline_offer(session, world.actor_of(offers[2]), offers[2].id, "busy", now=now)
    assert world.send_waves() == 1
    asked = [offer.technician_id for offer in world.offers()]
    assert len(asked) == len(set(asked)) == 6


def test_looking_at_an_offer_is_noted_once(world: World) -> None:
    offer = world.offered()[0]
    for _ in range(2):
        with world.as_engine() as (session, now):
            assert view_offer(session, world.actor_of(offer), offer.id, now=now).state == "viewed"
    assert isinstance(accept(world, offer), Won)


def test_a_counter_that_is_accepted_makes_new_terms_and_gives_the_job(world: World) -> None:
    offer = world.offered()[0]
    start = world.start
    with world.as_engine() as (session, now):
        pay = Pay("fixed", Decimal("175.50"), "USD")
        counter = counter_offer(
            session, world.actor_of(offer), offer.id, pay=pay, start_at=start, reason="pay", note="far", now=now
        )
    with world.as_engine() as (session, now):
        won = accept_counter(session, world.staff, counter, now=now)
        assert isinstance(won, Won)
    with world.as_engine() as (session, _):
        row = session.get_one(AssignmentRow, won.assignment_id)
        assert (row.pay_amount, row.terms_version) == (Decimal("175.50"), 2)
        assert session.get_one(SlotRow, won.slot_id).pay_amount == Decimal("175.50")
        assert session.get_one(JobRow, won.job_id).terms_version == 2


def test_a_refused_counter_leaves_the_offer_as_it_was(world: World) -> None:
    offer = world.offered()[0]
    with world.as_engine() as (session, now):
        pay = Pay("fixed", Decimal(500), "USD")
        counter = counter_offer(
            session, world.actor_of(offer), offer.id, pay=pay, start_at=None, reason="pay", note="", now=now
        )
    with world.as_engine() as (session, now):
        refuse_counter(session, world.staff, counter, now=now)
    assert isinstance(accept(world, offer), Won)


@pytest.mark.parametrize(
    ("pay", "field"),
    [
        (None, "pay"),
        (Pay("fixed", Decimal(10), "EUR"), "pay.currency"),
        (Pay("fixed", Decimal(0), "USD"), "pay.amount"),
    ],
)
def test_a_counter_that_nobody_could_accept_is_refused(world: World, pay: Pay | None, field: str) -> None:
    offer = world.offered()[0]
    with world.as_engine() as (session, now), pytest.raises(BadInput) as refused:
        counter_offer(session, world.actor_of(offer), offer.id, pay=pay, start_at=None, reason="pay", note="", now=now)
    assert refused.value.field == field


def test_a_yes_after_the_cancellation_hears_that_it_was_withdrawn(world: World) -> None:
    offer = world.offered()[0]
    with world.as_engine() as (session, now):
        cancel_job(session, world.staff, offer.job_id, "duplicate", now=now)
    assert accept(world, offer) == Lost(offer.id, "withdrawn", state="withdrawn")
