"""What breaks when a proof no longer holds? With the race between revocations and acceptances, by real commits."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from families import GOOD
from personal_data import assert_events_impersonal
from racing import race
from sqlalchemy import insert, select, update
from worlds import World, small_world

from dispatch.jobs.acceptance import Lost, Won, accept_offer
from dispatch.jobs.wishes import SlotWish
from dispatch.record.session import ENGINE
from dispatch.record.tables import (
    AlarmRow,
    AssignmentRow,
    CredentialKindRow,
    CredentialRow,
    DecisionRow,
    EventRow,
    OfferRow,
    PoolMemberRow,
    RoundRow,
    SlotRow,
    TechnicianRow,
)
from dispatch.record.tables.talent import FAMILIES, LIVE_PROOFS
from dispatch.talent.catalogue import SCREENED
from dispatch.talent.credentials import Claim, insert_credential, move_credential, submit_credential, verify_credential
from dispatch.talent.membership import renew_memberships, sweep_memberships
from dispatch.talent.pools import create_pool
from dispatch.talent.requirements import set_requirements
from dispatch.talent.technicians import set_skills
from dispatch.visits.lapses import COVERED, LAPSED, Broken, end_proofs, end_words, recheck, recheck_due, revoke
from dispatch.visits.watching import watch_jobs
from matching.job import Needs, Pay

KIND = "background_check"
PROVED = Needs(skills={"hvac": 2}, credentials=(KIND,))


@pytest.fixture
def crowd(database_url: str) -> Iterator[World]:
    """Thirty-two technicians around the site, and connections for twice as many racers."""
    with small_world(database_url, num_technicians=32, pool_size=70) as made:
        yield made


def proved(world: World, technician: UUID, until: date = date(2099, 1, 1), **more: Any) -> UUID:
    with world.as_engine() as (session, now):
        claim = Claim(KIND, date(2020, 1, 1), until)
        return insert_credential(session, ENGINE, technician, claim, state="verified", facts={}, now=now, **more)


def taken(world: World, offer: OfferRow) -> UUID:
    with world.as_engine() as (session, now):
        answer = accept_offer(session, world.actor_of(offer), world.yes(offer), now=now)
    assert isinstance(answer, Won), answer
    return answer.assignment_id


def on_lapse(fate: str) -> dict[str, Any]:
    return {"day_policy": {"proofs": {"on_lapse": fate}}}


def revoked(world: World, proof: UUID) -> Any:
    with world.as_engine() as (session, now):
        return revoke(session, ENGINE, proof, ground="forged", now=now)


def alarms(world: World) -> list[str]:
    with world.as_engine() as (session, _):
        return list(session.scalars(select(AlarmRow.kind).where(AlarmRow.cleared_at.is_(None))))


def told(world: World, subject: UUID) -> list[str]:
    with world.as_engine() as (session, _):
        return list(session.scalars(select(EventRow.kind).where(EventRow.subject_id == subject).order_by(EventRow.seq)))


@pytest.mark.parametrize("fate", ["flag", "withdraw", "keep"])
def test_work_to_come_is_flagged_withdrawn_or_kept_as_the_client_wants(world: World, fate: str) -> None:
    """The runner-up had said yes too late: with the work withdrawn they are asked, before anybody else."""
    first, second = world.technicians[:2]
    proof = proved(world, first)
    proved(world, second)
    offers = world.offered(needs=PROVED, **on_lapse(fate))
    assignment = taken(world, next(each for each in offers if each.technician_id == first))
    runner_up = next(each for each in offers if each.technician_id == second)
    with world.as_engine() as (session, now):
        answer = accept_offer(session, world.actor_of(runner_up), world.yes(runner_up), now=now)
    assert isinstance(answer, Lost)
    broken = revoked(world, proof)
    assert broken.assignments == ((assignment, fate),)
    with world.as_engine() as (session, now):
        row = session.get_one(AssignmentRow, assignment)
        slot = session.get_one(SlotRow, row.slot_id)
        assert (row.state, slot.state) == (("released", "open") if fate == "withdraw" else ("live", "filled"))
        assert_events_impersonal(session)
        opened = session.scalars(select(RoundRow).where(RoundRow.closed_at.is_(None))).all()
    assert [each.first_ask for each in opened] == ([[second]] if fate == "withdraw" else [])
    assert told(world, assignment) == ["made", "released" if fate == "withdraw" else "proof_lapsed"]
    assert alarms(world) == (["credential_expiring"] if fate == "flag" else [])
    with world.as_engine() as (session, now):
        watch_jobs(session, now)
    assert ("credential_expiring" in alarms(world)) is (fate == "flag"), "the watch agrees with the cascade"


@pytest.mark.parametrize("family", FAMILIES)
def test_a_proof_of_any_family_is_asked_and_takes_the_work_along_when_it_ends(world: World, family: str) -> None:
    """Two of eight have it and are asked; the first takes the work, the second is late and asked again when it ends."""
    first, second = world.technicians[:2]
    with world.as_engine() as (session, now):
        kind = {"name": "Asked for", "family": family, "is_screening": family in SCREENED}
        session.execute(insert(CredentialKindRow).values(code="asked_for", **kind))
        claim = Claim("asked_for", date(2020, 1, 1), date(2099, 1, 1))
        proof, _ = (
            insert_credential(session, ENGINE, each, claim, state="verified", facts=GOOD[family], now=now)
            for each in (first, second)
        )
    needs = Needs(skills={"hvac": 2}, credentials=("asked_for",))
    offers = {each.technician_id: each for each in world.offered(needs=needs, **on_lapse("withdraw"))}
    assert set(offers) == {first, second}
    with world.as_engine() as (session, _):
        assert session.scalars(select(DecisionRow.outcome)).one()["counts"]["credential"] == 6
    assignment = taken(world, offers[first])
    assert isinstance(answered(world, offers[second]), Lost)
    with world.as_engine() as (session, now):
        ended = {"valid_until": now.date() - timedelta(days=2)}
        session.execute(update(CredentialRow).where(CredentialRow.id == proof).values(ended))
        assert end_proofs(session, now) == 1
    assert told(world, proof) == ["verified", "expired"]
    assert told(world, assignment) == ["made", "released"]
    with world.as_engine() as (session, _):
        opened = session.scalars(select(RoundRow.first_ask).where(RoundRow.closed_at.is_(None))).all()
    assert opened == [[second]]


def test_what_still_lacks_the_same_is_told_once_and_again_when_something_changed(world: World) -> None:
    """Looked at again with nothing new it is silent; a second proof that goes, or a second lapse, is told."""
    with world.as_engine() as (session, _):
        session.add(CredentialKindRow(code="site_pass", name="Site pass"))
    technician = world.technicians[0]
    check = proved(world, technician)
    with world.as_engine() as (session, now):
        claim = Claim("site_pass", date(2020, 1, 1), date(2099, 1, 1))
        passed = insert_credential(session, ENGINE, technician, claim, state="verified", facts={}, now=now)
    both = Needs(skills={"hvac": 2}, credentials=(KIND, "site_pass"))
    assignment = taken(world, world.offered(needs=both, **on_lapse("flag"))[0])

    def lapses() -> list[Any]:
        with world.as_engine() as (session, _):
            wanted = select(EventRow).where(EventRow.kind.in_((LAPSED, COVERED))).order_by(EventRow.seq)
            return [(each.kind, each.data.get("proofs")) for each in session.scalars(wanted)]

    def looks_again() -> Broken:
        with world.as_engine() as (session, now):
            return recheck(session, ENGINE, technician, now=now)

    revoked(world, check)
    first = [(LAPSED, [KIND])]
    for _ in range(3):
        assert looks_again().assignments == ((assignment, "flag"),), "it is broken all the same"
    assert lapses() == first
    assert told(world, assignment) == ["made", "proof_lapsed"]
    assert alarms(world) == ["credential_expiring"]
    revoked(world, passed)
    second = [*first, (LAPSED, [KIND, "site_pass"])]
    looks_again()
    assert lapses() == second
    assert told(world, assignment) == ["made", "proof_lapsed", "proof_lapsed"]
    renewed = proved(world, technician)
    with world.as_engine() as (session, now):
        insert_credential(session, ENGINE, technician, claim, state="verified", facts={}, now=now)
    assert looks_again() == Broken()
    looks_again()
    assert lapses() == [*second, (COVERED, None)]
    revoked(world, renewed)
    assert lapses() == [*second, (COVERED, None), (LAPSED, [KIND])], "the same again after all was well"


def test_open_offers_that_need_it_end_at_once_and_others_stay(world: World) -> None:
    proof = proved(world, world.technicians[0])
    (needing,) = world.offered(needs=PROVED)
    plain = next(each for each in world.offered() if each.technician_id == world.technicians[0])
    assert revoked(world, proof).offers == (needing.id,)
    with world.as_engine() as (session, _):
        assert session.get_one(OfferRow, needing.id).state == "withdrawn"
        assert session.get_one(OfferRow, plain.id).state == "sent"
    assert told(world, needing.id) == ["withdrawn"]
    assert revoked_again(world, proof) == "revoked"


def revoked_again(world: World, proof: UUID) -> str:
    with world.as_engine() as (session, _):
        return session.get_one(CredentialRow, proof).state


@pytest.mark.parametrize("fate", ["flag", "withdraw"])
@pytest.mark.parametrize("by_client", [True, False], ids=["no-market", "pool-only"])
def test_a_proof_that_only_the_pool_asks_for_is_treated_alike(world: World, fate: str, by_client: bool) -> None:
    """Three members: one has the work, one an offer; a third was asked by name past the pool, and is left alone."""
    first, second, outside = world.technicians[:3]
    proof, other = proved(world, first), proved(world, second)
    with world.as_engine() as (session, now):
        pool = create_pool(session, world.staff, world.client, "Proved", now=now)
        set_requirements(session, world.staff, pool, {"credentials": [KIND]}, now=now)
        renew_memberships(session, world.technicians, now=now)
    needs = Needs(skills={"hvac": 2}, pools=frozenset({pool}), market=by_client)
    policy = {"wave": {"min_size": 3, "max_size": 300, "answer_s": 3600}, "uses_market": not by_client}
    more = {"needs": needs, "policy": policy, **on_lapse(fate)}
    offers = world.offered(**more)
    assert {each.technician_id for each in offers} == {first, second}
    assignment = taken(world, next(each for each in offers if each.technician_id == first))
    promised = world.offered(**more, start_at=world.start + timedelta(days=1))
    with world.as_engine() as (session, _):
        past = {"technician_id": outside, "is_by_name": True, "waived": ["pool"], "waived_why": "knows_the_site"}
        by_name = next(each.id for each in promised if each.technician_id == second)
        session.execute(update(OfferRow).where(OfferRow.id == by_name).values(past))
    broken = revoked(world, proof)
    assert broken.assignments == ((assignment, fate),)
    assert broken.offers == tuple(each.id for each in promised if each.technician_id == first)
    assert revoked(world, other) == Broken(), "their offer is another's by now, who was let past the pool"
    with world.as_engine() as (session, now):
        assert session.get_one(OfferRow, by_name).state == "sent"
        members = session.scalars(select(PoolMemberRow.technician_id).where(PoolMemberRow.pool_id == pool)).all()
        assert members == []
        watch_jobs(session, now)
    assert ("credential_expiring" in alarms(world)) is (fate == "flag"), "the watch agrees with the cascade"


def test_whom_only_a_skill_keeps_out_of_the_pool_keeps_the_work(world: World) -> None:
    """The day ends the proof of one with no row changing; the other loses a skill, which is no proof."""
    first, second = world.technicians[:2]
    for who in (first, second):
        proved(world, who)
    with world.as_engine() as (session, now):
        pool = create_pool(session, world.staff, world.client, "Proved", now=now)
        set_requirements(session, world.staff, pool, {"credentials": [KIND], "skills": {"wifi": 1}}, now=now)
        for who in (first, second):
            set_skills(session, ENGINE, who, {"hvac": 3, "wifi": 1}, now=now)
    needs = Needs(skills={"hvac": 2}, pools=frozenset({pool}), market=False)
    offers = {each.technician_id: each for each in world.offered(needs=needs)}
    assert set(offers) == {first, second}
    with world.as_engine() as (session, now):
        set_skills(session, ENGINE, second, {"hvac": 3}, now=now)
        ended = {"valid_until": now.date() - timedelta(days=1)}
        session.execute(update(CredentialRow).where(CredentialRow.technician_id == first).values(ended))
    with world.as_engine() as (session, now):
        assert sweep_memberships(session, now) == 1
        soon = {"proofs_due_at": now}
        due = update(TechnicianRow).where(TechnicianRow.proofs_due_at.is_not(None))
        assert session.execute(due.values(soon)).rowcount == 2, "whoever leaves is judged again"
    with world.as_engine() as (session, now):
        assert recheck_due(session, now) == 2
    with world.as_engine() as (session, _):
        assert [session.get_one(OfferRow, offers[who].id).state for who in (first, second)] == ["withdrawn", "sent"]


def test_work_under_way_is_never_stopped(world: World) -> None:
    proof = proved(world, world.technicians[0])
    (offer,) = world.offered(needs=PROVED, **on_lapse("withdraw"))
    assignment = taken(world, offer)
    with world.as_engine() as (session, _):
        session.execute(update(AssignmentRow).where(AssignmentRow.id == assignment).values(presence="checked_in"))
    assert revoked(world, proof).assignments == ()
    with world.as_engine() as (session, _):
        assert session.get_one(AssignmentRow, assignment).state == "live"


def test_an_offer_that_an_old_index_let_through_is_found_by_the_sweep(world: World) -> None:
    """The wave reads an index that does not know of the revocation yet."""
    proof = proved(world, world.technicians[0])
    with world.as_engine() as (session, now):
        world.feed.refresh(session, now=now)
    with world.as_engine() as (session, now):
        move_credential(session, ENGINE, proof, "revoke", now=now)
    job = world.post(needs=PROVED)
    from_old_index(world)
    (offer,) = world.offers(job)
    with world.as_engine() as (session, now):
        assert recheck_due(session, now) == 0, "not yet: the index may lag for some seconds"
        session.execute(update(TechnicianRow).values(proofs_due_at=now))
    with world.as_engine() as (session, now):
        assert recheck_due(session, now) == len(world.technicians)
        assert recheck_due(session, now) == 0
        assert session.get_one(OfferRow, offer.id).state == "withdrawn"


def from_old_index(world: World) -> None:
    refresh, world.feed.refresh = world.feed.refresh, lambda *_, **__: 0  # type: ignore[method-assign]
    try:
        world.send_waves()
    finally:
        world.feed.refresh = refresh  # type: ignore[method-assign]


def test_a_proof_valid_to_the_jobs_last_day_is_enough_and_one_a_day_shorter_is_not(world: World) -> None:
    """The work ends at 23:30 in Chicago, which is the next day in UTC."""
    last = world.start.date()
    start = world.start.replace(hour=5) + timedelta(days=1) - timedelta(minutes=150)
    assert (start + timedelta(hours=2)).date() == start.date() == last + timedelta(days=1)
    proved(world, world.technicians[0], last)
    proved(world, world.technicians[1], last - timedelta(days=1))
    offers = world.offered(needs=PROVED, start_at=start)
    assert [each.technician_id for each in offers] == [world.technicians[0]]
    slack = world.post(needs=PROVED, start_at=start, policy={"credential_slack_days": 1})
    world.send_waves()
    assert world.offers(slack) == []


@pytest.mark.parametrize(("days", "state", "event"), [(30, "expiring", "expiring"), (31, "verified", None)])
def test_whoever_has_a_proof_is_warned_thirty_days_before_its_end(
    world: World, days: int, state: str, event: str | None
) -> None:
    with world.as_engine() as (session, now):
        until = now.date() + timedelta(days=days)
    proof = proved(world, world.technicians[0], until)
    with world.as_engine() as (session, now):
        assert end_proofs(session, now) == (1 if event else 0)
        assert end_proofs(session, now) == 0
    assert revoked_again(world, proof) == state
    (offer,) = world.offered(needs=PROVED)
    assert offer.technician_id == world.technicians[0], "what is about to end still counts"


def test_a_proof_ends_once_its_last_day_is_over_everywhere(world: World) -> None:
    with world.as_engine() as (session, now):
        last = now.date()
        proof_time = now.replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=1)
    proof = proved(world, world.technicians[0], last)
    for moment, state in ((proof_time - timedelta(seconds=1), "expiring"), (proof_time, "expired")):
        with world.as_engine() as (session, _):
            end_proofs(session, moment)
        assert revoked_again(world, proof) == state
    assert told(world, proof) == ["verified", "expiring", "expired"]


def cleared_by_word(world: World, technician: UUID, days: int) -> None:
    with world.as_engine() as (session, now):
        word = {"clearance": "us_person", "clearance_until": now.date() + timedelta(days=days)}
        session.execute(update(TechnicianRow).where(TechnicianRow.id == technician).values(word))


def test_the_operators_word_that_clears_ends_with_its_last_day_and_takes_the_work_along(world: World) -> None:
    first, second, short = world.technicians[:3]
    for who, days in ((first, 300), (second, 300), (short, 1)):
        cleared_by_word(world, who, days)
    needs = Needs(skills={"hvac": 2}, clearance=True)
    offers = {each.technician_id: each for each in world.offered(needs=needs, **on_lapse("withdraw"))}
    assert set(offers) == {first, second}, "a word counts through its last day, and not for work after it"
    assignment = taken(world, offers[first])
    cleared_by_word(world, first, -2)
    with world.as_engine() as (session, now):
        assert end_words(session, now) == 1
        assert end_words(session, now) == 0
        row = session.get_one(TechnicianRow, first)
        assert (row.clearance, row.clearance_until) == ("unknown", None)
        assert_events_impersonal(session)
    assert told(world, first)[-1] in ("updated", "work_lapsed")
    assert "released" in told(world, assignment)


def test_a_word_ends_once_its_day_is_over_everywhere_and_not_while_a_proof_clears(world: World) -> None:
    who = world.technicians[0]
    cleared_by_word(world, who, 0)
    with world.as_engine() as (session, now):
        over = now.replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=1)
        assert end_words(session, over - timedelta(seconds=1)) == 0
        session.execute(insert(CredentialKindRow).values(code="export", name="Export", family="clearance"))
        claim = Claim("export", date(2020, 1, 1), date(2099, 1, 1))
        facts = GOOD["clearance"]
        proof = insert_credential(session, ENGINE, who, claim, state="verified", facts=facts, now=now)
        assert end_words(session, over) == 0
        session.execute(update(CredentialRow).where(CredentialRow.id == proof).values(state="rejected"))
        assert end_words(session, over) == 1


def test_the_last_day_of_a_clearance_is_that_of_its_proofs(world: World) -> None:
    who = world.technicians[0]
    with world.as_engine() as (session, now):
        session.execute(insert(CredentialKindRow).values(code="export", name="Export", family="clearance"))
        days = {}
        for last in (date(2098, 1, 1), date(2099, 1, 1)):
            claim = Claim("export", date(2020, 1, 1), last, "passport", GOOD["clearance"])
            proof = submit_credential(session, ENGINE, who, claim, now=now)
            verify_credential(session, ENGINE, proof, now=now)
            days[proof] = session.scalars(select(TechnicianRow.clearance_until).where(TechnicianRow.id == who)).one()
        assert list(days.values()) == [date(2098, 1, 1), date(2099, 1, 1)]
        for proof, left in zip(reversed(days), (date(2098, 1, 1), None), strict=True):
            revoke(session, ENGINE, proof, now=now)
            row = session.execute(select(TechnicianRow.clearance, TechnicianRow.clearance_until).filter_by(id=who))
            assert row.one() == ("us_person" if left else "unknown", left)


def raced(world: World, take_back: Callable[[World, UUID], Any]) -> tuple[int, int]:
    """32 say yes while 32 proofs are taken back: (how many got a slot, how many have one without a proof)."""
    proofs = {technician: proved(world, technician) for technician in world.technicians}
    pay = Pay("fixed", 140, "USD")  # type: ignore[arg-type]
    offers = world.offered(slots=(SlotWish(PROVED, pay, count=32),), **on_lapse("withdraw"))
    assert len(offers) == 32
    accepting = [partial(answered, world, offer) for offer in offers]
    revoking = [partial(take_back, world, proofs[offer.technician_id]) for offer in offers]
    answers = race([each for pair in zip(accepting, revoking, strict=True) for each in pair])[::2]
    assert all(isinstance(each, Won | Lost) for each in answers), answers
    live_proof = select(CredentialRow.id).where(
        CredentialRow.technician_id == AssignmentRow.technician_id, CredentialRow.state.in_(LIVE_PROOFS)
    )
    with world.as_engine() as (session, _):
        uncovered = session.scalars(
            select(AssignmentRow.id).where(AssignmentRow.state == "live", ~live_proof.exists())
        ).all()
    return sum(isinstance(each, Won) for each in answers), len(uncovered)


def answered(world: World, offer: OfferRow) -> Any:
    with world.as_engine() as (session, now):
        return accept_offer(session, world.actor_of(offer), world.yes(offer), now=now)


def without_looking(world: World, proof: UUID) -> None:
    with world.as_engine() as (session, now):
        move_credential(session, ENGINE, proof, "revoke", now=now)


def test_of_64_who_accept_and_revoke_at_once_nobody_has_the_work_without_the_proof(crowd: World) -> None:
    assert raced(crowd, revoked)[1] == 0


def test_without_the_look_at_what_it_leaves_uncovered_somebody_does(crowd: World) -> None:
    num_won, num_uncovered = raced(crowd, without_looking)
    assert num_uncovered == num_won > 0, "the race above can fail"


def test_the_reviewer_and_the_end_of_time_meet_once(world: World) -> None:
    """A verification and a rejection of the same proof at once: one of them holds."""
    with world.as_engine() as (session, now):
        claim = Claim(KIND, date(2020, 1, 1), date(2099, 1, 1))
        proof = insert_credential(
            session, ENGINE, world.technicians[0], claim, state="submitted", facts={}, now=now, due_at=now
        )

    def moved(wish: str) -> str:
        with world.as_engine() as (session, now):
            if wish == "verify":
                verify_credential(session, ENGINE, proof, now=now)
            else:
                move_credential(session, ENGINE, proof, wish, now=now)
        return wish

    done = [each for each in race([partial(moved, wish) for wish in ("verify", "reject") * 4]) if isinstance(each, str)]
    assert len(done) == 1
    assert told(world, proof) == ["submitted", {"verify": "verified", "reject": "rejected"}[done[0]]]
