"""What has a technician signed, with whom, and is it the text that is in force?"""

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from personal_data import assert_events_impersonal
from racing import race
from sqlalchemy import select
from worlds import World

from dispatch.errors import BadInput, Conflict, NotFound, Refused
from dispatch.jobs.acceptance import Won, accept_offer
from dispatch.record.session import ENGINE, Actor
from dispatch.record.tables import AgreementRow, AssignmentRow, ClientRow, CredentialRow, EventRow, OfferRow, new_id
from dispatch.talent.agreements import publish_agreement, sign_agreement
from dispatch.talent.askings import read_policy, set_proof_policy
from dispatch.talent.catalogue import Kind, put_credential_kinds
from dispatch.talent.credentials import Claim, insert_credential
from dispatch.visits.lapses import recheck_due
from matching.job import Needs

NDA = Needs(skills={"hvac": 2}, credentials=("nda",))


@pytest.fixture
def admin(world: World) -> Actor:
    with world.as_engine() as (session, now):
        put_credential_kinds(session, ENGINE, [Kind("nda", "Confidentiality", "agreement")], now=now)
    return Actor("client_admin", new_id(), client_id=world.client)


def published(world: World, admin: Actor, words: str = "Keep it to yourself.", **more: Any) -> UUID:
    with world.as_engine() as (session, now):
        if "in_days" in more:
            more = {"sign_again_from": now.date() + timedelta(days=more["in_days"])}
        return publish_agreement(session, admin, world.client, "nda", words, now=now, **more)


def hash_of(world: World, agreement: UUID) -> str:
    with world.as_engine() as (session, _):
        return session.get_one(AgreementRow, agreement).sha256


def signed(world: World, agreement: UUID, num: int = 0, sha256: str | None = None) -> UUID:
    shown = sha256 or hash_of(world, agreement)
    with world.as_engine() as (session, now):
        return sign_agreement(session, world.technician(num), agreement, shown, "192.0.2.7", now=now)


def test_only_who_signed_the_client_s_own_text_is_asked(world: World, admin: Actor) -> None:
    agreement = published(world, admin)
    proof = signed(world, agreement)
    (offer,) = world.offered(needs=NDA)
    assert offer.technician_id == world.technicians[0]
    with world.as_engine() as (session, now):
        facts = session.get_one(CredentialRow, proof).facts
        assert facts["sha256"] == hash_of(world, agreement)
        assert (facts["version"], facts["address"]) == (1, "192.0.2.7")
        assert facts["signed_at"].startswith(now.date().isoformat())
        told = session.execute(select(EventRow.kind, EventRow.data).where(EventRow.subject_id == proof)).all()
        assert [kind for kind, _ in told] == ["verified"]
        assert told[0][1]["agreement"] == str(agreement)
        assert_events_impersonal(session)


def test_an_old_version_is_refused_by_name_and_so_is_another_text(world: World, admin: Actor) -> None:
    first = published(world, admin)
    second = published(world, admin, "Keep it to yourself for five years.")
    with pytest.raises(Conflict) as refused:
        signed(world, first)
    assert (refused.value.state, refused.value.wish) == ("version 2", "sign version 1")
    assert refused.value.moves == (f"sign {second}",)
    with pytest.raises(BadInput, match="sha256"):
        signed(world, second, sha256=hash_of(world, first))
    signed(world, second)
    with pytest.raises(Conflict, match="signed"):
        signed(world, second)
    with pytest.raises(NotFound):
        signed(world, new_id(), sha256="0" * 64)


def test_a_new_version_ends_older_signatures_from_its_day_on_and_flags_what_it_breaks(
    world: World, admin: Actor
) -> None:
    """Work ends in two days, and in nine: the new version must have been signed from the fifth on."""
    signed(world, published(world, admin))
    soon, late = (taken(world, world.start + timedelta(days=days)) for days in (0, 7))
    second = published(world, admin, "Anew.", in_days=5)
    with world.as_engine() as (session, now):
        assert recheck_due(session, now) >= 1
    assert [told(world, each) for each in (soon, late)] == [["made"], ["made", "proof_lapsed"]]
    assert len(world.offered(needs=NDA, start_at=world.start + timedelta(days=1))) == 1
    assert world.offered(needs=NDA, start_at=world.start + timedelta(days=8)) == []
    signed(world, second)
    assert len(world.offered(needs=NDA, start_at=world.start + timedelta(days=9))) == 1


def taken(world: World, start_at: Any) -> UUID:
    (offer,) = world.offered(needs=NDA, start_at=start_at)
    answer = accepted(world, offer)
    assert isinstance(answer, Won), answer
    return answer.assignment_id


def accepted(world: World, offer: OfferRow) -> Any:
    with world.as_engine() as (session, now):
        return accept_offer(session, world.actor_of(offer), world.yes(offer), now=now)


def told(world: World, subject: UUID) -> list[str]:
    with world.as_engine() as (session, _):
        return list(session.scalars(select(EventRow.kind).where(EventRow.subject_id == subject).order_by(EventRow.seq)))


def test_of_many_who_publish_at_once_each_gets_a_version_of_its_own(world: World, admin: Actor) -> None:
    race([partial(published, world, admin, f"Text {num}") for num in range(8)])
    with world.as_engine() as (session, _):
        found = session.scalars(select(AgreementRow.version).order_by(AgreementRow.version)).all()
        policy = read_policy(session, world.client)
    assert list(found) == list(range(1, 9))
    assert sorted(version for version, _ in policy["nda"]["versions"]) == list(range(1, 9))


def test_bad_agreements_are_refused(world: World, admin: Actor) -> None:
    with world.as_engine() as (session, now):
        for kind, words, day in (
            ("background_check", "x", None),
            ("magic", "x", None),
            ("nda", "a\u202eb", None),
            ("nda", "x", now.date()),
        ):
            with pytest.raises(BadInput):
                publish_agreement(session, admin, world.client, kind, words, sign_again_from=day, now=now)
        with pytest.raises(NotFound):
            publish_agreement(session, admin, new_id(), "nda", "x", now=now)
        with pytest.raises(Refused):
            publish_agreement(session, world.staff, world.client, "nda", "x", now=now)
        with pytest.raises(Refused):
            sign_agreement(session, admin, new_id(), "0" * 64, "", now=now)


def test_a_policy_changes_whom_it_lets_through_at_once_and_what_it_breaks_is_looked_at(
    world: World, admin: Actor
) -> None:
    """Two have the proof; the client begins to ask for a search that only the second's report made."""
    check = Needs(skills={"hvac": 2}, credentials=("background_check",))
    for num, scope in ((0, ["county"]), (1, ["county", "sex_offender"])):
        with world.as_engine() as (session, now):
            claim = Claim("background_check", now.date(), now.date() + timedelta(days=90))
            facts = {"scope": scope, "issued_on": now.date().isoformat()}
            insert_credential(session, ENGINE, world.technicians[num], claim, state="verified", facts=facts, now=now)
    offers = world.offered(needs=check)
    assert [each.technician_id for each in offers] == world.technicians[:2]
    answer = accepted(world, offers[0])
    with world.as_engine() as (session, now):
        policy = {"background_check": {"scope": ["sex_offender"]}}
        assert set_proof_policy(session, admin, world.client, policy, now=now) == policy
    assert [each.technician_id for each in world.offered(needs=check)] == [world.technicians[1]]
    with world.as_engine() as (session, now):
        recheck_due(session, now)
        assert session.get_one(AssignmentRow, answer.assignment_id).state == "live"
    assert told(world, answer.assignment_id) == ["made", "proof_lapsed"]
    with world.as_engine() as (session, now):
        set_proof_policy(session, admin, world.client, {}, now=now)
    assert len(world.offered(needs=check, start_at=world.start + timedelta(days=3))) == 2


def test_bad_policies_are_refused_and_versions_are_not_set_by_hand(world: World, admin: Actor) -> None:
    signed(world, published(world, admin))
    with world.as_engine() as (session, now):
        for policy in ({"magic": {}}, {"nda": {"versions": []}}, {"nda": {"max_age_days": 0}}, {"nda": 5}):
            with pytest.raises(BadInput, match="policy"):
                set_proof_policy(session, admin, world.client, policy, now=now)
        with pytest.raises(Refused):
            set_proof_policy(session, world.staff, world.client, {}, now=now)
        with pytest.raises(NotFound):
            set_proof_policy(session, admin, new_id(), {}, now=now)
        kept = set_proof_policy(session, admin, world.client, {}, now=now)
        assert kept == session.get_one(ClientRow, world.client).proof_policy == {"nda": {"versions": [[1, None]]}}
