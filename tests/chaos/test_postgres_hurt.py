"""PostgreSQL is killed, restarted, stopped under load: no acknowledged yes is lost, all recover by themselves."""

import logging
from collections.abc import Callable

import httpx2
import pytest
from accounts import (
    assert_due_work_goes_on,
    assert_repeated_doubts_change_nothing,
    assert_replies_are_rows,
    assert_rows_are_sound,
    assert_yours_are_there,
    wait_until_settled,
)
from crowd import ALL_AT_ONCE, LIMIT_S, Crowd
from processes import System, kill_postgres, restart_postgres, stopped_postgres, until

from dispatch.private_postgres import PrivatePostgres

_log = logging.getLogger(__name__)


def killed(server: PrivatePostgres) -> None:
    kill_postgres(server)
    assert server.revive()


def restarted_fast(server: PrivatePostgres) -> None:
    restart_postgres(server, "fast")


def restarted_at_once(server: PrivatePostgres) -> None:
    restart_postgres(server, "immediate")


@pytest.mark.parametrize(("hurt", "seed"), [(killed, 11), (restarted_fast, 12), (restarted_at_once, 13)])
def test_what_was_acknowledged_survives_and_all_goes_on(
    system: System, num_rounds: int, hurt: Callable[[PrivatePostgres], None], seed: int
):
    with Crowd(system, seed).at_work() as crowd:
        for _ in range(num_rounds):
            crowd.post_job(**ALL_AT_ONCE)
            crowd.wait_for_yeses(8)
            hurt(system.postgres)
            assert_yours_are_there(crowd)
            assert_due_work_goes_on(crowd)
        wait_until_settled(crowd)
    system.api.assert_alive()
    system.dispatcher.assert_alive()
    _log.info("answers: %s, slowest %.2f s", crowd.statuses, crowd.slowest_s)
    assert_rows_are_sound(system)
    assert_replies_are_rows(crowd)
    assert_repeated_doubts_change_nothing(crowd)


def test_a_stopped_postgres_hangs_nobody_and_afterwards_all_goes_on(system: System):
    with Crowd(system, seed=14).at_work() as crowd:
        crowd.post_job(**ALL_AT_ONCE)
        crowd.wait_for_yeses(8)
        with stopped_postgres(system.postgres):
            until(lambda: crowd.num_refused >= 32, "thirty-two are told to ask again")
            health = httpx2.get(f"{system.base_url}/v1/health", timeout=20)
            assert health.status_code == 503
            assert health.elapsed.total_seconds() <= LIMIT_S
        assert_due_work_goes_on(crowd)
        wait_until_settled(crowd)
    system.api.assert_alive()
    system.dispatcher.assert_alive()
    _log.info("answers: %s, slowest %.2f s", crowd.statuses, crowd.slowest_s)
    assert crowd.num_doubts > 0
    assert_rows_are_sound(system)
    assert_replies_are_rows(crowd)
    assert_repeated_doubts_change_nothing(crowd)
