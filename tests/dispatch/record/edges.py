"""What does a check let pass, and what just not? The words in which the cases of `test_checks.py` are written."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Edge:
    """Assignments to a row's columns that the check lets through, and others that it refuses."""

    holds: tuple[str, ...]
    breaks: tuple[str, ...]


def known(column: str, words: tuple[str, ...]) -> Edge:
    """One of these words, spelt so."""
    strangers = ("", words[0].upper(), f"{words[0]} ", "nonsense")
    return Edge(tuple(f"{column} = '{word}'" for word in words), tuple(f"{column} = '{word}'" for word in strangers))


def sum_of_money(column: str) -> Edge:
    """Nothing is a sum, less than nothing and NaN are none."""
    return Edge((f"{column} = 0", f"{column} = 0.01"), (f"{column} = -0.01", f"{column} = 'NaN'"))


CURRENCY = Edge(("currency = 'USD'", "currency = 'EUR'"), ("currency = 'usd'", "currency = 'US'", "currency = ''"))
PLACE = Edge(
    ("lat = 90, lng = 180", "lat = -90, lng = -180", "lat = 0, lng = 0"),
    (
        "lat = 90.0000001",
        "lat = -90.0000001",
        "lng = 180.0000001",
        "lng = -180.0000001",
        "lat = 'NaN'",
        "lng = 'NaN'",
        "lat = 'infinity'",
        "lng = '-infinity'",
    ),
)
