"""Who screens technicians on this machine? A small vendor that searches nothing, and says what it is told."""

from __future__ import annotations

import signal
import threading
from typing import Annotated

import typer

from dispatch.errors import BadInput, MissingService
from dispatch.screening.local import LocalVendor, serve
from dispatch.screening.protocol import STATUSES
from dispatch.settings import read_settings

_PATH = "/v1/gateway/screenings"


def vendor(
    key: Annotated[str, typer.Option(envvar="TRUCKROLL_KEY", help="A key of the role gateway: see truckroll keys.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on, on loopback; 0: any.")] = 8010,
    url: Annotated[str, typer.Option(envvar="TRUCKROLL_URL", help="Where the API is.")] = "http://127.0.0.1:8000",
    found: Annotated[
        list[str] | None, typer.Option(help="What is found about whom: PART OF A NAME=adverse. Others are clear.")
    ] = None,
) -> None:
    """Take orders of screenings, and answer them, until told to end; TRUCKROLL_SCREENING_SECRET signs both ways.

    For example: truckroll vendor --key "$GATEWAY" --found Marsh=adverse
    """
    secret = read_settings().screening_secret
    if not secret:
        raise BadInput("TRUCKROLL_SCREENING_SECRET", None, "set the same for API, courier and vendor")
    made = LocalVendor(secret, url.rstrip("/") + _PATH, key, dict(_finding(each) for each in found or ()))
    try:
        server = serve(made, port)
    except OSError as error:
        raise MissingService("the vendor", f"port {port} is taken", "choose another --port") from error
    stop = threading.Event()
    for kind in (signal.SIGTERM, signal.SIGINT):
        signal.signal(kind, lambda *_: stop.set())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    typer.echo(
        f"The vendor listens at http://127.0.0.1:{server.server_address[1]}/ - name it to the courier as"
        " TRUCKROLL_SCREENING_URL. Ctrl-C ends it."
    )
    stop.wait()
    server.shutdown()
    server.server_close()
    typer.echo(f"{len(made.orders)} orders taken, {made.num_refused} refused.")


def _finding(word: str) -> tuple[str, str]:
    name, _, status = word.rpartition("=")
    if not name or status not in STATUSES:
        raise BadInput("--found", word, f"write PART OF A NAME={'|'.join(STATUSES)}")
    return name, status
