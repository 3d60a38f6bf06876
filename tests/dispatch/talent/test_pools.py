"""Whom does a client want first?"""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from worlds import World

from dispatch.errors import BadInput, NotFound, Refused
from dispatch.record.session import Actor
from dispatch.record.tables import EventRow, TechnicianRow, new_id
from dispatch.talent.clients import create_client
from dispatch.talent.pools import add_to_pool, create_pool, remove_from_pool
from dispatch.talent.reading import read_technicians


def pools_of(world: World, session: Session, now) -> list[int]:
    found = {each.id: each for each in read_technicians(session, now=now)}
    return [len(found[who].pools) for who in world.technicians]


def test_members_come_and_go_and_each_change_is_told_once(world: World) -> None:
    with world.as_engine() as (session, now):
        pool = create_pool(session, world.staff, world.client, "Preferred", now=now)
        assert add_to_pool(session, world.staff, pool, world.technicians[:2], now=now) == 2
        assert add_to_pool(session, world.staff, pool, world.technicians[1:3], now=now) == 1
        assert add_to_pool(session, world.staff, pool, [], now=now) == 0
        assert add_to_pool(session, world.staff, pool, world.technicians[:3], now=now) == 0
        assert remove_from_pool(session, world.staff, pool, world.technicians[2:], now=now) == 1
        assert pools_of(world, session, now) == [1, 1, 0, 0]
        told = session.execute(select(EventRow.kind, EventRow.client_id).order_by(EventRow.seq)).all()
    assert [kind for kind, _ in told] == ["pool_created", "pool_joined", "pool_joined", "pool_left"]
    assert {client for _, client in told} == {world.client}


def test_joining_a_pool_moves_the_version_that_the_index_looks_at(world: World) -> None:
    who = world.technicians[0]
    with world.as_engine() as (session, now):
        pool = create_pool(session, world.staff, world.client, "Preferred", now=now)
        before = read_technicians(session, [who], now=now)[0].version
    with world.as_engine() as (session, now):
        add_to_pool(session, world.staff, pool, [who], now=now)
        assert read_technicians(session, [who], now=now)[0].version == before + 1


def test_one_unknown_technician_and_nobody_is_added(world: World) -> None:
    with world.as_engine() as (session, now):
        pool = create_pool(session, world.staff, world.client, "Preferred", now=now)
        with pytest.raises(NotFound):
            add_to_pool(session, world.staff, pool, [world.technicians[0], new_id()], now=now)
        assert pools_of(world, session, now) == [0, 0, 0, 0]


def test_people_outside_the_market_are_not_there_for_a_client_that_does_not_know_them(
    world: World, operator: Actor
) -> None:
    who = world.technicians[0]
    with world.as_engine() as (session, now):
        session.get_one(TechnicianRow, who).in_market = False
        session.flush()
        pool = create_pool(session, world.staff, world.client, "Preferred", now=now)
        with pytest.raises(NotFound):
            add_to_pool(session, world.staff, pool, [who], now=now)
        assert add_to_pool(session, operator, pool, [who], now=now) == 1
        assert remove_from_pool(session, world.staff, pool, [who], now=now) == 1


def test_another_client_s_pool_is_not_there(world: World, operator: Actor) -> None:
    with world.as_engine() as (session, now):
        pool = create_pool(session, world.staff, world.client, "Preferred", now=now)
        other = create_client(session, operator, "Other", now=now)
        stranger = Actor("client_admin", client_id=other)
        with pytest.raises(NotFound):
            add_to_pool(session, stranger, pool, world.technicians, now=now)
        with pytest.raises(NotFound):
            create_pool(session, stranger, world.client, "Mine", now=now)
        assert create_pool(session, stranger, other, "Preferred", now=now) != pool
        with pytest.raises(BadInput, match="Preferred"):
            create_pool(session, stranger, other, "Preferred", now=now)


def test_requesters_and_technicians_keep_no_pools(world: World) -> None:
    with world.as_engine() as (session, now):
        for actor in (Actor("requester", client_id=world.client), world.technician(0)):
            with pytest.raises(Refused):
                create_pool(session, actor, world.client, "Mine", now=now)
