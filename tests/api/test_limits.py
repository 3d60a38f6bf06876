"""How often may a key ask? Together through Redis, each process alone without it."""

import pytest
import redis
from town import small_town

from api.errors import TooMany
from api.limits import Limiter
from dispatch.record.session import Actor
from dispatch.record.tables import new_id
from dispatch.settings import Settings

SETTINGS = Settings(requests_a_minute=3, gateway_requests_a_minute=5)
NOWHERE = "redis://127.0.0.1:1/0"


def _num_passed(limiter, actor, num=8):
    passed, waits = 0, []
    for _ in range(num):
        try:
            limiter.check(actor)
            passed += 1
        except TooMany as error:
            waits.append(error.retry_after_s)
    assert all(1 <= wait <= 60 for wait in waits)
    return passed


@pytest.mark.parametrize(("role", "allowed"), [("dispatcher", 3), ("gateway", 5)])
def test_a_key_may_ask_so_often_and_another_as_often_again(redis_url, role, allowed):
    limiter = Limiter(redis_url, SETTINGS)
    assert _num_passed(limiter, Actor(role, key_id=new_id())) == allowed
    assert _num_passed(limiter, Actor(role, key_id=new_id())) == allowed


def test_two_processes_count_together(redis_url):
    actor = Actor("dispatcher", key_id=new_id())
    first, second = Limiter(redis_url, SETTINGS), Limiter(redis_url, SETTINGS)
    assert _num_passed(first, actor, 2) + _num_passed(second, actor, 2) == 3


def test_without_redis_each_process_counts_for_itself():
    limiter = Limiter(NOWHERE, SETTINGS)
    assert _num_passed(limiter, Actor("dispatcher", key_id=new_id())) == 3
    assert not limiter.is_shared


def test_losing_the_counters_lets_more_through_and_breaks_nothing(redis_url):
    limiter, actor = Limiter(redis_url, SETTINGS), Actor("dispatcher", key_id=new_id())
    assert _num_passed(limiter, actor) == 3
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    assert _num_passed(limiter, actor) == 3


def test_the_refusal_says_when_to_ask_again_and_the_api_works_without_redis(database_url):
    with small_town(database_url, NOWHERE, requests_a_minute=3) as town:
        answers = [town.staff.get("/v1/bundles") for _ in range(5)]
        assert [each.status_code for each in answers] == [200, 200, 200, 429, 429]
        assert int(answers[-1].headers["Retry-After"]) >= 1
        assert answers[-1].json()["code"] == "too_many"
        assert town.http.get("/v1/health").json()["redis"] == "down"
