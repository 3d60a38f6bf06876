"""What do tests of faults ask for? The whole system, on servers that they may kill; more often in the long run."""

import os
from collections.abc import Iterator

import pytest
from processes import System, running_system

#: `scripts/test --long` hurts it more often.
IS_LONG = os.environ.get("TRUCKROLL_TEST_LONG") == "1"


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Servers, API and dispatcher of this worker's own; each test leaves them healed, with every job ended."""
    with running_system(tmp_path_factory.mktemp("chaos")) as found:
        yield found


@pytest.fixture
def num_rounds() -> int:
    """How often a fault is repeated."""
    return 5 if IS_LONG else 1
