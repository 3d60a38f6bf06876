"""The small world of the decision tests: one job in Denver, and technicians who may all do it unless told otherwise.

The job: hvac at level 2 and wifi at level 3, a background check, 60 USD an hour for two hours on 4 May 2026 (Denver),
somewhere from 08:00 to 14:00. The technicians stand 10 km away (20 minutes), hvac 2, wifi 3, a check through 2027.
"""

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from matching.candidates import NO_CAPACITY, NO_PAPERS, Candidates
from matching.job import Job, Needs, Pay
from matching.proof import FOR_EVER
from matching.usage import NO_LIMIT

MakeJob = Callable[..., Job]
MakeCandidates = Callable[..., Candidates]


@pytest.fixture(scope="session")
def make_job() -> MakeJob:
    """The job of the world, with the named attributes changed; `skills=` and other needs may be named directly."""

    def make(**changes: Any) -> Job:
        job = Job(
            id=UUID(int=1),
            job_id=UUID(int=2),
            client_id=UUID(int=3),
            role="technician",
            lat=39.74,
            lng=-104.99,
            time_zone="America/Denver",
            start_at=datetime(2026, 5, 4, 14, 0, tzinfo=UTC),
            end_at=datetime(2026, 5, 4, 20, 0, tzinfo=UTC),
            duration_min=120,
            pay=Pay("hourly", Decimal("60.00"), "USD"),
            needs=Needs(skills={"wifi": 3, "hvac": 2}, credentials=("background_check",)),
        )
        of_needs = {column.name for column in fields(Needs)} & changes.keys()
        needs = replace(job.needs, **{name: changes.pop(name) for name in of_needs})
        return replace(job, needs=needs, **changes)

    return make


@pytest.fixture(scope="session")
def make_candidates() -> MakeCandidates:
    """`num` technicians who may do the job of the world; a column is named as one value or as a list of values."""

    def make(num: int = 1, **columns: Any) -> Candidates:
        defaults: dict[str, Any] = {
            "distance_m": 10_000.0,
            "travel_s": 1200,
            "is_active": True,
            "is_blocked": False,
            "in_pool": False,
            "in_market": True,
            "is_admitted": False,
            "is_suspended": False,
            "skill_levels": [2, 3],
            "credential_days": [date(2027, 12, 31).toordinal()],
            "cleared_until": FOR_EVER,
            "in_area": True,
            "in_hours": True,
            "is_free": True,
            "fits": True,
            "earliest_start_s": 1_777_903_200,
            "jobs_that_day": 0,
            "day_capacity": NO_CAPACITY,
            "min_hourly_cents": 4000,
            "was_asked": False,
            "in_quiet_hours_now": False,
            "reputation": 0.5,
            "reputation_high": 1.0,
            "is_favourite": False,
            "prefers_client": False,
            "recent_offers": 0,
            "asks_today": 0,
            "num_asked": 20,
            "num_yes": 5,
            "consents": False,
            "hours_left_s": np.int32(NO_LIMIT),
            "papers_until": NO_PAPERS,
        }
        ids = [UUID(int=0x1000 + row).bytes for row in range(num)]
        values = {"ids": np.array(columns.pop("ids", ids), dtype="S16")}
        for name, default in defaults.items():
            width = np.shape(default)
            column = np.asarray(columns.pop(name, default), dtype=np.asarray(default).dtype)
            values[name] = np.broadcast_to(column, (num, *width)).copy() if column.shape in ((), width) else column
        assert not columns, f"no such columns: {sorted(columns)}"
        return Candidates(**values)

    return make


@pytest.fixture(scope="session")
def make_crowd(make_candidates: MakeCandidates) -> Callable[[int, int], Candidates]:
    """`num` technicians of every kind, drawn by a seed: some may do the job of the world, most fail something."""

    def make(num: int, seed: int) -> Candidates:
        random = np.random.default_rng(seed)

        def often(share: float) -> Any:
            return random.random(num) < share

        in_hours, is_free = often(0.9), often(0.9)
        return make_candidates(
            num,
            ids=sorted(random.bytes(16) for _ in range(num)),
            distance_m=random.uniform(0, 160_000, num),
            travel_s=random.integers(0, 9000, num),
            is_active=often(0.97),
            is_blocked=often(0.03),
            in_pool=often(0.3),
            in_market=often(0.8),
            is_admitted=often(0.1),
            is_suspended=often(0.03),
            skill_levels=random.integers(1, 6, (num, 2)) * (random.random((num, 2)) < 0.9),
            credential_days=random.integers(739_700, 740_400, (num, 1)),
            cleared_until=random.integers(739_700, 740_400, num) * often(0.9),
            in_area=often(0.8),
            in_hours=in_hours,
            is_free=is_free,
            fits=in_hours & is_free & often(0.95),
            jobs_that_day=random.integers(0, 4, num),
            day_capacity=random.choice([3, 4, NO_CAPACITY], num),
            min_hourly_cents=random.choice([-1, 0, 3000, 5000, 6000, 6001, 9000], num),
            was_asked=often(0.1),
            in_quiet_hours_now=often(0.1),
            reputation=random.choice([0.25, 0.5, 0.75], num),
            is_favourite=often(0.1),
            prefers_client=often(0.1),
            recent_offers=random.integers(0, 20, num),
            asks_today=random.integers(0, 45, num),
            num_asked=random.integers(0, 30, num),
            num_yes=random.integers(0, 5, num),
            consents=often(0.2),
            hours_left_s=np.where(random.random(num) < 0.03, random.choice([0, 7199, 7200], num), NO_LIMIT),
            papers_until=np.where(random.random(num) < 0.03, random.integers(739_700, 740_400, num), NO_PAPERS),
            reputation_high=random.choice([0.75, 0.9, 1.0], num),
        )

    return make
