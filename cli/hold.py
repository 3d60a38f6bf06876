"""How do the private servers outlive the command that started them, for a look at what it left?"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Annotated

import typer

from cli.children import end_as_by_ctrl_c, truckroll
from dispatch.errors import TruckrollError
from dispatch.services import services
from dispatch.settings import ServiceSettings, read_settings

_READY_WITHIN_S = 30.0


def hold(
    minutes: Annotated[float, typer.Option(min=0.1, max=1440, help="How long.")] = 60.0,
    end: Annotated[bool, typer.Option("--end", help="End one that holds them.")] = False,
) -> None:
    """Keep the private PostgreSQL and Valkey of this folder running for a while; the last user out stops them.

    For example: truckroll hold --minutes 5
    """
    settings = read_settings()
    if end:
        typer.echo("ended" if _end(_pid_file(settings)) else "nobody held them")
        return
    end_as_by_ctrl_c()
    with services(settings):
        file = _pid_file(settings)
        file.write_text(str(os.getpid()))
        try:
            time.sleep(minutes * 60)
        except KeyboardInterrupt:
            pass
        finally:
            if _read(file) == os.getpid():
                file.unlink(missing_ok=True)


def hold_in_background(settings: ServiceSettings, minutes: float) -> None:
    """Start `truckroll hold` in a session of its own and wait until it holds; one that held before is ended.

    Raises
    ------
    TruckrollError
        When it does not start.
    """
    file = _pid_file(settings)
    before = _read(file)
    holder = subprocess.Popen(
        truckroll("hold", "--minutes", str(minutes)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline_s = time.monotonic() + _READY_WITHIN_S
    while _read(file) != holder.pid:
        if holder.poll() is not None or time.monotonic() > deadline_s:
            raise TruckrollError("the private servers could not be held; try: truckroll hold")
        time.sleep(0.05)
    if before is not None and before != holder.pid:
        _signal(before)


def _end(file: Path) -> bool:
    pid = _read(file)
    return pid is not None and _signal(pid)


def _signal(pid: int) -> bool:
    """End a holder; the number may have gone to another program by now, which is left alone."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    if b"hold" not in words:
        return False
    os.kill(pid, signal.SIGTERM)
    return True


def _read(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None


def _pid_file(settings: ServiceSettings) -> Path:
    return settings.data_dir / "hold.pid"
