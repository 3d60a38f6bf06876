"""A pack of an installation's own, and a process that goes by it for a while."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dispatch.talent.packfiles import go_by

#: Refuses, for every client that says nothing of it, more than three hours in twelve months.
MINE = """
id = "house-hours"
version = 1
title = "3 hours in 12 months"
kind = "hours"
jurisdiction = "own"
valid_from = 2020-01-01
source = "a rule of the house"
guidance = "Three hours, then others. Guidance, not legal advice."
binding = "hard"
ways_on = ["rotate"]
thresholds = { hours = 3, window_months = 12, crossed = "exceeded" }
"""


@contextmanager
def goes_by_packs(folder: Path | None) -> Iterator[None]:
    """This process goes by the shipped packs and those of a folder, and afterwards by the shipped ones alone."""
    go_by(folder)
    try:
        yield
    finally:
        go_by(None)
