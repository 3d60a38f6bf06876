"""The bell wakes; without Redis everybody goes on by the clock, and nothing raises."""

import threading
import time

import redis

from dispatch.bell import Bell, Position
from dispatch.record.tables import new_id

GONE = "redis://127.0.0.1:1/0"


def test_a_ring_wakes_whoever_waits(redis_url: str) -> None:
    listener, ringer = Bell(redis_url), Bell(redis_url)
    listener.wait("bell", 0.2)
    timer = threading.Timer(0.2, ringer.ring)
    timer.start()
    woken = [listener.wait("bell", 5.0) for _ in range(2)]
    assert True in woken
    timer.join()


def test_rings_that_came_meanwhile_count_as_one(redis_url: str) -> None:
    listener, ringer = Bell(redis_url), Bell(redis_url)
    listener.wait("bell", 0.2)
    for _ in range(5):
        ringer.ring()
    time.sleep(0.1)
    assert listener.wait("bell", 1.0)
    assert not listener.wait("bell", 0.05)


def test_without_redis_nothing_raises_and_waiting_takes_its_time() -> None:
    bell = Bell(GONE)
    bell.ring()
    assert not bell.is_up
    started = time.monotonic()
    assert not bell.wait("bell", 0.3)
    assert time.monotonic() - started >= 0.25
    assert not bell.post_position(Position(new_id(), 1.0, 2.0, 3))
    assert list(bell.positions()) == []


def test_after_a_flush_rings_are_heard_again(redis_url: str) -> None:
    listener, ringer = Bell(redis_url), Bell(redis_url)
    listener.wait("bell", 0.2)
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    ringer.ring()
    assert listener.wait("bell", 2.0)


def test_positions_are_read_in_order_and_only_once(redis_url: str) -> None:
    bell = Bell(redis_url)
    first, second = (Position(new_id(), 30.0 + at, -103.0, 1_900_000_000) for at in range(2))
    assert bell.post_position(first)
    (place, read), *rest = bell.positions()
    assert (read, rest) == (first, [])
    assert bell.post_position(second)
    assert [position for _, position in bell.positions(place)] == [second]
