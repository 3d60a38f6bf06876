"""Does the benchmark of the hours count what the events say?"""

import json
import os

import pytest

from benchmarks.usage import main


@pytest.mark.skipif(not os.environ.get("TRUCKROLL_TEST_LONG"), reason="starts a database of its own")
def test_a_small_run_has_no_differences(capsys: pytest.CaptureFixture[str]):
    main(["--technicians", "40", "--clients", "5", "--engagements", "12", "--only", "counters", "--json"])
    counters = json.loads(capsys.readouterr().out)["counters"]
    assert counters["differences"] == 0
    assert counters["engagements"] == 480
    assert counters["worked_hours"] > 0
    assert counters["promised_hours"] > 0
