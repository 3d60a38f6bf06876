"""Webhooks with waits so short that a test sees their end."""

from collections.abc import Iterator

import pytest
from hooks import Hooks, hooks_in

from dispatch.webhooks import health


@pytest.fixture
def hooks(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hooks]:
    monkeypatch.setattr(health, "WAITS_S", (0.2,) * 4)
    monkeypatch.setattr(health, "MAX_TRIES", 5)
    monkeypatch.setattr(health, "_PAUSES_S", (0.3,))
    with hooks_in(database_url) as found:
        yield found
