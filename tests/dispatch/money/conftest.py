"""What may a test of money ask for? Acme with 1,000 USD of funds, 200 of credit and a tenth as our fee."""

from collections.abc import Iterator

import pytest
from purse import Purse
from worlds import small_world


@pytest.fixture
def purse(database_url: str) -> Iterator[Purse]:
    """Eight technicians around a site in Alpine, Texas, and Acme's money."""
    with small_world(database_url) as world:
        made = Purse(world)
        made.agrees(credit_limit="200", fee_share="0.10")
        made.pays_in("1000")
        yield made
