"""Every column against an oracle that looks at one technician after another, in plain Python, start by start.

Windows and diaries lie on quarters of an hour, travel doesn't: the oracle tries every start that can be the first one,
which is the window's own, the end of something, the end of something plus its travel, or a change of hours.
"""

import math
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Event, Thread
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from dispatch.index.roster import Roster
from dispatch.index.search import candidate_of, search
from geo.distance import distance_m
from geo.points import Point
from geo.travel import travel_s
from matching.candidates import NO_CAPACITY, NO_PAPERS, Candidates
from matching.inputs import Inputs, decode, encode
from matching.job import Job, Pay
from matching.policy import Policy
from matching.technician import Booking, Consent, Technician

MONDAY_8 = datetime(2026, 5, 4, 14, tzinfo=UTC)
MONDAY_8_S = int(MONDAY_8.timestamp())
NOW = datetime(2026, 5, 3, 12, tzinfo=UTC)
HOUR = 3600
CLIENT, POOL = UUID(int=0xC1), UUID(int=0xB1)
SITE = (39.74, -104.99)
AWAY = (39.9, -105.1)

MakeJob = Callable[..., Job]
MakeTechnician = Callable[..., Technician]
Crowd = Callable[[int, int], list[Technician]]


def metres(lat: float, lng: float, job: Job) -> float:
    return distance_m(Point(job.lat, job.lng), Point(lat, lng))


def way_s(booking: Booking, job: Job) -> int:
    apart_m = metres(booking.lat, booking.lng, job)
    return 0 if apart_m <= 50 else int(travel_s(apart_m))


def is_quiet_at(who: Technician, minute: int) -> bool:
    if who.quiet is None or who.works_in_quiet_hours:
        return False
    start, end = who.quiet
    return start <= minute < end if start <= end else minute >= start or minute < end


def is_open(who: Technician, at_s: int) -> bool:
    local = datetime.fromtimestamp(at_s, ZoneInfo(who.time_zone))
    minute = local.hour * 60 + local.minute
    works = not who.hours or any(day == local.weekday() and a <= minute < b for day, a, b in who.hours)
    return works and not is_quiet_at(who, minute)


def keeps_hours(who: Technician, start_s: int, end_s: int) -> bool:
    """In this world hours and clocks change at multiples of a quarter of an hour only: every five minutes will do."""
    off = any(a < end_s and start_s < b for a, b in who.time_off)
    return not off and all(is_open(who, at_s) for at_s in {start_s, end_s - 1, *range(start_s, end_s, 300)})


def keeps_clear(who: Technician, start_s: int, end_s: int, job: Job) -> bool:
    return all(
        each.end_s + way_s(each, job) <= start_s or end_s + way_s(each, job) <= each.start_s for each in who.bookings
    )


def starts_to_try(who: Technician, job: Job, now: datetime) -> list[int]:
    first_s = max(int(job.start_at.timestamp()), math.ceil(now.timestamp()))
    last_s = int(job.latest_start_at.timestamp())
    ends = [b for _, b in who.time_off] + [each.end_s + way_s(each, job) for each in who.bookings]
    quarters = range(first_s - first_s % 900, last_s + 1, 900)
    return sorted({at_s for at_s in [first_s, *ends, *quarters] if first_s <= at_s <= last_s})


def facts(who: Technician, job: Job, now: datetime, asked: frozenset[UUID], from_m: float) -> dict[str, Any]:
    """What each column should say."""
    long_s = job.duration_min * 60
    tries = starts_to_try(who, job, now)
    hours = [keeps_hours(who, start, start + long_s) for start in tries]
    clear = [keeps_clear(who, start, start + long_s, job) for start in tries]
    both = [start for start, a, b in zip(tries, hours, clear, strict=True) if a and b]
    zone, day_of = ZoneInfo(who.time_zone), both[0] if both else int(job.start_at.timestamp())
    day = datetime.fromtimestamp(day_of, zone).date()
    num_jobs = sum(datetime.fromtimestamp(each.start_s, zone).date() == day for each in who.bookings)
    cents = 0 if who.min_hourly is None else math.ceil(who.min_hourly * 100)
    base_m, same = metres(who.lat, who.lng, job), who.currency == job.pay.currency
    local_now = now.astimezone(zone)
    consent = who.consent
    if who.area is not None:
        in_area = who.area.contains(job.lat, job.lng)
    else:
        in_area = who.radius_km is None or base_m <= who.radius_km * 1000
    new = "company" if who.company_id else "contractor"
    return {
        "ids": who.id.bytes,
        "distance_m": from_m,
        "travel_s": int(travel_s(from_m)),
        "is_active": who.is_active,
        "is_blocked": job.client_id in who.blocks,
        "in_pool": bool(who.pools & job.needs.pools),
        "in_market": who.in_market,
        "is_admitted": job.client_id in who.admitted,
        "is_suspended": job.client_id in who.suspended,
        "skill_levels": [who.skills.get(code, 0) for code in sorted(job.needs.skills)],
        "credential_days": [who.credentials.get(kind, 0) for kind in job.needs.credentials],
        "cleared_until": who.cleared_until,
        "in_area": in_area,
        "in_hours": any(hours),
        "is_free": any(clear),
        "fits": bool(both),
        "earliest_start_s": both[0] if both else 0,
        "jobs_that_day": num_jobs,
        "day_capacity": NO_CAPACITY if who.day_capacity is None else who.day_capacity,
        "min_hourly_cents": cents if same or cents == 0 else -1,
        "was_asked": who.id in asked,
        "in_quiet_hours_now": is_quiet_at(who, local_now.hour * 60 + local_now.minute),
        "reputation": who.reputation,
        "reputation_high": who.reputation_high,
        "is_favourite": job.client_id in who.favourite_of,
        "prefers_client": job.client_id in who.prefers,
        "recent_offers": who.recent_offers,
        "asks_today": who.asks_today,
        "num_asked": who.num_asked,
        "num_yes": who.num_yes,
        "consents": consent is not None
        and same
        and job.pay.hourly(job.duration_min) >= consent.min_hourly
        and base_m <= consent.max_distance_km * 1000
        and num_jobs < consent.max_per_day,
        "papers_until": min(
            (
                max(who.credentials.get(kind, 0) for kind in paper)
                for paper in job.papers.get(who.engaged.get(CLIENT, new), ())
            ),
            default=NO_PAPERS,
        ),
        "hours_left_s": who.hours_left[CLIENT].steps[0][1]
        if CLIENT in who.hours_left
        else job.hours_rules.fresh_on(job.counted_days[0], new),
    }


def assert_same(found: Candidates, expected: list[dict[str, Any]]) -> None:
    assert [found.id_at(row).bytes for row in range(len(found))] == [each["ids"] for each in expected]
    for column in fields(Candidates):
        if column.name != "ids":
            assert getattr(found, column.name).tolist() == [each[column.name] for each in expected], column.name


def roster_of(*technicians: Technician) -> Roster:
    roster = Roster()
    roster.upsert(technicians)
    return roster


@pytest.mark.parametrize(
    ("seed", "changes", "now"),
    [
        (1, {}, NOW),
        (2, {"pools": frozenset({POOL}), "asked_time": "asap"}, NOW),
        (3, {"pay": Pay("fixed", Decimal("119.99"), "CAD")}, MONDAY_8 + timedelta(hours=2, seconds=100.5)),
        (4, {"end_at": MONDAY_8 + timedelta(days=4), "duration_min": 180}, NOW),
        (5, {"end_at": MONDAY_8 + timedelta(hours=2), "asked_time": "exact"}, MONDAY_8),
        (6, {"end_at": MONDAY_8 + timedelta(hours=2), "asked_time": "exact"}, MONDAY_8 + timedelta(seconds=0.1)),
        (7, {"start_at": MONDAY_8 - timedelta(hours=14), "duration_min": 15}, datetime(2026, 5, 4, 3, tzinfo=UTC)),
        (8, {"skills": {}, "credentials": ()}, NOW),
    ],
)
def test_every_fact_of_everyone_in_reach_is_what_a_look_at_each_alone_says(
    crowd: Crowd, make_job: MakeJob, seed: int, changes: dict[str, Any], now: datetime
) -> None:
    technicians, job, policy = crowd(160, seed), make_job(**changes), Policy(reach_km=60)
    asked = frozenset(each.id for each in technicians[::7]) | {UUID(int=99)}
    from_m = {each.id: metres(each.lat, each.lng, job) for each in technicians}
    near = sorted((each for each in technicians if from_m[each.id] <= 60_000), key=lambda each: each.id.bytes)
    assert 30 < len(near) < len(technicians)
    found = search(roster_of(*technicians), job, policy, now=now, asked=asked)
    expected = [facts(each, job, now, asked, from_m[each.id]) for each in near]
    assert_same(found, expected)


def test_the_drawn_world_shows_both_sides_of_every_fact(crowd: Crowd, make_job: MakeJob) -> None:
    """Else the comparison with the oracle would say little."""
    found = search(roster_of(*crowd(160, 1)), make_job(pools=frozenset({POOL})), Policy(reach_km=60), now=NOW)
    for column in fields(Candidates):
        assert len(np.unique(getattr(found, column.name))) > 1 or column.name == "was_asked", column.name


def test_one_technician_alone_gets_the_same_row_in_reach_or_not(crowd: Crowd, make_job: MakeJob) -> None:
    technicians, job, policy = crowd(40, 9), make_job(), Policy(reach_km=20)
    asked = frozenset({technicians[0].id})
    everyone = search(roster_of(*technicians), job, Policy(reach_km=20038), now=NOW, asked=asked)
    assert len(everyone) == 40
    for row in range(40):
        who = next(each for each in technicians if each.id == everyone.id_at(row))
        alone = candidate_of(who, job, policy, now=NOW, asked=asked)
        for column in fields(Candidates):
            wanted = getattr(everyone, column.name)[[row]].tolist()
            assert getattr(alone, column.name).tolist() == wanted, column.name


def test_what_is_stored_of_a_search_is_read_back_in_the_same_kinds_of_numbers(crowd: Crowd, make_job: MakeJob) -> None:
    job, policy = make_job(), Policy(reach_km=60)
    found = search(roster_of(*crowd(160, 1)), job, policy, now=NOW)
    back = decode(encode(Inputs("wave", job, found, policy, NOW, 1))).candidates
    for column in fields(Candidates):
        searched, replayed = getattr(found, column.name), getattr(back, column.name)
        assert searched.dtype == replayed.dtype, column.name
        assert (searched == replayed).all(), column.name


def test_nobody_in_reach_gives_columns_of_no_rows(make_job: MakeJob, make_technician: MakeTechnician) -> None:
    far = make_technician(lat=10.0, lng=10.0)
    for roster in (Roster(), roster_of(far)):
        found = search(roster, make_job(), Policy(), now=NOW)
        assert len(found) == 0
        assert found.skill_levels.shape == (0, 2)


@pytest.mark.parametrize("wait_min", [0, 90])
def test_work_follows_at_the_same_site_at_once_and_elsewhere_after_the_way(
    make_job: MakeJob, make_technician: MakeTechnician, wait_min: int
) -> None:
    job, end_s = make_job(), MONDAY_8_S + wait_min * 60
    way = int(travel_s(metres(*AWAY, job)))
    at_site = make_technician(1, bookings=(Booking(end_s - HOUR, end_s, *SITE),))
    away = make_technician(2, bookings=(Booking(end_s - HOUR, end_s, *AWAY),))
    found = search(roster_of(at_site, away), job, Policy(), now=NOW)
    assert way > 0
    assert found.earliest_start_s.tolist() == [end_s, end_s + way]


def test_the_way_to_the_next_booking_must_fit_to_the_second(make_job: MakeJob, make_technician: MakeTechnician) -> None:
    job = make_job(end_at=MONDAY_8 + timedelta(hours=2))
    next_s = MONDAY_8_S + 2 * HOUR + int(travel_s(metres(*AWAY, job)))
    in_time = make_technician(1, bookings=(Booking(next_s, next_s + HOUR, *AWAY),))
    too_late = make_technician(2, bookings=(Booking(next_s - 1, next_s + HOUR, *AWAY),))
    found = search(roster_of(in_time, too_late), job, Policy(), now=NOW)
    assert found.is_free.tolist() == [True, False]
    assert found.in_hours.tolist() == [True, True]


def test_no_start_is_offered_that_has_passed(make_job: MakeJob, make_technician: MakeTechnician) -> None:
    roster, job = roster_of(make_technician()), make_job()
    found = search(roster, job, Policy(), now=MONDAY_8 + timedelta(hours=1, seconds=0.5))
    assert found.earliest_start_s.tolist() == [MONDAY_8_S + HOUR + 1]
    over = search(roster, job, Policy(), now=job.latest_start_at + timedelta(seconds=1))
    assert (over.in_hours[0], over.is_free[0], over.fits[0], over.earliest_start_s[0]) == (False, False, False, 0)


def test_jobs_are_counted_on_the_technicians_own_day(make_job: MakeJob, make_technician: MakeTechnician) -> None:
    """01:00 UTC on Tuesday is Monday evening in Denver, and Tuesday in Kathmandu."""
    evening = int(datetime(2026, 5, 5, 1, tzinfo=UTC).timestamp())
    bookings = (Booking(evening, evening + HOUR, *SITE),)
    technicians = [
        make_technician(num, time_zone=zone, bookings=bookings)
        for num, zone in ((1, "America/Denver"), (2, "Asia/Kathmandu"))
    ]
    assert search(roster_of(*technicians), make_job(), Policy(), now=NOW).jobs_that_day.tolist() == [1, 0]


def test_an_urgent_job_is_reached_from_a_live_position_until_it_expires(
    make_job: MakeJob, make_technician: MakeTechnician
) -> None:
    who = make_technician(lat=45.0, lng=-120.0, radius_km=50.0, consent=Consent(Decimal(1), 50.0, 9))
    roster, urgent = roster_of(who), make_job(asked_time="asap")
    assert roster.move(who.id, *AWAY, until_s=int(NOW.timestamp()) + 60)
    live = search(roster, urgent, Policy(reach_km=60), now=NOW)
    assert live.distance_m.tolist() == [metres(*AWAY, urgent)]
    assert (live.in_area[0], live.consents[0]) == (False, False), "own radius and consent count from the base"
    assert len(search(roster, make_job(), Policy(reach_km=60), now=NOW)) == 0, "a planned job is reached from the base"
    assert len(search(roster, urgent, Policy(reach_km=60), now=NOW + timedelta(seconds=59))) == 1
    assert len(search(roster, urgent, Policy(reach_km=60), now=NOW + timedelta(seconds=60))) == 0


def test_who_moved_away_from_a_near_base_is_out_of_reach(make_job: MakeJob, make_technician: MakeTechnician) -> None:
    who = make_technician()
    roster = roster_of(who)
    roster.move(who.id, 45.0, -120.0, until_s=int(NOW.timestamp()) + 60)
    assert len(search(roster, make_job(asked_time="asap"), Policy(), now=NOW)) == 0


def test_ids_that_end_in_zero_bytes_stay_whole_and_in_order(make_job: MakeJob, make_technician: MakeTechnician) -> None:
    ids = [UUID(int=num << 64) for num in (3, 1, 2)] + [UUID(int=(1 << 64) + 1), UUID(int=0)]
    roster = roster_of(*(replace(make_technician(), id=each) for each in ids))
    found = search(roster, make_job(), Policy(), now=NOW)
    assert [found.id_at(row) for row in range(5)] == sorted(ids)


def test_readers_never_see_a_technician_half_changed(make_job: MakeJob, make_technician: MakeTechnician) -> None:
    """Every version has its number in all its facts; a row that mixes two versions would show two numbers."""
    job, stop, seen, mixed = make_job(pools=frozenset({POOL})), Event(), set(), []

    def version(num: int, of: int) -> Technician:
        bookings = tuple(Booking(MONDAY_8_S + 8 * HOUR + k, MONDAY_8_S + 9 * HOUR + k, *SITE) for k in range(of % 5))
        pools = frozenset({POOL}) if of % 2 else frozenset()
        return replace(
            make_technician(num),
            version=of,
            skills={"hvac": of % 5},
            num_asked=of,
            num_yes=of,
            asks_today=of,
            pools=pools,
            bookings=bookings,
        )

    roster = roster_of(*(version(num, 1) for num in range(1, 301)))

    def read() -> None:
        while not stop.is_set():
            found = search(roster, job, Policy(), now=NOW)
            of = found.num_asked
            whole = (found.num_yes == of) & (found.asks_today == of) & (found.skill_levels[:, 0] == of % 5)
            whole &= (found.in_pool == (of % 2 == 1)) & (found.jobs_that_day == of % 5)
            seen.update(np.unique(of).tolist())
            if len(found) != 300 or not whole.all():
                mixed.append(of[~whole])

    readers = [Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for of in range(2, 60):
        roster.upsert(version(num, of) for num in range(1, 301))
    stop.set()
    for reader in readers:
        reader.join()
    assert not mixed
    assert len(seen) > 1
