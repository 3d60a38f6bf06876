"""With which keys is sealed, and how does one go? For whoever runs Truckroll."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from datetime import UTC, datetime

import typer
from sqlalchemy.orm import Session

from cli.operating import OPERATOR, operated
from cli.options import Json
from dispatch.record.datakeys import KEYS_FILE, VARIABLE, add_key, next_key, read_ring, write_key
from dispatch.record.session import transaction
from dispatch.rotating import count_by_key, rotate
from dispatch.settings import read_settings

_DEADLINE_S = 60.0
#: A key that something was sealed with is not at hand; the same code as for any other missing service.
_MISSING = 3
_ROTATE = "run: truckroll datakeys rotate"


datakeys = typer.Typer(
    help="Keys that secrets are sealed with: make, status, rotate. For example: truckroll datakeys status",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@datakeys.command("make")
def make() -> None:
    """Make a new key. In private mode it goes to the file of keys, else it is printed. Example: datakeys make

    It is the first of the keys from the next start on; then: truckroll datakeys rotate
    """
    settings = read_settings()
    ring = read_ring(settings.data_keys, settings.data_dir)
    key = next_key(ring, datetime.now(UTC))
    if settings.data_keys is None and (settings.data_dir / KEYS_FILE).exists():
        path = add_key(settings.data_dir, key)
        typer.echo(f"{key.id} stands first in {path}: keep a copy, start Truckroll anew, then {_ROTATE}")
        return
    typer.echo(write_key(key))
    typer.echo(f"Keep a copy. Put it into {VARIABLE}: last everywhere, then first; then {_ROTATE}", err=True)


@datakeys.command("status")
def status(as_json: Json = False) -> None:
    """How much stands sealed with which key; leaves with 3 if one is not at hand. Example: datakeys status"""
    settings = read_settings()
    with operated(deadline_s=_DEADLINE_S) as engine, transaction(engine, OPERATOR, role="engine") as session:
        ring = read_ring(settings.data_keys, settings.data_dir)
        counts = count_by_key(session)
    missing = sorted(set(counts) - set(ring.ids))
    keys = [
        {
            "id": key,
            "is_newest": ring.ids[:1] == (key,),
            "is_at_hand": key in ring.ids,
            "num_sealed": counts.get(key, 0),
        }
        for key in (*ring.ids, *missing)
    ]
    if as_json:
        typer.echo(json.dumps({"keys": keys}))
    else:
        for key in keys:
            word = "MISSING" if not key["is_at_hand"] else "newest" if key["is_newest"] else "older"
            spare = "" if key["is_newest"] or key["num_sealed"] else ": may go"
            typer.echo(f"{key['id']}: {word}, {key['num_sealed']} sealed{spare}")
    if missing:
        typer.echo(f"Add {', '.join(missing)} to {VARIABLE}, or what they sealed is lost.", err=True)
        raise typer.Exit(_MISSING)


@datakeys.command("rotate")
def rotate_keys(as_json: Json = False) -> None:
    """Seal everything with the newest key, in batches; broken off, it goes on. Example: datakeys rotate"""
    settings = read_settings()
    with operated(deadline_s=_DEADLINE_S) as engine:
        ring = read_ring(settings.data_keys, settings.data_dir)
        newest = ring.newest.id

        def write() -> AbstractContextManager[Session]:
            return transaction(engine, OPERATOR, role="engine")

        with write() as session:
            left = sum(num for key, num in count_by_key(session).items() if key != newest)
        done = rotate(write, ring, lambda num: typer.echo(f"{num} of {left}", err=True))
    typer.echo(json.dumps({"key": newest, "num_sealed": done}) if as_json else f"{done} sealed anew with {newest}")
