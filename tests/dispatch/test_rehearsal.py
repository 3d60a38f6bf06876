"""The rehearsal does the whole main job, leaves nothing behind, and says when something would not work."""

import logging
from collections.abc import Iterator

import pytest
from sqlalchemy import text
from worlds import World, small_world

from dispatch.record.session import ENGINE, transaction
from dispatch.record.tables import Base
from dispatch.record.upkeep import analyze
from dispatch.rehearsal import rehearse


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    with small_world(database_url) as made:
        yield made


def num_rows(world: World) -> dict[str, int]:
    with world.as_engine() as (session, _):
        return {
            table.name: session.execute(text(f"SELECT count(*) FROM {table.name}")).scalar_one()
            for table in Base.metadata.sorted_tables
        }


def test_it_leaves_nothing_behind_on_several_connections_at_once(world: World) -> None:
    world.offered()
    before = num_rows(world)
    assert rehearse(world.engine, num_connections=4)
    assert num_rows(world) == before
    assert before["offers"] > 0


@pytest.mark.parametrize("right", ["INSERT ON offers", "INSERT ON waves", "UPDATE ON counters", "INSERT ON bookings"])
def test_a_missing_right_is_found_and_told(world: World, caplog: pytest.LogCaptureFixture, right: str) -> None:
    with transaction(world.engine, ENGINE, role="migrate") as session:
        session.execute(text(f"REVOKE {right} FROM truckroll_engine"))
    with caplog.at_level(logging.ERROR):
        assert not rehearse(world.engine)
    assert f"permission denied for table {right.rpartition(' ')[2]}" in caplog.text


def test_the_planner_is_told_of_what_came_in(world: World) -> None:
    size = text("SELECT reltuples FROM pg_class WHERE oid = 'technicians'::regclass")
    with world.as_engine() as (session, _):
        assert session.execute(size).scalar_one() != len(world.technicians)
    analyze(world.engine)
    with world.as_engine() as (session, _):
        assert session.execute(size).scalar_one() == len(world.technicians)
