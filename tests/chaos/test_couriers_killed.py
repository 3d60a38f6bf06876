"""kill -9 of the courier, and restarts of PostgreSQL below it: every event is told, and in order for each job."""

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from hooks import Hooks, hooks_in
from processes import System, restart_postgres, until

from dispatch.record.tables import new_id


@pytest.fixture
def hooks(system: System) -> Iterator[Hooks]:
    """Endpoints on loopback, which the courier of this test may call."""
    system.courier.stop()
    allowed = {"TRUCKROLL_WEBHOOK_ALLOW": "127.0.0.0/8"}
    usual, system.courier = system.courier, replace(system.courier, environment=system.courier.environment | allowed)
    system.courier.start()
    try:
        with hooks_in(system.postgres.url()) as found:
            yield found
    finally:
        system.courier.stop()
        system.courier = usual
        system.courier.start()


def test_a_killed_courier_loses_nothing_and_a_restarted_database_neither(
    system: System, hooks: Hooks, num_rounds: int, tmp_path: Path
):
    """Ten jobs, told to two endpoints of which one fails at random; events go on while the courier is dead.

    The waits between tries are passed over: a job whose events fail three times running waits for minutes, as it
    should, and that was more than the ninety seconds again and again.
    """
    client, jobs = hooks.client(), [new_id() for _ in range(10)]
    hooks.endpoint(client, "/a", "job.*")
    hooks.endpoint(client, "/b", "job.*", fails=0.1)
    num_told = 0

    def happen(num: int) -> None:
        nonlocal num_told
        for _ in range(num):
            hooks.happen(client, *jobs)
            num_told += len(jobs)

    def all_are_told() -> None:
        for path in ("/a", "/b"):
            until(partial(told_or_tried_again, path), f"all at {path}", seconds=90, every_s=0.25)
            assert (hooks.heard(path).out_of_order, hooks.heard(path).num_bad_signatures) == (0, 0)

    def told_or_tried_again(path: str) -> bool:
        hooks.let_waits_pass()
        return len(hooks.heard(path).taken) == num_told

    for _ in range(num_rounds):
        happen(10)
        time.sleep(0.1)
        system.courier.kill()
        happen(2)
        system.courier.start()
        happen(5)
        all_are_told()
    restart_postgres(system.postgres, "fast")
    hooks.engine.dispose()
    happen(5)
    all_are_told()
    assert hooks.heard("/b").num_refused > 0
    system.courier.assert_alive()
