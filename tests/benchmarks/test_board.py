"""Do the board's figures say what was measured, and does a benchmark that is killed leave anything behind?"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from benchmarks.boardclients import _read
from benchmarks.boardfigures import latencies_ms, slope

FRAME = (
    b'event: frame\ndata: {"seq":%d,"event_id":"01980000-0000-7000-8000-%012d","at":"2026-01-01T00:00:00Z"}\nid: 7\n\n'
)


def test_a_line_that_rises_has_its_slope_inside_the_interval_and_one_that_does_not_holds_nothing():
    at_s = np.arange(900.0)
    noise = np.random.default_rng(3).normal(0.0, 0.2, 900)
    rising, level = (slope(at_s, 150 + an_hour * at_s / 3_600 + noise) for an_hour in (6.0, 0.0))
    assert rising["interval_95"][0] < 6.0 < rising["interval_95"][1]
    assert rising["interval_95"][0] > 3.0
    assert level["interval_95"][0] < 0.0 < level["interval_95"][1]
    first_bytes = slope(at_s, np.where(at_s < 200, 100.0, 180.0) + noise)
    assert abs(first_bytes["slope_mb_an_hour"]) < 1.0, "what the first third brings is brought once"


def test_shares_are_of_all_values():
    assert latencies_ms([each / 1000 for each in range(1, 101)]) == {
        "p50_ms": 50.5,
        "p99_ms": pytest.approx(99.0, abs=0.1),
        "largest_ms": 100.0,
    }
    assert latencies_ms([]) == {}


def test_frames_are_read_wherever_the_bytes_were_cut():
    sent = b"".join(FRAME % (num, num) for num in range(5, 9))
    for cut in range(len(sent)):
        first = _read(sent[:cut])
        second = _read(first.rest + sent[cut:])
        assert first.seqs + second.seqs == [5, 6, 7, 8]
        assert len(set(first.events + second.events)) == 4


_BENCHMARK = """
import multiprocessing, subprocess, sys, time
from benchmarks.guardian import watched_folder
def work():
    time.sleep(600)
if __name__ == "__main__":
    with watched_folder() as folder:
        worker = multiprocessing.get_context("spawn").Process(target=work)
        worker.start()
        # As a server does that is started to outlive whoever started it.
        server = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", str(folder)],
                                  env={}, start_new_session=True)
        print(folder, worker.pid, server.pid, flush=True)
        time.sleep(600)
"""


@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGTERM])
def test_a_benchmark_that_is_killed_leaves_no_process_and_no_folder(tmp_path, kind):
    program = tmp_path / "benchmark.py"
    program.write_text(_BENCHMARK)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, text=True, env=environment) as begun:
        assert begun.stdout is not None
        folder, *pids = begun.stdout.readline().split()
        assert all(is_alive(int(pid)) for pid in pids)
        begun.send_signal(kind)
    deadline_s = time.monotonic() + 30.0
    while any(is_alive(int(pid)) for pid in pids) or Path(folder).exists():
        assert time.monotonic() < deadline_s, "something is left"
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in {"Z", "X"}
