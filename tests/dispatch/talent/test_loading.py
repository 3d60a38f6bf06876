"""How do many technicians come in at once?"""

import threading
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from worlds import World

from dispatch.errors import Conflict, Refused
from dispatch.record.session import ENGINE, Actor, transaction
from dispatch.record.tables import CompanyRow, CredentialKindRow, CredentialRow, EventRow, PoolRow, TechnicianRow
from dispatch.talent import loading
from dispatch.talent.clients import create_client
from dispatch.talent.credentials import REVIEW_WITHIN, verify_credential
from dispatch.talent.loading import BadEntries, Entry, Loaded, entry_of, load_technicians
from dispatch.talent.pools import create_pool
from dispatch.talent.profiles import Profile
from dispatch.talent.reading import read_technicians
from dispatch.visits.lapses import revoke
from matching.technician import Technician

FIELDS = ("name", "lat", "lng", "cell", "time_zone", "day_capacity", "skills", "hours")
ANN = Profile(number="T-00000", name="=Ann \\N \\t Lee", lat=41.88, lng=-87.63)


def entry(line: int, number: str, **values: Any) -> Entry:
    more = {"skills": {"hvac": 2}} | values
    return entry_of(line, replace(ANN, number=number, **more.pop("profile", {})), **more)


def by_number(session: Session, now: Any) -> dict[str, Technician]:
    numbers = dict(session.execute(select(TechnicianRow.id, TechnicianRow.number)).all())
    return {numbers[each.id]: each for each in read_technicians(session, now=now)}


def imported(session: Session) -> list[str]:
    """The ids of all import events, as often as they are named."""
    events = session.scalars(select(EventRow.data).where(EventRow.kind == "technicians_imported"))
    return [who for data in events for who in (*data["created"], *data["updated"])]


def test_everything_that_a_file_says_is_in_the_record(world: World, operator: Actor) -> None:
    with world.as_engine() as (session, now):
        pool = create_pool(session, operator, world.client, "Preferred", now=now)
        company = session.scalars(select(CompanyRow.id)).one()
        until, day = now.date() + timedelta(days=9), now.date() - timedelta(days=9)
        proofs = {"background_check": until}
        entries = [
            entry(2, "N-1", skills={"hvac": 5, "wifi": 1}, hours=[(0, 480, 1080)], credentials=proofs,
                  pools=["Preferred"], company="Big Bend Repairs", profile={"quiet": (1320, 360)}),
            entry(3, "N-2", skills={}, credentials={"background_check": day}),
        ]  # fmt: skip
        assert load_technicians(session, operator, entries, FIELDS, now=now) == Loaded(2, 0, 0)
    with world.as_engine() as (session, now):
        found = by_number(session, now)
        names = set(session.scalars(select(TechnicianRow.name).where(TechnicianRow.number.in_(["N-1", "N-2"]))))
    first, second = found["N-1"], found["N-2"]
    assert names == {ANN.name}, "what COPY would read as a sign is text"
    assert (first.skills, first.hours, first.quiet) == ({"hvac": 5, "wifi": 1}, ((0, 480, 1080),), (1320, 360))
    assert first.credentials == {"background_check": until.toordinal()}
    assert (first.pools, first.company_id) == (frozenset({pool}), company)
    assert first.reputation == second.reputation, "both are new"
    assert second.credentials == {}, "it was over before it came"
    assert (second.skills, second.company_id, second.pools, second.is_active) == ({}, None, frozenset(), True)
    assert len(found) == 6, "who is not in the file is still there"


def test_a_word_that_clears_keeps_its_last_day_gets_the_files_or_holds_for_a_year(
    world: World, operator: Actor
) -> None:
    fields = ("clearance", "clearance_until")

    def load(**profile: Any) -> dict[str, Any]:
        given = [entry(2, "N-1", profile={"clearance": "us_person", **profile}), entry(3, "N-2")]
        load_technicians(session, operator, given, fields, now=now)
        rows = select(TechnicianRow.number, TechnicianRow.clearance_until).where(TechnicianRow.number.like("N-%"))
        return dict(session.execute(rows).all())

    with world.as_engine() as (session, now):
        today = now.date()
        assert load() == {"N-1": today + timedelta(days=365), "N-2": None}
        soon = today + timedelta(days=9)
        assert load(clearance_until=soon) == {"N-1": soon, "N-2": None}
        assert load() == {"N-1": soon, "N-2": None}
        for day in (today - timedelta(days=1), today + timedelta(days=366)):
            with pytest.raises(BadEntries, match="line 2, clearance_until"):
                load(clearance_until=day)
        assert load(clearance="unknown") == {"N-1": None, "N-2": None}


def test_what_a_file_does_not_say_of_a_report_a_reviewer_says_before_it_counts(world: World, operator: Actor) -> None:
    with world.as_engine() as (session, now):
        session.execute(update(CredentialKindRow).values(family="background_check", is_screening=True))
        until = now.date() + timedelta(days=90)
        load_technicians(session, operator, [entry(2, "N-1", credentials={"background_check": until})], (), now=now)
        proof = session.scalars(select(CredentialRow)).one()
        assert (proof.state, proof.verified_at, proof.due_at) == ("submitted", None, now + REVIEW_WITHIN)
        assert by_number(session, now)["N-1"].credentials == {}
        facts = {"scope": ["county_7y"], "issued_on": "2026-01-01"}
        verify_credential(session, operator, proof.id, facts=facts, now=now)
        assert by_number(session, now)["N-1"].credentials == {"background_check": until.toordinal()}


def test_the_same_file_again_changes_nothing_and_says_so(world: World, operator: Actor) -> None:
    with world.as_engine() as (session, now):
        until = now.date() + timedelta(days=9)
        entries = [
            entry(line, f"N-{line}", hours=[(0, 0, 60)], credentials={"background_check": until}) for line in range(3)
        ]
        load_technicians(session, operator, entries, FIELDS, now=now)
    with world.as_engine() as (session, now):
        before = by_number(session, now)
        assert load_technicians(session, operator, entries, FIELDS, now=now) == Loaded(0, 0, 3)
        assert by_number(session, now) == before
        assert len(imported(session)) == 3


def test_who_is_known_is_changed_by_the_fields_of_the_file_and_only_by_those(world: World, operator: Actor) -> None:
    with world.as_engine() as (session, now):
        before = by_number(session, now)
        changed = entry(2, "T-00000", skills={"wifi": 4}, hours=[(1, 0, 60)], profile={"day_capacity": 2})
        fields = ("day_capacity", "skills")
        assert load_technicians(session, operator, [changed], fields, now=now) == Loaded(0, 1, 0)
        after = by_number(session, now)
        assert (after["T-00000"].skills, after["T-00000"].day_capacity) == ({"wifi": 4}, 2)
        assert (after["T-00000"].lat, after["T-00000"].hours) == (before["T-00000"].lat, ())
        assert after["T-00000"].id == before["T-00000"].id
        assert {number: each for number, each in after.items() if number != "T-00000"} == {
            number: each for number, each in before.items() if number != "T-00000"
        }
        assert imported(session) == [str(before["T-00000"].id)]


def test_hours_and_skills_that_the_file_has_no_more_are_gone(world: World, operator: Actor) -> None:
    with world.as_engine() as (session, now):
        full = entry(2, "N-1", skills={"hvac": 1, "wifi": 2}, hours=[(0, 0, 60), (1, 0, 60)])
        load_technicians(session, operator, [full], FIELDS, now=now)
    with world.as_engine() as (session, now):
        less = entry(2, "N-1", skills={"wifi": 3}, hours=[(1, 0, 90)])
        assert load_technicians(session, operator, [less], FIELDS, now=now) == Loaded(0, 1, 0)
        found = by_number(session, now)["N-1"]
        assert (found.skills, found.hours) == ({"wifi": 3}, ((1, 0, 90),))


def test_a_proof_that_was_revoked_is_not_brought_back_by_the_same_file(world: World, operator: Actor) -> None:
    with world.as_engine() as (session, now):
        again = [entry(2, "N-1", credentials={"background_check": now.date() + timedelta(days=9)})]
        load_technicians(session, operator, again, FIELDS, now=now)
        revoke(session, operator, session.scalars(select(CredentialRow.id)).one(), now=now)
        load_technicians(session, operator, again, FIELDS, now=now)
        assert by_number(session, now)["N-1"].credentials == {}


def test_names_that_nobody_knows_are_all_told_by_line_and_nothing_is_written(world: World, operator: Actor) -> None:
    entries = [
        entry(2, "N-1"),
        entry(3, "N-2", skills={"hvac": 1, "magic": 1}),
        entry(5, "N-3", company="Nobody", pools=["No pool"], credentials={"crown": date(2030, 1, 1)}),
    ]
    with pytest.raises(BadEntries) as refused, world.as_engine() as (session, now):
        load_technicians(session, operator, entries, FIELDS, now=now)
    told = [(each.line, each.error.field, each.error.value) for each in refused.value.problems]
    assert told == [
        (3, "skills", "magic"), (5, "credentials", "crown"), (5, "pools", "No pool"), (5, "company", "Nobody")
    ]  # fmt: skip
    with world.as_engine() as (session, _):
        assert session.scalar(select(func.count()).select_from(TechnicianRow)) == 4


def test_missing_names_are_added_where_that_is_wanted(world: World, operator: Actor) -> None:
    with world.as_engine() as (session, now):
        entries = [entry(2, "N-1", skills={"magic": 3}, company="New Ltd", credentials={"crown": now.date()})]
        load_technicians(session, operator, entries, FIELDS, add_missing=True, now=now)
        assert by_number(session, now)["N-1"].skills == {"magic": 3}
        assert session.scalars(select(CompanyRow.name)).all() == ["Big Bend Repairs", "New Ltd"]


def test_a_pool_s_name_that_two_clients_have_is_nobody_s(world: World, operator: Actor) -> None:
    with world.as_engine() as (session, now):
        other = create_client(session, operator, "Other", now=now)
        for client in (world.client, other):
            create_pool(session, operator, client, "Preferred", now=now)
        with pytest.raises(BadEntries):
            load_technicians(session, operator, [entry(2, "N-1", pools=["Preferred"])], FIELDS, now=now)
        assert session.scalar(select(func.count()).select_from(PoolRow)) == 2


def test_each_technician_is_named_by_one_event_and_an_event_names_no_more_than_a_batch(
    world: World, operator: Actor, monkeypatch: Any
) -> None:
    monkeypatch.setattr(loading, "EVENT_BATCH", 3)
    with world.as_engine() as (session, now):
        load_technicians(session, operator, [entry(n, f"N-{n}") for n in range(8)], FIELDS, now=now)
        ids = set(map(str, session.scalars(select(TechnicianRow.id).where(TechnicianRow.number.like("N-%")))))
        told = imported(session)
        sizes = [len(data["created"]) for data in session.scalars(select(EventRow.data).order_by(EventRow.seq))]
    assert sorted(told) == sorted(ids)
    assert sizes == [3, 3, 2]


def test_an_empty_file_is_no_reason_to_fail(world: World, operator: Actor) -> None:
    with world.as_engine() as (session, now):
        assert load_technicians(session, operator, [], FIELDS, now=now) == Loaded(0, 0, 0)
        assert imported(session) == []


def test_only_the_operator_imports(world: World) -> None:
    with world.as_engine() as (session, now), pytest.raises(Refused):
        load_technicians(session, world.staff, [], FIELDS, now=now)


def test_two_imports_of_the_same_newcomers_at_once_leave_one_of_each(world: World, operator: Actor) -> None:
    entries = [entry(n, f"N-{n}") for n in range(20)]
    outcomes: list[object] = []

    def second() -> None:
        try:
            with world.as_engine() as (session, now):
                outcomes.append(load_technicians(session, operator, entries[::-1], FIELDS, now=now))
        except Conflict as error:
            outcomes.append(error)

    thread = threading.Thread(target=second)
    with transaction(world.engine, ENGINE, role="engine") as session:
        first = load_technicians(session, operator, entries, FIELDS, now=session.scalar(select(func.now())))
        thread.start()
        thread.join(0.5)
    thread.join()
    assert first == Loaded(20, 0, 0)
    assert isinstance(outcomes[0], Conflict) or outcomes[0] == Loaded(0, 0, 20)
    with world.as_engine() as (session, _):
        assert session.scalar(select(func.count()).select_from(TechnicianRow)) == 24
