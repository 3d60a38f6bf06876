"""kill -9 of our own processes at any moment: what was acknowledged is there, and what is due goes on."""

import random
import time

from accounts import (
    assert_due_work_goes_on,
    assert_repeated_doubts_change_nothing,
    assert_replies_are_rows,
    assert_rows_are_sound,
    assert_yours_are_there,
    wait_until_settled,
)
from crowd import ALL_AT_ONCE, Crowd
from processes import System


def test_a_killed_dispatcher_goes_on_where_it_was(system: System, num_rounds: int):
    moments = random.Random(1)
    with Crowd(system, seed=1).at_work() as crowd:
        for _ in range(num_rounds):
            time.sleep(moments.uniform(0.2, 1.2))
            system.dispatcher.kill()
            system.wait_for_no_dispatcher()
            system.dispatcher.start()
            system.wait_for_dispatchers()
            assert_due_work_goes_on(crowd)
        wait_until_settled(crowd)
    assert crowd.num_yours > 0
    assert_rows_are_sound(system)
    assert_replies_are_rows(crowd)


def test_a_killed_api_loses_no_yes_and_does_none_twice(system: System, num_rounds: int):
    with Crowd(system, seed=2).at_work() as crowd:
        for _ in range(num_rounds):
            crowd.post_job(**ALL_AT_ONCE)
            crowd.wait_for_yeses(8)
            system.api.kill()
            assert_yours_are_there(crowd)
            system.api.start()
            system.wait_for_api()
            assert_due_work_goes_on(crowd)
        wait_until_settled(crowd)
    assert crowd.num_doubts > 0
    assert_rows_are_sound(system)
    assert_replies_are_rows(crowd)
    assert_repeated_doubts_change_nothing(crowd)


def test_of_two_dispatchers_each_does_a_thing_once_and_one_is_enough(system: System, num_rounds: int):
    other = system.process("dispatcher", log="other dispatcher")
    with Crowd(system, seed=3).at_work() as crowd:
        try:
            for _ in range(num_rounds):
                other.start()
                system.wait_for_dispatchers(2)
                assert_due_work_goes_on(crowd)
                other.kill()
                assert_due_work_goes_on(crowd)
        finally:
            other.kill()
        wait_until_settled(crowd)
    assert_rows_are_sound(system)
    assert_replies_are_rows(crowd)
