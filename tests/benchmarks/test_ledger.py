"""Does the benchmark of the ledger say so when the books are wrong?"""

import json
import os

import pytest

from benchmarks.ledger import CURRENCIES, faults, main

RIGHT = {
    "wrong_by_entries": 0,
    "wrong_by_what_was_told": 0,
    "unbalanced_transactions": 0,
    "below_floor": 0,
    "acknowledged_and_missing_or_more": 0,
    "sum_of_all": {each: "0.000" for each in CURRENCIES},
}


def test_books_that_balance_have_no_fault():
    assert faults(RIGHT) == []


@pytest.mark.parametrize("name", [each for each in RIGHT if each != "sum_of_all"])
@pytest.mark.parametrize("found", [1, -1])
def test_each_figure_that_is_not_zero_is_a_fault(name: str, found: int):
    assert faults({**RIGHT, name: found}) == [f"{name} {found}"]


@pytest.mark.parametrize("currency", CURRENCIES)
def test_money_from_nowhere_is_a_fault(currency: str):
    assert faults({**RIGHT, "sum_of_all": {**RIGHT["sum_of_all"], currency: "0.01"}}) == [f"sum_of_all {currency} 0.01"]


@pytest.mark.skipif(not os.environ.get("TRUCKROLL_TEST_LONG"), reason="starts a database of its own")
def test_a_small_run_balances(capsys: pytest.CaptureFixture[str]):
    wanted = ["--operations", "600", "--processes", "2", "--clients", "5", "--technicians", "20", "--json"]
    assert main(wanted) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["operations"] == 600
    assert report["by_kind"]["payout"] > 0
    assert faults(report) == []
