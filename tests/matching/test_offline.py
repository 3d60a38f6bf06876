"""The rules of `truckroll match`, against a second, slow telling of them.

The world: Denver at (39.74, -104.99). A degree of latitude is 111.19 km, so `north(10)` is 10 km up from there. Jobs
are on 4 May 2026, by hours UTC.
"""

import itertools
import math
import random
import time
from datetime import date
from fractions import Fraction

import pytest

from matching.lines import JobLine, TechnicianLine
from matching.offline import RULES, match
from matching.offline_rules import MICRO

LAT, LNG = 39.74, -104.99
DAY = date(2026, 5, 4)
HOUR_US = 3_600_000_000
RADIUS_KM = 6371.0088


def north(km):
    return {"lat": LAT + math.degrees(km / RADIUS_KM), "lng": LNG}


def job(name="J", start=9.0, end=11.0, **values):
    placed = {"lat": LAT, "lng": LNG, "end_day": DAY.toordinal(), "duration_milli_min": int((end - start) * 60_000)}
    return JobLine(name, **{**placed, **values}, start_us=int(start * HOUR_US), end_us=int(end * HOUR_US))


def technician(name="T", km=1.0, **values):
    return TechnicianLine(name, **{**north(km), **values})


def matched(technicians, jobs, objective="distance", reach_km=160.0, seed=0, seconds=60.0):
    return match(
        technicians,
        jobs,
        objective=objective,
        reach_km=reach_km,
        seed=seed,
        seconds=seconds,
        clock=time.monotonic,
        tell=lambda what: None,
    )


def pairs(technicians, jobs, **options):
    return {pair.job: pair.technician for pair in matched(technicians, jobs, **options).pairs}


def reasons(technicians, jobs, **options):
    return {line.job: dict(line.reasons) for line in matched(technicians, jobs, **options).unserved}


def test_the_nearest_of_those_who_may_gets_the_job():
    people = [technician("far", 20), technician("near", 3), technician("unskilled", 1)]
    people = [people[0], people[1], people[2]]
    skilled = [TechnicianLine(t.id, t.lat, t.lng, {} if t.id == "unskilled" else {"hvac": 1}) for t in people]
    answer = matched(skilled, [job(skills={"hvac": 1})])
    assert [(pair.technician, pair.distance_m) for pair in answer.pairs] == [("near", 3000)]
    assert (answer.is_optimal, answer.distance_m, answer.priority_served) == (True, 3000, 1)


def test_lacking_a_skill_and_having_it_below_the_level_are_two_rules():
    people = [technician("none"), technician("low", skills={"hvac": 1}), technician("both", skills={"wifi": 1})]
    assert reasons(people, [job(skills={"hvac": 2, "wifi": 3})]) == {"J": {"skill": 3, "level": 2}}
    assert pairs([technician(skills={"hvac": 2})], [job(skills={"hvac": 2})]) == {"J": "T"}


def test_a_credential_counts_through_its_last_day_and_not_after():
    check = {"credentials": ("check",)}
    ends_today, ended = DAY.toordinal(), DAY.toordinal() - 1
    assert pairs([technician(credentials={"check": ends_today})], [job(**check)]) == {"J": "T"}
    people = [technician("ended", credentials={"check": ended}), technician("never")]
    assert reasons(people, [job(**check)]) == {"J": {"credential": 2}}


def test_who_is_out_of_reach_is_counted_nowhere():
    people = [technician("far", 160.001), technician("edge", 159.999)]
    assert reasons(people, [job(skills={"hvac": 1})]) == {"J": {"skill": 1}}
    assert reasons(people, [job(skills={"hvac": 1})], reach_km=1) == {"J": {}}


def test_the_own_radius_is_compared_with_the_unrounded_distance():
    assert reasons([technician(km=10.0004, radius_km=10.0)], [job()]) == {"J": {"radius": 1}}
    assert matched([technician(km=9.9999, radius_km=10.0)], [job()]).pairs[0].distance_m == 10_000
    assert reasons([technician(km=0.001, radius_km=0.0)], [job()]) == {"J": {"radius": 1}}


def test_pay_up_to_the_last_cent_of_the_budget_is_within_it():
    two_hours = {"duration_milli_min": 100_000, "budget_cents": 10_000}
    assert pairs([technician(rate_cents=6000)], [job(**two_hours)]) == {"J": "T"}
    assert reasons([technician(rate_cents=6001)], [job(**two_hours)]) == {"J": {"budget": 1}}
    assert pairs([technician(rate_cents=None)], [job(budget_cents=0)]) == {"J": "T"}
    assert pairs([technician(rate_cents=99_999)], [job()]) == {"J": "T"}


def test_a_technician_counts_under_every_rule_that_they_fail():
    busy = technician("busy", skills={"hvac": 1}, capacity=1)
    jobs = [job("first", priority=2), job("second", 10, 12, skills={"hvac": 1})]
    assert reasons([busy], jobs) == {"second": {"taken_by_other_jobs": 1, "overlap": 1, "capacity": 1}}
    unskilled = technician("busy", capacity=1)
    assert reasons([unskilled], jobs) == {"second": {"skill": 1, "overlap": 1, "capacity": 1}}


def test_hours_and_capacity_count_without_other_jobs_too_but_then_nothing_else_took_them():
    assert reasons([technician(capacity=0)], [job()]) == {"J": {"capacity": 1}}
    assert reasons([technician(max_busy_us=HOUR_US)], [job()]) == {"J": {"max_hours": 1}}


def test_hours_that_other_jobs_used_up_are_told():
    jobs = [job("first", priority=2), job("later", 15, 17)]
    person = technician(max_busy_us=3 * HOUR_US)
    assert reasons([person], jobs) == {"later": {"taken_by_other_jobs": 1, "max_hours": 1}}


def test_empty_files_have_an_answer():
    assert matched([], []).is_optimal
    assert reasons([], [job()]) == {"J": {}}
    assert matched([technician()], []).pairs == ()


@pytest.mark.parametrize("objective", ["distance", "policy"])
def test_the_order_of_rows_changes_nothing(objective):
    people, jobs = random_world(5)
    first = matched(people, jobs, objective=objective, seed=4)
    chance = random.Random(1)
    chance.shuffle(people)
    chance.shuffle(jobs)
    second = matched(people, jobs, objective=objective, seed=4)
    assert set(first.pairs) == set(second.pairs)
    assert {line.job: line.reasons for line in first.unserved} == {line.job: line.reasons for line in second.unserved}


def test_the_seed_decides_among_equals_and_only_among_equals():
    people = [technician(f"T{number}", 5) for number in range(8)]
    chosen = {pairs(people, [job()], seed=seed)["J"] for seed in range(20)}
    assert len(chosen) > 2
    assert {matched(people, [job()], seed=seed).distance_m for seed in range(20)} == {5000}


def test_the_policy_prefers_the_better_rated_of_two_at_the_same_distance():
    people = [technician("plain", rating=3.0), technician("good", rating=5.0)]
    assert pairs(people, [job()], objective="policy") == {"J": "good"}


def test_of_many_technicians_the_cheapest_as_many_as_jobs_are_enough():
    people = [technician(f"T{km}", km, capacity=1) for km in range(30, 0, -1)]
    assert matched(people, [job("a"), job("b"), job("c")]).distance_m == 6000


def random_world(seed, num_technicians=5, num_jobs=6):
    chance = random.Random(seed)
    people = [
        TechnicianLine(
            f"T{number}",
            LAT + chance.uniform(-1.5, 1.5),
            LNG + chance.uniform(-1.8, 1.8),
            skills={name: chance.randint(1, 3) for name in ("hvac", "wifi") if chance.random() < 0.8},
            credentials={"check": DAY.toordinal() + chance.randint(-1, 3)} if chance.random() < 0.8 else {},
            radius_km=chance.choice([None, None, 60.0, 120.0]),
            capacity=chance.choice([None, 1, 2, 3]),
            max_busy_us=chance.choice([None, 4 * HOUR_US, 6 * HOUR_US]),
            rate_cents=chance.choice([None, 5000, 7550]),
            rating=chance.choice([None, 2.5, 4.9]),
        )
        for number in range(num_technicians)
    ]
    jobs = []
    for number in range(num_jobs):
        start = chance.randint(0, 20) / 2
        end = start + chance.randint(1, 8) / 2
        jobs.append(
            job(
                f"J{number}",
                start,
                end,
                lat=LAT + chance.uniform(-0.5, 0.5),
                lng=LNG + chance.uniform(-0.5, 0.5),
                skills=chance.choice([{}, {"hvac": 1}, {"hvac": 2, "wifi": 1}]),
                credentials=chance.choice([(), ("check",)]),
                priority=chance.choice([1, 1, 2, 3]),
                budget_cents=chance.choice([None, 8000, 20_000]),
            )
        )
    return people, jobs


def metres(person, work):
    """Great-circle distance by the angle between the two directions, not by the haversine."""
    a, b = (
        (
            math.cos(math.radians(place.lat)) * math.cos(math.radians(place.lng)),
            math.cos(math.radians(place.lat)) * math.sin(math.radians(place.lng)),
            math.sin(math.radians(place.lat)),
        )
        for place in (person, work)
    )
    cross = (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
    return RADIUS_KM * 1000 * math.atan2(math.hypot(*cross), sum(x * y for x, y in zip(a, b, strict=True)))


def failed_alone(person, work):
    """The rules that look at nothing but the two."""
    failed = set()
    for name, level in work.skills.items():
        if name not in person.skills:
            failed.add("skill")
        elif person.skills[name] < level:
            failed.add("level")
    if any(person.credentials.get(kind, 0) < work.end_day for kind in work.credentials):
        failed.add("credential")
    if person.radius_km is not None and metres(person, work) > person.radius_km * 1000:
        failed.add("radius")
    if person.rate_cents is not None and work.budget_cents is not None:
        pay = Fraction(person.rate_cents) * Fraction(work.duration_milli_min, 60_000)
        if pay > work.budget_cents:
            failed.add("budget")
    return failed


def failed_holding(person, work, held):
    """The rules that look at what they got as well."""
    failed = set()
    if any(other.start_us < work.end_us and work.start_us < other.end_us for other in held):
        failed.add("overlap")
    if person.capacity is not None and len(held) + 1 > person.capacity:
        failed.add("capacity")
    busy_us = sum(other.end_us - other.start_us for other in [*held, work])
    if person.max_busy_us is not None and busy_us > person.max_busy_us:
        failed.add("max_hours")
    return failed


def best_by_hand(people, jobs):
    """(priority, metres) of the best choice, job by job through all of them."""
    by_name = {person.id: person for person in people}
    options = [
        [None, *(p.id for p in people if metres(p, work) <= 160_000 and not failed_alone(p, work))] for work in jobs
    ]
    found = (0, 0)
    for choice in itertools.product(*options):
        held, value = {}, (0, 0)
        for work, name in zip(jobs, choice, strict=True):
            if name is None:
                continue
            if failed_holding(by_name[name], work, held.setdefault(name, [])):
                break
            held[name].append(work)
            value = (value[0] + work.priority, value[1] - round(metres(by_name[name], work)))
        else:
            found = max(found, value)
    return found[0], -found[1]


@pytest.mark.parametrize("seed", range(40))
def test_equals_the_rules_and_the_best_choice_told_a_second_time(seed):
    people, jobs = random_world(seed, 4 + seed % 3, 4 + seed % 3)
    answer = matched(people, jobs, seed=seed)
    assert answer.is_optimal
    assert (answer.priority_served, answer.distance_m) == best_by_hand(people, jobs)
    by_name = {person.id: person for person in people}
    work_by_name = {work.id: work for work in jobs}
    held = {person.id: [work_by_name[p.job] for p in answer.pairs if p.technician == person.id] for person in people}
    for line in answer.unserved:
        work = work_by_name[line.job]
        counts = dict.fromkeys(RULES, 0)
        for person in people:
            if metres(person, work) > 160_000:
                continue
            failed = failed_alone(person, work) | failed_holding(person, work, held[person.id])
            if not failed_alone(person, work) | failed_holding(person, work, []):
                failed.add("taken_by_other_jobs")
            for rule in failed:
                counts[rule] += 1
        assert line.reasons == {rule: count for rule, count in counts.items() if count}
    for pair in answer.pairs:
        work, person = work_by_name[pair.job], by_name[pair.technician]
        assert pair.distance_m == round(metres(person, work))
        others = [other for other in held[person.id] if other.id != work.id]
        assert not failed_alone(person, work) | failed_holding(person, work, others)


@pytest.mark.parametrize("seed", range(10))
def test_the_policy_serves_as_much_and_scores_at_least_as_well(seed):
    people, jobs = random_world(seed)
    by_distance, by_policy = matched(people, jobs), matched(people, jobs, objective="policy")
    assert by_policy.is_optimal
    assert by_policy.priority_served == by_distance.priority_served
    scores = [sum(round(pair.score * MICRO) for pair in answer.pairs) for answer in (by_policy, by_distance)]
    assert scores[0] >= scores[1]
    assert all(0 <= pair.score <= 1 for pair in by_policy.pairs)
