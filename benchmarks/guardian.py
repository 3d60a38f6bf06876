"""What is left of a benchmark that somebody kills? Nothing: a process of its own ends what it began.

    with watched_folder() as folder: ...

Everything started inside carries the folder's name, in its environment or in its words; the guardian waits for the end
of the pipe from the benchmark, which comes however the benchmark ends.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MARK = "TRUCKROLL_BENCHMARK"
_ALL_IS_WELL = b"all is well"
_SIGNALS = ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0))


@contextmanager
def watched_folder() -> Iterator[Path]:
    """A new folder for a benchmark's servers; should the block not come to its end, what was begun inside is ended."""
    folder, outer = tempfile.mkdtemp(prefix="truckroll-bench-"), os.environ.get(_MARK)
    os.environ[_MARK] = folder
    words = [sys.executable, "-m", "benchmarks.guardian", folder]
    guardian = subprocess.Popen(words, stdin=subprocess.PIPE, start_new_session=True)
    said = b""
    try:
        yield Path(folder)
        said = _ALL_IS_WELL
    finally:
        del os.environ[_MARK]
        if outer is not None:
            os.environ[_MARK] = outer
        guardian.communicate(said)


def main(folder: str) -> None:
    """Wait for the benchmark's end, then see to it that nothing is left."""
    if sys.stdin.buffer.read() != _ALL_IS_WELL:
        sockets = _socket_folders(Path(folder))
        _end_all(folder)
        for each in sockets:
            shutil.rmtree(each, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


def _end_all(folder: str) -> None:
    for kind, within_s in _SIGNALS:
        deadline_s = time.monotonic() + within_s
        while (left := _begun(folder)) and time.monotonic() < deadline_s:
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, kind)
            time.sleep(0.1)


def _begun(folder: str) -> list[int]:
    """Processes that carry the folder's name, without this one."""
    mark = f"{_MARK}={folder}".encode()
    found = []
    for each in Path("/proc").iterdir():
        if not each.name.isdigit() or int(each.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            words = (each / "cmdline").read_bytes().split(b"\0")
            if mark in (each / "environ").read_bytes().split(b"\0") or any(
                word.startswith(folder.encode()) for word in words
            ):
                found.append(int(each.name))
    return found


def _socket_folders(folder: Path) -> list[str]:
    """Where the servers of this folder listen, as their state files say."""
    found = []
    for each in folder.rglob("postmaster.pid"):
        found += [line for line in each.read_text().splitlines() if "/truckroll-" in line and line != str(each.parent)]
    for each in folder.rglob("valkey.json"):
        found.append(json.loads(each.read_text())["socket_dir"])
    return [each for each in found if Path(each).name.startswith("truckroll-") and not each.startswith(str(folder))]


if __name__ == "__main__":
    main(sys.argv[1])
