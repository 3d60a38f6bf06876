"""What keeps several processes running together, and ends them together?"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from cli.children import Children, children
from dispatch.errors import TruckrollError

WAITS = [sys.executable, "-c", "import time; time.sleep(600)"]
DIES = [sys.executable, "-c", "raise SystemExit(7)"]


def wait_until(is_so: Callable[[], bool], within_s: float = 20.0) -> None:
    deadline_s = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline_s, "it did not come to pass"
        time.sleep(0.01)


def tend_for_ever(running: Children) -> NoReturn:
    while True:
        running.tend()
        time.sleep(0.01)


def is_another(running: Children, pid: int) -> bool:
    running.tend()
    return running.pids()["one"] != pid


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in {"Z", "X"}


def test_all_run_until_the_block_ends() -> None:
    with children({"one": WAITS, "other": WAITS}, {}) as running:
        pids = running.pids()
        assert set(pids) == {"one", "other"}
        assert all(is_alive(pid) for pid in pids.values())
    assert not any(is_alive(pid) for pid in pids.values())


def test_one_that_was_killed_is_started_again_and_the_other_stays() -> None:
    with children({"one": WAITS, "other": WAITS}, {}) as running:
        before = running.pids()
        os.kill(before["one"], signal.SIGKILL)
        wait_until(lambda: is_another(running, before["one"]))
        assert running.pids()["other"] == before["other"]


def test_one_that_never_lives_is_given_up_after_five_times() -> None:
    with (
        children({"dies": DIES}, {}) as running,
        pytest.raises(TruckrollError, match="dies ended 5 times right after its start, last with 7"),
    ):
        tend_for_ever(running)


def test_a_child_gets_the_variables(tmp_path: Path) -> None:
    where = tmp_path / "said"
    program = (
        "import os, pathlib, time; pathlib.Path(os.environ['WHERE']).write_text(os.environ['WHAT']); time.sleep(600)"
    )
    with children({"writes": [sys.executable, "-c", program]}, {"WHERE": str(where), "WHAT": "here"}):
        wait_until(lambda: where.exists() and where.read_text() == "here")


def test_children_end_when_their_parent_is_killed_without_warning() -> None:
    program = (
        "import sys, time\nfrom cli.children import children\n"
        f"with children({{'one': {WAITS!r}}}, {{}}) as running:\n"
        "    print(running.pids()['one'], flush=True)\n    time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert is_alive(child)
        parent.kill()
    wait_until(lambda: not is_alive(child))
