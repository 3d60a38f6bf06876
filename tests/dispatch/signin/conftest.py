"""What may a test of sign-in ask for?"""

from collections.abc import Iterator

import pytest
from worlds import World, small_world


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """Two technicians; the first has the address anna@example.org."""
    with small_world(database_url, num_technicians=2, pool_size=40) as made:
        yield made
