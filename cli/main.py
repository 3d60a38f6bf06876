"""What can I ask for, and what does the exit code mean?

Exit codes: 0 done, 1 fault, 2 bad usage or input, 3 a service is missing. Answers go to standard output, progress and
logs to standard error.
"""

from __future__ import annotations

import importlib.metadata
import os
import sys
from collections.abc import Callable
from typing import Annotated, ClassVar

import typer

from cli.lazy import Entry, LazyGroup
from cli.logs import log_to_stderr
from dispatch.errors import BadInput, MissingService, NotFound, Refused, TruckrollError
from geo.errors import GeoError
from matching.errors import MatchingError

FAULT, BAD_USAGE, SERVICE_MISSING = 1, 2, 3

#: Error → exit code; the first that fits.
EXIT_CODES: tuple[tuple[type[Exception], int], ...] = (
    (MissingService, SERVICE_MISSING),
    (BadInput, BAD_USAGE),
    (NotFound, BAD_USAGE),
    (Refused, BAD_USAGE),
    (GeoError, BAD_USAGE),
    (MatchingError, BAD_USAGE),
    (TruckrollError, FAULT),
)


class Commands(LazyGroup):
    """Truckroll's commands, in the order in which a newcomer meets them."""

    entries: ClassVar[dict[str, Entry]] = {
        "demo": Entry("cli.demo.command:demo", "The main job on real places, live, with made-up technicians"),
        "up": Entry("cli.up:up", "Everything on this machine: private services, API, dispatcher, courier"),
        "api": Entry("cli.processes:api", "The HTTP process alone"),
        "dispatcher": Entry("cli.processes:dispatcher", "The process that sends waves and ends offers, alone"),
        "courier": Entry("cli.processes:courier", "The process that carries messages and webhooks out, alone"),
        "match": Entry("cli.match:match", "Technicians and jobs from CSV files, matched offline"),
        "trouble": Entry("cli.trouble:trouble", "What needs a person now, most urgent first"),
        "explain": Entry("cli.explain:explain", "Why this technician, why not that one"),
        "replay": Entry("cli.replay:replay", "Decide again from what was stored; the same to the last bit"),
        "import": Entry("cli.load:load", "Technicians or jobs from a CSV file into the record"),
        "call": Entry("cli.call:call", "One request to the API, answered as JSON"),
        "openapi": Entry("cli.openapi:openapi", "The API's description, to generate a client from"),
        "messages": Entry("cli.messages:messages", "Messages: what became of them, send again"),
        "pools": Entry("cli.pools:pools", "Pools: invite a file of people"),
        "credentials": Entry("cli.credentials:credentials", "Proofs: what waits for a review, verify, reject, revoke"),
        "vendor": Entry("cli.vendor:vendor", "A small vendor of screenings, for private use"),
        "people": Entry("cli.people:people", "What is held on a person: export it; erase a technician"),
        "audit": Entry("cli.audit:audit", "The history: verify its chains, export a job signed, verify offline"),
        "links": Entry("cli.links:links", "Links to sign in: make one for somebody"),
        "keys": Entry("cli.keys:keys", "API keys: make, list, revoke"),
        "datakeys": Entry("cli.datakeys:datakeys", "Keys that texts are sealed with: make, status, rotate"),
        "webhooks": Entry("cli.webhooks:webhooks", "Webhooks: list endpoints, their deliveries, replay"),
        "packs": Entry("cli.packs:packs", "Packs of limits: check them, compare two sets"),
        "clients": Entry("cli.clients:clients", "Clients: list, approve, suspend; the usual papers"),
        "payouts": Entry("cli.payouts:payouts", "Payouts: make and send, list, settle, verify; a year's sums"),
        "disputes": Entry("cli.disputes:disputes", "Disputes about pay: list, name who decides, decide"),
        "reviews": Entry("cli.reviews:reviews", "Appeals and reviews: what waits for the network, answer it"),
        "removals": Entry("cli.removals:removals", "Removals over a screening: notice, review, end"),
        "legal-holds": Entry("cli.legalholds:legal_holds", "Legal holds: list, place, lift"),
        "hold": Entry("cli.hold:hold", "Keep the private servers running for a while"),
        "doctor": Entry("cli.doctor:doctor", "What is there, what is unsafe, how to mend it"),
    }


app = typer.Typer(
    cls=Commands,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _say_version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"truckroll {importlib.metadata.version('truckroll')}")
        raise typer.Exit


@app.callback(epilog="For example: truckroll demo --once")
def truckroll(
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Dispatch field technicians: everyone in reach judged, the right ones asked, exactly one chosen."""


def run(main: Callable[[], object] = app) -> None:
    """Run what the command line asks for, and leave with the exit code that its outcome has."""
    try:
        log_to_stderr(os.environ.get("TRUCKROLL_LOG", "human"), os.environ.get("TRUCKROLL_LOG_LEVEL", "info"))
        main()
    except Exception as error:
        code = exit_code(error)
        if code is None:
            raise
        typer.echo(f"truckroll: {error}", err=True)
        sys.exit(code)


def exit_code(error: Exception) -> int | None:
    """Return the exit code of an expected error; None for one that deserves its traceback, and code 1."""
    return next((code for kind, code in EXIT_CODES if isinstance(error, kind)), None)


if __name__ == "__main__":
    run()
