"""How does somebody leave over a screening? One notice, one end, nobody goes around it; with real commits.

Each race is run again without its guard, and goes wrong then.
"""

import threading
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from racing import race
from sqlalchemy import select, update
from worlds import World

from dispatch.errors import BadInput, Conflict, Refused
from dispatch.jobs.acceptance import Lost, Won, accept_offer
from dispatch.record.session import ENGINE, Actor
from dispatch.record.tables import (
    AlarmRow,
    AssignmentRow,
    CredentialKindRow,
    CredentialRow,
    EventRow,
    OfferRow,
    RemovalRow,
    TechnicianRow,
)
from dispatch.record.tables.offers import LIVE_OFFERS
from dispatch.talent.credentials import Claim, insert_credential, move_credential, reject_credential
from dispatch.talent.technicians import move_technician
from dispatch.visits import removals
from dispatch.visits.before import leave
from dispatch.visits.lapses import revoke
from dispatch.visits.onsite import check_in
from dispatch.visits.removals import give_notice, move_removal
from dispatch.visits.stamps import Stamp

pytestmark = pytest.mark.guards

OPERATOR = Actor("operator")


@pytest.fixture
def screened(world: World) -> UUID:
    """Technician 0 was screened, and the vendor found something."""
    return screening(world, {"result": "adverse"})


def screening(world: World, facts: dict[str, Any], state: str = "verified") -> UUID:
    with world.as_engine() as (session, now):
        session.execute(update(CredentialKindRow).values(is_screening=True, family="background_check"))
        claim = Claim("background_check", date(2020, 1, 1), date(2099, 1, 1))
        said = {"scope": ["county_7y"], "issued_on": "2020-01-01", **facts}
        return insert_credential(session, ENGINE, world.technicians[0], claim, state=state, facts=said, now=now)


def doing(world: World, use_case: Callable[..., Any], *args: Any, **more: Any) -> Any:
    with world.as_engine() as (session, now):
        return use_case(session, *args, now=now, **more)


def noticed(world: World, proof: UUID) -> UUID:
    removal: UUID = doing(world, give_notice, OPERATOR, proof, "Your rights: …", no_copy="It was read out.")
    return removal


def moved(world: World, removal: UUID, wish: str) -> str:
    weighed = "A theft, a year ago, at work" if wish == "finish" else None
    state: str = doing(world, move_removal, OPERATOR, removal, wish, weighed=weighed)
    return state


def ready_to_end(world: World, removal: UUID) -> None:
    """It is reviewed, and the days to answer are over."""
    moved(world, removal, "review")
    with world.as_engine() as (session, now):
        session.execute(update(RemovalRow).where(RemovalRow.id == removal).values(respond_by=now))


def told(world: World, subject: UUID) -> list[str]:
    with world.as_engine() as (session, _):
        return list(session.scalars(select(EventRow.kind).where(EventRow.subject_id == subject).order_by(EventRow.seq)))


def state_of(world: World, num: int = 0) -> str:
    with world.as_engine() as (session, _):
        return session.get_one(TechnicianRow, world.technicians[num]).state


@pytest.mark.parametrize("is_guarded", [True, False])
def test_of_many_who_give_notice_at_once_one_does_and_without_the_index_each_would(
    world: World, screened: UUID, is_guarded: bool
) -> None:
    if not is_guarded:
        with world.engine.begin() as connection:
            connection.exec_driver_sql("SET LOCAL ROLE truckroll_migrate")
            connection.exec_driver_sql("DROP INDEX uq_removals_open")
    answers = race([partial(noticed, world, screened) for _ in range(6)])
    made = [each for each in answers if isinstance(each, UUID)]
    assert len(made) == (1 if is_guarded else 6)
    assert all(isinstance(each, Conflict) and each.state == "noticed" for each in answers if each not in made)
    assert told(world, made[0]) == ["noticed"]


@pytest.mark.parametrize("is_guarded", [True, False])
def test_taken_back_and_finished_at_once_it_ends_once_and_without_the_lock_twice(
    world: World, screened: UUID, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    removal = noticed(world, screened)
    ready_to_end(world, removal)
    if not is_guarded:
        gate = threading.Barrier(2)

        def unlocked(session: Any, actor: Actor, removal_id: UUID) -> RemovalRow:
            row: RemovalRow = session.get_one(RemovalRow, removal_id)
            gate.wait(10)
            return row

        monkeypatch.setattr(removals, "_hold", unlocked)
    answers = race([partial(moved, world, removal, wish) for wish in ("withdraw", "finish")])
    ends = [each for each in told(world, removal) if each in ("withdrawn", "finished")]
    assert len(ends) == (1 if is_guarded else 2)
    if is_guarded:
        (lost,) = [each for each in answers if isinstance(each, Conflict)]
        (won,) = [each for each in answers if isinstance(each, str)]
        assert lost.state == won
        assert state_of(world) == ("active" if won == "withdrawn" else "suspended")


def test_a_notice_and_a_yes_at_once_leave_work_that_somebody_looks_at_or_none(world: World, screened: UUID) -> None:
    who = world.technicians[0]
    for day in range(8):
        offers = world.offered(start_at=world.start + timedelta(days=day))
        offer = next(each for each in offers if each.technician_id == who)
        yes = partial(doing, world, accept_offer, world.actor_of(offer), world.yes(offer))
        answer, removal = race([yes, partial(noticed, world, screened)])
        with world.as_engine() as (session, _):
            is_live = (OfferRow.technician_id == who, OfferRow.state.in_(LIVE_OFFERS))
            assert session.scalars(select(OfferRow.id).where(*is_live)).all() == []
            flagged = set(session.scalars(select(AlarmRow.subject_id).where(AlarmRow.cleared_at.is_(None))))
            theirs = select(AssignmentRow.id).where(AssignmentRow.technician_id == who, AssignmentRow.state == "live")
            assert set(session.scalars(theirs)) == flagged
        assert isinstance(answer, Won | Lost)
        assert isinstance(answer, Won) is (isinstance(answer, Won) and answer.assignment_id in flagged)
        moved(world, removal, "withdraw")
        assert state_of(world) == "active"


def test_nobody_lets_them_work_or_puts_them_out_while_the_removal_goes_on(world: World, screened: UUID) -> None:
    """Neither the operator nor the client goes around it; who wants to leave may."""
    for take_back in (revoke, reject_credential):
        with pytest.raises(Refused, match="give notice first") if take_back is revoke else pytest.raises(Conflict):
            doing(world, take_back, OPERATOR, screened)
    waiting = screening(world, {"result": "adverse"}, state="submitted")
    with pytest.raises(Refused, match="give notice first"):
        doing(world, reject_credential, OPERATOR, waiting)
    with pytest.raises(Refused, match="give notice first"):
        doing(world, move_technician, OPERATOR, world.technicians[0], "suspend")
    removal = noticed(world, screened)
    for wish in ("reinstate", "leave"):
        with pytest.raises(Conflict) as refused:
            doing(world, move_technician, OPERATOR, world.technicians[0], wish)
        assert refused.value.state == "noticed"
    for ended in (revoke, partial(move_credential, wish="revoke")):
        with pytest.raises(Conflict) as refused:
            doing(world, ended, OPERATOR, screened)
        assert refused.value.moves == ("withdraw the removal", "finish the removal")
    assert doing(world, move_technician, world.technician(0), world.technicians[0], "leave") == "left"
    with pytest.raises(Conflict):
        doing(world, move_technician, OPERATOR, world.technicians[0], "invite")
    moved(world, removal, "withdraw")
    assert state_of(world) == "left"
    assert doing(world, move_technician, OPERATOR, world.technicians[0], "invite") == "invited"


def test_what_a_screening_says_ends_it_only_after_a_hearing_and_a_paper_that_is_none_at_once(world: World) -> None:
    """One that was handed in as a paper has no result of a vendor: a person read it."""
    for wish, state, kind in (("reject", "submitted", "rejected"), ("revoke", "verified", "revoked")):
        read = screening(world, {}, state=state)
        with pytest.raises(Refused, match="give notice first"):
            doing(world, move_credential, OPERATOR, read, wish)
        with pytest.raises(BadInput, match="forged, wrong_person"):
            doing(world, move_credential, OPERATOR, read, wish, ground="too_grave")
        doing(world, move_credential, OPERATOR, read, wish, ground="wrong_person")
        with world.as_engine() as (session, _):
            told = session.scalars(select(EventRow.data).where(EventRow.subject_id == read, EventRow.kind == kind))
            assert session.get_one(CredentialRow, read).ground == "wrong_person"
            assert [each["ground"] for each in told] == ["wrong_person"]


def test_the_end_of_a_removal_ends_the_proof_and_a_vendors_later_word_does_not_bring_it_back(
    world: World, screened: UUID
) -> None:
    removal = noticed(world, screened)
    ready_to_end(world, removal)
    assert moved(world, removal, "finish") == "final"
    with world.as_engine() as (session, _):
        assert session.get_one(CredentialRow, screened).state == "revoked"
    assert state_of(world) == "suspended"
    assert doing(world, move_technician, OPERATOR, world.technicians[0], "reinstate") == "active", "a person may"


@pytest.mark.parametrize("weighed", [None, "", " \n "])
def test_nothing_is_final_before_somebody_wrote_down_what_they_weighed(
    world: World, screened: UUID, weighed: str | None
) -> None:
    removal = noticed(world, screened)
    with pytest.raises(Conflict):
        doing(world, move_removal, OPERATOR, removal, "finish", weighed="A theft")
    ready_to_end(world, removal)
    with pytest.raises(BadInput, match=r"^weighed: "):
        doing(world, move_removal, OPERATOR, removal, "finish", weighed=weighed)
    with world.as_engine() as (session, _):
        row = session.get_one(RemovalRow, removal)
        assert (row.state, row.weighed) == ("under_review", None)
    assert moved(world, removal, "finish") == "final"
    with world.as_engine() as (session, _):
        assert session.get_one(RemovalRow, removal).weighed == "A theft, a year ago, at work"


def test_work_to_come_waits_while_they_are_heard_and_what_has_begun_goes_on(world: World, screened: UUID) -> None:
    """Two jobs: on one they are there already."""
    under_way, to_come = (taken(world, day) for day in (0, 1))
    here = partial(doing, world, check_in, world.technician(0))
    here(under_way, None, Stamp())
    removal = noticed(world, screened)
    for use_case, args in ((leave, ()), (check_in, (Stamp(),))):
        with pytest.raises(Conflict) as refused:
            doing(world, use_case, world.technician(0), to_come, None, *args)
        assert (refused.value.state, refused.value.moves) == ("held", ("answer the notice",))
    with pytest.raises(Conflict) as already:
        here(under_way, None, Stamp())
    assert already.value.state == "checked_in", "not held: it has begun"
    moved(world, removal, "withdraw")
    doing(world, leave, world.technician(0), to_come, None)


def test_who_was_there_before_the_notice_was_there_however_late_the_phone_tells(world: World, screened: UUID) -> None:
    visit = taken(world, 0)
    with world.as_engine() as (_, before):
        assert before.tzinfo is not None
    noticed(world, screened)
    there = doing(world, check_in, world.technician(0), visit, None, Stamp(claimed_at=before))
    assert there.presence == "checked_in"


def taken(world: World, day: int) -> UUID:
    offers = world.offered(start_at=world.start + timedelta(days=day))
    offer = next(each for each in offers if each.technician_id == world.technicians[0])
    answer = doing(world, accept_offer, world.actor_of(offer), world.yes(offer))
    assert isinstance(answer, Won), answer
    with world.as_engine() as (session, _):
        return session.get_one(AssignmentRow, answer.assignment_id).visit_id
