"""A small world whose post is delivered by hand."""

from collections.abc import Iterator

import pytest
from outboxes import Post
from worlds import World, small_world


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    with small_world(database_url) as found:
        yield found


@pytest.fixture
def post(world: World) -> Post:
    return Post(world)
