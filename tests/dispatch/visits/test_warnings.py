"""Who hears ahead that the operator's word on a clearance ends?"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from families import GOOD
from personal_data import assert_events_impersonal
from racing import race
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session
from worlds import World

from dispatch.jobs.acceptance import Won, accept_offer
from dispatch.messages.occasions import BY_EVENT
from dispatch.messages.readers import Event, look_around, readers_of
from dispatch.record.session import ENGINE
from dispatch.record.tables import CredentialKindRow, EventRow, StaffRow, TechnicianRow, new_id
from dispatch.talent.credentials import Claim, insert_credential
from dispatch.visits.warnings import warn_of_words
from matching.job import Needs

KINDS = ("clearance_ending", "cleared_work_ending")


def word(world: World, technician: UUID, days: int) -> None:
    with world.as_engine() as (session, now):
        said = {"clearance": "us_person", "clearance_until": now.date() + timedelta(days=days)}
        session.execute(update(TechnicianRow).where(TechnicianRow.id == technician).values(said))


def warned(world: World) -> int:
    with world.as_engine() as (session, now):
        return warn_of_words(session, now)


def events(session: Session, technician: UUID) -> list[EventRow]:
    wanted = select(EventRow).where(EventRow.subject_id == technician, EventRow.kind.in_(KINDS))
    return list(session.scalars(wanted.order_by(EventRow.seq)))


def heard(session: Session, row: EventRow) -> set[tuple[str, Any]]:
    event = Event(row.id, row.client_id, row.subject_kind, row.subject_id, row.kind, row.actor_id, row.at, row.data)
    around = look_around(session, [event])
    return {each.ref for line in BY_EVENT["technician", row.kind] for each in readers_of(event, line, around)}


def test_technician_operator_and_client_hear_of_a_words_end_a_month_before_once(world: World) -> None:
    """The first has work that needs it, the second has none; of the third's there is longer to go."""
    first, second, third = world.technicians[:3]
    for who, days in ((first, 200), (second, 30), (third, 31)):
        word(world, who, days)
    with world.as_engine() as (session, now):
        operator, dispatcher = new_id(), new_id()
        olga = {"id": operator, "role": "operator", "name": "Olga", "email": "olga@example.org", "created_at": now}
        dan = {"id": dispatcher, "role": "dispatcher", "name": "Dan", "email": "dan@example.org", "created_at": now}
        session.execute(insert(StaffRow).values(**olga))
        session.execute(insert(StaffRow).values(**dan, client_id=world.client))
    offers = world.offered(needs=Needs(skills={"hvac": 2}, clearance=True))
    offer = next(each for each in offers if each.technician_id == first)
    with world.as_engine() as (session, now):
        assert isinstance(accept_offer(session, world.actor_of(offer), world.yes(offer), now=now), Won)
    word(world, first, 20)
    assert (warned(world), warned(world)) == (2, 0), "of each last day once"
    with world.as_engine() as (session, now):
        alone, of_work = events(session, first)
        assert alone.data["valid_until"] == of_work.data["valid_until"] == (now.date() + timedelta(20)).isoformat()
        assert {("technician", first), ("staff", operator)} <= heard(session, alone)
        assert ("staff", dispatcher) not in heard(session, alone)
        assert (of_work.client_id, ("staff", dispatcher) in heard(session, of_work)) == (world.client, True)
        assert ("technician", first) not in heard(session, of_work), "they were told already"
        assert [each.kind for each in events(session, second)] == ["clearance_ending"]
        assert events(session, third) == []
        assert_events_impersonal(session)
    word(world, second, 25)
    assert warned(world) == 1, "of another day they hear anew"


def test_of_a_word_that_a_proof_stands_behind_or_that_is_over_nobody_is_warned(world: World) -> None:
    proved, over = world.technicians[:2]
    word(world, proved, 10)
    word(world, over, -5)
    with world.as_engine() as (session, now):
        session.execute(insert(CredentialKindRow).values(code="export", name="Export", family="clearance"))
        claim = Claim("export", now.date(), now.date() + timedelta(days=10))
        facts = GOOD["clearance"]
        insert_credential(session, ENGINE, proved, claim, state="verified", facts=facts, now=now)
    assert warned(world) == 0


def test_two_dispatchers_at_once_warn_of_a_word_once(world: World) -> None:
    who = world.technicians[0]
    word(world, who, 10)
    assert sum(race([lambda: warned(world)] * 4)) == 1
    with world.as_engine() as (session, _):
        assert len(events(session, who)) == 1
