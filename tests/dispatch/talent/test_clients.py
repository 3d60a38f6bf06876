"""Who posts work, and who works for them?"""

import pytest
from sqlalchemy import select
from worlds import World

from dispatch.errors import BadInput, NotFound, Refused
from dispatch.privacy.leaving import let_staff_go
from dispatch.record.session import Actor
from dispatch.record.tables import ClientRow, EventRow, new_id
from dispatch.talent.clients import add_staff, create_client, set_policy
from dispatch.talent.keys import create_key, find


def test_a_client_is_the_operator_s_to_add(world: World, operator: Actor) -> None:
    with world.as_engine() as (session, now):
        client = create_client(session, operator, "Diner Chain", currency="CAD", policy={"reach_km": 80.0}, now=now)
        row = session.get_one(ClientRow, client)
        assert (row.name, row.currency, row.policy) == ("Diner Chain", "CAD", {"reach_km": 80.0})
        with pytest.raises(Refused):
            create_client(session, world.staff, "Mine", now=now)
        for values in (
            {"currency": "dollars"},
            {"currency": "ABC"},
            {"currency": "KWD"},
            {"policy": {"reach_km": 0}},
            {"policy": {"reach": 80}},
        ):
            with pytest.raises(BadInput):
                create_client(session, operator, "Bad", **values, now=now)


def test_the_policy_is_set_by_the_client_s_admin_within_its_limits(world: World) -> None:
    admin = Actor("client_admin", client_id=world.client)
    with world.as_engine() as (session, now):
        set_policy(session, admin, world.client, {"mode": "manual"}, now=now)
        assert session.get_one(ClientRow, world.client).policy == {"mode": "manual"}
        with pytest.raises(BadInput, match="policy"):
            set_policy(session, admin, world.client, {"mode": "lottery"}, now=now)
        with pytest.raises(Refused):
            set_policy(session, world.staff, world.client, {}, now=now)
        with pytest.raises(NotFound):
            set_policy(session, admin, new_id(), {}, now=now)


def test_staff_come_with_an_address_and_their_keys_go_with_them(world: World, operator: Actor) -> None:
    admin = Actor("client_admin", client_id=world.client)
    with world.as_engine() as (session, now):
        rosa = add_staff(session, admin, world.client, "dispatcher", "Rosa Marsh", "rosa@example.org", now=now)
        with pytest.raises(BadInput, match="rosa@example"):
            add_staff(session, admin, world.client, "requester", "Rosa", "rosa@example.org", now=now)
        key = create_key(
            session, admin, role="dispatcher", label="desk", client_id=world.client, staff_id=rosa, now=now
        )
        found = find(session, key.secret)
        assert found is not None
        assert (found.kind, found.id) == ("dispatcher", rosa)
        let_staff_go(session, admin, rosa, now=now)
        assert find(session, key.secret) is None
        with pytest.raises(NotFound):
            let_staff_go(session, admin, rosa, now=now)
        assert "Rosa" not in str(session.scalars(select(EventRow.data)).all())


def test_operators_belong_to_no_client_and_others_to_one(world: World, operator: Actor) -> None:
    admin = Actor("client_admin", client_id=world.client)
    with world.as_engine() as (session, now):
        add_staff(session, operator, None, "operator", "Olga", "olga@example.org", now=now)
        with pytest.raises(BadInput, match="role"):
            add_staff(session, operator, world.client, "operator", "Olga", "o@example.org", now=now)
        with pytest.raises(BadInput, match="role"):
            add_staff(session, operator, None, "dispatcher", "Olga", "o@example.org", now=now)
        with pytest.raises(Refused):
            add_staff(session, admin, None, "operator", "Eve", "eve@example.org", now=now)
        with pytest.raises(NotFound):
            add_staff(session, admin, new_id(), "dispatcher", "Eve", "eve@example.org", now=now)
