"""When and by what a person hears: quiet hours and digests by their own clock, on nights of changed clocks too."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from dispatch.messages.preferences import Plan, Preferences, next_digest, plan, quiet_until, read_preferences

CHICAGO = ZoneInfo("America/Chicago")
NIGHT = (time(22), time(6))
PHONE = ("push", "sms", "mail")


def at(words: str) -> datetime:
    return datetime.fromisoformat(words).replace(tzinfo=CHICAGO).astimezone(UTC)


def planned(urgency, now="2026-11-25T23:00", group="day", reachable=PHONE, moot_at=None, **wishes) -> Plan:
    who = Preferences(CHICAGO, quiet=NIGHT, **wishes)
    return plan(who, group, urgency, PHONE, reachable, now=at(now), moot_at=moot_at)


def test_what_can_wait_waits_for_the_morning_and_what_cannot_does_not():
    assert planned("timely") == Plan("held", PHONE, at("2026-11-26T06:00"), "quiet_hours")
    assert planned("urgent") == Plan("queued", PHONE)
    assert planned("timely", now="2026-11-25T12:00") == Plan("queued", PHONE)


def test_only_what_is_calm_is_gathered():
    daily = {"digest": "daily", "digest_at": time(7, 30)}
    assert planned("calm", now="2026-11-25T12:00", **daily).until == at("2026-11-26T07:30")
    assert planned("calm", now="2026-11-25T12:00", **daily).why == "digest"
    assert planned("timely", now="2026-11-25T12:00", **daily).state == "queued"


def test_a_group_switched_off_is_silent_save_for_what_is_urgent():
    off = {"channels": {"day": ()}}
    assert planned("timely", **off) == Plan("suppressed", why="switched_off")
    assert planned("urgent", **off) == Plan("queued", PHONE)
    assert planned("timely", group="money", **off).state == "held"


def test_channels_come_in_the_persons_order_where_there_is_an_address():
    assert planned("urgent", channels={"day": ("mail", "sms")}, reachable=("sms", "mail")).channels == ("mail", "sms")
    assert planned("urgent", reachable=("mail",)).channels == ("mail",)
    # A wish for a channel without an address does not keep urgent news away.
    assert planned("urgent", channels={"day": ("push",)}, reachable=("sms",)).channels == ("sms",)
    assert planned("timely", channels={"day": ("push",)}, reachable=("sms",)).why == "no_address"
    assert planned("urgent", reachable=()) == Plan("suppressed", why="no_address")


def test_what_would_come_too_late_does_not_come():
    assert planned("timely", moot_at=at("2026-11-26T05:00")).why == "too_late"
    assert planned("timely", moot_at=at("2026-11-26T06:01")).state == "held"
    assert planned("urgent", moot_at=at("2026-11-25T23:00")).why == "too_late"


@pytest.mark.parametrize(
    ("quiet", "now", "until"),
    [
        (NIGHT, "2026-11-25T21:59", None),
        (NIGHT, "2026-11-25T22:00", "2026-11-26T06:00"),
        (NIGHT, "2026-11-26T05:59", "2026-11-26T06:00"),
        (NIGHT, "2026-11-26T06:00", None),
        ((time(12), time(13)), "2026-11-26T12:30", "2026-11-26T13:00"),
        ((time(6), time(6)), "2026-11-26T06:00", None),
        # The clocks skip from 2 to 3 on 8 March 2026: 02:30 is when they show 03:30.
        ((time(22), time(2, 30)), "2026-03-07T23:00", "2026-03-08T03:30"),
        # They repeat 1 to 2 on 1 November 2026: the first 01:30 ends the quiet.
        ((time(22), time(1, 30)), "2026-10-31T23:00", "2026-11-01T01:30"),
    ],
)
def test_quiet_hours_end_by_the_clock_on_the_wall(quiet, now: str, until: str | None):
    assert quiet_until(quiet, CHICAGO, at(now)) == (at(until) if until else None)


@pytest.mark.parametrize(
    ("digest_at", "now", "due"),
    [
        (time(7, 30), "2026-03-07T08:00", "2026-03-08T07:30"),
        (time(7, 30), "2026-10-31T08:00", "2026-11-01T07:30"),
        (time(2, 30), "2026-03-07T12:00", "2026-03-08T03:30"),
        (time(7, 30), "2026-11-25T07:30", "2026-11-26T07:30"),
        (time(7, 30), "2026-11-25T07:29", "2026-11-25T07:30"),
    ],
)
def test_a_daily_digest_comes_once_a_day_at_the_local_time(digest_at: time, now: str, due: str):
    assert next_digest(Preferences(CHICAGO, digest="daily", digest_at=digest_at), at(now)) == at(due)


def test_an_hourly_digest_comes_at_the_full_hour_of_zones_that_are_off_by_minutes_too():
    kathmandu = ZoneInfo("Asia/Kathmandu")
    now = datetime(2026, 11, 25, 10, 20, tzinfo=kathmandu)
    assert next_digest(Preferences(kathmandu, digest="hourly"), now) == datetime(2026, 11, 25, 11, tzinfo=kathmandu)


def test_a_digest_that_falls_into_the_night_comes_in_the_morning():
    who = Preferences(CHICAGO, digest="hourly", quiet=NIGHT)
    assert next_digest(who, at("2026-11-25T22:10")) == at("2026-11-26T06:00")


def test_a_stored_document_is_read_with_its_defaults():
    wishes = read_preferences({"language": "es", "channels": {"day": ["sms"]}, "quiet": None}, zone="America/Chicago")
    assert (wishes.language, wishes.channels, wishes.quiet) == ("es", {"day": ("sms",)}, None)
    own = read_preferences({"quiet": {"begin": "21:00", "end": "07:00"}}, zone="UTC")
    assert own.quiet == (time(21), time(7))
