"""A suspension while somebody says yes, a client suspended in mid-flight: with real commits, and without the guards."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from racing import blocked, race
from soundness import assert_sound
from sqlalchemy import select, update
from worlds import World

from dispatch.admission import relations
from dispatch.admission.blocking import put_client_mark, put_technician_mark
from dispatch.admission.bringing import Brought, bring_in
from dispatch.admission.clients import move_client
from dispatch.admission.peoplefile import read_people
from dispatch.admission.redeeming import redeem
from dispatch.admission.relations import apply_to, invite, move_admission
from dispatch.errors import NotFound, Refused
from dispatch.jobs.acceptance import Lost, Won, accept_offer
from dispatch.record.session import Actor
from dispatch.record.tables import (
    AdmissionRow,
    AlarmRow,
    AssignmentRow,
    ClientRow,
    JobRow,
    OfferRow,
    PoolRow,
    TechnicianRow,
    new_id,
)
from dispatch.record.tables.offers import LIVE_OFFERS
from dispatch.talent.pools import create_pool

pytestmark = pytest.mark.guards

OPERATOR = Actor("operator")
GATEWAY = Actor("gateway")


def doing(world: World, use_case: Callable[..., Any], *args: Any, **more: Any) -> Callable[[], Any]:
    def do() -> Any:
        with world.as_engine() as (session, now):
            return use_case(session, *args, now=now, **more)

    return do


def accepting(world: World, offer: OfferRow) -> Callable[[], Any]:
    return doing(world, accept_offer, world.actor_of(offer), world.yes(offer))


def admitted(world: World, num: int) -> UUID:
    admission = doing(world, invite, world.staff, world.client, world.technicians[num])()
    doing(world, move_admission, world.technician(num), admission, "accept")()
    return admission


def live_between(world: World, technician: UUID) -> set[UUID]:
    with world.as_engine() as (session, _):
        live = select(AssignmentRow.id).where(AssignmentRow.technician_id == technician, AssignmentRow.state == "live")
        return set(session.scalars(live))


def test_who_is_suspended_gets_no_job_after_it_and_what_they_got_before_is_flagged(world: World) -> None:
    who = world.technicians[0]
    admission = admitted(world, 0)
    for day in range(10):
        start = world.start + timedelta(days=day)
        offer = next(each for each in world.offered(start_at=start) if each.technician_id == who)
        suspending = doing(world, move_admission, world.staff, admission, "suspend", "conduct")
        answer, stands = race([accepting(world, offer), suspending])
        assert live_between(world, who) == set(stands)
        if isinstance(answer, Won):
            assert answer.assignment_id in stands
        else:
            assert isinstance(answer, Lost)
            assert answer.code in ("not_eligible", "withdrawn")
            assert answer.rules in ((), ("suspended",))
        doing(world, move_admission, world.staff, admission, "reinstate")()
        assert_sound(world)


@pytest.mark.parametrize("is_guarded", [True, False])
def test_a_suspension_waits_for_a_yes_that_is_under_way_and_without_the_lock_it_would_not(
    world: World, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    who, admission = world.technicians[0], admitted(world, 0)
    offer = next(each for each in world.offered() if each.technician_id == who)
    if not is_guarded:
        monkeypatch.setattr(relations, "_hold", lambda session, technician_id: None)
        monkeypatch.setattr(relations, "withdraw_offers", lambda *args, **more: 0)
        with world.engine.begin() as connection:
            connection.exec_driver_sql("SET LOCAL ROLE truckroll_migrate")
            connection.exec_driver_sql("ALTER TABLE admissions DISABLE TRIGGER USER")
    with world.as_engine() as (session, now):
        answer = accept_offer(session, world.actor_of(offer), world.yes(offer), now=now)
        assert isinstance(answer, Won)
        suspending = blocked(world.engine, doing(world, move_admission, world.staff, admission, "suspend", "conduct"))
        assert suspending.done() is not is_guarded
    stands = suspending.result(10)
    assert live_between(world, who) == {answer.assignment_id}
    # Unguarded, somebody suspended is assigned and nobody was told.
    assert (stands == [answer.assignment_id]) is is_guarded


def test_a_client_suspended_in_mid_flight_has_no_live_offer_and_every_assignment_is_known(crowd: World) -> None:
    for day in range(6):
        start = crowd.start + timedelta(days=day)
        offers = crowd.offered(start_at=start, policy={"wave": {"min_size": 16, "answer_s": 3600}})
        suspending = doing(crowd, move_client, OPERATOR, crowd.client, "suspend", "unpaid")
        accepts = [accepting(crowd, offer) for offer in offers[:8]]
        answers = race([*accepts[:4], suspending, *accepts[4:]])
        won = [answer for answer in answers if isinstance(answer, Won)]
        lost = {answer.code for answer in answers if isinstance(answer, Lost)}
        assert len(won) <= 1
        assert lost <= {"taken", "withdrawn"}
        with crowd.as_engine() as (session, _):
            live = set(session.scalars(select(AssignmentRow.id).where(AssignmentRow.state == "live")))
            flagged = set(session.scalars(select(AlarmRow.subject_id).where(AlarmRow.cleared_at.is_(None))))
            assert live == set(answers[4]) == flagged
            assert session.scalars(select(OfferRow.id).where(OfferRow.state.in_(LIVE_OFFERS))).all() == []
        doing(crowd, move_client, OPERATOR, crowd.client, "reinstate")()
        crowd.send_waves()
        assert_sound(crowd)
        with crowd.as_engine() as (session, _):
            session.execute(update(OfferRow).where(OfferRow.state == "sent").values(state="expired"))


def test_a_job_is_posted_before_the_suspension_or_not_at_all(world: World) -> None:
    for _ in range(8):
        with world.as_engine() as (session, _):
            before = len(session.scalars(select(JobRow.id)).all())
        posting = partial(world.post, start_at=world.start)
        suspending = doing(world, move_client, OPERATOR, world.client, "suspend", "unpaid")
        posted, _ = race([posting, suspending])
        with world.as_engine() as (session, _):
            after = len(session.scalars(select(JobRow.id)).all())
            assert session.scalars(select(ClientRow.state)).one() == "suspended"
        assert after - before == (0 if isinstance(posted, Exception) else 1)
        assert not isinstance(posted, Exception) or isinstance(posted, Refused)
        assert world.send_waves() == 0
        doing(world, move_client, OPERATOR, world.client, "reinstate")()


@pytest.mark.parametrize("side", ["client", "technician"])
def test_a_block_and_a_yes_at_once_leave_an_assignment_that_is_listed_or_none(world: World, side: str) -> None:
    who = world.technicians[0]
    put, actor, pair = {
        "client": (put_client_mark, world.staff, (world.client, who)),
        "technician": (put_technician_mark, world.technician(0), (who, world.client)),
    }[side]
    for day in range(8):
        start = world.start + timedelta(days=day)
        offer = next(each for each in world.offered(start_at=start) if each.technician_id == who)
        answer, stands = race([accepting(world, offer), doing(world, put, actor, *pair, "block", reason="Rude")])
        assert live_between(world, who) == set(stands)
        if isinstance(answer, Won):
            assert answer.assignment_id in stands
        with world.as_engine() as (session, _):
            assert session.scalars(select(OfferRow.state).where(OfferRow.id == offer.id)).one() not in LIVE_OFFERS
        doing(world, put, actor, *pair, None)()
        assert_sound(world)


def test_an_invitation_and_an_application_at_once_make_one_admission(world: World) -> None:
    with world.as_engine() as (session, now):
        session.add(PoolRow(id=new_id(), client_id=world.client, name="Open", requirements={}, created_at=now))
    who = world.technicians[2]
    calls = [
        doing(world, invite, world.staff, world.client, who),
        doing(world, apply_to, world.technician(2), who, world.client),
    ]
    answers = race(calls * 3)
    assert sum(isinstance(answer, UUID) for answer in answers) == 1
    with world.as_engine() as (session, _):
        assert session.scalars(select(AdmissionRow.state)).one() in ("invited", "applied")


def test_a_code_lets_in_once_however_many_bring_it(world: World) -> None:
    doing(world, invite, world.staff, world.client, world.technicians[1])()
    with world.as_engine() as (session, _):
        code = session.scalars(select(AdmissionRow.code)).one()
    assert code is not None
    answers = race([doing(world, redeem, GATEWAY, code) for _ in range(6)])
    assert sum(isinstance(answer, tuple) for answer in answers) == 1
    assert sum(isinstance(answer, NotFound) for answer in answers) == 5


def test_a_code_is_no_longer_good_after_its_time(world: World) -> None:
    doing(world, invite, world.staff, world.client, world.technicians[1])()
    with world.as_engine() as (session, now):
        row = session.scalars(select(AdmissionRow)).one()
        code, row.code_until = row.code, now
    with pytest.raises(NotFound):
        doing(world, redeem, GATEWAY, code)()


def test_two_files_with_the_same_new_person_make_them_once(world: World) -> None:
    pools = []
    for name in ("One", "Two"):
        with world.as_engine() as (session, now):
            pools.append(create_pool(session, world.staff, world.client, name, now=now))
    people = read_people(b"name,email,postcode\nRosa Marsh,rosa@new.example,79830\nBo Lund,bo@new.example,79830\n")
    answers = race([doing(world, bring_in, world.staff, pool, people) for pool in pools * 3])
    assert all(isinstance(answer, Brought) for answer in answers)
    with world.as_engine() as (session, _):
        new = session.scalars(select(TechnicianRow.email).where(TechnicianRow.state == "invited")).all()
        assert sorted(filter(None, new)) == ["bo@new.example", "rosa@new.example"]
        wanted = sorted(map(str, pools))
        assert [sorted(each) for each in session.scalars(select(AdmissionRow.pools))] == [wanted, wanted]
