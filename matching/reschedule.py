"""Which other starts fit both sides? The site's open hours, and the technician's own time.

Starts lie on whole steps of the site's clocks. Each leaves room for the whole work in one open span of both, clear of
the technician's other work and the way between, on a day through whose end every needed proof is valid.
"""

import math
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from geo.distance import distances_m
from geo.travel import travel_s
from matching.availability import DAY_S, Span, local_days, merged, offset_s, open_spans
from matching.candidates import Bools, Ints
from matching.eligibility import credential_day
from matching.job import Job
from matching.policy import Policy
from matching.proof import NEVER
from matching.sitecalendar import SiteCalendar, open_times_between
from matching.starts import SAME_SITE_M, Bars, Openings, Window, barred_starts
from matching.technician import Technician

#: Every offset from UTC that is in use is a multiple of this.
_GRID_S = 900


def other_starts(
    job: Job, technician: Technician, calendar: SiteCalendar, policy: Policy, *, now: datetime, step_min: int = 60
) -> list[datetime]:
    """The starts inside the job's window that fit both, ascending, in UTC.

    The technician's bookings are those of their other work: the one to be moved is left out by the caller. `step_min`
    is a multiple of 15, counted from midnight.
    """
    window = Window(
        first_s=math.ceil(max(job.start_at, now).timestamp()),
        last_s=math.floor(job.latest_start_at.timestamp()),
        duration_s=job.duration_min * 60,
    )
    spans = common_spans(_site_spans(calendar, window), _own_spans(technician, window))
    start_s = _on_the_clock(window, job.time_zone, step_min)
    openings = Openings.of([spans], window)
    fits = openings.next_start(np.zeros(len(start_s), dtype=np.int64), start_s, window) == start_s
    fits &= ~_is_barred(_bars(job, technician, window), start_s)
    fits &= _has_day_left(technician, start_s)
    fits &= _is_proved(job, technician, policy, start_s)
    return [datetime.fromtimestamp(each, UTC) for each in start_s[fits].tolist()]


def common_spans(left: Sequence[Span], right: Sequence[Span]) -> list[Span]:
    """The instants that lie in both; each side ascends, and so does the answer."""
    found = [(max(a, c), min(b, d)) for a, b in left for c, d in right]
    return sorted(span for span in found if span[0] < span[1])


def _site_spans(calendar: SiteCalendar, window: Window) -> list[Span]:
    """The open spans of the site; a night without a closing hour joins two days."""
    start, end = (
        datetime.fromtimestamp(window.first_s, UTC),
        datetime.fromtimestamp(max(window.end_s, window.first_s), UTC),
    )
    times = open_times_between(start, end, calendar)
    return merged((math.ceil(opens.timestamp()), math.floor(closes.timestamp())) for opens, closes in times)


def _own_spans(technician: Technician, window: Window) -> tuple[Span, ...]:
    return open_spans(
        technician.hours,
        technician.quiet,
        technician.works_in_quiet_hours,
        technician.time_zone,
        window.first_s,
        window.end_s,
    )


def _on_the_clock(window: Window, time_zone: str, step_min: int) -> Ints:
    """The starts of the window at which the site's clocks show a whole step."""
    first = -(-window.first_s // _GRID_S) * _GRID_S
    tried = range(first, window.last_s + 1, _GRID_S)
    kept = [each for each in tried if (each + offset_s(time_zone, each)) % DAY_S % (step_min * 60) == 0]
    return np.array(kept, dtype=np.int64)


def _bars(job: Job, technician: Technician, window: Window) -> Bars:
    """Starts barred by other work with the way to it, and by time off."""
    booked = technician.bookings
    apart_m = distances_m(
        job.lat, job.lng, np.array([each.lat for each in booked]), np.array([each.lng for each in booked])
    )
    between_s = np.where(apart_m <= SAME_SITE_M, 0, travel_s(apart_m).astype(np.int64))
    bars = _barred([(each.start_s, each.end_s) for each in booked], between_s, window)
    return bars.joined(_barred(technician.time_off, 0, window))


def _barred(spans: Sequence[Span], travel: Ints | int, window: Window) -> Bars:
    table = np.array(spans, dtype=np.int64).reshape(-1, 2)
    return barred_starts(np.zeros(len(table), dtype=np.int64), table[:, 0], table[:, 1], travel, window.duration_s)


def _is_barred(bars: Bars, start_s: Ints) -> Bools:
    hits = (bars.from_s[:, None] <= start_s) & (start_s < bars.to_s[:, None])
    return np.asarray(hits.any(axis=0), dtype=np.bool_)


def _has_day_left(technician: Technician, start_s: Ints) -> Bools:
    """Fewer other jobs on the technician's local day than they take."""
    if technician.day_capacity is None or not len(start_s):
        return np.ones(len(start_s), dtype=np.bool_)
    booked_s = np.array([each.start_s for each in technician.bookings], dtype=np.int64)
    days, booked_days = (local_days(technician.time_zone, each) for each in (start_s, booked_s))
    return np.asarray((booked_days == days[:, None]).sum(axis=1) < technician.day_capacity)


def _is_proved(job: Job, technician: Technician, policy: Policy, start_s: Ints) -> Bools:
    """Every needed proof, and the clearance, is valid through the last day of the work, at the site."""
    ends = [technician.credentials.get(kind, NEVER) for kind in job.needs.credentials]
    proved = min([*ends, technician.cleared_until] if job.needs.clearance else ends, default=None)
    if proved is None:
        return np.ones(len(start_s), dtype=np.bool_)
    last_days = [credential_day(job.starting(datetime.fromtimestamp(each, UTC)), policy) for each in start_s.tolist()]
    return np.array(last_days, dtype=np.int64) <= proved
