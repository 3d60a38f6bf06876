"""How does everything run on this machine with one command?"""

from __future__ import annotations

import contextlib
import logging
import socket
import time
from typing import Annotated, NoReturn

import typer

from cli.children import Children, children, end_as_by_ctrl_c, truckroll
from dispatch.services import Services, migrate, services
from dispatch.settings import read_settings
from dispatch.talent.packfiles import go_by

_log = logging.getLogger(__name__)
_TEND_EVERY_S = 0.5


def up(
    host: Annotated[str | None, typer.Option(help="Address to listen on [default: 127.0.0.1].")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port to listen on [default: 8000].")] = None,
) -> None:
    """Run private services, the API, the dispatcher and the courier; restart what dies; Ctrl-C ends all.

    For example: truckroll up --port 8080
    """
    settings = read_settings()
    go_by(settings.packs_dir)
    host, port = host or settings.host, port or settings.port
    commands = {
        "api": truckroll("api", "--host", host, "--port", str(port)),
        "dispatcher": truckroll("dispatcher"),
        "courier": truckroll("courier"),
    }
    end_as_by_ctrl_c()
    with contextlib.suppress(KeyboardInterrupt), services(settings) as found:
        migrate(found.database_url)
        # Links in mails lead here, whichever process writes them.
        public = {"TRUCKROLL_PUBLIC_URL": settings.public_url or f"http://{host}:{port}"}
        with children(commands, found.environment() | public) as running:
            _tend(running, found, host, port)


def _tend(running: Children, found: Services, host: str, port: int) -> NoReturn:
    is_announced = False
    while True:
        for name in found.revive():
            _log.warning("%s was killed: started again", name)
        running.tend()
        if not is_announced and _listens(host, port):
            typer.echo(f"Truckroll answers at http://{host}:{port} - Ctrl-C ends it.")
            is_announced = True
        time.sleep(_TEND_EVERY_S)


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True
