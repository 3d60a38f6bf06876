"""Somebody is called otherwise, or works for another: does the insurance still name who would be liable?

With the race between a change of name and a verification, by real commits, and without its guard.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from personal_data import assert_events_impersonal
from racing import race
from sqlalchemy import select
from worlds import World

from dispatch.errors import Conflict, Refused
from dispatch.jobs.acceptance import Lost, Won, accept_offer
from dispatch.record.session import ENGINE, Actor
from dispatch.record.tables import AssignmentRow, CompanyRow, CredentialRow, EventRow, OfferRow, TechnicianRow
from dispatch.talent import technicians
from dispatch.talent.catalogue import Kind, put_credential_kinds
from dispatch.talent.companies import employ
from dispatch.talent.credentials import Claim, insert_credential, move_credential, verify_credential
from dispatch.talent.loading import entry_of, load_technicians
from dispatch.talent.profiles import Profile
from dispatch.talent.proofs import is_same_name
from dispatch.talent.technicians import update_profile
from dispatch.visits.lapses import recheck, recheck_due
from matching.job import Needs

pytestmark = pytest.mark.guards

OPERATOR = Actor("operator")
INSURED = Needs(skills={"hvac": 2}, credentials=("liability",))


@pytest.fixture
def insured(world: World) -> UUID:
    """Technician 0 has verified insurance in their own name."""
    with world.as_engine() as (session, now):
        kinds = [Kind("liability", "liability", "insurance"), Kind("crane", "crane")]
        put_credential_kinds(session, ENGINE, kinds, now=now)
    return proof_of(world, "liability", {"named_insured": "TECHNICIAN 0"})


SUMS = {"per_occurrence": "1000000", "aggregate": "2000000", "currency": "USD"}


def proof_of(world: World, kind: str, facts: dict[str, str], state: str = "verified") -> UUID:
    with world.as_engine() as (session, now):
        claim = Claim(kind, now.date(), now.date() + timedelta(days=90))
        facts = {**SUMS, **facts} if "named_insured" in facts else facts
        return insert_credential(session, ENGINE, world.technicians[0], claim, state=state, facts=facts, now=now)


def doing(world: World, use_case: Callable[..., Any], *args: Any, **more: Any) -> Any:
    with world.as_engine() as (session, now):
        return use_case(session, *args, now=now, **more)


def renamed(world: World, name: str) -> None:
    doing(world, update_profile, world.technician(0), world.technicians[0], {"name": name})


def told(world: World, subject: UUID) -> list[str]:
    with world.as_engine() as (session, _):
        return list(session.scalars(select(EventRow.kind).where(EventRow.subject_id == subject).order_by(EventRow.seq)))


def row_of(world: World, proof: UUID) -> CredentialRow:
    with world.as_engine() as (session, _):
        row = session.get_one(CredentialRow, proof)
        session.expunge(row)
    return row


def answered(world: World, offer: OfferRow) -> Any:
    with world.as_engine() as (session, now):
        return accept_offer(session, world.actor_of(offer), world.yes(offer), now=now)


def test_a_new_name_has_the_insurance_reviewed_again_and_what_it_covered_is_looked_at(
    world: World, insured: UUID
) -> None:
    """One job is theirs, for another they were asked: the first is flagged, the offer ends, a yes is refused."""
    (mine,) = world.offered(needs=INSURED)
    won = answered(world, mine)
    assert isinstance(won, Won)
    (asked,) = world.offered(needs=INSURED, start_at=world.start + timedelta(days=1))
    crane = proof_of(world, "crane", {})
    renamed(world, "technician, 0.")
    assert row_of(world, insured).state == "verified", "the same name, written otherwise"

    renamed(world, "Anna Marsh")
    row = row_of(world, insured)
    assert (row.state, row.verified_at, row.due_at is not None) == ("submitted", None, True)
    assert told(world, insured) == ["verified", "reopened"]
    assert row_of(world, crane).state == "verified", "no other proof names anybody"
    late = answered(world, asked)
    assert isinstance(late, Lost)
    assert late.rules == ("credential",)
    with world.as_engine() as (session, now):
        assert recheck_due(session, now) == 0, "not yet: whom an old index asks meanwhile is looked at with the rest"
        due = session.get_one(TechnicianRow, world.technicians[0]).proofs_due_at
        assert due is not None
        assert due <= now + timedelta(seconds=5)
    broken = doing(world, recheck, ENGINE, world.technicians[0])
    assert broken.assignments == ((won.assignment_id, "flag"),)
    with world.as_engine() as (session, _):
        assert session.get_one(AssignmentRow, won.assignment_id).state == "live"
        assert session.get_one(OfferRow, asked.id).state in ("withdrawn", "not_chosen")
        assert_events_impersonal(session)

    with pytest.raises(Refused, match="named insured"):
        doing(world, verify_credential, OPERATOR, insured)
    new = proof_of(world, "liability", {"named_insured": "ANNA MARSH"}, state="submitted")
    doing(world, verify_credential, OPERATOR, new)
    with pytest.raises(Conflict):
        doing(world, move_credential, OPERATOR, insured, "submit")


def test_who_joins_or_leaves_a_company_is_insured_by_another_name(world: World, insured: UUID) -> None:
    with world.as_engine() as (session, _):
        company = session.scalars(select(CompanyRow.id)).one()
    doing(world, employ, OPERATOR, world.technicians[0], company)
    assert row_of(world, insured).state == "submitted"
    of_company = proof_of(world, "liability", {"named_insured": "Big Bend Repairs"})
    doing(world, update_profile, OPERATOR, world.technicians[0], {"name": "Anna Marsh"})
    assert row_of(world, of_company).state == "verified", "the company would be liable, whoever works for it"
    doing(world, update_profile, OPERATOR, world.technicians[0], {"company_id": None})
    assert row_of(world, of_company).state == "submitted"


def test_a_name_that_comes_by_file_counts_as_one_that_was_typed(world: World, insured: UUID) -> None:
    profile = Profile(number="T-00000", name="Anna Marsh", lat=30.36, lng=-103.66)
    entry = entry_of(2, profile, skills={"hvac": 3})
    loaded = doing(world, load_technicians, OPERATOR, [entry], ["name"])
    assert (loaded.created, loaded.updated) == (0, 1)
    assert row_of(world, insured).state == "submitted"


def test_nobody_asks_for_what_only_follows_from_what_happens(world: World, insured: UUID) -> None:
    for wish in ("reopen", "warn", "expire"):
        with pytest.raises(Refused, match="nobody asks"):
            doing(world, move_credential, OPERATOR, insured, wish)


@pytest.mark.parametrize("is_guarded", [True, False])
def test_an_insurance_that_counts_names_who_is_liable_whichever_comes_first(
    world: World, insured: UUID, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    """A verification and a change of name in the same second; without the look at it, one of another's name counts."""
    if not is_guarded:
        monkeypatch.setattr(technicians, "reopen_insurance", lambda *_, **__: ())
    num_wrong = 0
    for round_ in range(8):
        name = f"Name {round_}"
        renamed(world, name)
        proof = proof_of(world, "liability", {"named_insured": name}, state="submitted")
        calls = [partial(doing, world, verify_credential, OPERATOR, proof), partial(renamed, world, f"Other {round_}")]
        race(calls) if is_guarded else [call() for call in calls]
        with world.as_engine() as (session, _):
            liable = session.get_one(TechnicianRow, world.technicians[0]).name
        row = row_of(world, proof)
        assert row.state in ("verified", "submitted")
        num_wrong += row.state == "verified" and not is_same_name(row.facts["named_insured"], liable)
    assert num_wrong == (0 if is_guarded else 8)
