from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from uuid import UUID

import pytest

from dispatch.index.roster import Roster
from dispatch.index.search import search
from matching.candidates import Candidates
from matching.job import Job
from matching.policy import Policy
from matching.technician import Technician

NOW = datetime(2026, 5, 3, 12, tzinfo=UTC)
EVERYWHERE = Policy(reach_km=20038)

MakeJob = Callable[..., Job]
MakeTechnician = Callable[..., Technician]
Crowd = Callable[[int, int], list[Technician]]


def assert_same_answers(one: Roster, other: Roster, job: Job) -> None:
    ours, theirs = search(one, job, EVERYWHERE, now=NOW), search(other, job, EVERYWHERE, now=NOW)
    for column in fields(Candidates):
        assert getattr(ours, column.name).tolist() == getattr(theirs, column.name).tolist(), column.name


def test_an_older_version_is_ignored_and_the_same_or_a_newer_one_replaces(make_technician: MakeTechnician) -> None:
    roster, held = Roster(), make_technician(version=5)
    assert roster.upsert([held]) == 1
    assert roster.upsert([replace(held, version=4, num_asked=1)]) == 0
    assert roster.get(held.id) == held
    assert roster.upsert([same := replace(held, num_asked=2)]) == 1
    assert roster.get(held.id) == same
    assert roster.upsert([replace(held, version=6)]) == 1
    assert roster.version_of(held.id) == 6
    assert len(roster) == 1


@pytest.mark.parametrize("versions", [(3, 7, 5), (7, 3, 5), (5, 3, 7)])
def test_of_several_versions_handed_over_together_the_newest_stays(
    make_technician: MakeTechnician, versions: tuple[int, ...]
) -> None:
    roster = Roster()
    assert roster.upsert(make_technician(version=version) for version in versions) == 1
    assert roster.version_of(UUID(int=1)) == 7


def test_strangers_are_unknown_everywhere() -> None:
    roster, stranger = Roster(), UUID(int=1)
    assert roster.get(stranger) is None
    assert roster.version_of(stranger) is None
    assert roster.remove(stranger) is False
    assert roster.move(stranger, 1.0, 2.0, 3) is False
    assert roster.rows_of([stranger]) == []


@pytest.mark.parametrize("seed", range(3))
def test_after_any_series_of_changes_the_answers_are_those_of_a_roster_made_afresh(
    crowd: Crowd, make_job: MakeJob, seed: int
) -> None:
    """Ids return with other facts; rows are freed and used again by others."""
    random, roster, plain = Random(seed), Roster(), dict[UUID, Technician]()
    people = crowd(60, seed)
    for turn in range(400):
        who = random.choice(people)
        if random.random() < 0.3:
            assert roster.remove(who.id) == (plain.pop(who.id, None) is not None)
        else:
            changed = replace(random.choice(people), id=who.id, version=turn)
            roster.upsert([changed])
            plain[who.id] = changed
    afresh = Roster()
    afresh.upsert(plain.values())
    assert len(roster) == len(plain) == len(afresh)
    assert roster.num_rows <= 60
    job = make_job(pools=frozenset({UUID(int=0xB1)}))
    assert_same_answers(roster, afresh, job)


def test_who_comes_back_into_a_freed_row_starts_with_no_live_position(
    make_technician: MakeTechnician, make_job: MakeJob
) -> None:
    roster, leaver, newcomer = Roster(), make_technician(1), make_technician(2)
    roster.upsert([leaver])
    roster.move(leaver.id, 10.0, 10.0, until_s=2**40)
    roster.remove(leaver.id)
    roster.upsert([newcomer])
    assert roster.num_rows == 1
    assert len(search(roster, make_job(asked_time="asap"), Policy(), now=NOW)) == 1


def test_a_change_keeps_the_live_position(make_technician: MakeTechnician, make_job: MakeJob) -> None:
    roster, who = Roster(), make_technician(lat=10.0, lng=10.0)
    roster.upsert([who])
    roster.move(who.id, 39.7, -105.0, until_s=2**40)
    roster.upsert([replace(who, version=2)])
    assert len(search(roster, make_job(asked_time="asap"), Policy(), now=NOW)) == 1


def test_rates_with_fractions_of_a_cent_are_rounded_up(make_technician: MakeTechnician, make_job: MakeJob) -> None:
    roster = Roster()
    roster.upsert([make_technician(1, min_hourly=Decimal("59.991")), make_technician(2, min_hourly=Decimal("59.99"))])
    assert search(roster, make_job(), Policy(), now=NOW).min_hourly_cents.tolist() == [6000, 5999]


def test_more_than_one_batch_arrives_whole(make_technician: MakeTechnician, make_job: MakeJob) -> None:
    roster = Roster()
    assert roster.upsert(make_technician(num) for num in range(1, 1001)) == 1000
    found = search(roster, make_job(), Policy(), now=NOW)
    assert [found.id_at(row).int for row in range(1000)] == list(range(1, 1001))
