"""Who does not want whom, and who likes whom?"""

import pytest
from sqlalchemy import select
from worlds import World

from dispatch.errors import BadInput, NotFound, Refused
from dispatch.record.session import Actor
from dispatch.record.tables import ClientMarkRow, EventRow, new_id
from dispatch.talent.clients import create_client
from dispatch.talent.marks import mark_client, mark_technician
from dispatch.talent.reading import read_technicians


def test_a_client_s_mark_is_set_changed_and_taken_back(world: World) -> None:
    who, ours = world.technicians[0], frozenset({world.client})
    with world.as_engine() as (session, now):
        for mark, blocks, favourite_of in (
            ("block", ours, frozenset()),
            ("favourite", frozenset(), ours),
            (None, frozenset(), frozenset()),
        ):
            for _ in range(2):
                mark_technician(session, world.staff, world.client, who, mark, reason="rude", now=now)
            found = read_technicians(session, [who], now=now)[0]
            assert (found.blocks, found.favourite_of) == (blocks, favourite_of)
        told = session.execute(select(EventRow.kind, EventRow.client_id).order_by(EventRow.seq)).all()
    assert [kind for kind, _ in told] == ["technician_blocked", "technician_favoured", "technician_unmarked"]
    assert {client for _, client in told} == {world.client}


def test_a_technician_s_mark_is_told_on_their_own_chain_alone(world: World) -> None:
    who = world.technicians[0]
    with world.as_engine() as (session, now):
        mark_client(session, world.technician(0), who, world.client, "block", reason="rude", now=now)
        assert read_technicians(session, [who], now=now)[0].blocks == frozenset({world.client})
        (event,) = session.scalars(select(EventRow)).all()
        assert (event.subject_kind, event.subject_id, event.client_id) == ("technician", who, None)
        mark_client(session, world.technician(0), who, world.client, "favourite", now=now)
        found = read_technicians(session, [who], now=now)[0]
        assert (found.blocks, found.prefers) == (frozenset(), frozenset({world.client}))
        mark_client(session, world.technician(0), who, world.client, None, now=now)
        assert read_technicians(session, [who], now=now)[0].prefers == frozenset()


def test_the_reason_is_kept_with_the_mark_and_out_of_the_events(world: World) -> None:
    who = world.technicians[0]
    with world.as_engine() as (session, now):
        mark_technician(session, world.staff, world.client, who, "block", reason="was rude to Rosa", now=now)
        assert session.scalars(select(ClientMarkRow.reason)).one() == "was rude to Rosa"
        assert "Rosa" not in str(session.scalars(select(EventRow.data)).all())


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_a_block_says_why_on_either_side_and_a_favourite_need_not(world: World, reason: str | None) -> None:
    who = world.technicians[0]
    with world.as_engine() as (session, now):
        with pytest.raises(BadInput, match=r"^reason: "):
            mark_technician(session, world.staff, world.client, who, "block", reason=reason, now=now)
        with pytest.raises(BadInput, match=r"^reason: "):
            mark_client(session, world.technician(0), who, world.client, "block", reason=reason, now=now)
        assert mark_technician(session, world.staff, world.client, who, "favourite", now=now)
        assert mark_client(session, world.technician(0), who, world.client, "favourite", now=now)


def test_another_reason_is_news_and_the_same_is_not(world: World) -> None:
    who = world.technicians[0]
    with world.as_engine() as (session, now):
        news = [
            mark_technician(session, world.staff, world.client, who, "block", reason=reason, now=now)
            for reason in ("rude", "rude", "broke the door")
        ]
        assert news == [True, False, True]
        assert session.scalars(select(ClientMarkRow.reason)).one() == "broke the door"


def test_marks_are_one_s_own(world: World, operator: Actor) -> None:
    who = world.technicians[0]
    with world.as_engine() as (session, now):
        other = create_client(session, operator, "Other", now=now)
        with pytest.raises(NotFound):
            mark_technician(session, world.staff, other, who, "block", reason="rude", now=now)
        with pytest.raises(NotFound):
            mark_technician(session, world.staff, world.client, new_id(), "block", reason="rude", now=now)
        with pytest.raises(Refused):
            mark_technician(
                session, Actor("requester", client_id=world.client), world.client, who, "block", reason="rude", now=now
            )
        with pytest.raises(NotFound):
            mark_client(session, world.technician(1), who, world.client, "block", reason="rude", now=now)
        with pytest.raises(NotFound):
            mark_client(session, world.technician(0), who, new_id(), "block", reason="rude", now=now)
