"""An erasure against a yes: whoever is erased has no work, and whoever has work is not erased. With real commits."""

from pathlib import Path
from typing import Any

import pytest
from racing import race
from sqlalchemy import text
from worlds import World

from dispatch.errors import TruckrollError
from dispatch.files.storing import open_store
from dispatch.jobs.acceptance import Lost, accept_offer
from dispatch.privacy.asking import ask_erasure, move_erasure
from dispatch.privacy.erasing import erase_next
from dispatch.record.sealing import DataKey, KeyRing, new_secret
from dispatch.record.session import ENGINE, Actor, connect, database_now, transaction
from dispatch.record.tables import ErasureRow, TechnicianRow, new_id

OPERATOR = Actor("operator", new_id())


@pytest.mark.parametrize("round_num", range(3))
def test_an_erasure_and_a_yes_at_once_leave_one_of_them(world: World, tmp_path: Path, round_num: int) -> None:
    offer = world.offered()[0]
    whose, store = offer.technician_id, open_store(None, tmp_path)
    with world.as_engine() as (session, now):
        erasure = ask_erasure(session, OPERATOR, whose, now=now).id
    with world.as_engine() as (session, now):
        move_erasure(session, OPERATOR, erasure, "grant", now=now)
        # As if they had just resumed: only the lock stands between the two.
        session.get_one(TechnicianRow, whose).state = "active"
    pool = connect(str(world.engine.url.render_as_string(False)), ring=KeyRing([DataKey("test", new_secret())]))

    def erases() -> Any:
        with transaction(pool, ENGINE, role="engine") as session:
            return erase_next(session, store, tax_kept_years=4, now=database_now(session))

    def accepts() -> Any:
        with world.as_engine() as (session, now):
            return accept_offer(session, world.actor_of(offer), world.yes(offer), now=now)

    try:
        _, won = race([erases, accepts])
    finally:
        pool.dispose()
    with world.as_engine() as (session, _):
        state = session.get_one(TechnicianRow, whose).state
        live = text("SELECT count(*) FROM assignments WHERE technician_id = :t AND state = 'live'")
        num = session.scalar(live, {"t": whose})
        waits = [each["code"] for each in session.get_one(ErasureRow, erasure).blocked_by]
    assert (state == "erased") == (num == 0), (state, num, won)
    assert isinstance(won, Lost | TruckrollError) == (state == "erased"), won
    if num:
        assert waits == ["live_work"]
