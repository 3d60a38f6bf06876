"""What is held on a person, and how do they go? For the operator: export, erase, and what is in the way."""

from __future__ import annotations

import contextlib
import json
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from sqlalchemy import Engine, func, or_, select
from sqlalchemy.orm import Session

from cli.operating import OPERATOR, operated, technician_named
from cli.options import Json
from dispatch.errors import BadInput, Conflict
from dispatch.files.storing import open_store
from dispatch.privacy.asking import ask_erasure, ask_staff_erasure, move_erasure
from dispatch.privacy.blocking import find_blockers, find_staff_blockers
from dispatch.privacy.erasing import erase_next
from dispatch.privacy.exporting import begin_export, begin_staff_export, export, held_on
from dispatch.privacy.holdings import STAFF, TECHNICIANS, Held
from dispatch.record.session import database_now, transaction
from dispatch.record.tables import ErasureRow, StaffRow
from dispatch.settings import Settings, read_settings

_DEADLINE_S = 600.0
_BLOCKED = 1

Who = Annotated[str, typer.Argument(help="The technician's number, or id; of staff the address, or id.")]

people = typer.Typer(
    help="What is held on a person. For example: truckroll people export T-00042",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@people.command("export")
def export_person(
    who: Who,
    out: Annotated[Path | None, typer.Option(help="Where to; empty: WHO.zip here.")] = None,
) -> None:
    """Write everything held on a person as a zip. For example: truckroll people export T-00042 --out ana.zip"""
    settings = read_settings()
    with operated(deadline_s=_DEADLINE_S) as engine:
        store = open_store(settings.files_url, settings.data_dir)
        with _writing(engine) as session:
            (held, whose), now = _find_anybody(session, who), database_now(session)
            begin = begin_export if held is TECHNICIANS else begin_staff_export
            begin(session, OPERATOR, whose, now=now)
        path = out or Path(f"{who}.zip")
        try:
            with path.open("wb") as file:
                for piece in export(lambda: _writing(engine), store, whose, held, now=now):
                    file.write(piece)
        except OSError as error:
            raise BadInput("--out", str(path), f"it cannot be written: {error.strerror}") from error
    typer.echo(str(path))


@people.command("erase")
def erase_person(
    who: Who,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Change nothing: say what would go, and what stays.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Erase a person now, or leave with 1 and say what is in the way. Example: people erase T-00042 --dry-run"""
    settings = read_settings()
    with operated(deadline_s=_DEADLINE_S) as engine:
        with _writing(engine) as session:
            held, whose = _find_anybody(session, who)
            told = _plan(session, held, whose)
        if not dry_run and not told["blocked_by"]:
            told["done"] = _erase(engine, settings, held, whose)
    _say(told, as_json, dry_run)
    if told["blocked_by"]:
        raise typer.Exit(_BLOCKED)


def _writing(engine: Engine) -> AbstractContextManager[Session]:
    return transaction(engine, OPERATOR, role="engine")


def _find_anybody(session: Session, who: str) -> tuple[Held, UUID]:
    """A person of the staff by address or id, or else a technician."""
    named = [func.lower(StaffRow.email) == who.lower()]
    with contextlib.suppress(ValueError):
        named.append(StaffRow.id == UUID(who))
    found = session.scalars(select(StaffRow.id).where(or_(*named)).order_by(StaffRow.id)).all()
    if len(found) > 1:
        raise BadInput("WHO", who, f"give the id: {', '.join(map(str, found))} have this address")
    return (STAFF, found[0]) if found else (TECHNICIANS, technician_named(session, who))


def _plan(session: Session, held: Held, whose: UUID) -> dict[str, Any]:
    """What would go, what would be overwritten, what stays, by table and number of rows; and what is in the way."""
    rows = {table: len(found) for table, found in held_on(session, whose, held).items() if found}
    fates: dict[str, dict[str, int]] = {"goes": {}, "is_overwritten": {}, "stays": {}}
    for each in held.holdings:
        if each.table in rows:
            fate = "goes" if each.goes else "is_overwritten" if each.erased else "stays"
            fates[fate][each.table] = rows[each.table]
    blockers = (find_blockers if held is TECHNICIANS else find_staff_blockers)(session, whose)
    blocked = [each.to_document() for each in blockers]
    return {held.kind: str(whose), **fates, "blocked_by": blocked}


def _erase(engine: Engine, settings: Settings, held: Held, whose: UUID) -> dict[str, int]:
    """Ask and grant as the operator, and do every step; the courier would do the same."""
    store = open_store(settings.files_url, settings.data_dir)
    with _writing(engine) as session:
        now = database_now(session)
        is_open = ErasureRow.state.in_(("asked", "granted"))
        theirs = ErasureRow.technician_id == whose if held is TECHNICIANS else ErasureRow.staff_id == whose
        row = session.scalars(select(ErasureRow).where(theirs, is_open)).one_or_none()
        ask = ask_erasure if held is TECHNICIANS else ask_staff_erasure
        row = row or ask(session, OPERATOR, whose, now=now)
        if row.state == "asked":
            move_erasure(session, OPERATOR, row.id, "grant", now=now)
        row.next_at = now
        erasure = row.id
    while True:
        with _writing(engine) as session:
            row = session.get_one(ErasureRow, erasure)
            if row.state == "done":
                return {name: value for name, value in row.progress.items() if name.startswith("num_")}
            if row.blocked_by:
                raise Conflict(", ".join(each["code"] for each in row.blocked_by), "erase")
        _step(engine, store, settings.tax_kept_years)


def _step(engine: Engine, store: Any, tax_kept_years: int) -> None:
    with _writing(engine) as session:
        now: datetime = database_now(session)
        erase_next(session, store, tax_kept_years=tax_kept_years, now=now)


def _say(told: dict[str, Any], as_json: bool, dry_run: bool) -> None:
    if as_json:
        typer.echo(json.dumps(told))
        return
    words = {"goes": "goes", "is_overwritten": "is overwritten", "stays": "stays: work done, money moved, ids alone"}
    for fate, meaning in words.items():
        typer.echo(f"{meaning}: " + (", ".join(f"{table} {num}" for table, num in told[fate].items()) or "nothing"))
    for each in told["blocked_by"]:
        until = f", until {each['until']}" if each["until"] else ""
        typer.echo(f"in the way: {each['code']} ({each['num']}){until}")
    if "done" in told:
        typer.echo(f"erased: {told['done']['num_files']} files and {told['done']['num_rows']} rows")
    elif dry_run:
        typer.echo("nothing was changed")
