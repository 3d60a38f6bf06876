"""Who is this technician, and does the network count on them?"""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from worlds import World

from dispatch.errors import BadInput, Conflict, NotFound, Refused
from dispatch.record.session import Actor
from dispatch.record.tables import CompanyRow, EventRow, TechnicianRow, new_id
from dispatch.talent.companies import create_company, employ
from dispatch.talent.profiles import Profile
from dispatch.talent.reading import read_technicians
from dispatch.talent.technicians import (
    MOVES,
    create_technician,
    move_technician,
    pause_consent,
    set_skills,
    update_profile,
)
from matching.proof import NEVER
from matching.technician import Consent

ANN = Profile(number="T-1", name="Ann Lee", lat=41.88, lng=-87.63, email="ann@example.org", phone="+14155550132")


def events(world: World, kind: str) -> list[EventRow]:
    with world.as_engine() as (session, _):
        return list(session.scalars(select(EventRow).where(EventRow.kind == kind)))


def test_a_new_technician_may_be_asked_at_once_and_the_event_holds_no_person(world: World, operator: Actor) -> None:
    with world.as_engine() as (session, now):
        ann = create_technician(session, operator, ANN, {"hvac": 4, "wifi": 1}, now=now)
    with world.as_engine() as (session, now):
        found = read_technicians(session, [ann], now=now)[0]
    assert (found.is_active, found.in_market, found.skills) == (True, True, {"hvac": 4, "wifi": 1})
    (created,) = events(world, "created")
    assert (created.subject_id, created.data) == (ann, {"state": "active"})


@pytest.mark.parametrize(
    ("field", "changes", "skills"),
    [
        ("number", {"number": "T-00000"}, {}),
        ("skills", {}, {"plumbing": 1}),
        ("company_id", {"company_id": new_id()}, {}),
        ("lat", {"lat": 91.0}, {}),
    ],
)
def test_what_is_taken_or_not_known_is_refused_with_its_field(
    world: World, operator: Actor, field: str, changes: dict[str, Any], skills: dict[str, int]
) -> None:
    with world.as_engine() as (session, now), pytest.raises(BadInput) as refused:
        create_technician(session, operator, replace(ANN, **changes), skills, now=now)
    assert refused.value.field == field


def test_a_company_adds_its_own_people_outside_the_market(world: World) -> None:
    with world.as_engine() as (session, now):
        company = session.scalars(select(CompanyRow.id)).one()
        boss = Actor("company", company, company_id=company)
        ann = create_technician(session, boss, replace(ANN, clearance="us_person"), {}, now=now)
        found = read_technicians(session, [ann], now=now)[0]
    assert (found.company_id, found.in_market, found.cleared_until) == (company, False, NEVER)


def test_a_place_that_moves_takes_its_cell_and_zone_along(world: World) -> None:
    me = world.technician(0)
    with world.as_engine() as (session, now):
        before = session.get_one(TechnicianRow, me.id).cell
        update_profile(session, me, world.technicians[0], {"lat": 34.05, "lng": -118.24}, now=now)
    with world.as_engine() as (session, _):
        row = session.get_one(TechnicianRow, me.id)
        assert (row.lat, row.time_zone) == (34.05, "America/Los_Angeles")
        assert row.cell != before
    (updated,) = events(world, "updated")
    assert updated.data == {"fields": ["cell", "lat", "lng", "time_zone"]}


def test_what_does_not_change_leaves_no_event_and_no_new_version(world: World) -> None:
    me, who = world.technician(0), world.technicians[0]
    with world.as_engine() as (session, now):
        before = read_technicians(session, [who], now=now)[0]
        update_profile(session, me, who, {"lat": before.lat, "currency": "USD"}, now=now)
    with world.as_engine() as (session, now):
        assert read_technicians(session, [who], now=now)[0].version == before.version
    assert events(world, "updated") == []


def test_own_limits_are_ones_own_and_the_network_s_word_is_not(world: World) -> None:
    me, who = world.technician(0), world.technicians[0]
    consent = Consent(Decimal(60), 25.0, 2)
    with world.as_engine() as (session, now):
        changes = {"min_hourly": Decimal(55), "radius_km": 30.0, "quiet": (1320, 360), "consent": consent}
        update_profile(session, me, who, changes, now=now)
        found = read_technicians(session, [who], now=now)[0]
        assert (found.min_hourly, found.radius_km, found.quiet) == (Decimal(55), 30.0, (1320, 360))
        assert found.consent == consent
        pause_consent(session, me, who, True, now=now)
        assert read_technicians(session, [who], now=now)[0].consent is None
        for field, value in (("clearance", "us_person"), ("in_market", True), ("number", "X"), ("company_id", None)):
            with pytest.raises(Refused):
                update_profile(session, me, who, {field: value}, now=now)
        with pytest.raises(Refused):
            set_skills(session, me, who, {"hvac": 5}, now=now)


def test_unknown_fields_and_numbers_of_others_are_refused(world: World, operator: Actor) -> None:
    who = world.technicians[0]
    with world.as_engine() as (session, now):
        with pytest.raises(BadInput, match="reputation"):
            update_profile(session, operator, who, {"reputation": 1.0}, now=now)
        with pytest.raises(BadInput, match="T-00001"):
            update_profile(session, operator, who, {"number": "T-00001"}, now=now)


def test_another_technician_and_another_company_find_nobody(world: World, operator: Actor) -> None:
    who = world.technicians[0]
    with world.as_engine() as (session, now):
        ours, theirs = (create_company(session, operator, name, now=now) for name in ("Ours", "Theirs"))
        employ(session, operator, who, ours, now=now)
        boss = Actor("company", ours, company_id=ours)
        move_technician(session, boss, who, "pause", now=now)
        client = Actor("dispatcher", client_id=world.client)
        for stranger in (world.technician(1), Actor("company", theirs, company_id=theirs), client, Actor("gateway")):
            with pytest.raises(NotFound):
                move_technician(session, stranger, who, "resume", now=now)


def test_skills_are_replaced_as_a_whole(world: World, operator: Actor) -> None:
    who = world.technicians[0]
    with world.as_engine() as (session, now):
        set_skills(session, operator, who, {"wifi": 2, "drones": 5}, now=now)
        assert read_technicians(session, [who], now=now)[0].skills == {"wifi": 2, "drones": 5}


@pytest.mark.parametrize(("state", "wish"), [(state, wish) for state, moves in MOVES.items() for wish in moves])
def test_every_move_of_the_table_works_and_leaves_one_event(
    world: World, operator: Actor, state: str, wish: str
) -> None:
    who = world.technicians[0]
    with world.as_engine() as (session, now):
        session.get_one(TechnicianRow, who).state = state
        session.flush()
        after = move_technician(session, operator, who, wish, now=now)
        found = read_technicians(session, [who], now=now)[0]
        num = len(session.scalars(select(EventRow).where(EventRow.subject_id == who)).all())
    assert after == MOVES[state][wish][0]
    assert found.is_active == (after == "active")
    assert num == 1


def test_a_move_that_the_state_does_not_allow_names_those_that_it_does(world: World, operator: Actor) -> None:
    who = world.technicians[0]
    with world.as_engine() as (session, now):
        with pytest.raises(Conflict) as refused:
            move_technician(session, operator, who, "reinstate", now=now)
        assert refused.value.moves == ("pause", "suspend", "leave")
        move_technician(session, operator, who, "suspend", now=now)
        with pytest.raises(Refused):
            move_technician(session, world.technician(0), who, "reinstate", now=now)


def test_companies_have_names_of_their_own(world: World, operator: Actor) -> None:
    with world.as_engine() as (session, now):
        with pytest.raises(BadInput, match="Big Bend Repairs"):
            create_company(session, operator, "Big Bend Repairs", now=now)
        with pytest.raises(NotFound):
            employ(session, operator, world.technicians[0], new_id(), now=now)
        with pytest.raises(Refused):
            create_company(session, world.technician(0), "Mine", now=now)
