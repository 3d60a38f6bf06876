"""Which pieces of work one person could do on one day: tried against every order."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise, permutations
from random import Random
from uuid import UUID

import pytest

from geo.travel import GreatCircleTravel
from matching.sitedays import EXACT, MAX_GROUP, Piece, fits_one_person, group_day

DAY = datetime(2027, 3, 1, tzinfo=UTC)
TRAVEL = GreatCircleTravel()


def _piece(num, start_h, end_h, minutes=60, lat=30.0):
    start, end = DAY + timedelta(hours=start_h), DAY + timedelta(hours=end_h)
    return Piece(UUID(int=num), lat, -103.0, start, end - timedelta(minutes=minutes), minutes)


def _fits_by_trying(pieces):
    for order in permutations(pieces):
        start = order[0].earliest_at
        is_fit = start <= order[0].latest_at
        for before, after in pairwise(order):
            way = int(TRAVEL.times([before], [after]).seconds[0, 0])
            start = max(after.earliest_at, start + timedelta(minutes=before.duration_min, seconds=way))
            is_fit = is_fit and start <= after.latest_at
        if is_fit:
            return True
    return False


def test_small_groups_fit_exactly_when_some_order_does():
    chance, seen = Random(5), set()
    for _ in range(300):
        pieces = []
        for num in range(chance.randint(2, 5)):
            start = chance.randint(8, 13)
            pieces.append(_piece(num, start, start + chance.randint(2, 4), chance.choice((30, 60, 120)),
                                 30 + chance.random() / 5))  # fmt: skip
        seen.add(wanted := _fits_by_trying(pieces))
        assert fits_one_person(pieces, TRAVEL) == wanted
    assert seen == {True, False}


def test_the_order_by_deadline_alone_would_miss_a_short_piece_before_a_long_window():
    exact, wide = _piece(1, 9, 10), _piece(2, 8, 9.5, 60)
    assert fits_one_person([exact, wide], TRAVEL)
    assert not fits_one_person([exact, _piece(2, 8.5, 10, 60)], TRAVEL)


@pytest.mark.parametrize(("hours", "fits"), [(EXACT + 1, True), (EXACT + 0.9, False)])
def test_large_groups_are_tried_by_deadline(hours, fits):
    assert fits_one_person([_piece(num, 8, 8 + hours) for num in range(EXACT + 1)], TRAVEL) == fits


def test_groups_hold_what_the_day_holds_each_piece_once():
    groups = group_day([_piece(num, 8, 12) for num in range(6)], 0, TRAVEL)
    assert [len(each.pieces) for each in groups] == [4, 2]
    assert (groups[0].total_min, groups[0].span_m) == (240, 0)
    many = group_day([_piece(num, 0, 24, 30) for num in range(MAX_GROUP + 1)], 0, TRAVEL)
    assert [len(each.pieces) for each in many] == [MAX_GROUP]
    assert group_day([], 0, TRAVEL) == []


def test_no_two_of_a_group_are_further_apart_than_asked():
    row = [_piece(num, 8, 20, 60, 30 + num * 0.08) for num in range(3)]
    assert [[each.id.int for each in group.pieces] for group in group_day(row, 10_000, TRAVEL)] == [[0, 1]]
    assert [len(group.pieces) for group in group_day(row, 20_000, TRAVEL)] == [3]
    assert group_day(row, 0, TRAVEL) == []
