"""Whose word that they are a US person is taken up together?"""

from datetime import timedelta

from racing import blocked
from sqlalchemy import Text, cast, func, select, update
from worlds import World

from dispatch.record.tables import TechnicianRow
from dispatch.talent.clearances import hold_words

#: Whoever has this lock lets those wait who look for words.
GATE = 4207


def test_a_word_that_is_given_anew_while_it_is_looked_for_is_left_alone(world: World) -> None:
    """Found by its old day, which is no more by the time at which it could be held."""
    anew, over = world.technicians[:2]

    def says(who, days):
        with world.as_engine() as (session, now):
            word = {"clearance": "us_person", "clearance_until": now.date() + timedelta(days=days)}
            session.execute(update(TechnicianRow).where(TechnicianRow.id == who).values(word))
            return now.date()

    def found():
        with world.as_engine() as (session, _):
            waits = cast(func.pg_advisory_xact_lock_shared(GATE), Text) == ""
            return hold_words(session, (TechnicianRow.clearance_until < today) & waits)

    for who in (anew, over):
        today = says(who, -3)
    with world.engine.begin() as gate:
        gate.execute(select(func.pg_advisory_xact_lock(GATE)))
        looking = blocked(world.engine, found)
        assert not looking.done(), "it waits at the gate"
        says(anew, 90)
    assert looking.result(10) == [over]
