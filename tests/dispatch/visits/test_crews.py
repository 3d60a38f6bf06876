"""One lead a visit, whoever hands over at the same moment; observers never get in the work's way."""

from decimal import Decimal

import pytest
from racing import race
from sqlalchemy import func, select
from worlds import World

from dispatch.errors import Conflict, Refused
from dispatch.jobs.acceptance import Won, accept_offer
from dispatch.jobs.cancelling import cancel_job
from dispatch.jobs.wishes import SlotWish
from dispatch.record.tables import EventRow, JobRow, OfferRow, RoundRow, SlotRow, VisitRow
from dispatch.visits.crews import OBSERVER, hand_over_lead, lead_of, name_observer
from matching.job import Needs, Pay

pytestmark = pytest.mark.guards
PAY = Pay("fixed", Decimal(140), "USD")


def crew(world: World, num: int):
    """A visit that `num` technicians took: its id, and they in the order in which they did; the first leads."""
    offers = world.offered(count=num, policy={"wave": {"min_size": 8, "max_size": 8, "answer_s": 3600}})[:num]
    for offer in offers:
        with world.as_engine() as (session, now):
            assert isinstance(accept_offer(session, world.actor_of(offer), world.yes(offer), now=now), Won)
    return offers[0].visit_id, [offer.technician_id for offer in offers]


def handing(world: World, actor, visit, to):
    def hand():
        with world.as_engine() as (session, now):
            hand_over_lead(session, actor, visit, to, now=now)

    return hand


def test_the_first_place_of_the_leading_role_leads_and_no_other(world: World):
    roles = (SlotWish(Needs(), PAY, role="helper", count=2), SlotWish(Needs(), PAY, role="boss", count=2, is_lead=True))
    job = world.post(slots=roles)
    with world.as_engine() as (session, _):
        rows = session.execute(select(SlotRow.role, SlotRow.is_lead).where(SlotRow.job_id == job).order_by(SlotRow.num))
        assert [tuple(row) for row in rows] == [("helper", False), ("helper", False), ("boss", True), ("boss", False)]


def test_of_many_who_hand_over_at_once_one_lead_is_left_and_the_events_tell_how(world: World):
    visit, (lead, second, third) = crew(world, 3)
    actor = world.technician(world.technicians.index(lead))
    calls = [handing(world, who, visit, to) for who in (actor, world.staff) for to in (second, third)]
    answers = race(calls)
    assert all(answer is None or isinstance(answer, Conflict | Refused) for answer in answers)
    with world.as_engine() as (session, _):
        leads = session.scalars(select(SlotRow.technician_id).where(SlotRow.visit_id == visit, SlotRow.is_lead)).all()
        assert leads == [lead_of(session, visit)]
        told = session.scalars(
            select(EventRow.data).where(EventRow.kind == "lead_changed").order_by(EventRow.seq)
        ).all()
    assert len(told) == answers.count(None) >= 1
    assert [each["from"] for each in told] == [str(lead), *(each["to"] for each in told[:-1])]
    assert told[-1]["to"] == str(leads[0])


def test_a_lead_who_leaves_keeps_the_place_for_whoever_comes(world: World):
    visit, (lead, second) = crew(world, 2)
    with world.as_engine() as (session, _):
        session.execute(SlotRow.__table__.update().where(SlotRow.is_lead).values(state="open", technician_id=None))
    with world.as_engine() as (session, now):
        assert lead_of(session, visit) is None
        hand_over_lead(session, world.staff, visit, second, now=now)
    with world.as_engine() as (session, _):
        assert lead_of(session, visit) == second != lead


def test_observers_who_are_named_at_once_get_one_place_and_one_of_them_is_asked(world: World):
    visit, _ = crew(world, 1)
    named = world.technicians[4:8]

    def naming(technician):
        def name():
            with world.as_engine() as (session, now):
                return name_observer(session, world.staff, visit, technician, PAY, now=now)

        return name

    answers = race([naming(each) for each in named])
    assert len({slot for slot, _ in answers}) == 1
    with world.as_engine() as (session, _):
        assert session.scalar(select(func.count()).where(SlotRow.is_observer)) == 1
        live = session.scalars(select(OfferRow).where(OfferRow.role == OBSERVER, OfferRow.state == "sent")).all()
        assert len(live) == 1
        open_rounds = session.scalar(
            select(func.count()).where(RoundRow.role == OBSERVER, RoundRow.closed_at.is_(None))
        )
        assert open_rounds == 1
        assert session.scalars(select(JobRow.terms_version)).one() == 1 + len(named)


def test_an_observer_is_named_while_the_job_is_cancelled_and_nothing_is_left_open(world: World):
    for _ in range(6):
        visit, _ = crew(world, 1)
        with world.as_engine() as (session, _):
            job = session.scalars(select(VisitRow.job_id).where(VisitRow.id == visit)).one()

        def naming(visit=visit):
            with world.as_engine() as (session, now):
                name_observer(session, world.staff, visit, world.technicians[7], PAY, now=now)

        def cancelling(job=job):
            with world.as_engine() as (session, now):
                cancel_job(session, world.staff, job, "other", now=now)

        named, cancelled = race([naming, cancelling])
        assert cancelled is None
        assert named is None or isinstance(named, Conflict)
        with world.as_engine() as (session, _):
            states = session.scalars(select(SlotRow.state).where(SlotRow.job_id == job)).all()
            assert set(states) == {"closed"}, states
            live = select(func.count()).where(OfferRow.job_id == job, OfferRow.state.in_(("sent", "viewed")))
            assert session.scalar(live) == 0
