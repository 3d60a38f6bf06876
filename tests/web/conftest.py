"""The small world with its real server, and browsers for its people."""

from collections.abc import Iterator

import pytest
from browsing import Devices, chromium
from dressed import Dressed, dress
from playwright.sync_api import Browser
from streaming import serving
from town import Town, small_town


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def town(database_url: str, redis_url: str) -> Iterator[Town]:
    with small_town(database_url, redis_url) as found:
        yield found


@pytest.fixture
def devices(town: Town, browser: Browser) -> Iterator[Devices]:
    with serving(town.app) as url:
        yield Devices(town, url, browser)


@pytest.fixture
def acme(devices: Devices) -> Dressed:
    return dress(devices.town)
