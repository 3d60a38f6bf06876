"""What is proved about a technician? With the races between a revocation and an acceptance, by real commits."""

import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session
from worlds import World

from dispatch.errors import BadInput, Conflict, NotFound, Refused
from dispatch.jobs.acceptance import Lost, Won, accept_offer
from dispatch.record.session import ENGINE, Actor, transaction
from dispatch.record.tables import AssignmentRow, CredentialKindRow, CredentialRow, EventRow
from dispatch.talent.catalogue import SCREENED, Kind, put_credential_kinds
from dispatch.talent.credentials import (
    Claim,
    insert_credential,
    reject_credential,
    submit_credential,
    verify_credential,
)
from dispatch.talent.reading import lock_technician, read_technicians
from dispatch.visits.lapses import Broken, revoke
from matching.job import Needs

KIND = "background_check"


def prove(session: Session, world: World, num: int, until: date, now: datetime) -> UUID:
    claim = Claim(KIND, date(2020, 1, 1), until, "upload-1")
    proof = submit_credential(session, world.technician(num), world.technicians[num], claim, now=now)
    verify_credential(session, ENGINE, proof, now=now)
    return proof


def known(world: World, num: int = 0) -> dict[str, int]:
    with world.as_engine() as (session, now):
        return dict(read_technicians(session, [world.technicians[num]], now=now)[0].credentials)


def waits(world: World, waiter: threading.Thread) -> None:
    """Wait until some session of this database waits for a lock, or the thread has ended."""
    seen = False
    while not seen and waiter.is_alive():
        with world.engine.connect() as connection:
            seen = connection.execute(
                text("SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
                     " WHERE NOT l.granted AND a.datname = current_database())")
            ).scalar_one()  # fmt: skip
    assert seen, "it should have had to wait"


def test_a_proof_counts_from_its_verification_to_its_revocation(world: World, operator: Actor) -> None:
    with world.as_engine() as (session, now):
        until = now.date() + timedelta(days=90)
        claim = Claim(KIND, now.date(), until, "upload-1")
        proof = submit_credential(session, world.technician(0), world.technicians[0], claim, now=now)
    assert known(world) == {}
    with world.as_engine() as (session, now):
        verify_credential(session, operator, proof, now=now)
    assert known(world) == {KIND: until.toordinal()}
    with world.as_engine() as (session, now):
        assert revoke(session, operator, proof, now=now) == Broken()
    assert known(world) == {}
    with world.as_engine() as (session, _):
        told = session.execute(select(EventRow.kind, EventRow.data).where(EventRow.subject_id == proof)).all()
    assert [kind for kind, _ in told] == ["submitted", "verified", "revoked"]
    assert "upload-1" not in str(told), "the evidence is a reference to a person's paper"


def test_what_was_ended_stays_ended(world: World, operator: Actor) -> None:
    with world.as_engine() as (session, now):
        proof = prove(session, world, 0, now.date(), now)
        revoke(session, operator, proof, now=now)
        for move in (verify_credential, reject_credential, revoke):
            with pytest.raises(Conflict) as refused:
                move(session, operator, proof, now=now)
            assert refused.value.state == "revoked"


REPORT = {"scope": ["county_7y"], "issued_on": "2026-01-01"}
INSURED = {"per_occurrence": "1000000", "aggregate": "2000000", "currency": "USD", "named_insured": "Technician 0"}


@pytest.mark.parametrize(
    ("family", "facts"),
    [
        ("background_check", REPORT),
        ("drug_screen", REPORT),
        ("insurance", INSURED),
        ("licence", {"states": ["TX"]}),
        ("clearance", {"evidence": "citizen"}),
        ("tax_form", {"form": "W-9", "signed_on": "2026-01-01"}),
    ],
)
def test_nothing_is_verified_without_the_facts_of_its_family(
    world: World, operator: Actor, family: str, facts: dict[str, Any]
) -> None:
    """Whoever handed it in left them all out, and the reviewer says all but one: it is missed by its name."""
    with world.as_engine() as (session, now):
        kind = {"family": family, "is_screening": family in SCREENED}
        session.execute(update(CredentialKindRow).where(CredentialKindRow.code == KIND).values(kind))
        claim = Claim(KIND, now.date(), now.date() + timedelta(days=90), "upload-1")
        who = world.technicians[0]
        proof = insert_credential(
            session, ENGINE, who, claim, state="submitted", facts={}, now=now, evidence="upload-1"
        )
        for missing in facts:
            said = {name: value for name, value in facts.items() if name != missing}
            for actor in (operator, ENGINE):
                with pytest.raises(BadInput, match=rf"facts\.{missing}"):
                    verify_credential(session, actor, proof, facts=said, now=now)
        if family == "insurance":
            with pytest.raises(Refused, match="legal name"):
                verify_credential(session, operator, proof, facts={**facts, "named_insured": "Somebody Else"}, now=now)
    assert known(world) == {}
    with world.as_engine() as (session, now):
        verify_credential(session, operator, proof, facts=facts, now=now)
        assert session.get_one(CredentialRow, proof).facts == facts
    assert list(known(world)) == [KIND]


def test_nobody_verifies_or_revokes_their_own_and_strangers_submit_nothing(world: World) -> None:
    me = world.technician(0)
    with world.as_engine() as (session, now):
        proof = prove(session, world, 0, now.date(), now)
        for move in (verify_credential, reject_credential, revoke):
            with pytest.raises(Refused):
                move(session, me, proof, now=now)
        with pytest.raises(NotFound):
            submit_credential(session, me, world.technicians[1], Claim(KIND, now.date(), now.date(), "x"), now=now)


def test_a_proof_has_a_known_kind_and_days_in_order_that_have_not_passed(world: World) -> None:
    me, who = world.technician(0), world.technicians[0]
    with world.as_engine() as (session, now):
        today, day = now.astimezone(UTC).date(), timedelta(days=1)
        for kind, first, last in (
            ("magic", today, today),
            (KIND, today, today - day),
            (KIND, today - day, today - day),
        ):
            with pytest.raises(BadInput):
                submit_credential(session, me, who, Claim(kind, first, last, "x"), now=now)


def test_a_revocation_names_the_assignments_that_nothing_else_covers(world: World, operator: Actor) -> None:
    """Two jobs are taken: one needs the proof and one does not; a shorter proof does not reach the visit's end."""
    with world.as_engine() as (session, now):
        proof = prove(session, world, 0, world.start.date() + timedelta(days=30), now)
        prove(session, world, 0, world.start.date() - timedelta(days=1), now)
    touched = take(world, Needs(skills={"hvac": 2}, credentials=(KIND,)), world.start)
    take(world, Needs(skills={"hvac": 2}), world.start + timedelta(days=1))
    with world.as_engine() as (session, now):
        assert revoke(session, operator, proof, now=now).assignments == ((touched, "flag"),)
        assert session.get_one(AssignmentRow, touched).state == "live", "the dispatcher decides, not the machine"


def test_another_proof_that_reaches_the_end_covers_the_assignment(world: World, operator: Actor) -> None:
    with world.as_engine() as (session, now):
        proof = prove(session, world, 0, world.start.date() + timedelta(days=30), now)
        prove(session, world, 0, world.start.date(), now)
    take(world, Needs(skills={"hvac": 2}, credentials=(KIND,)), world.start)
    with world.as_engine() as (session, now):
        assert revoke(session, operator, proof, now=now) == Broken()


def take(world: World, needs: Needs, start: datetime) -> UUID:
    """Technician 0 gets a job: the assignment."""
    offers = world.offered(needs=needs, start_at=start)
    offer = next(each for each in offers if each.technician_id == world.technicians[0])
    with world.as_engine() as (session, now):
        answer = accept_offer(session, world.actor_of(offer), world.yes(offer), now=now)
    assert isinstance(answer, Won), answer
    return answer.assignment_id


def test_export_work_is_given_only_to_whom_their_clearance_covers_to_its_end(world: World, operator: Actor) -> None:
    """Technician 0 is cleared through the day of the work, 1 by a renewal, 2 through the day before: not asked."""
    day, one = world.start.date(), timedelta(days=1)

    def cleared(num: int, first: date, last: date) -> UUID:
        who, claim = world.technicians[num], Claim("export", first, last, "upload-1", {"evidence": "citizen"})
        proof = submit_credential(session, ENGINE, who, claim, now=now)
        verify_credential(session, operator, proof, now=now)
        return proof

    with world.as_engine() as (session, now):
        put_credential_kinds(session, ENGINE, [Kind("export", "Export", "clearance")], now=now)
        whole = cleared(0, date(2020, 1, 1), day)
        for num in (1, 2):
            cleared(num, date(2020, 1, 1), day - one)
        renewal = cleared(1, day, day + 90 * one)
    offers = {each.technician_id: each for each in world.offered(needs=Needs(skills={"hvac": 2}, clearance=True))}
    assert set(offers) == set(world.technicians[:2])
    with world.as_engine() as (session, now):
        assert revoke(session, operator, renewal, now=now) == Broken(offers=(offers[world.technicians[1]].id,))
        shorter = update(CredentialRow).where(CredentialRow.id == whole).values(valid_until=day - one)
        session.execute(shorter)
        offer = offers[world.technicians[0]]
        answer = accept_offer(session, world.actor_of(offer), world.yes(offer), now=now)
    assert isinstance(answer, Lost)
    assert answer.rules == ("clearance",)


def test_an_acceptance_under_way_makes_the_revocation_wait_and_is_named_by_it(world: World, operator: Actor) -> None:
    with world.as_engine() as (session, now):
        proof = prove(session, world, 0, world.start.date() + timedelta(days=30), now)
    (offer,) = world.offered(needs=Needs(skills={"hvac": 2}, credentials=(KIND,)))
    named: list[UUID] = []

    def take_back() -> None:
        with world.as_engine() as (session, now):
            named.extend(each for each, _ in revoke(session, operator, proof, now=now).assignments)

    thread = threading.Thread(target=take_back)
    with world.as_engine() as (session, now):
        answer = accept_offer(session, world.actor_of(offer), world.yes(offer), now=now)
        thread.start()
        waits(world, thread)
    thread.join()
    assert isinstance(answer, Won)
    assert named == [answer.assignment_id]


def test_a_revocation_under_way_makes_the_acceptance_wait_and_fail_the_rule(world: World, operator: Actor) -> None:
    with world.as_engine() as (session, now):
        proof = prove(session, world, 0, world.start.date() + timedelta(days=30), now)
    (offer,) = world.offered(needs=Needs(skills={"hvac": 2}, credentials=(KIND,)))
    answers: list[object] = []

    def accept() -> None:
        with world.as_engine() as (session, now):
            answers.append(accept_offer(session, world.actor_of(offer), world.yes(offer), now=now))

    thread = threading.Thread(target=accept)
    with world.as_engine() as (session, now):
        assert revoke(session, operator, proof, now=now) == Broken(offers=(offer.id,))
        thread.start()
        waits(world, thread)
    thread.join()
    (answer,) = answers
    assert isinstance(answer, Lost)
    assert answer.rules == ("credential",)


def test_what_a_lock_shows_stays_true_until_its_end_and_a_revocation_rolled_back_counts_not(
    world: World, operator: Actor
) -> None:
    who = world.technicians[0]
    with world.as_engine() as (session, now):
        proof = prove(session, world, 0, now.date() + timedelta(days=30), now)
    seen: list[dict[str, int]] = []

    def lock() -> None:
        with transaction(world.engine, ENGINE, role="engine") as session:
            found = lock_technician(session, who, now=now)
            assert found is not None
            seen.append(dict(found.credentials))

    thread = threading.Thread(target=lock)
    with transaction(world.engine, ENGINE, role="engine") as session:
        revoke(session, operator, proof, now=now)
        thread.start()
        waits(world, thread)
        session.rollback()
    thread.join()
    assert list(seen[0]) == [KIND]
