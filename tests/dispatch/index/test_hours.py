"""What is left with a client, by row: what the columns answer is what the steps say, whatever changed meanwhile.

The client's limit is 20 hours; the job of the world takes two hours on Monday 4 May 2026.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import numpy as np

from dispatch.index.hours import LeftByClient
from matching.job import Job
from matching.usage import NO_LIMIT, NO_RULES, HoursLeft, left_on

CLIENT, OTHER = UUID(int=0xC1), UUID(int=0xC2)
HOUR = 3600
MONDAY = datetime(2026, 5, 4, tzinfo=UTC)
DAY = MONDAY.date().toordinal()

MakeJob = Callable[..., Job]


def left(*steps: tuple[int, int]) -> dict[UUID, HoursLeft]:
    return {CLIENT: HoursLeft(1, tuple((DAY + day, hours * HOUR) for day, hours in steps))}


def asked(kept: LeftByClient, job: Job, rows: int = 3) -> list[float]:
    return (kept.of(job, np.arange(rows), np.zeros(rows, dtype=np.bool_), rows) / HOUR).tolist()


def test_the_step_of_the_day_holds_and_newcomers_have_the_whole_limit(make_job: MakeJob):
    kept, job = LeftByClient(), make_job()
    kept.put(0, {}, left((-9, 1), (0, 5), (1, 9)))
    kept.put(2, {}, {OTHER: HoursLeft(1, ((1, 0),))})
    assert asked(kept, job) == [5, 20, 20]
    assert asked(kept, replace(job, end_at=job.end_at + timedelta(days=1))) == [9, 20, 20], "at the end of the window"
    nobody, free = np.zeros(3, dtype=np.bool_), replace(job, hours_rules=NO_RULES)
    assert kept.of(free, np.arange(3), nobody, 3).tolist() == [NO_LIMIT] * 3


def test_work_over_several_days_has_the_least_of_them(make_job: MakeJob):
    kept = LeftByClient()
    kept.put(0, {}, left((-9, 5), (1, 2), (2, 9)))
    night = make_job(start_at=MONDAY + timedelta(hours=20), end_at=MONDAY + timedelta(hours=50), duration_min=30 * 60)
    assert asked(kept, night, 1) == [2]


def test_what_changes_after_a_look_is_seen_by_the_next(make_job: MakeJob):
    kept, job = LeftByClient(), make_job()
    assert asked(kept, job, 1) == [20]
    before, after = left((0, 5)), left((0, 0))
    kept.put(0, {}, before)
    assert asked(kept, job, 1) == [5]
    kept.put(0, before, after)
    assert asked(kept, job, 1) == [0]
    kept.put(0, after, {})
    assert asked(kept, job, 1) == [20]
    kept.put(7, {}, before)
    assert asked(kept, job, 9) == [20] * 7 + [5, 20], "rows that came after the column was made"


def test_many_changes_and_looks_answer_as_the_steps_do(make_job: MakeJob):
    random, kept, known = Random(5), LeftByClient(), dict[int, dict[UUID, Any]]()
    for _ in range(300):
        row, day = random.randrange(40), random.randrange(4)
        new = (
            left(*((at, random.randrange(20)) for at in range(random.randrange(1, 4)))) if random.random() < 0.8 else {}
        )
        kept.put(row, known.get(row, {}), new)
        known[row] = new
        job = make_job(start_at=MONDAY + timedelta(days=day, hours=8), end_at=MONDAY + timedelta(days=day, hours=12))
        held = [known.get(each, {}).get(CLIENT) for each in range(40)]
        assert asked(kept, job, 40) == [left_on(each.steps, [DAY + day]) / HOUR if each else 20 for each in held]
