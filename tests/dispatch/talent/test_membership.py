"""Membership of open pools follows the facts: what is maintained equals what is recomputed, exceptions included."""

from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, insert, select, text, update
from worlds import World

from dispatch.errors import BadInput, Conflict
from dispatch.record.session import ENGINE, Actor
from dispatch.record.tables import (
    AdmissionRow,
    CredentialRow,
    EventRow,
    PoolMemberRow,
    PoolOverrideRow,
    PoolRow,
    TechnicianRow,
    TechnicianSkillRow,
    new_id,
)
from dispatch.talent import membership
from dispatch.talent.agreements import find_in_force, publish_agreement, sign_agreement
from dispatch.talent.catalogue import Kind, put_credential_kinds
from dispatch.talent.membership import members_by_the_rules, sweep_memberships
from dispatch.talent.overrides import end_overrides, put_override, take_override_back
from dispatch.talent.pools import add_to_pool, create_pool
from dispatch.talent.requirements import set_requirements
from dispatch.talent.technicians import set_skills

OPERATOR = Actor("operator")


def open_pool(world: World, asks: dict[str, Any], name: str = "Open") -> UUID:
    with world.as_engine() as (session, now):
        pool = create_pool(session, world.staff, world.client, name, now=now)
        set_requirements(session, world.staff, pool, asks, now=now)
        return pool


def swept(world: World) -> int:
    """Sweep until nothing more is to do."""
    moved = 0
    while True:
        with world.as_engine() as (session, now):
            moved += (did := sweep_memberships(session, now))
            behind = session.scalar(
                select(PoolRow.id).where(PoolRow.requirements.is_not(None), PoolRow.judged_on.is_(None)).limit(1)
            )
        if not did and behind is None:
            return moved


def members(world: World, pool: UUID) -> set[UUID]:
    with world.as_engine() as (session, _):
        return set(session.scalars(select(PoolMemberRow.technician_id).where(PoolMemberRow.pool_id == pool)))


def by_the_rules(world: World, pool: UUID) -> set[UUID]:
    with world.as_engine() as (session, now):
        return members_by_the_rules(session, session.get_one(PoolRow, pool), now=now)


def test_who_meets_the_requirements_is_in_at_once_and_who_no_longer_does_is_out(world: World) -> None:
    pool = open_pool(world, {"skills": {"drones": 2}})
    assert (swept(world), members(world, pool)) == (0, set())
    who = world.technicians[-1]
    with world.as_engine() as (session, now):
        set_skills(session, OPERATOR, who, {"drones": 2}, now=now)
    assert members(world, pool) == {who}
    with world.as_engine() as (session, now):
        set_skills(session, OPERATOR, who, {"drones": 1}, now=now)
    assert members(world, pool) == set()
    with world.as_engine() as (session, _):
        told = session.execute(
            select(EventRow.kind, EventRow.data).where(EventRow.kind.in_(("pool_joined", "pool_left")))
        ).all()
    assert [(row.kind, row.data["technicians"]) for row in told] == [
        ("pool_joined", [str(who)]),
        ("pool_left", [str(who)]),
    ]
    assert swept(world) == 0


def change(world: World, chance: Random) -> None:
    """Somebody's facts change, by a statement of somebody who knows nothing of pools."""
    who = chance.choice(world.technicians)
    with world.as_engine() as (session, now):
        match chance.randrange(6):
            case 0:
                session.execute(delete(TechnicianSkillRow).where(TechnicianSkillRow.technician_id == who))
                row = {"technician_id": who, "skill": "hvac", "level": chance.randint(1, 5)}
                session.execute(insert(TechnicianSkillRow).values(row))
            case 1:
                state = chance.choice(["active", "active", "paused"])
                session.execute(update(TechnicianRow).where(TechnicianRow.id == who).values(state=state))
            case 2:
                moved = {"lat": chance.choice([30.36, 30.40, 31.5]), "in_market": chance.random() < 0.7}
                session.execute(update(TechnicianRow).where(TechnicianRow.id == who).values(moved))
            case 3:
                session.execute(delete(CredentialRow).where(CredentialRow.technician_id == who))
                until = now.date() + timedelta(days=chance.choice([-1, 0, 90]))
                proof = {"kind": "background_check", "state": "verified", "valid_from": date(2020, 1, 1)}
                session.add(CredentialRow(id=new_id(), technician_id=who, valid_until=until, created_at=now, **proof))
            case 4:
                share = chance.choice([0.2, 0.6, 0.9])
                session.execute(update(TechnicianRow).where(TechnicianRow.id == who).values(reputation=share))
            case _:
                session.execute(delete(AdmissionRow).where(AdmissionRow.technician_id == who))
                session.add(
                    AdmissionRow(
                        id=new_id(), client_id=world.client, technician_id=who, created_at=now, moved_at=now,
                        state=chance.choice(["admitted", "applied"]),
                    )
                )  # fmt: skip


@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_maintained_equals_what_is_recomputed(world: World, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(membership, "CHUNK", 2)  # so that everyone takes several looks
    chance = Random(seed)
    pools = [
        open_pool(world, {"skills": {"hvac": 3}, "min_reputation": 0.5}, "Skilled"),
        open_pool(world, {"near": [{"lat": 30.3585, "lng": -103.661, "km": 6}]}, "Near"),
        open_pool(world, {"credentials": ["background_check"]}, "Proved"),
    ]
    swept(world)
    sizes = set()
    for turn in range(40):
        change(world, chance)
        if turn % 4 == 0:
            with world.as_engine() as (session, now):
                until = now + timedelta(days=chance.choice([1, 30]))
                put_override(
                    session, world.staff, chance.choice(pools), world.technicians[-1], is_member=chance.random() < 0.5,
                    reason="By hand", until=until, now=now,
                ) if _is_known(world) else None  # fmt: skip
        swept(world)
        for pool in pools:
            assert members(world, pool) == by_the_rules(world, pool), f"turn {turn}"
            sizes.add(len(members(world, pool)))
    assert len(sizes) > 3, "too little happened to say much"


def _is_known(world: World) -> bool:
    with world.as_engine() as (session, _):
        return bool(session.scalar(select(TechnicianRow.in_market).where(TechnicianRow.id == world.technicians[-1])))


def test_a_day_that_ends_a_credential_ends_the_membership_though_no_row_changes(world: World) -> None:
    pool = open_pool(world, {"credentials": ["background_check"]})
    who = world.technicians[0]
    with world.as_engine() as (session, now):
        today = now.date()
        proof = {"kind": "background_check", "state": "verified", "valid_from": date(2020, 1, 1)}
        session.add(CredentialRow(id=new_id(), technician_id=who, valid_until=today, created_at=now, **proof))
    swept(world)
    assert members(world, pool) == {who}
    with world.as_engine() as (session, now):
        assert sweep_memberships(session, now + timedelta(days=1)) == 1
    assert members(world, pool) == set()


def test_an_exception_wins_while_it_lasts_and_ends_by_itself(world: World) -> None:
    pool = open_pool(world, {"skills": {"hvac": 3}})
    swept(world)
    good, other = world.technicians[0], world.technicians[1]
    with world.as_engine() as (session, _):
        session.execute(update(TechnicianSkillRow).where(TechnicianSkillRow.technician_id == other).values(level=1))
    swept(world)
    assert members(world, pool) == set(world.technicians) - {other}
    for who, is_member in ((good, False), (other, True)):
        with world.as_engine() as (session, now):
            put_override(
                session, world.staff, pool, who, is_member=is_member, reason="By hand", until=now + timedelta(days=9),
                now=now,
            )  # fmt: skip
    assert members(world, pool) == set(world.technicians) - {good}
    with world.as_engine() as (session, now):
        assert end_overrides(session, now) == 0
        for column in ("made_at", "until_at"):
            session.execute(text(f"UPDATE pool_overrides SET {column} = {column} - interval '9 days'"))
        assert end_overrides(session, now + timedelta(seconds=1)) == 2
    assert members(world, pool) == set(world.technicians) - {other}
    with world.as_engine() as (session, _):
        ended = session.scalars(select(EventRow.data).where(EventRow.kind == "pool_override_ended")).all()
        assert {each["why"] for each in ended} == {"over"}
        assert session.scalars(select(PoolOverrideRow.id).where(PoolOverrideRow.ended_at.is_(None))).all() == []


def test_an_exception_taken_back_lets_the_requirements_decide_again(world: World) -> None:
    pool = open_pool(world, {"skills": {"hvac": 3}})
    swept(world)
    who = world.technicians[0]
    with world.as_engine() as (session, now):
        until = now + timedelta(days=9)
        put_override(session, world.staff, pool, who, is_member=False, reason="By hand", until=until, now=now)
        assert who not in set(session.scalars(select(PoolMemberRow.technician_id)))
        take_override_back(session, world.staff, pool, who, now=now)
        assert who in set(session.scalars(select(PoolMemberRow.technician_id)))


def test_nobody_is_put_into_an_open_pool_by_hand(world: World) -> None:
    pool = open_pool(world, {"skills": {"drones": 2}})
    with world.as_engine() as (session, now), pytest.raises(Conflict, match="make an exception"):
        add_to_pool(session, world.staff, pool, [world.technicians[0]], now=now)


@pytest.mark.parametrize(
    ("asks", "field"),
    [
        ({"skills": {"juggling": 1}}, "requirements.skills"),
        ({"skills": {"hvac": 6}}, "skills.hvac"),
        ({"credentials": ["papers"]}, "requirements.credentials"),
        ({"min_reputation": 1.5}, "requirements.min_reputation"),
        ({"near": [{"lat": 95.0, "lng": 0.0, "km": 1}]}, "requirements.near[0].lat"),
        ({"near": [{"lat": 30.4, "lng": -103.6, "km": 0}]}, "requirements.near[0].km"),
        ({"area": {"type": "Polygon", "coordinates": []}}, "area"),
        ({"stars": 5}, "requirements.stars"),
    ],
)
def test_requirements_that_cannot_be_kept_are_refused_by_field(world: World, asks: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as caught:
        open_pool(world, asks)
    assert caught.value.field.startswith(field)


def test_an_agreement_that_a_pool_asks_for_is_the_clients_own_in_the_version_that_counts(world: World) -> None:
    """Signed, they are in; a newer version that must be signed puts them out on its day, and signed again, in."""
    admin, who = Actor("client_admin", new_id(), client_id=world.client), world.technicians[0]
    with world.as_engine() as (session, now):
        put_credential_kinds(session, ENGINE, [Kind("nda", "Confidentiality", "agreement")], now=now)
        publish_agreement(session, admin, world.client, "nda", "Keep it to yourself.", now=now)
    pool = open_pool(world, {"skills": {"hvac": 1}, "agreements": ["nda"]})
    assert (swept(world), members(world, pool)) == (0, set())
    sign_newest(world)
    swept(world)
    assert members(world, pool) == by_the_rules(world, pool) == {who}
    with world.as_engine() as (session, now):
        tomorrow = now.date() + timedelta(days=1)
        publish_agreement(session, admin, world.client, "nda", "Anew.", sign_again_from=tomorrow, now=now)
    swept(world)
    assert members(world, pool) == {who}, "the older signature counts through today"
    with world.as_engine() as (session, now):
        sweep_memberships(session, now + timedelta(days=1))
    assert members(world, pool) == set()
    sign_newest(world)
    with world.as_engine() as (session, now):
        sweep_memberships(session, now + timedelta(days=1))
    assert members(world, pool) == {who}


def sign_newest(world: World) -> None:
    with world.as_engine() as (session, now):
        newest = find_in_force(session, world.client, "nda")
        sign_agreement(session, world.technician(0), newest.id, newest.sha256, "192.0.2.7", now=now)
