"""What keeps several processes running together, and ends them together?"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NoReturn

from dispatch.errors import TruckrollError

_log = logging.getLogger(__name__)
_STOP_WITHIN_S = 10.0
_LONG_ENOUGH_S = 10.0
_MAX_QUICK_DEATHS = 5


def truckroll(*words: str) -> list[str]:
    """Return the command that runs one of our own commands in another process."""
    return [sys.executable, "-m", "cli.main", *words]


def end_as_by_ctrl_c() -> None:
    """From now on SIGTERM ends this process as Ctrl-C does: by `KeyboardInterrupt`.

    Also where SIGINT is ignored, as in whatever a shell starts in the background.
    """
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


@contextmanager
def children(commands: Mapping[str, Sequence[str]], environment: Mapping[str, str]) -> Iterator[Children]:
    """Run these commands until the block ends, however it ends.

    Parameters
    ----------
    commands
        Name → words.
    environment
        Variables added to ours.
    """
    running = Children([_Child(name, list(words), dict(environment)) for name, words in commands.items()])
    try:
        running.tend()
        yield running
    finally:
        running.stop()


class Children:
    """Processes that live as long as we do."""

    def __init__(self, members: list[_Child]) -> None:
        self._members = members

    def tend(self) -> None:
        """Start what does not run; called about once a second.

        Raises
        ------
        TruckrollError
            One dies again and again as soon as it is started.
        """
        for child in self._members:
            child.tend(time.monotonic())

    def pids(self) -> dict[str, int]:
        """Return name → process id of those that run."""
        running = {child.name: child.process for child in self._members}
        return {name: process.pid for name, process in running.items() if process is not None}

    def stop(self) -> None:
        """Ask all to end at once, then end those that do not."""
        processes = [child.process for child in self._members if child.process is not None]
        for process in processes:
            process.terminate()
        deadline_s = time.monotonic() + _STOP_WITHIN_S
        for process in processes:
            try:
                process.wait(max(0.0, deadline_s - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@dataclass(slots=True)
class _Child:
    name: str
    words: list[str]
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    started_s: float = 0.0
    num_quick_deaths: int = field(default=0)

    def tend(self, now_s: float) -> None:
        if self.process is not None:
            code = self.process.poll()
            if code is None:
                return
            self._mourn(code, now_s - self.started_s)
        self.process = subprocess.Popen(
            [*_dies_with_us(), *self.words],
            stdin=subprocess.DEVNULL,
            env={**os.environ, **self.environment},
            start_new_session=True,
        )
        self.started_s = now_s

    def _mourn(self, code: int, lived_s: float) -> None:
        self.num_quick_deaths = 0 if lived_s > _LONG_ENOUGH_S else self.num_quick_deaths + 1
        if self.num_quick_deaths >= _MAX_QUICK_DEATHS:
            raise TruckrollError(f"{self.name} ended {_MAX_QUICK_DEATHS} times right after its start, last with {code}")
        _log.warning("%s ended with %s: starting it again", self.name, code)


def _dies_with_us() -> list[str]:
    # A kill -9 of ours cannot be caught; the kernel then tells the child. If we were gone before it could ask
    # for that, its parent is another process by now, and it does not start.
    if shutil.which("setpriv") is None:
        return []
    starts_if_we_live = 'test "$PPID" = "$0" && exec "$@"'
    return ["setpriv", "--pdeathsig", "TERM", "--", "sh", "-c", starts_if_we_live, str(os.getpid())]
