"""The application with its small world, for each test its own, or one for a module."""

from collections.abc import Iterator

import pytest
from own_database import own_copy
from town import PAYOUT_SECRET, Town, small_town

from dispatch.private_postgres import PrivatePostgres
from dispatch.private_valkey import PrivateValkey


@pytest.fixture(scope="module")
def calm_town(postgres: PrivatePostgres, template_name: str, valkey: PrivateValkey) -> Iterator[Town]:
    """One for all tests of a module that look only, or whose traces harm none of the others."""
    with own_copy(postgres, template_name) as name, small_town(postgres.url(name), valkey.url()) as found:
        yield found


@pytest.fixture(scope="module")
def calm_admin_url(postgres: PrivatePostgres, calm_town: Town) -> str:
    """Its database, as the superuser."""
    return postgres.url(calm_town.settings.database_url.partition("?")[0].rpartition("/")[2], user="postgres")


@pytest.fixture
def town(database_url: str, redis_url: str) -> Iterator[Town]:
    with small_town(database_url, redis_url, payout_secret=PAYOUT_SECRET) as found:
        yield found
