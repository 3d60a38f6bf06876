"""The last two of a role erased at once, or one erased as the other leaves: one stays. With real commits."""

import threading
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from racing import race
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import IntegrityError
from worlds import World

from dispatch.errors import Refused
from dispatch.files.storing import open_store
from dispatch.privacy.asking import ask_staff_erasure, move_erasure
from dispatch.privacy.erasing import erase_next
from dispatch.privacy.leaving import let_staff_go
from dispatch.record.sealing import DataKey, KeyRing, new_secret
from dispatch.record.session import ENGINE, Actor, connect, database_now, transaction
from dispatch.record.tables import ErasureRow, StaffRow, new_id

OPERATOR = Actor("operator", new_id())


def hired(world: World, role: str) -> UUID:
    person = new_id()
    row = {"id": person, "client_id": None if role == "operator" else world.client, "role": role, "name": "Ned"}
    with world.as_engine() as (session, now):
        session.execute(insert(StaffRow).values(email=f"{person}@example.org", created_at=now, **row))
    return person


def alone(world: World, role: str) -> list[UUID]:
    """Two new ones of a role, and nobody else of it is there."""
    people = [hired(world, role), hired(world, role)]
    with world.as_engine() as (session, now):
        theirs = "client_id IS NULL" if role == "operator" else "role = 'client_admin'"
        leave = text(f"UPDATE staff SET left_at = :now WHERE {theirs} AND id <> ALL(:people)")
        session.execute(leave, {"now": now, "people": people})
    return people


def left_of(world: World, people: list[UUID]) -> int:
    with world.as_engine() as (session, _):
        return len(
            session.scalars(select(StaffRow.id).where(StaffRow.id.in_(people), StaffRow.left_at.is_(None))).all()
        )


@pytest.mark.parametrize("role", ["operator", "client_admin"])
@pytest.mark.parametrize("round_num", range(3))
def test_of_the_last_two_erased_at_once_one_stays_and_is_told_why(
    world: World, tmp_path: Path, role: str, round_num: int
) -> None:
    people = alone(world, role)
    store = open_store(None, tmp_path)
    for person in people:
        with world.as_engine() as (session, now):
            erasure = ask_staff_erasure(session, OPERATOR, person, now=now).id
        with world.as_engine() as (session, now):
            move_erasure(session, OPERATOR, erasure, "grant", now=now)
    pool = connect(str(world.engine.url.render_as_string(False)), ring=KeyRing([DataKey("test", new_secret())]))

    def erases() -> Any:
        try:
            with transaction(pool, ENGINE, role="engine") as session:
                return erase_next(session, store, tax_kept_years=4, now=database_now(session))
        except IntegrityError as refused:
            return refused.orig.diag.constraint_name  # type: ignore[union-attr]

    try:
        answers = race([erases, erases])
        assert left_of(world, people) == 1, answers
        assert set(answers) <= {1, "staff_free"}, answers
        # Whoever was refused by the database alone is told at the next look.
        for _ in range(3):
            erases()
    finally:
        pool.dispose()
    with world.as_engine() as (session, _):
        rows = session.scalars(select(ErasureRow).where(ErasureRow.staff_id.in_(people))).all()
        assert sorted(row.state for row in rows) == ["done", "granted"]
        [waits] = [row.blocked_by for row in rows if row.state == "granted"]
    assert [each["code"] for each in waits] == ["last_operator" if role == "operator" else "last_admin"]


@pytest.mark.parametrize("role", ["operator", "client_admin"])
@pytest.mark.parametrize("round_num", range(3))
def test_of_the_last_two_who_leave_at_once_one_stays(world: World, role: str, round_num: int) -> None:
    people = alone(world, role)

    def leaves(person: UUID) -> Any:
        try:
            with world.as_engine() as (session, now):
                let_staff_go(session, OPERATOR, person, now=now)
        except Refused as refused:
            return refused.reasons
        return "left"

    answers = race([lambda person=each: leaves(person) for each in people])
    assert left_of(world, people) == 1, answers
    assert sorted(answers, key=str) == [(f"last_{'operator' if role == 'operator' else 'admin'}",), "left"]


@pytest.mark.parametrize("round_num", range(3))
def test_the_database_alone_keeps_one_of_two_who_leave_at_once(world: World, round_num: int) -> None:
    people = alone(world, "client_admin")
    gone = threading.Barrier(2)

    def leaves(person: UUID) -> Any:
        try:
            with world.as_engine() as (session, now):
                gone.wait(10)
                session.execute(update(StaffRow).where(StaffRow.id == person).values(left_at=now))
        except IntegrityError as refused:
            return refused.orig.diag.constraint_name  # type: ignore[union-attr]
        return "left"

    answers = race([lambda person=each: leaves(person) for each in people])
    assert sorted(answers) == ["left", "staff_last_stays"]
    assert left_of(world, people) == 1


def test_one_leaves_as_the_other_is_erased_and_one_stays(world: World, tmp_path: Path) -> None:
    leaver, erased = alone(world, "operator")
    store = open_store(None, tmp_path)
    with world.as_engine() as (session, now):
        erasure = ask_staff_erasure(session, OPERATOR, erased, now=now).id
    with world.as_engine() as (session, now):
        move_erasure(session, OPERATOR, erasure, "grant", now=now)
    pool = connect(str(world.engine.url.render_as_string(False)), ring=KeyRing([DataKey("test", new_secret())]))

    def leaves() -> Any:
        try:
            with world.as_engine() as (session, now):
                let_staff_go(session, OPERATOR, leaver, now=now)
        except Refused as refused:
            return refused.reasons
        return "left"

    def erases() -> Any:
        with transaction(pool, ENGINE, role="engine") as session:
            return erase_next(session, store, tax_kept_years=4, now=database_now(session))

    try:
        answers = race([leaves, erases])
    finally:
        pool.dispose()
    assert left_of(world, [leaver, erased]) == 1, answers
