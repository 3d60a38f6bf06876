"""What must be kept although it is old, or somebody asked to be erased? Legal holds: list, place, lift."""

from __future__ import annotations

import json
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Column, Table
from sqlalchemy import select

from cli.operating import OPERATOR, instant, operated
from cli.options import Json
from dispatch.privacy.holds import About, lift_hold, place_hold
from dispatch.record.session import database_now, transaction
from dispatch.record.tables import LegalHoldRow

_DEADLINE_S = 30.0

legal_holds = typer.Typer(
    help="Legal holds: list, place, lift. For example: truckroll legal-holds list",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@legal_holds.command("list")
def list_(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 50, as_json: Json = False
) -> None:
    """List holds, the newest first, those that were lifted too. For example: truckroll legal-holds list"""
    wanted = select(LegalHoldRow).order_by(LegalHoldRow.id.desc()).limit(limit)
    with operated(deadline_s=_DEADLINE_S) as engine, transaction(engine, OPERATOR, role="engine") as session:
        shown = [_shown(row) for row in session.scalars(wanted)]
    if as_json:
        typer.echo(json.dumps({"legal_holds": shown}))
        return
    table = Table(Column("id", min_width=36), "about", "", "why", "until", "lifted", box=None)
    for each in shown:
        table.add_row(*each.values())
    Console(highlight=False, markup=False, soft_wrap=True).print(table if shown else "There are none.")


@legal_holds.command("place")
def place_(
    why: Annotated[str, typer.Option("--why", help="A code: lawsuit, tax_audit …")],
    job: Annotated[UUID | None, typer.Option("--job")] = None,
    client: Annotated[UUID | None, typer.Option("--client")] = None,
    technician: Annotated[UUID | None, typer.Option("--technician")] = None,
    staff: Annotated[UUID | None, typer.Option("--staff")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Left out: until it is lifted.")] = None,
    as_json: Json = False,
) -> None:
    """Keep all about a job, client or person. For example: truckroll legal-holds place --why lawsuit --job ID"""
    end = instant("--until", until)
    with operated(deadline_s=_DEADLINE_S) as engine, transaction(engine, OPERATOR, role="engine") as session:
        about = About(job, client, technician, staff)
        shown = _shown(place_hold(session, OPERATOR, about, why, until=end, now=database_now(session)))
    typer.echo(json.dumps(shown) if as_json else f"Hold {shown['id']} is placed.")


@legal_holds.command("lift")
def lift_(hold: Annotated[UUID, typer.Argument(help="Its id, as listed.")], as_json: Json = False) -> None:
    """Keep nothing for it any more. For example: truckroll legal-holds lift ID"""
    with operated(deadline_s=_DEADLINE_S) as engine, transaction(engine, OPERATOR, role="engine") as session:
        shown = _shown(lift_hold(session, OPERATOR, hold, now=database_now(session)))
    typer.echo(json.dumps(shown) if as_json else f"Hold {hold} is lifted.")


def _shown(row: LegalHoldRow) -> dict[str, str]:
    owners = {name: getattr(row, f"{name}_id") for name in ("job", "technician", "staff", "client")}
    about, of = next((name, owner) for name, owner in owners.items() if owner is not None)
    ends = {"until": row.until_at, "lifted": row.lifted_at}
    times = {name: "" if at is None else at.isoformat() for name, at in ends.items()}
    return {"id": str(row.id), "about": about, "of": str(of), "why": row.why, **times}
