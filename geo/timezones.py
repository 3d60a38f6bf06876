"""Which zone is a place in, and which instant is a local time there?

Wall-clock times are naive datetimes, instants are aware ones; a naive instant or an aware wall-clock time is refused.
Zones come from the IANA database that Python finds (the system's, else the ``tzdata`` package). Rules change: whoever
plans ahead keeps the wall-clock time and the zone's name and computes the instant again after an update.
"""

from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import tzfpy

from geo.distance import Located
from geo.errors import LocalTimeFoldError, LocalTimeGapError, TimeZoneError, UnknownZoneError


def zone_at(point: Located) -> str:
    """Return the IANA name of the zone that a place is in; at sea the nautical one, such as ``Etc/GMT+5``.

    The zones' outlines are simplified: close to a border the neighbour's zone may come back.
    """
    name: str = tzfpy.get_tz(point.lng, point.lat)
    return name or _nautical_zone(point.lng)


def zone(name: str) -> ZoneInfo:
    """Return the zone of an IANA name such as ``America/New_York``; the letters' case counts.

    Raises
    ------
    UnknownZoneError
        The zone database has no such zone; the message offers the nearest name.
    """
    if not isinstance(name, str) or name not in _zone_names():
        raise UnknownZoneError(
            f"time zone {name!r} is unknown: send an IANA name such as 'America/New_York'{_nearest_name(name)}",
            field="time_zone",
        )
    return ZoneInfo(name)


@cache
def has_every_midnight_once(name: str) -> bool:
    """Whether every day of 2000 to 2049 begins at 00:00, once: where the clocks change at midnight some don't.

    Raises
    ------
    UnknownZoneError
        The zone database has no such zone.
    """
    midnight = datetime(2000, 1, 1, tzinfo=zone(name))
    while midnight.year < 2050:
        if midnight.utcoffset() != midnight.replace(fold=1).utcoffset():
            return False
        midnight += timedelta(days=1)
    return True


def local_to_utc(local: datetime, zone: ZoneInfo, offset: timedelta | None = None) -> datetime:
    """Return the UTC instant at which the clocks of `zone` show the naive time `local`.

    `offset` from UTC says which one is meant where the clocks show it twice; elsewhere it may be given as a check.

    Raises
    ------
    LocalTimeGapError
        The clocks skip this time; the message names the gap and the next time that exists.
    LocalTimeFoldError
        The time comes twice and no offset was given; the message names both.
    TimeZoneError
        `local` bears an offset itself, the offset given is not in force then, or the instant is outside years 1-9999.
    """
    if local.tzinfo is not None:
        raise TimeZoneError(f"local time {local.isoformat()} bears an offset: send it without, the zone gives it")
    instants = _instants(local, zone)
    if not instants:
        raise _gap_error(local, zone)
    if offset is not None:
        if offset not in instants:
            valid = " or ".join(_offset_text(o) for o in instants)
            raise TimeZoneError(
                f"local time {local.isoformat()} in {zone.key} is never at {_offset_text(offset)}: there it is {valid}"
            )
        return instants[offset]
    if len(instants) > 1:
        first, second = (_offset_text(o) for o in instants)
        raise LocalTimeFoldError(
            f"local time {local.isoformat()} comes twice in {zone.key}: say which by the offset, {first} or {second}"
        )
    return next(iter(instants.values()))


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """Return the calendar day in `zone` at an aware instant.

    Raises
    ------
    TimeZoneError
        The instant bears no offset, or the local day is outside years 1-9999.
    """
    if instant.utcoffset() is None:
        raise TimeZoneError(f"instant {instant.isoformat()} bears no offset: send it with one, such as +00:00")
    try:
        return instant.astimezone(zone).date()
    except OverflowError:
        raise _calendar_end_error(instant, zone) from None


def first_at(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the first UTC instant at which the clocks of `zone` show the naive time `local` or a later one.

    What begins by the clock begins then: at the first of two, and where the time is skipped, when the clocks jump.
    Raises `TimeZoneError` outside years 1-9999.
    """
    return next(iter(_instants(local, zone).values()), None) or _change_at(local, zone)[0]


def last_at(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the UTC instant from which on the clocks of `zone` show `local` or later ones, as `first_at` otherwise.

    What ends by the clock ends then: at the last of two, unless the clocks jump back to this very time, which shows
    none before it again.
    """
    shown = sorted(_instants(local, zone).values())
    if not shown:
        return _change_at(local, zone)[0]
    jumps = len(shown) == 2 and _clock(shown[1] - timedelta(microseconds=1), zone) > local.replace(fold=0)
    return shown[0] if jumps else shown[-1]


def _clock(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def _instants(local: datetime, zone: ZoneInfo) -> dict[timedelta, datetime]:
    """Return the UTC instants at which the clocks show `local`, by offset, earlier first: none, one or two."""
    found: dict[timedelta, datetime] = {}
    for fold in (0, 1):
        reading = local.replace(tzinfo=zone, fold=fold)
        try:
            instant = reading.astimezone(UTC)
            shown = _clock(instant, zone)
        except OverflowError:
            raise _calendar_end_error(local, zone) from None
        # Python gives a skipped time an instant as well, at which the clocks show something else.
        if shown == local.replace(fold=0):
            found[reading.utcoffset() or timedelta(0)] = instant
    return found


def _gap_error(local: datetime, zone: ZoneInfo) -> LocalTimeGapError:
    """Name the change of clocks around a skipped time."""
    change, old_offset = _change_at(local, zone)
    gap_start = (change + old_offset).replace(tzinfo=None)
    gap_end = change.astimezone(zone).replace(tzinfo=None)
    return LocalTimeGapError(
        f"local time {local.isoformat()} does not exist in {zone.key}: the clocks go from {gap_start.isoformat()} to "
        f"{gap_end.isoformat()}; the next valid time is {gap_end.isoformat()}"
    )


def _change_at(local: datetime, zone: ZoneInfo) -> tuple[datetime, timedelta]:
    """Find the change of clocks around a skipped time by bisection: its instant, and the offset before it."""
    whole = local.replace(microsecond=0)
    before = whole.replace(tzinfo=zone, fold=1).astimezone(UTC)  # read with the later offset: too early
    after = whole.replace(tzinfo=zone, fold=0).astimezone(UTC)  # read with the earlier offset: too late, or the change
    old_offset = before.astimezone(zone).utcoffset() or timedelta(0)
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == old_offset:
            before = middle
        else:
            after = middle
    return after, old_offset


def _calendar_end_error(moment: datetime, zone: ZoneInfo) -> TimeZoneError:
    return TimeZoneError(f"{moment.isoformat()} in {zone.key} leaves the calendar: years 1 to 9999 are possible")


def _offset_text(offset: timedelta) -> str:
    sign, minutes = ("-", -offset) if offset < timedelta(0) else ("+", offset)
    hours, seconds = divmod(int(minutes.total_seconds()), 3600)
    text = f"{sign}{hours:02d}:{seconds // 60:02d}"
    return text if seconds % 60 == 0 else f"{text}:{seconds % 60:02d}"


def _nautical_zone(lng: float) -> str:
    hours = round(lng / 15)
    # The sign of these names is the POSIX one: west is positive.
    return "Etc/GMT" if hours == 0 else f"Etc/GMT{-hours:+d}"


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones())


def _nearest_name(name: object) -> str:
    by_lower = {known.lower(): known for known in _zone_names()}
    wanted = str(name)[:100].lower().replace(" ", "_")
    near = get_close_matches(wanted, by_lower, n=1, cutoff=0.8)
    return f"; did you mean {by_lower[near[0]]!r}?" if near else ""
