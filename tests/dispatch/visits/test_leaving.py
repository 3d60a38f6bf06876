"""Whoever leaves has no alarm any more: it is somebody's again, or climbs on."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from racing import race
from sqlalchemy import insert, select, text
from worlds import World

from dispatch.errors import Refused
from dispatch.privacy.leaving import let_staff_go
from dispatch.record.session import ENGINE, Actor
from dispatch.record.tables import AlarmRow, EventRow, StaffRow, new_id
from dispatch.visits.alarms import raise_alarm
from dispatch.visits.climbing import climb
from dispatch.visits.responding import acknowledge, clear_by_hand, snooze

OPERATOR = Actor("operator", new_id())


def hired(world: World, name: str) -> Actor:
    person = new_id()
    row = {"id": person, "client_id": world.client, "role": "dispatcher", "name": name, "email": f"{name}@example.org"}
    with world.as_engine() as (session, now):
        session.execute(insert(StaffRow).values(created_at=now, **row))
    return Actor("dispatcher", person, client_id=world.client)


def raised(world: World, kind: str = "incident") -> UUID:
    with world.as_engine() as (session, now):
        due = now + timedelta(hours=1)
        alarm = raise_alarm(session, ENGINE, kind, client_id=world.client, subject_id=new_id(), due_at=due, now=now)
    assert alarm is not None
    return alarm


def leaves(world: World, who: Actor) -> None:
    assert who.id is not None
    with world.as_engine() as (session, now):
        let_staff_go(session, OPERATOR, who.id, now=now)


def takers(world: World) -> dict[UUID, tuple[UUID | None, datetime | None, datetime | None]]:
    with world.as_engine() as (session, _):
        rows = session.scalars(select(AlarmRow)).all()
        return {row.id: (row.acknowledged_by, row.snoozed_until, row.next_climb_at) for row in rows}


def test_who_leaves_hands_back_what_they_took_on_and_it_climbs_on(world: World) -> None:
    rosa, sam = hired(world, "rosa"), hired(world, "sam")
    taken, put_off, over, anothers = (raised(world) for _ in range(4))
    with world.as_engine() as (session, now):
        acknowledge(session, rosa, taken, now=now)
        snooze(session, rosa, put_off, now + timedelta(days=3), "known", now=now)
        acknowledge(session, rosa, over, now=now)
        clear_by_hand(session, rosa, over, "seen_to", now=now)
        acknowledge(session, sam, anothers, now=now)
        session.execute(text("UPDATE alarms SET raised_at = raised_at - interval '2 hours'"))
    before = takers(world)
    leaves(world, rosa)
    after = takers(world)
    assert [after[each][:2] for each in (taken, put_off)] == [(None, None)] * 2
    assert (after[over], after[anothers]) == (before[over], before[anothers])
    with world.as_engine() as (session, now):
        told = select(EventRow.subject_id, EventRow.data).where(EventRow.kind == "put_back").order_by(EventRow.seq)
        events = {row.subject_id: row.data for row in session.execute(told)}
        assert {each: data["was"] for each, data in events.items()} == {taken: "acknowledged", put_off: "snoozed"}
        assert {(data["before"], data["why"]) for data in events.values()} == {(str(rosa.id), "left")}
        assert climb(session, now) == 2, "as one that nobody took on"


def test_who_has_left_takes_nothing_on(world: World) -> None:
    rosa, alarm = hired(world, "rosa"), raised(world)
    leaves(world, rosa)
    with world.as_engine() as (session, now):
        for take in (
            lambda: acknowledge(session, rosa, alarm, now=now),
            lambda: snooze(session, rosa, alarm, now + timedelta(hours=1), "known", now=now),
        ):
            with pytest.raises(Refused, match="has left"):
                take()


@pytest.mark.parametrize("round_num", range(4))
def test_taken_on_as_they_leave_it_is_nobodys(world: World, round_num: int) -> None:
    rosa, alarms = hired(world, "rosa"), [raised(world) for _ in range(4)]

    def takes(alarm: UUID) -> Any:
        try:
            with world.as_engine() as (session, now):
                return acknowledge(session, rosa, alarm, now=now)
        except Refused as refused:
            return refused.reasons

    race([lambda: leaves(world, rosa), *(lambda alarm=each: takes(alarm) for each in alarms)])
    assert {taker for taker, *_ in takers(world).values()} == {None}
