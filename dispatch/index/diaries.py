"""When could each of many technicians start this job?

Most share their weekly hours with others: a week's open spans are found once a job, by `matching.availability`. What
is in each diary is laid against them for everyone together, by `matching.starts`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from dispatch.index.roster import Week
from geo.distance import distances_m
from geo.travel import travel_s
from matching.availability import DAY_S, Span, is_quiet, local_days, open_spans
from matching.candidates import Bools, Floats, Ints
from matching.job import Job
from matching.starts import SAME_SITE_M, Bars, Openings, Window, any_time, barred_starts, first_starts

#: Everything that begins on the local day of an instant is within this of it.
_SAME_DAY_S = 1.5 * DAY_S


@dataclass(frozen=True, slots=True)
class Diaries:
    """The time of N technicians.

    `weeks` are many, `week` (N,) the place in it of each technician's own. `off` (F, 2) and `bookings` (B, 4) are the
    records of `Roster`, `off_owner` (F,) and `bookings_owner` (B,) say whose each is and ascend.
    """

    weeks: Sequence[Week]
    week: Ints
    off_owner: Ints
    off: Floats
    bookings_owner: Ints
    bookings: Floats


@dataclass(frozen=True, slots=True)
class Times:
    """What `Candidates` says of N technicians' time, each (N,)."""

    in_hours: Bools
    is_free: Bools
    earliest_start_s: Ints
    jobs_that_day: Ints
    in_quiet_hours_now: Bools


def judge_times(diaries: Diaries, job: Job, *, now: datetime) -> Times:
    """What each technician's hours and diary say to a job; starts are whole seconds and never before `now`."""
    now_s, posted_s = now.timestamp(), math.floor(job.start_at.timestamp())
    window = Window(
        first_s=max(posted_s, math.ceil(now_s)),
        last_s=math.floor(job.latest_start_at.timestamp()),
        duration_s=job.duration_min * 60,
    )
    numbers, week = np.unique(diaries.week, return_inverse=True)
    weeks = [diaries.weeks[number] for number in numbers.tolist()]
    hours = Openings.of((_open(each, window) for each in weeks), window)
    off, booked = _bars_of_time_off(diaries, window), _bars_of_bookings(diaries, job, window)
    earliest_s = first_starts(hours, week, off.joined(booked), window)
    is_quiet_now = [is_quiet(each.quiet, each.time_zone, math.floor(now_s)) for each in weeks]
    return Times(
        in_hours=first_starts(hours, week, off, window) != 0,
        is_free=first_starts(any_time(window), np.zeros_like(week), booked, window) != 0,
        earliest_start_s=earliest_s,
        jobs_that_day=_jobs_on_the_day(diaries, np.where(earliest_s != 0, earliest_s, posted_s)),
        in_quiet_hours_now=np.array(is_quiet_now, dtype=np.bool_)[week],
    )


def _open(week: Week, window: Window) -> tuple[Span, ...]:
    return open_spans(week.hours, week.quiet, False, week.time_zone, window.first_s, window.end_s)


def _bars_of_time_off(diaries: Diaries, window: Window) -> Bars:
    start_s, end_s = diaries.off.astype(np.int64).T
    return barred_starts(diaries.off_owner, start_s, end_s, 0, window.duration_s).within(window)


def _bars_of_bookings(diaries: Diaries, job: Job, window: Window) -> Bars:
    start_s, end_s = diaries.bookings[:, :2].astype(np.int64).T
    apart_m = distances_m(job.lat, job.lng, diaries.bookings[:, 2], diaries.bookings[:, 3])
    between_s = np.where(apart_m <= SAME_SITE_M, 0, travel_s(apart_m).astype(np.int64))
    return barred_starts(diaries.bookings_owner, start_s, end_s, between_s, window.duration_s).within(window)


def _jobs_on_the_day(diaries: Diaries, start_s: Ints) -> Ints:
    """(N,) how many bookings begin on the technician's local day of `start_s` (N,)."""
    booked_s = diaries.bookings[:, 0].astype(np.int64)
    near = np.abs(booked_s - start_s[diaries.bookings_owner]) <= _SAME_DAY_S
    owner, booked_s = diaries.bookings_owner[near], booked_s[near]
    rows_of: dict[str, list[int]] = {}
    for place, number in enumerate(diaries.week[owner].tolist()):
        rows_of.setdefault(diaries.weeks[number].time_zone, []).append(place)
    count = np.zeros(len(start_s), dtype=np.int64)
    for time_zone, places in rows_of.items():
        mine = owner[places]
        is_same = local_days(time_zone, booked_s[places]) == local_days(time_zone, start_s[mine])
        np.add.at(count, mine[is_same], 1)
    return count
