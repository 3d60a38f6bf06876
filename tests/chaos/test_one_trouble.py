"""One job's trouble is not another's: a round that fails, or nonsense in Redis, keeps nobody else waiting."""

from collections.abc import Iterator

import pytest
import redis
from sqlalchemy import text
from worlds import World, small_world

from dispatch.bell import Bell, Position
from dispatch.worker import Dispatcher


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    with small_world(database_url) as made:
        yield made


def test_a_round_that_somebody_holds_does_not_hold_up_the_next(world: World, redis_url: str):
    held, free = world.post(), world.post()
    dispatcher = Dispatcher(world.engine, Bell(redis_url))
    with world.as_engine() as (session, _):
        session.execute(text("SELECT FROM slots WHERE job_id = :job FOR UPDATE"), {"job": held})
        assert dispatcher.turn() == 1
    assert world.offers(free)
    assert not world.offers(held)
    assert dispatcher.num_faults == 1
    assert dispatcher.turn() == 1
    assert world.offers(held)


def test_a_position_that_nobody_can_read_is_left_out(world: World, redis_url: str):
    bell = Bell(redis_url)
    good = Position(world.technicians[0], 30.0, -103.0, 1_900_000_000)
    with redis.Redis.from_url(redis_url) as client:
        for nonsense in ({"p": "nonsense"}, {"q": "1"}, {"p": '["x", 1, 2, 3]'}, {"p": "[1, 2]"}, {"p": "7"}):
            client.xadd("truckroll:positions", nonsense)
        assert bell.post_position(good)
        client.xadd("truckroll:positions", {"p": "null"})
    assert [position for _, position in bell.positions()] == [good]
    job = world.post()
    assert Dispatcher(world.engine, bell).turn() == 1
    assert world.offers(job)
