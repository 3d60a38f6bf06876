"""Changes after assignment against each other and against the day, at the same moment, with real commits."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from letin import LET_IN
from racing import race
from soundness import assert_sound
from sqlalchemy import insert, select, update
from worlds import World

from dispatch.errors import Conflict, NotFound
from dispatch.jobs.acceptance import Lost, Won, accept_offer
from dispatch.jobs.releasing import release
from dispatch.record.session import Actor
from dispatch.record.tables import (
    AssignmentRow,
    ChargeRow,
    ClientRow,
    CompanyRow,
    CredentialRow,
    EventRow,
    JobRow,
    ProposalRow,
    SiteRow,
    TechnicianRow,
    TimeEntryRow,
    VisitRow,
    new_id,
)
from dispatch.talent.technicians import move_technician
from dispatch.visits.agreeing import Agreed, NotPossible, accept_proposal
from dispatch.visits.answering import overtake_proposals, refuse
from dispatch.visits.cancelling import cancel_work, release_from_work
from dispatch.visits.lapses import revoke
from dispatch.visits.onsite import check_in
from dispatch.visits.presence import Moved
from dispatch.visits.proposing import Wanted, propose
from dispatch.visits.stamps import Stamp
from dispatch.visits.substituting import NotSuitable, Substituted, substitute
from matching.job import Needs, Pay

OPERATOR = Actor("operator", new_id())
ROUNDS = 6
HOUR = timedelta(hours=1)


def doing(world: World, use_case: Callable[..., Any], *args: Any, **more: Any) -> Callable[[], Any]:
    def do() -> Any:
        with world.as_engine() as (session, now):
            return use_case(session, *args, now=now, **more)

    return do


def assigned(world: World, **wishes: Any) -> tuple[Won, Actor]:
    offer = world.offered(**wishes)[0]
    won = doing(world, accept_offer, world.actor_of(offer), world.yes(offer))()
    assert isinstance(won, Won), won
    return won, world.actor_of(offer)


def proposed(world: World, actor: Actor, won: Won, **wanted: Any) -> UUID:
    wanted = wanted or {"start_at": won.start_at + 3 * HOUR}
    made: UUID = doing(world, propose, actor, won.visit_id, Wanted(**wanted), reason="other")()
    return made


def in_row(world: World, row: Any, id_: UUID) -> Any:
    with world.as_engine() as (session, _):
        return session.get_one(row, id_)


def states(answers: list[Any]) -> list[str]:
    return [answer.state for answer in answers if isinstance(answer, Conflict)]


def test_two_crossing_proposals_accepted_at_once_agree_on_one_and_overtake_the_other(world: World) -> None:
    for _ in range(ROUNDS):
        won, technician = assigned(world)
        theirs = proposed(world, world.staff, won, start_at=won.start_at + 3 * HOUR)
        mine = proposed(world, technician, won, pay=Pay("fixed", Decimal(200), "USD"))
        answers = race(
            [
                doing(world, accept_proposal, technician, theirs),
                doing(world, accept_proposal, world.staff, mine),
            ]
        )
        agreed = [answer for answer in answers if isinstance(answer, Agreed)]
        assert len(agreed) == 1
        assert states(answers) == ["overtaken"]
        ends = {in_row(world, ProposalRow, each).state for each in (theirs, mine)}
        assert ends == {"accepted", "overtaken"}
        assignment = in_row(world, AssignmentRow, won.assignment_id)
        is_mine = agreed[0].proposal_id == mine
        assert (assignment.start_at == won.start_at, assignment.pay_amount == 200) == (is_mine, is_mine)
        assert (assignment.terms_version, in_row(world, JobRow, won.job_id).terms_version) == (2, 2)
        assert_sound(world)
        world.start += timedelta(days=1)


def test_the_same_proposal_accepted_by_six_at_once_is_accepted_once(world: World) -> None:
    won, technician = assigned(world)
    made = proposed(world, world.staff, won)
    answers = race([doing(world, accept_proposal, technician, made) for _ in range(6)])
    assert sum(isinstance(answer, Agreed) for answer in answers) == 1
    assert states(answers) == ["accepted"] * 5
    assert in_row(world, JobRow, won.job_id).terms_version == 2
    with world.as_engine() as (session, _):
        told = session.scalars(select(EventRow.kind).where(EventRow.subject_id == made)).all()
    assert sorted(told) == ["accepted", "made"]
    assert_sound(world)


def test_a_yes_and_a_no_to_a_proposal_at_once_leave_one_answer(world: World) -> None:
    for _ in range(ROUNDS):
        won, technician = assigned(world)
        made = proposed(world, world.staff, won)
        yes, no = race(
            [doing(world, accept_proposal, technician, made), doing(world, refuse, technician, made, "busy")]
        )
        assert isinstance(yes, Agreed) == isinstance(no, Conflict)
        moved = in_row(world, AssignmentRow, won.assignment_id).start_at != won.start_at
        assert moved == isinstance(yes, Agreed)
        assert in_row(world, ProposalRow, made).state == ("accepted" if moved else "refused")
        world.start += timedelta(days=1)


def test_a_proposal_that_ran_out_while_its_yes_waited_is_not_accepted(world: World) -> None:
    """The edge read the clock before, as somebody does who waited for a lock: the database's own clock decides."""
    won, technician = assigned(world)
    made = proposed(world, world.staff, won)
    with world.as_engine() as (session, now):
        past = {"made_at": now - HOUR, "expires_at": now}
        session.execute(update(ProposalRow).where(ProposalRow.id == made).values(past))
    with pytest.raises(Conflict, match="expired"), world.as_engine() as (session, now):
        accept_proposal(session, technician, made, now=now - HOUR)
    assert in_row(world, AssignmentRow, won.assignment_id).start_at == won.start_at
    assert in_row(world, ProposalRow, made).state == "open", "the sweep ends it"


def test_work_that_ends_behind_a_proposals_back_overtakes_it_at_the_next_sweep(world: World) -> None:
    won, technician = assigned(world)
    made = proposed(world, technician, won)
    doing(world, release, world.staff, won.assignment_id, "other")()
    with pytest.raises(Conflict, match="released"), world.as_engine() as (session, now):
        accept_proposal(session, world.staff, made, now=now)
    with world.as_engine() as (session, now):
        assert overtake_proposals(session, now) == 1
        assert overtake_proposals(session, now) == 0
    assert in_row(world, ProposalRow, made).state == "overtaken"


def test_the_same_side_proposing_six_times_at_once_has_one_open_proposal(world: World) -> None:
    won, technician = assigned(world)
    wanted = Wanted(start_at=won.start_at + HOUR)
    answers = race([doing(world, propose, technician, won.visit_id, wanted, reason="late") for _ in range(6)])
    assert sum(isinstance(answer, UUID) for answer in answers) == 1
    assert states(answers) == ["open"] * 5


def test_an_acceptance_against_a_cancellation_leaves_nothing_agreed_on_a_cancelled_job(world: World) -> None:
    for _ in range(ROUNDS):
        won, technician = assigned(world)
        made = proposed(world, world.staff, won)
        yes, cancelled = race(
            [
                doing(world, accept_proposal, technician, made),
                doing(world, cancel_work, world.staff, won.job_id, "no_longer_needed"),
            ]
        )
        assert isinstance(cancelled, list)
        assert in_row(world, JobRow, won.job_id).state == "cancelled"
        assert in_row(world, AssignmentRow, won.assignment_id).state == "released"
        is_agreed = isinstance(yes, Agreed)
        assert in_row(world, ProposalRow, made).state == ("accepted" if is_agreed else "overtaken")
        assert is_agreed or isinstance(yes, Conflict)
        assert_sound(world)
        world.start += timedelta(days=1)


def test_a_check_in_against_a_cancellation_is_either_charged_as_there_or_never_was(world: World) -> None:
    rules = {"cancellation": {"trip_charge": "40.00", "minimum_h": "1"}}
    outcomes = set()
    for _ in range(2 * ROUNDS):
        won, technician = assigned(world, day_policy=rules)
        arrived, owed = race(
            [
                doing(world, check_in, technician, won.visit_id, None, Stamp()),
                doing(world, cancel_work, world.staff, won.job_id, "no_longer_needed"),
            ]
        )
        visit = in_row(world, VisitRow, won.visit_id)
        with world.as_engine() as (session, _):
            booked = session.scalars(select(ChargeRow.kind).where(ChargeRow.job_id == won.job_id)).all()
        assert in_row(world, JobRow, won.job_id).state == "cancelled"
        if isinstance(arrived, Moved):
            with world.as_engine() as (session, _):
                spans = session.scalars(select(TimeEntryRow.ended_at).where(TimeEntryRow.job_id == won.job_id)).all()
            assert None not in spans, "the clock goes on after the end"
            assert (visit.state, visit.outcome) == ("checked_out", "cancelled")
            assert sorted(booked) == ["minimum_hours", "trip_charge"]
            assert len(owed[0].charges) == 2
        else:
            assert isinstance(arrived, Conflict | NotFound)
            assert (visit.state, visit.checked_in_at, booked) == ("cancelled", None, [])
        outcomes.add(visit.state)
        assert_sound(world)
        world.start += timedelta(days=1)


def test_a_check_in_against_an_acceptance_never_moves_a_visit_that_has_begun(world: World) -> None:
    for _ in range(2 * ROUNDS):
        won, technician = assigned(world)
        made = proposed(world, world.staff, won)
        arrived, yes = race(
            [
                doing(world, check_in, technician, won.visit_id, None, Stamp()),
                doing(world, accept_proposal, technician, made),
            ]
        )
        visit = in_row(world, VisitRow, won.visit_id)
        assert isinstance(arrived, Moved), "who is there may begin, at whichever time was agreed"
        if isinstance(yes, Agreed):
            assert visit.planned_start_at == won.start_at + 3 * HOUR
        else:
            assert isinstance(yes, Conflict)
            assert yes.state == "checked_in"
            assert visit.planned_start_at == won.start_at
        doing(world, cancel_work, world.staff, won.job_id, "over")()
        assert_sound(world)
        world.start += timedelta(days=1)


def test_a_cancellation_against_a_release_charges_the_technician_once(world: World) -> None:
    rules = {"cancellation": {"steps": [{"within_h": 720, "amount": "50.00"}]}}
    for _ in range(ROUNDS):
        won, _ = assigned(world, day_policy=rules)
        race(
            [
                doing(world, cancel_work, world.staff, won.job_id, "no_longer_needed"),
                doing(world, release_from_work, world.staff, won.assignment_id, "other"),
                doing(world, cancel_work, world.staff, won.job_id, "no_longer_needed"),
            ]
        )
        with world.as_engine() as (session, _):
            booked = session.scalars(select(ChargeRow.amount).where(ChargeRow.job_id == won.job_id)).all()
        assert booked == [Decimal("50.00")]
        assert in_row(world, JobRow, won.job_id).state == "cancelled"
        assert_sound(world)
        world.start += timedelta(days=1)


def test_a_new_time_against_another_clients_work_at_that_time_gives_the_technician_one_of_them(world: World) -> None:
    other_client, other_site = _another_client(world)
    for _ in range(ROUNDS):
        won, technician = assigned(world)
        made = proposed(world, world.staff, won, start_at=won.start_at + 3 * HOUR)
        acme = world.client, world.site
        world.client, world.site = other_client, other_site
        overlapping = next(
            offer
            for offer in world.offered(start_at=won.start_at + 4 * HOUR)
            if offer.technician_id == technician.technician_id
        )
        world.client, world.site = acme
        yes, answer = race(
            [
                doing(world, accept_proposal, technician, made),
                doing(world, accept_offer, technician, world.yes(overlapping)),
            ]
        )
        if isinstance(yes, Agreed):
            assert isinstance(answer, Lost)
            assert "free" in answer.rules
        else:
            assert isinstance(answer, Won)
            assert isinstance(yes, NotPossible)
            assert yes.rules == ("free",)
            assert in_row(world, ProposalRow, made).state == "open", "it may still be answered otherwise"
        assert_sound(world)
        world.start += timedelta(days=1)


@pytest.mark.parametrize("against", ["revocation", "suspension"])
def test_a_substitute_is_never_sent_after_losing_what_the_work_needs(world: World, against: str) -> None:
    company = _all_in_one_company(world)
    boss = Actor("company", company, company_id=company)
    credentials = {each: _prove(world, each) for each in world.technicians}
    needs = Needs(skills={"hvac": 2}, credentials=("background_check",))
    for num in range(5):
        won, technician = assigned(world, needs=needs)
        who = next(each for each in world.technicians[::-1] if each != technician.technician_id)
        if against == "revocation":
            loses = doing(world, revoke, OPERATOR, credentials[who])
        else:
            loses = doing(world, move_technician, OPERATOR, who, "suspend")
        sent, lost = race([doing(world, substitute, boss, won.assignment_id, who, "ill"), loses])
        before = in_row(world, AssignmentRow, won.assignment_id)
        if isinstance(sent, Substituted):
            assert before.state == "substituted"
            if against == "revocation":
                assert (sent.assignment_id, "flag") in lost.assignments, "named by the revocation"
        else:
            assert isinstance(sent, NotSuitable)
            assert sent.rules == ("credential" if against == "revocation" else "active",)
            assert before.state == "live"
        (again,) = race([doing(world, substitute, boss, won.assignment_id, who, "ill")])
        assert isinstance(again, Conflict | NotSuitable), f"round {num}"
        assert_sound(world)
        _restore(world, who, credentials)
        world.start += timedelta(days=1)


def test_two_substitutes_named_at_once_give_the_work_to_one(world: World) -> None:
    company = _all_in_one_company(world)
    boss = Actor("company", company, company_id=company)
    for _ in range(ROUNDS):
        won, technician = assigned(world)
        others = [each for each in world.technicians if each != technician.technician_id]
        answers = race([doing(world, substitute, boss, won.assignment_id, each, "ill") for each in others[:4]])
        assert sum(isinstance(answer, Substituted) for answer in answers) == 1
        assert states(answers) == ["substituted"] * 3
        assert_sound(world)
        world.start += timedelta(days=1)


def _another_client(world: World) -> tuple[UUID, UUID]:
    client, site = new_id(), new_id()
    with world.as_engine() as (session, now):
        session.execute(insert(ClientRow).values(id=client, name="Globex", created_at=now, **LET_IN))
        acme = session.get_one(SiteRow, world.site)
        same = {column.name: getattr(acme, column.name) for column in SiteRow.__table__.columns if not column.computed}
        session.execute(insert(SiteRow).values({**same, "id": site, "client_id": client}))
    return client, site


def _all_in_one_company(world: World) -> UUID:
    with world.as_engine() as (session, _):
        company = session.scalars(select(CompanyRow.id)).one()
        session.execute(update(TechnicianRow).values(company_id=company))
    return company


def _prove(world: World, technician: UUID) -> UUID:
    credential = new_id()
    with world.as_engine() as (session, now):
        session.execute(
            insert(CredentialRow).values(
                id=credential,
                technician_id=technician,
                kind="background_check",
                state="verified",
                valid_from=date(2020, 1, 1),
                valid_until=date(2099, 1, 1),
                verified_at=now,
                created_at=now,
            )
        )
    return credential


def _restore(world: World, who: UUID, credentials: dict[UUID, UUID]) -> None:
    """What was taken away is there again, for the next round."""
    with world.as_engine() as (session, _):
        session.execute(update(TechnicianRow).where(TechnicianRow.id == who).values(state="active"))
        revoked = session.get_one(CredentialRow, credentials[who]).state == "revoked"
    if revoked:
        credentials[who] = _prove(world, who)
