# ruff: noqa: DTZ001, DTZ901 - wall-clock times are naive by definition
"""America/New_York 2026: clocks skip 02:00-03:00 on 8 March and repeat 01:00-02:00 on 1 November."""

import io
import struct
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import LocalTimeFoldError, LocalTimeGapError, TimeZoneError, UnknownZoneError
from geo.places import load_places
from geo.points import Point
from geo.timezones import has_every_midnight_once, local_day, local_to_utc, zone, zone_at

NEW_YORK = zone("America/New_York")
US_ZONES = sorted({place.time_zone for place in load_places()[0]})


@pytest.mark.parametrize(
    ("lat", "lng", "name"),
    [
        (40.7, -74.0, "America/New_York"),
        (27.7, 85.3, "Asia/Kathmandu"),
        (60.69, -161.75, "America/Anchorage"),
        (33.45, -112.07, "America/Phoenix"),
        (18.4, -66.1, "America/Puerto_Rico"),
        (30, -150, "Etc/GMT+10"),
        (90, 0, "Etc/GMT"),
    ],
)
def test_a_place_is_in_its_zone(lat: float, lng: float, name: str) -> None:
    assert zone_at(Point(lat, lng)) == name


@given(st.builds(Point, st.floats(-90, 90), st.floats(-180, 180)))
def test_every_place_on_earth_has_a_zone_that_python_knows(point: Point) -> None:
    assert zone(zone_at(point)).key == zone_at(point)


@pytest.mark.parametrize("lat", [-90, 0, 90])
@pytest.mark.parametrize("lng", [-180, 180, -172.5, 172.5])
def test_poles_and_the_antimeridian_have_a_zone(lat: float, lng: float) -> None:
    assert zone_at(Point(lat, lng)) in available_timezones()


@pytest.mark.parametrize(
    "name", ["Napakiak", "", "../etc/passwd", "/etc/localtime", "America", "A\0B", "x" * 10_000, None, 5]
)
def test_an_unknown_zone_is_refused_by_name(name: str) -> None:
    with pytest.raises(UnknownZoneError, match="send an IANA name") as caught:
        zone(name)
    assert caught.value.field == "time_zone"


@pytest.mark.parametrize("written", ["america/new_york", "America/New York", "America/NewYork"])
def test_a_misspelt_zone_gets_the_right_name_offered(written: str) -> None:
    with pytest.raises(UnknownZoneError, match=r"did you mean 'America/New_York'\?"):
        zone(written)


def test_an_ordinary_local_time_has_its_instant() -> None:
    assert local_to_utc(datetime(2026, 7, 1, 9), NEW_YORK) == datetime(2026, 7, 1, 13, tzinfo=UTC)
    assert local_to_utc(datetime(2026, 1, 1, 9), NEW_YORK) == datetime(2026, 1, 1, 14, tzinfo=UTC)


def test_kathmandu_is_five_hours_and_three_quarters_ahead() -> None:
    kathmandu = zone("Asia/Kathmandu")
    assert local_to_utc(datetime(2026, 3, 1, 5, 45), kathmandu) == datetime(2026, 3, 1, tzinfo=UTC)
    assert local_day(datetime(2026, 2, 28, 18, 15, tzinfo=UTC), kathmandu) == date(2026, 3, 1)
    assert local_day(datetime(2026, 2, 28, 18, 14, 59, tzinfo=UTC), kathmandu) == date(2026, 2, 28)


@given(st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1)), st.sampled_from(US_ZONES))
def test_every_instant_comes_back_from_its_local_time_and_offset(naive: datetime, name: str) -> None:
    instant, local_zone = naive.replace(tzinfo=UTC), zone(name)
    local = instant.astimezone(local_zone)
    assert local_to_utc(local.replace(tzinfo=None), local_zone, local.utcoffset()) == instant


@pytest.mark.parametrize(
    ("local", "name", "gap"),
    [
        (datetime(2026, 3, 8, 2), "America/New_York", ("2026-03-08T02:00:00", "2026-03-08T03:00:00")),
        (datetime(2026, 3, 8, 2, 30), "America/New_York", ("2026-03-08T02:00:00", "2026-03-08T03:00:00")),
        (datetime(2026, 3, 8, 2, 59, 59, 999999), "America/New_York", ("2026-03-08T02:00:00", "2026-03-08T03:00:00")),
        (datetime(2026, 10, 4, 2, 15), "Australia/Lord_Howe", ("2026-10-04T02:00:00", "2026-10-04T02:30:00")),
        (datetime(2011, 12, 30, 12), "Pacific/Apia", ("2011-12-30T00:00:00", "2011-12-31T00:00:00")),
    ],
)
def test_a_skipped_time_is_refused_with_the_gap_and_the_next_valid_time(
    local: datetime, name: str, gap: tuple[str, str]
) -> None:
    with pytest.raises(LocalTimeGapError) as caught:
        local_to_utc(local, zone(name))
    assert f"the clocks go from {gap[0]} to {gap[1]}; the next valid time is {gap[1]}" in str(caught.value)
    with pytest.raises(LocalTimeGapError):
        local_to_utc(local, zone(name), timedelta(hours=-5))
    local_to_utc(datetime.fromisoformat(gap[1]), zone(name))


def test_the_last_moment_before_a_gap_and_the_first_after_it_are_neighbours() -> None:
    before = local_to_utc(datetime(2026, 3, 8, 1, 59, 59), NEW_YORK)
    assert local_to_utc(datetime(2026, 3, 8, 3), NEW_YORK) - before == timedelta(seconds=1)


@pytest.mark.parametrize("fold", [0, 1])
def test_a_time_that_comes_twice_demands_its_offset_whatever_python_would_choose(fold: int) -> None:
    twice = datetime(2026, 11, 1, 1, 30, fold=fold)
    with pytest.raises(LocalTimeFoldError, match="-04:00 or -05:00"):
        local_to_utc(twice, NEW_YORK)
    assert local_to_utc(twice, NEW_YORK, timedelta(hours=-4)) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    assert local_to_utc(twice, NEW_YORK, timedelta(hours=-5)) == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)


def test_the_edges_of_a_fold_come_once() -> None:
    assert local_to_utc(datetime(2026, 11, 1, 0, 59, 59), NEW_YORK).hour == 4
    assert local_to_utc(datetime(2026, 11, 1, 2), NEW_YORK).hour == 7


def test_an_offset_that_is_not_in_force_is_refused_with_the_right_one() -> None:
    with pytest.raises(TimeZoneError, match=r"never at \+02:00: there it is -04:00"):
        local_to_utc(datetime(2026, 7, 1, 9), NEW_YORK, timedelta(hours=2))


def test_a_local_time_with_an_offset_and_an_instant_without_are_refused() -> None:
    with pytest.raises(TimeZoneError, match="bears an offset"):
        local_to_utc(datetime(2026, 7, 1, tzinfo=UTC), NEW_YORK)
    with pytest.raises(TimeZoneError, match="bears no offset"):
        local_day(datetime(2026, 7, 1), NEW_YORK)


def test_the_ends_of_the_calendar_are_refused_not_crashed_into() -> None:
    with pytest.raises(TimeZoneError, match="leaves the calendar"):
        local_to_utc(datetime.max, NEW_YORK)
    with pytest.raises(TimeZoneError, match="leaves the calendar"):
        local_to_utc(datetime.min, zone("Asia/Kathmandu"))
    with pytest.raises(TimeZoneError, match="leaves the calendar"):
        local_day(datetime.max.replace(tzinfo=UTC), zone("Asia/Kathmandu"))
    assert local_to_utc(datetime(9999, 12, 31, 12), NEW_YORK).year == 9999


def test_the_day_is_that_of_the_place_not_of_the_server() -> None:
    late = datetime(2026, 6, 1, 3, 59, tzinfo=UTC)
    assert local_day(late, NEW_YORK) == date(2026, 5, 31)
    assert local_day(late.astimezone(timezone(timedelta(hours=9))), NEW_YORK) == date(2026, 5, 31)


def zone_of_one_offset(hours: int) -> ZoneInfo:
    """A zone file (RFC 8536, version 1) without changes of clocks, as an edition of the zone database has it."""
    header = b"TZif" + bytes(16) + struct.pack(">6l", 0, 0, 0, 0, 1, 4)
    return ZoneInfo.from_file(io.BytesIO(header + struct.pack(">lbb", hours * 3600, 0, 0) + b"XYZ\0"), key="Test/Town")


def test_when_the_zone_database_changes_a_wall_clock_time_keeps_its_hour_and_moves_its_instant() -> None:
    nine = datetime(2030, 6, 1, 9)
    before, after = zone_of_one_offset(-6), zone_of_one_offset(-5)
    assert local_to_utc(nine, before) - local_to_utc(nine, after) == timedelta(hours=1)
    with pytest.raises(TimeZoneError, match=r"never at -06:00: there it is -05:00"):
        local_to_utc(nine, after, timedelta(hours=-6))


def test_a_zone_whose_clocks_change_at_midnight_has_days_that_begin_twice_or_not_at_00_00():
    assert has_every_midnight_once("America/New_York")
    assert has_every_midnight_once("UTC")
    assert not has_every_midnight_once("America/Havana"), "one day each autumn begins twice"
    assert not has_every_midnight_once("America/Sao_Paulo"), "until 2019 one day each spring began at 01:00"
    with pytest.raises(UnknownZoneError):
        has_every_midnight_once("Mars/Base")
