"""What do the rules need to know of everyone in reach of this job?

`search` fills the columns of `Candidates` from the roster, `candidate_of` those of one technician just read from the
database: both through the same code, so that an acceptance is judged as the offer was.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from dispatch.index.diaries import Diaries, Times, judge_times
from dispatch.index.reach import rows_in_reach
from dispatch.index.roster import NO_CONSENT, Roster
from geo.areas import PolygonArea
from geo.cells import HOME_RESOLUTION, centers_of
from geo.distance import distances_m
from geo.travel import travel_s
from matching.candidates import NO_PAPERS, NOT_CHOSEN, Bools, Candidates, Floats, Ints, Seconds
from matching.eligibility import hourly_cents
from matching.job import Job
from matching.papers import Paper
from matching.policy import Policy
from matching.technician import COMPANY, CONTRACTOR, UNCHOSEN, Technician

#: No place is further than this from the middle of its cell of the homes' resolution, anywhere on Earth.
_CELL_RADIUS_M = 6_000


def search(
    roster: Roster, job: Job, policy: Policy, *, now: datetime, asked: Collection[UUID] = frozenset()
) -> Candidates:
    """Everyone within the policy's reach of the job, ids ascending, exactly as if each had been measured.

    A technician starts from the base, or, for an urgent job (`asap`), from a live position that still holds. Those of
    `asked` were already asked in this round.
    """
    live_at_s = now.timestamp() if job.asked_time == "asap" else None
    with roster.lock:
        lats, lngs = roster.places(live_at_s)
        rows, distance_m = rows_in_reach(lats, lngs, job.lat, job.lng, policy.reach_km * 1000)
        order = np.argsort(roster.columns["id"][rows], kind="stable")
        gathered = _gather(roster, rows[order], distance_m[order], job, asked)
    return _candidates(gathered, job, now=now)


def search_by_cell(
    roster: Roster, job: Job, policy: Policy, *, now: datetime, asked: Collection[UUID] = frozenset()
) -> Candidates:
    """The same as if everyone started from the middle of their cell: what a client may be told of people it may ask.

    Every figure that follows from it (distance, travel, score, order, "outside their own area") is one and the same
    wherever in the cell somebody lives, so that no number of questions from any number of sites finds the house.
    """
    live_at_s = now.timestamp() if job.asked_time == "asap" else None
    reach_m = policy.reach_km * 1000
    with roster.lock:
        lats, lngs = roster.places(live_at_s)
        rows, _ = rows_in_reach(lats, lngs, job.lat, job.lng, reach_m + _CELL_RADIUS_M)
        distance_m = distances_m(job.lat, job.lng, *centers_of(lats[rows], lngs[rows], HOME_RESOLUTION))
        rows, distance_m = rows[distance_m <= reach_m], distance_m[distance_m <= reach_m]
        order = np.argsort(roster.columns["id"][rows], kind="stable")
        gathered = _gather(roster, rows[order], distance_m[order], job, asked)
    return _candidates(replace(gathered, number=_without_homes(gathered.number)), job, now=now)


def _without_homes(number: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The columns with the middle of a cell wherever they hold the base: for consent, and for the own circle."""
    lat, lng = centers_of(number["lat"], number["lng"], HOME_RESOLUTION)
    # Who drew an area, or sets no limit, has no circle: its middle is not used.
    return number | {"lat": lat, "lng": lng, "circle_lat": lat, "circle_lng": lng}


def candidate_of(
    technician: Technician, job: Job, policy: Policy, *, now: datetime, asked: Collection[UUID] = frozenset()
) -> Candidates:
    """The one row of a technician who starts from the base, in reach or not: `distance_m` says how far."""
    roster = Roster()
    roster.upsert([technician])
    rows = np.zeros(1, dtype=np.int64)
    distance_m = distances_m(job.lat, job.lng, *roster.places(None))
    return _candidates(_gather(roster, rows, distance_m, job, asked), job, now=now)


@dataclass(frozen=True, slots=True)
class _Gathered:
    """Copies of what the roster holds of N technicians: a writer may go on while they are judged.

    `number` are its `columns`; `polygons` are pairs of a place in the N and an area; `currency` is the job's, -1 where
    nobody uses it.
    """

    number: dict[str, NDArray[Any]]
    distance_m: Floats
    skill_levels: Ints
    credential_days: Ints
    in_pool: Bools
    is_admitted: Bools
    is_suspended: Bools
    is_blocked: Bools
    is_favourite: Bools
    prefers_client: Bools
    was_asked: Bools
    polygons: list[tuple[int, PolygonArea]]
    diaries: Diaries
    currency: int
    papers_until: Ints
    hours_left_s: Seconds


def _gather(roster: Roster, rows: Ints, distance_m: Floats, job: Job, asked: Collection[UUID]) -> _Gathered:
    number, num_rows = roster.columns.take(rows), roster.num_rows
    client = (job.client_id,)
    was_asked = np.zeros(num_rows, dtype=np.bool_)
    was_asked[roster.rows_of(asked)] = True
    return _Gathered(
        number=number,
        distance_m=distance_m,
        skill_levels=roster.skills.table(sorted(job.needs.skills), rows),
        credential_days=roster.credentials.table(job.needs.credentials, rows),
        in_pool=roster.pools.having(job.needs.pools, rows, num_rows),
        is_admitted=roster.admitted.having(client, rows, num_rows),
        is_suspended=roster.suspended.having(client, rows, num_rows),
        is_blocked=roster.blocks.having(client, rows, num_rows),
        is_favourite=roster.favourite_of.having(client, rows, num_rows),
        prefers_client=roster.prefers.having(client, rows, num_rows),
        was_asked=was_asked[rows],
        polygons=[(place, roster.polygons[rows[place]]) for place in np.flatnonzero(number["has_polygon"]).tolist()],
        diaries=Diaries(roster.weeks, number["week"], *roster.time_off.take(rows), *roster.bookings.take(rows)),
        currency=roster.currencies.get(job.pay.currency, -1),
        papers_until=_papers_until(roster, rows, number["of_company"], job),
        hours_left_s=roster.hours_left.of(job, rows, number["of_company"], num_rows),
    )


def _papers_until(roster: Roster, rows: Ints, of_company: Bools, job: Job) -> Ints:
    """Of whom nothing is said, those `of_company` (N,) work through it, and all others are contractors."""
    until = _first_end(roster, rows, job.papers.get(CONTRACTOR, ()))
    until[of_company] = _first_end(roster, rows[of_company], job.papers.get(COMPANY, ()))
    for way in roster.ways_of(job.client_id):
        is_so = roster.engaged.having(((job.client_id, way),), rows, roster.num_rows)
        wanted = _first_end(roster, rows[is_so], job.papers.get(way, ()))
        until[is_so] = NOT_CHOSEN if way == UNCHOSEN else wanted
    return until


def _first_end(roster: Roster, rows: Ints, papers: Sequence[Paper]) -> Ints:
    """(N,) the first day on which one of these papers ends; a paper ends with the last of the kinds that are enough."""
    if not papers:
        return np.full(len(rows), NO_PAPERS, dtype=np.int64)
    days = roster.credentials.table([kind for paper in papers for kind in paper], rows)
    begins = np.cumsum([0, *map(len, papers[:-1])])
    return np.asarray(np.maximum.reduceat(days, begins, axis=1).min(axis=1))


def _candidates(gathered: _Gathered, job: Job, *, now: datetime) -> Candidates:
    number, times = gathered.number, judge_times(gathered.diaries, job, now=now)
    min_cents = number["min_cents"]
    same_currency = number["currency"] == gathered.currency
    return Candidates(
        ids=number["id"],
        distance_m=gathered.distance_m,
        travel_s=travel_s(gathered.distance_m).astype(np.int64),
        is_active=number["is_active"],
        is_blocked=gathered.is_blocked,
        in_pool=gathered.in_pool,
        in_market=number["in_market"],
        is_admitted=gathered.is_admitted,
        is_suspended=gathered.is_suspended,
        skill_levels=gathered.skill_levels,
        credential_days=gathered.credential_days,
        cleared_until=number["cleared_until"],
        in_area=_in_area(gathered, job),
        in_hours=times.in_hours,
        is_free=times.is_free,
        fits=times.earliest_start_s != 0,
        earliest_start_s=times.earliest_start_s,
        jobs_that_day=times.jobs_that_day,
        day_capacity=number["day_capacity"],
        min_hourly_cents=np.where(same_currency | (min_cents == 0), min_cents, -1),
        was_asked=gathered.was_asked,
        in_quiet_hours_now=times.in_quiet_hours_now,
        reputation=number["reputation"],
        reputation_high=number["reputation_high"],
        is_favourite=gathered.is_favourite,
        prefers_client=gathered.prefers_client,
        recent_offers=number["recent_offers"],
        asks_today=number["asks_today"],
        num_asked=number["num_asked"],
        num_yes=number["num_yes"],
        consents=same_currency & _consents(number, times, job),
        hours_left_s=gathered.hours_left_s,
        papers_until=gathered.papers_until,
    )


def _in_area(gathered: _Gathered, job: Job) -> Bools:
    """Inside the own circle and, for who drew one, the own polygon; the border belongs to both."""
    number = gathered.number
    inside = np.asarray(distances_m(job.lat, job.lng, number["circle_lat"], number["circle_lng"]) <= number["circle_m"])
    for place, area in gathered.polygons:
        inside[place] = area.contains(job.lat, job.lng)
    return inside


def _consents(number: dict[str, NDArray[Any]], times: Times, job: Job) -> Bools:
    """Standing consent, with its least rate, its distance from the base and its jobs a day kept; any currency."""
    from_base_m = distances_m(job.lat, job.lng, number["lat"], number["lng"])
    return np.asarray(
        (number["consent_cents"] != NO_CONSENT)
        & (number["consent_cents"] <= hourly_cents(job))
        & (from_base_m <= number["consent_m"])
        & (times.jobs_that_day < number["consent_per_day"])
    )
