"""When does a technician work?"""

from datetime import datetime, timedelta

import pytest
from worlds import World

from dispatch.errors import BadInput, NotFound
from dispatch.record.tables import new_id
from dispatch.talent.reading import read_technicians
from dispatch.talent.schedules import give_time_back, set_hours, take_time_off


def test_hours_are_replaced_as_a_whole_and_none_means_any_time(world: World) -> None:
    me, who = world.technician(0), world.technicians[0]
    with world.as_engine() as (session, now):
        set_hours(session, me, who, [(4, 780, 1080), (0, 480, 1080), (4, 480, 780)], now=now)
        assert read_technicians(session, [who], now=now)[0].hours == ((0, 480, 1080), (4, 480, 780), (4, 780, 1080))
        set_hours(session, me, who, [], now=now)
        assert read_technicians(session, [who], now=now)[0].hours == ()


@pytest.mark.parametrize(
    "hours",
    [[(7, 0, 60)], [(-1, 0, 60)], [(0, 60, 60)], [(0, 0, 1441)], [(0, -1, 60)], [(0, 480, 720), (0, 719, 800)]],
)
def test_hours_that_cannot_be_are_refused(world: World, hours: list[tuple[int, int, int]]) -> None:
    with world.as_engine() as (session, now), pytest.raises(BadInput, match="hours"):
        set_hours(session, world.technician(0), world.technicians[0], hours, now=now)


def test_time_off_can_be_taken_and_given_back_by_its_owner(world: World) -> None:
    me, who = world.technician(0), world.technicians[0]
    with world.as_engine() as (session, now):
        start = now.replace(microsecond=0) + timedelta(days=1)
        time_off = take_time_off(session, me, who, start, start + timedelta(days=2), now=now)
        begin_s = int(start.timestamp())
        assert read_technicians(session, [who], now=now)[0].time_off == ((begin_s, begin_s + 2 * 86400),)
        with pytest.raises(NotFound):
            give_time_back(session, world.technician(1), world.technicians[1], time_off, now=now)
        give_time_back(session, me, who, time_off, now=now)
        assert read_technicians(session, [who], now=now)[0].time_off == ()
        with pytest.raises(NotFound):
            give_time_back(session, me, who, new_id(), now=now)


def test_time_off_is_aware_forward_and_finite(world: World) -> None:
    me, who, hour = world.technician(0), world.technicians[0], timedelta(hours=1)
    with world.as_engine() as (session, now):
        for start, end in (
            (now + hour, now + hour),
            (now + hour, now),
            (now - 2 * hour, now - hour),
            (now, now + timedelta(days=800)),
            (now.replace(tzinfo=None), now + hour),
            (now, datetime(9999, 1, 1, tzinfo=now.tzinfo)),
        ):
            with pytest.raises(BadInput):
                take_time_off(session, me, who, start, end, now=now)
