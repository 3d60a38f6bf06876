"""How does a client's informal pool come in from the command line? A file of people, invited into a pool."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy import String, cast, or_, select
from sqlalchemy.orm import Session

from cli.csvfiles import BadRows, Flaw
from cli.operating import OPERATOR, operated
from cli.options import Json
from dispatch.admission.bringing import bring_in
from dispatch.admission.peoplefile import read_people
from dispatch.errors import BadInput, NotFound
from dispatch.record.session import database_now, transaction
from dispatch.record.tables import PoolRow
from dispatch.talent.loading import BadEntries

_DEADLINE_S = 120.0

pools = typer.Typer(
    help="Pools: invite a file of people. For example: truckroll pools invite Regulars people.csv --dry-run",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@pools.callback()
def _group() -> None:
    """Pools of clients."""


@pools.command("invite")
def invite(
    pool: Annotated[str, typer.Argument(help="The pool's id, or its name where only one client has it.")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="CSV, UTF-8.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Invite everybody of a file into a private pool: all rows, or none and every bad one named.

    Columns: name, email, and phone, postcode, lat, lng, skills (hvac:3;wifi). Known technicians are found by mail;
    others are new, and come in with the code that they are sent. The same file again changes nothing.
    """
    try:
        people = read_people(file.read_bytes())
        with operated(deadline_s=_DEADLINE_S) as engine, transaction(engine, OPERATOR, role="engine") as session:
            now = database_now(session)
            found = bring_in(session, OPERATOR, _find(session, pool), people, is_dry_run=dry_run, now=now)
    except BadEntries as error:
        raise BadRows(
            [
                Flaw(file.name, each.line, each.error.field, str(each.error.value), each.error.way_out)
                for each in error.problems
            ]
        ) from error
    if as_json:
        rows = [{"line": line, "outcome": outcome} for line, outcome in found.rows]
        typer.echo(json.dumps({"is_dry_run": dry_run, "counts": found.counts, "rows": rows}))
        return
    counts = ", ".join(f"{num:,} {outcome}" for outcome, num in found.counts.items()) or "nobody in the file"
    typer.echo(f"{'would be: ' if dry_run else ''}{counts}")


def _find(session: Session, words: str) -> UUID:
    named = or_(PoolRow.name == words, cast(PoolRow.id, String) == words.lower())
    found = session.scalars(select(PoolRow.id).where(named).limit(2)).all()
    if not found:
        raise NotFound("pool", words)
    if len(found) > 1:
        raise BadInput("POOL", words, f"several clients have a pool of this name; name one by id: {found[0]}")
    return found[0]
