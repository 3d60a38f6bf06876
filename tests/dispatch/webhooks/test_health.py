"""An endpoint that fails is left alone longer and longer, waits apart, and comes back by answering well."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from dispatch.webhooks.health import (
    BREAKS_AFTER,
    MAX_TRIES,
    SLOW_MS,
    TROUBLED_FROM,
    Answer,
    Health,
    after,
    has_failed_for_good,
    next_try,
)

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
GOOD, SLOW = Answer("ok", 20, 204), Answer("ok", SLOW_MS + 1, 200)
BAD, DEAD = Answer("http_500", 20, 500), Answer("unreachable", 2)


def lived(*answers: Answer) -> Health:
    health = Health()
    for num, answer in enumerate(answers):
        health = after(health, answer, NOW + timedelta(minutes=num), 0.5)
    return health


def test_failures_in_a_row_are_counted_from_the_first_and_forgotten_by_one_success():
    failing = lived(BAD, DEAD, BAD)
    assert (failing.num_failures, failing.failing_since) == (3, NOW)
    recovered = after(failing, GOOD, NOW, 0.5)
    assert (recovered.num_failures, recovered.failing_since, recovered.next_try_at) == (0, None, None)


def test_after_five_in_a_row_the_endpoint_is_left_alone_and_tried_by_one_delivery():
    assert lived(*[BAD] * (BREAKS_AFTER - 1)).may_try(NOW)
    broken = lived(*[BAD] * BREAKS_AFTER)
    last = NOW + timedelta(minutes=BREAKS_AFTER - 1)
    assert broken.is_on_trial
    assert broken.next_try_at == last + timedelta(seconds=4)
    assert not broken.may_try(last + timedelta(seconds=3))
    assert broken.may_try(last + timedelta(seconds=4))
    much_later = lived(*[BAD] * 40)
    assert much_later.next_try_at is not None
    assert much_later.next_try_at - (NOW + timedelta(minutes=39)) == timedelta(seconds=720)


def test_one_delivery_that_fails_again_and_again_does_not_stop_the_others():
    health = Health()
    for num in range(50):
        health = after(health, BAD, NOW, 0.5, is_first_try=num == 0)
    assert (health.num_failures, health.is_on_trial) == (1, False)
    assert after(lived(*[BAD] * BREAKS_AFTER), BAD, NOW, 0.5, is_first_try=False).num_failures == BREAKS_AFTER + 1


def test_retry_after_is_heeded_up_to_an_hour():
    asked = replace(BAD, status=429, retry_after_s=90.0)
    assert after(Health(), asked, NOW, 0.5).next_try_at == NOW + timedelta(seconds=90)
    assert after(Health(), replace(asked, retry_after_s=1e6), NOW, 0.5).next_try_at == NOW + timedelta(hours=1)


def test_failing_or_slow_moves_to_the_troubled_and_only_a_row_of_good_answers_back():
    num = TROUBLED_FROM // 3
    for sign in (BAD, SLOW):
        assert not lived(*[sign] * (num - 1)).is_troubled
        assert lived(*[sign] * num).is_troubled
    assert lived(*[SLOW] * num).num_failures == 0
    troubled = lived(*[BAD] * num)
    for _ in range(TROUBLED_FROM - 1):
        troubled = after(troubled, GOOD, NOW, 0.5)
        assert troubled.is_troubled
    assert not after(troubled, GOOD, NOW, 0.5).is_troubled


def test_one_failure_in_five_stays_among_the_healthy():
    health = Health()
    for num in range(1_000):
        health = after(health, BAD if num % 5 == 0 else GOOD, NOW, 0.5)
        assert not health.is_troubled


def test_tries_of_a_delivery_spread_over_a_day():
    waits = [(next_try(num, NOW, 0.999) - NOW).total_seconds() for num in range(1, MAX_TRIES)]
    assert waits == sorted(waits)
    assert waits[0] < 5.1
    assert 22 * 3600 < sum(waits) < 24 * 3600


def test_a_delivery_fails_for_good_after_its_tries_unless_the_endpoint_takes_nothing_at_all():
    assert not has_failed_for_good(MAX_TRIES - 1, Health())
    assert has_failed_for_good(MAX_TRIES, Health())
    assert not has_failed_for_good(MAX_TRIES + 5, lived(*[DEAD] * BREAKS_AFTER))
