"""How do we run a server that outlives us, and know it again among all processes?"""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

_SOCKET_PREFIX = "truckroll-"
_LOG_TAIL_NUM_BYTES = 2000
_LOG_TAIL_NUM_LINES = 12


def spawn(command: list[str], log: Path) -> int:
    """Start a program in a session of its own, so that a Ctrl-C or a kill of ours does not reach it.

    Returns
    -------
    Its process id. The program's output is appended to the log.
    """
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    streams = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), append, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    return os.posix_spawnp(command[0], command, environment, file_actions=streams, setsid=True)


def has_ended(child: int) -> bool:
    """Tell whether a child of ours has ended, and let go of it if so."""
    try:
        return os.waitpid(child, os.WNOHANG)[0] == child
    except ChildProcessError:
        return True


def is_running(pid: int, program: str, word: str) -> bool:
    """Tell whether this process is this program called with this word.

    A number from a state file may belong to anything by now. A process that has ended but was not waited for has no
    command line, so it counts as ended.
    """
    try:
        words = [os.fsdecode(part) for part in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")]
    except OSError:
        return False
    return word in words and os.path.basename(words[0]) == program


def stop(pid: int, program: str, word: str, signals: Sequence[tuple[signal.Signals, float]]) -> None:
    """Ask a server to end, then insist: each signal with the seconds that it gets; returns once the server is gone."""
    for kind, within_s in signals:
        deadline_s = time.monotonic() + within_s
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, kind)
            os.kill(pid, signal.SIGCONT)
        while is_running(pid, program, word) and time.monotonic() < deadline_s:
            time.sleep(0.005)
        if not is_running(pid, program, word):
            break
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def new_socket_dir() -> Path:
    """Make a short folder for sockets, for its owner alone."""
    return Path(tempfile.mkdtemp(prefix=_SOCKET_PREFIX))


def is_socket_dir(folder: Path) -> bool:
    """Tell whether this is a folder that `new_socket_dir` made and that is still there.

    What a state file says may be cut short: an empty line would be the current folder.
    """
    return folder.is_absolute() and folder.name.startswith(_SOCKET_PREFIX) and folder.is_dir()


def remove_sockets(folder: Path) -> None:
    """Remove the sockets and their locks from a socket folder; other folders and other files stay."""
    if not is_socket_dir(folder):
        return
    for path in folder.iterdir():
        if path.is_socket() or path.name.endswith(".lock"):
            path.unlink(missing_ok=True)


def remove_socket_dir(folder: Path) -> None:
    """Remove a socket folder once it is empty; never anything below another folder."""
    if is_socket_dir(folder):
        remove_sockets(folder)
        with contextlib.suppress(OSError):
            folder.rmdir()


def size(log: Path) -> int:
    """Return how long the log is by now; 0 when there is none."""
    return log.stat().st_size if log.exists() else 0


def log_tail(log: Path, start: int = 0) -> str:
    """Return the log's last lines, none from before byte `start`."""
    if not log.exists():
        return ""
    said = log.read_bytes()[start:][-_LOG_TAIL_NUM_BYTES:].decode(errors="replace")
    return "\n".join(said.splitlines()[-_LOG_TAIL_NUM_LINES:])
