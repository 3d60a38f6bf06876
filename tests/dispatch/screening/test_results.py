"""The vendor answers doubled, late, out of order, all at the same moment; real commits, and without the lock."""

import threading
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from racing import race
from sqlalchemy import select, text, update
from worlds import World

from dispatch.errors import BadInput, Conflict, NotFound
from dispatch.queue import Try
from dispatch.record.session import ENGINE, Actor
from dispatch.record.tables import CredentialKindRow, CredentialRow, EventRow
from dispatch.screening import results
from dispatch.screening.ordering import COUNTS_FOR, ERRAND, order_screening
from dispatch.screening.protocol import Result
from dispatch.screening.results import take_result
from dispatch.visits.lapses import revoke

OPERATOR = Actor("operator")


@pytest.fixture
def ordered(world: World) -> UUID:
    """A screening of technician 0 that the vendor has, and has not answered."""
    with world.as_engine() as (session, now):
        session.execute(update(CredentialKindRow).values(is_screening=True, family="background_check"))
        return order_screening(
            session, OPERATOR, world.technicians[0], "background_check", ["county_7y"], "local", now=now
        )


def row_of(world: World, proof: UUID) -> CredentialRow:
    with world.as_engine() as (session, _):
        row = session.get_one(CredentialRow, proof)
        session.expunge(row)
    return row


def told(world: World, proof: UUID) -> list[str]:
    with world.as_engine() as (session, _):
        return list(session.scalars(select(EventRow.kind).where(EventRow.subject_id == proof).order_by(EventRow.seq)))


def said(world: World, proof: UUID, status: str, seq: int = 1, **more: Any) -> str:
    ref = row_of(world, proof).vendor_ref
    assert ref is not None
    with world.as_engine() as (session, now):
        clear = {"scope": ("county_7y",), "issued_on": now.date()} if status == "clear" else {}
        return take_result(session, "local", Result(ref, seq, status, **{**clear, **more}), now=now)


@pytest.mark.parametrize("is_guarded", [True, False])
def test_an_answer_that_comes_six_times_at_once_is_taken_once_and_without_the_lock_each_time(
    world: World, ordered: UUID, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    if not is_guarded:
        gate = threading.Barrier(6)

        def unlocked(session: Any, vendor: str, ref: str) -> CredentialRow:
            row: CredentialRow = session.scalars(select(CredentialRow).where(CredentialRow.vendor_ref == ref)).one()
            gate.wait(10)
            return row

        monkeypatch.setattr(results, "_hold", unlocked)
    answers = race([partial(said, world, ordered, "adverse") for _ in range(6)])
    assert answers.count("taken") == told(world, ordered).count("screened") == (1 if is_guarded else 6)
    assert row_of(world, ordered).state == "submitted", "a machine turns nobody away"


def test_of_answers_in_any_order_the_newest_is_what_a_person_reads(world: World, ordered: UUID) -> None:
    """Pending, clear and adverse, each twice, all at once: whatever came first, the last word was adverse."""
    words = [("pending", 1), ("clear", 2), ("adverse", 3)] * 2
    answers = race([partial(said, world, ordered, status, seq) for status, seq in words])
    assert set(answers) <= {"taken", "already_taken"}
    row = row_of(world, ordered)
    assert (row.facts["result"], row.vendor_seq) == ("adverse", 3)
    assert row.state in ("submitted", "verified")
    assert told(world, ordered).count("verified") == (row.state == "verified")


def test_an_answer_and_a_revocation_at_once_never_leave_a_proof_that_was_taken_back(
    world: World, ordered: UUID
) -> None:
    for _ in range(6):
        with world.as_engine() as (session, now):
            who = world.technicians[0]
            proof = order_screening(session, OPERATOR, who, "background_check", ["county_7y"], "local", now=now)
        said(world, proof, "clear")
        later, _ = race([partial(said, world, proof, "clear", 2), partial(taken_back, world, proof)])
        assert later in ("taken", "too_late")
        assert row_of(world, proof).state == "revoked"
        assert said(world, proof, "clear", 3) == "too_late"


def taken_back(world: World, proof: UUID) -> Any:
    with world.as_engine() as (session, now):
        return revoke(session, OPERATOR, proof, ground="wrong_person", now=now)


def test_an_answer_that_says_too_little_or_nobody_asked_for_is_refused_by_name(world: World, ordered: UUID) -> None:
    with world.as_engine() as (_, now):
        today = now.date()
    for field, more in (
        ("issued_on", {"issued_on": None}),
        ("facts.scope", {"scope": ()}),
        ("valid_until", {"valid_until": today - timedelta(days=1)}),
    ):
        with pytest.raises(BadInput) as refused:
            said(world, ordered, "clear", **more)
        assert refused.value.field == field
    with pytest.raises(BadInput, match="status"):
        said(world, ordered, "guilty")
    for vendor, ref in (("other", row_of(world, ordered).vendor_ref), ("local", "nobody")):
        with world.as_engine() as (session, now), pytest.raises(NotFound):
            take_result(session, vendor, Result(str(ref), 1, "adverse"), now=now)
    assert (row_of(world, ordered).vendor_seq, told(world, ordered)) == (0, ["submitted"]), "nothing was taken"
    said(world, ordered, "clear")
    row = row_of(world, ordered)
    assert (row.valid_from, row.valid_until) == (today, today + COUNTS_FOR)


def test_an_order_that_nobody_takes_stays_with_its_reviewer_who_is_told(world: World, ordered: UUID) -> None:
    with world.as_engine() as (session, _):
        args = session.execute(text("SELECT args FROM queue.procrastinate_jobs")).scalar_one()
    for num, is_last in ((1, False), (2, True)):
        with pytest.raises(LookupError, match="TRUCKROLL_SCREENING_URL"):
            ERRAND.do(Try(num, is_last, world.engine, {}), **args)
    assert told(world, ordered) == ["submitted", "screened"]
    row = row_of(world, ordered)
    assert (row.state, row.due_at is not None) == ("submitted", True)
    with world.as_engine() as (session, now), pytest.raises(Conflict):
        revoke(session, ENGINE, ordered, now=now)
