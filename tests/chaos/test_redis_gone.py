"""Redis is emptied, stopped, killed: nothing is lost, due work goes on by the clock, nobody waits long."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
import redis
from accounts import assert_due_work_goes_on, assert_replies_are_rows, assert_rows_are_sound, wait_until_settled
from crowd import Crowd
from processes import System, kill_valkey, standing_still, until, valkey_pid

from dispatch.private_valkey import PrivateValkey

_log = logging.getLogger(__name__)


@contextmanager
def emptied_again_and_again(server: PrivateValkey) -> Iterator[None]:
    with redis.Redis.from_url(server.url()) as client:
        for _ in range(20):
            client.flushall()
            time.sleep(0.02)
        yield
        client.flushall()


@contextmanager
def stopped(server: PrivateValkey) -> Iterator[None]:
    with standing_still([valkey_pid(server)]):
        yield


@contextmanager
def killed(server: PrivateValkey) -> Iterator[None]:
    kill_valkey(server)
    yield
    assert server.revive()


@pytest.mark.parametrize(("hurt", "seed"), [(emptied_again_and_again, 21), (stopped, 22), (killed, 23)])
def test_nothing_needs_redis_and_bells_ring_again_when_it_returns(
    system: System, num_rounds: int, hurt: Callable[[PrivateValkey], AbstractContextManager[None]], seed: int
):
    with Crowd(system, seed).at_work() as crowd:
        with hurt(system.valkey):
            for _ in range(num_rounds + 1):
                assert_due_work_goes_on(crowd)
        assert_due_work_goes_on(crowd)
        with redis.Redis.from_url(system.valkey.url()) as client:
            until(lambda: dict(client.pubsub_numsub("truckroll:bell"))[b"truckroll:bell"], "the dispatcher listens")
            assert rings(client, crowd.post_job)
        until(lambda: system.health()["redis"] == "up", "the API counts requests in Redis again")
        wait_until_settled(crowd)
    system.api.assert_alive()
    system.dispatcher.assert_alive()
    _log.info("answers: %s, slowest %.2f s", crowd.statuses, crowd.slowest_s)
    assert set(crowd.statuses) <= {"200", "201", "200 offers"} | {each for each in crowd.statuses if each[:3] == "409"}
    assert_rows_are_sound(system)
    assert_replies_are_rows(crowd)


def rings(client: redis.Redis, post_job: Callable[[], object]) -> bool:
    """Whether posting rings the dispatcher's bell, at the latest a few jobs later: the API has to see that it can."""
    with client.pubsub(ignore_subscribe_messages=True) as ear:
        ear.subscribe("truckroll:bell")
        until(lambda: post_job() and ear.get_message(timeout=1), "the bell rings")
    return True
