"""Chance that depends on the seed and the purpose alone."""

from matching.seeds import draw


def test_the_same_seed_and_purpose_draw_the_same_number_for_ever():
    """A stored decision replays only while this number stays."""
    assert draw(1, b"tie", b"job") == draw(1, b"tie", b"job") == 6968998343997960089


def test_another_seed_or_purpose_draws_another_number():
    numbers = {draw(1, b"a"), draw(2, b"a"), draw(-1, b"a"), draw(1, b"b"), draw(1, b"a", b""), draw(1, b"a", b"b")}
    assert len(numbers) == 6


def test_the_numbers_spread_evenly_over_their_range():
    shares = [draw(seed, b"spread") / 2**64 for seed in range(2000)]
    assert all(170 < sum(low <= share * 10 < low + 1 for share in shares) < 235 for low in range(10))
