"""What may a test of jobs ask for?"""

from collections.abc import Iterator

import pytest
from worlds import World, small_world


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """Eight technicians around a site in Alpine, Texas."""
    with small_world(database_url) as made:
        yield made


@pytest.fixture
def crowd(database_url: str) -> Iterator[World]:
    """Sixty-four technicians around the site, on a machine that may do much else too."""
    with small_world(database_url, num_technicians=64, pool_size=70) as made:
        yield made
