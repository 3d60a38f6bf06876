"""A small world whose post is delivered by hand."""

from collections.abc import Iterator

import pytest
from outboxes import Post
from worlds import World, small_world

from dispatch.messages import people


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    with small_world(database_url) as found:
        yield found


@pytest.fixture
def post(world: World, monkeypatch: pytest.MonkeyPatch) -> Post:
    """The site's contact is awake at any hour: their night is tried in `test_delivery`."""
    monkeypatch.setattr(people, "_CONTACTS_QUIET", None)
    return Post(world)
