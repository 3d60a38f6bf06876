"""Who may call, as whom?"""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from worlds import World

from dispatch.errors import BadInput, Conflict, NotFound, Refused
from dispatch.record.session import Actor, transaction
from dispatch.record.tables import ApiKeyRow, CompanyRow, EventRow, new_id
from dispatch.talent.clients import create_client
from dispatch.talent.keys import create_key, find, list_keys, revoke_key

NOBODY = Actor("gateway")


def test_a_secret_is_shown_once_and_only_its_hash_is_kept(world: World, operator: Actor) -> None:
    with world.as_engine() as (session, now):
        key = create_key(session, operator, role="dispatcher", label="desk", client_id=world.client, now=now)
        row = session.get_one(ApiKeyRow, key.id)
        assert row.hash == hashlib.sha256(key.secret.encode()).digest()
        kept = str([vars(each) for each in session.scalars(select(EventRow))]) + str(vars(row))
    assert key.secret.startswith("tr_")
    assert len(key.secret) == 3 + 43
    assert key.secret not in kept


def test_each_role_is_known_again_by_its_secret_and_opens_only_its_own(world: World, operator: Actor) -> None:
    with world.as_engine() as (session, now):
        company = session.scalars(select(CompanyRow.id)).one()
        owners: dict[str, dict[str, Any]] = {
            "operator": {},
            "gateway": {},
            "client_admin": {"client_id": world.client},
            "requester": {"client_id": world.client},
            "dispatcher": {"client_id": world.client},
            "technician": {"technician_id": world.technicians[0]},
            "company": {"company_id": company},
        }
        made = {
            role: create_key(session, operator, role=role, label=role, **owner, now=now)
            for role, owner in owners.items()
        }
    for role, key in made.items():
        with transaction(world.engine, NOBODY) as session:
            actor = find(session, key.secret)
        assert actor is not None
        opened = {"client_id": actor.client_id, "technician_id": actor.technician_id, "company_id": actor.company_id}
        assert {name: id_ for name, id_ in opened.items() if id_} == owners[role]
        assert (actor.kind, actor.key_id) == (role, key.id)
        assert actor.id is not None


@pytest.mark.parametrize("secret", ["", "tr_", "tr_" + "a" * 43, "tr_" + "a" * 5000, "tr_\u00e9", "TR_x", "' OR 1=1"])
def test_nobody_is_known_by_a_secret_that_was_never_made(world: World, secret: str) -> None:
    with transaction(world.engine, NOBODY) as session:
        assert find(session, secret) is None


def test_nobody_is_known_by_a_key_that_has_ended_or_was_revoked(world: World, operator: Actor) -> None:
    with world.as_engine() as (session, now):
        ending = create_key(session, operator, role="gateway", label="a", expires_at=now + timedelta(days=1), now=now)
        revoked = create_key(session, operator, role="gateway", label="b", now=now)
        assert find(session, ending.secret)
        assert find(session, revoked.secret)
        revoke_key(session, operator, revoked.id, now=now)
        session.execute(update(ApiKeyRow).where(ApiKeyRow.id == ending.id).values(expires_at=now))
        assert find(session, ending.secret) is None
        assert find(session, revoked.secret) is None
        with pytest.raises(Conflict):
            revoke_key(session, operator, revoked.id, now=now)
        with pytest.raises(NotFound):
            revoke_key(session, operator, new_id(), now=now)


def test_a_role_has_exactly_the_owner_that_it_needs(world: World, operator: Actor) -> None:
    wrong: list[dict[str, Any]] = [
        {"role": "king"},
        {"role": "dispatcher"},
        {"role": "dispatcher", "client_id": new_id()},
        {"role": "dispatcher", "client_id": world.client, "technician_id": world.technicians[0]},
        {"role": "dispatcher", "client_id": world.client, "staff_id": new_id()},
        {"role": "technician"},
        {"role": "operator", "client_id": world.client},
        {"role": "gateway", "technician_id": world.technicians[0]},
    ]
    with world.as_engine() as (session, now):
        for values in wrong:
            with pytest.raises(BadInput):
                create_key(session, operator, label="x", **values, now=now)
        with pytest.raises(BadInput, match="expires_at"):
            create_key(session, operator, role="gateway", label="x", expires_at=now, now=now)


def test_an_admin_makes_sees_and_ends_the_own_client_s_keys_alone(world: World, operator: Actor) -> None:
    admin = Actor("client_admin", client_id=world.client)
    with world.as_engine() as (session, now):
        other = create_client(session, operator, "Other", now=now)
        theirs = create_key(session, operator, role="dispatcher", label="x", client_id=other, now=now)
        ours = create_key(session, admin, role="dispatcher", label="x", client_id=world.client, now=now)
        assert [row.id for row in list_keys(session, admin)] == [ours.id]
        assert [row.id for row in list_keys(session, operator)] == [ours.id, theirs.id]
        with pytest.raises(NotFound):
            revoke_key(session, admin, theirs.id, now=now)
        for values in ({"role": "dispatcher", "client_id": other}, {"role": "operator"}, {"role": "gateway"}):
            with pytest.raises(NotFound):
                create_key(session, admin, label="x", **values, now=now)
        with pytest.raises(Refused):
            list_keys(session, world.staff)
