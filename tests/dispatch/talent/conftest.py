"""What may a test of talent ask for? A small world, and who acts in it."""

from collections.abc import Iterator

import pytest
from worlds import World, small_world

from dispatch.record.session import Actor


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """Four technicians around a site in Alpine, Texas; one client, one company."""
    with small_world(database_url, num_technicians=4) as made:
        yield made


@pytest.fixture
def operator() -> Actor:
    return Actor("operator")
