"""What may a test of screenings ask for?"""

from collections.abc import Iterator

import pytest
from worlds import World, small_world


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """Eight technicians around a site in Alpine, Texas."""
    with small_world(database_url) as made:
        yield made
