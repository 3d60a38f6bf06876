"""What a position proves, and what looks wrong with it."""

from datetime import UTC, datetime, timedelta

import pytest

from dispatch.visits.positions import Fix, LastKnown, compare
from dispatch.visits.travelling import Place

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SITE = Place(30.0, -103.0)
#: One metre of latitude, in degrees.
METRE = 1 / 111_195


def at(metres: float, accuracy_m: float = 10, *, is_mocked: bool = False, last: LastKnown | None = None) -> dict:
    """North of the site by so many metres; the geofence is 200 m."""
    fix = Fix(SITE.lat + metres * METRE, SITE.lng, accuracy_m, is_mocked)
    return compare(fix, SITE, 200, at=NOW, last=last)


@pytest.mark.parametrize(
    ("metres", "accuracy_m", "is_within"),
    [
        (0, 10, True),
        (199, 200, True),
        (199, 201, None),
        (205, 10, None),
        (220, 10, False),
        (5300, 5000, False),
        (5100, 5000, None),
        (0, 5000, None),
    ],
)
def test_a_fix_proves_presence_absence_or_neither(metres: float, accuracy_m: float, is_within: bool | None) -> None:
    found = at(metres, accuracy_m)
    assert found["is_within"] is is_within
    assert found["distance_m"] == pytest.approx(metres, abs=1)


def test_what_looks_wrong_is_named() -> None:
    assert at(0)["signs"] == []
    assert at(0, 0, is_mocked=True)["signs"] == ["accuracy_zero", "mocked"]


@pytest.mark.parametrize(("seconds", "is_odd"), [(60, True), (3600, False), (-60, True)])
def test_nobody_is_faster_than_an_airliner(seconds: int, is_odd: bool) -> None:
    # 100 km away, so many seconds ago (or later: stamps without signal come in any order).
    last = LastKnown(SITE.lat + 100_000 * METRE, SITE.lng, NOW - timedelta(seconds=seconds))
    assert (at(0, last=last)["signs"] == ["impossible_speed"]) is is_odd


def test_two_vague_fixes_of_one_place_are_no_journey() -> None:
    last = LastKnown(SITE.lat + 900 * METRE, SITE.lng, NOW)
    assert at(0, last=last)["signs"] == []
