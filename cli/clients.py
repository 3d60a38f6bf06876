"""Who may post work? For the operator: list clients, approve, decline, suspend, reinstate; bring the usual papers."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Column, Table
from sqlalchemy import String, cast, or_, select
from sqlalchemy.orm import Session

from cli.operating import OPERATOR, operated
from cli.options import Json
from dispatch.admission.clients import MOVES, Limits, move_client
from dispatch.errors import BadInput, NotFound
from dispatch.record.session import database_now, transaction
from dispatch.record.tables import ClientRow
from dispatch.talent.limits import bring_usual_papers

_DEADLINE_S = 120.0

Named = Annotated[str, typer.Argument(help="The client's id, or its name where only one has it.")]
Reason = Annotated[str, typer.Option("--reason", help="A code, which the client reads in words.")]

clients = typer.Typer(
    help="Clients: list, approve, suspend; the usual papers. For example: truckroll clients list",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@clients.command("list")
def list_(
    state: Annotated[str | None, typer.Option(help=f"One of {', '.join(MOVES)}; left out: all.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 50,
    as_json: Json = False,
) -> None:
    """List clients by name. For example: truckroll clients list --state applied"""
    if state is not None and state not in MOVES:
        raise BadInput("--state", state, f"give one of {', '.join(MOVES)}")
    wanted = select(ClientRow).order_by(ClientRow.name, ClientRow.id).limit(limit)
    if state is not None:
        wanted = wanted.where(ClientRow.state == state)
    with operated(deadline_s=_DEADLINE_S) as engine, transaction(engine, OPERATOR, role="engine") as session:
        shown = [
            {"id": str(row.id), "name": row.name, "state": row.state, "moves": list(MOVES[row.state])}
            for row in session.scalars(wanted)
        ]
    if as_json:
        typer.echo(json.dumps({"clients": shown}))
        return
    table = Table(Column("id", min_width=36), "name", "state", "may be", box=None)
    for each in shown:
        table.add_row(str(each["id"]), str(each["name"]), str(each["state"]), ", ".join(each["moves"]))
    Console(highlight=False, markup=False, soft_wrap=True).print(table if shown else "There are none.")


@clients.command("approve")
def approve_(
    client: Named,
    credit_limit: Annotated[str | None, typer.Option("--credit-limit", help="How far below zero it may go.")] = None,
    pays_outside: Annotated[bool | None, typer.Option("--pays-outside/--pays-here", help="Where its money is.")] = None,
    region: Annotated[list[str] | None, typer.Option("--region", help="A US state, once for each; none: all.")] = None,
    as_json: Json = False,
) -> None:
    """Let a client that applied post work. For example: truckroll clients approve Acme --credit-limit 5000"""
    try:
        credit = None if credit_limit is None else Decimal(credit_limit)
    except InvalidOperation as error:
        raise BadInput("--credit-limit", str(credit_limit), "give a sum, as 5000.00") from error
    _moved(client, "approve", as_json, limits=Limits(credit, pays_outside, region))


@clients.command("decline")
def decline_(client: Named, reason: Reason, as_json: Json = False) -> None:
    """Turn an application down. For example: truckroll clients decline Acme --reason not_insured"""
    _moved(client, "decline", as_json, reason)


@clients.command("suspend")
def suspend_(client: Named, reason: Reason, as_json: Json = False) -> None:
    """Ask nobody for it any more; what is agreed stands. For example: truckroll clients suspend Acme --reason unpaid"""
    _moved(client, "suspend", as_json, reason)


@clients.command("reinstate")
def reinstate_(client: Named, as_json: Json = False) -> None:
    """End a suspension: its open work is asked for again. For example: truckroll clients reinstate Acme"""
    _moved(client, "reinstate", as_json)


@clients.command("papers")
def papers(
    client: Named,
    as_json: Json = False,
) -> None:
    """Bring the papers that new clients want, of each way of working that this one's limits say nothing of.

    What they say stays. For example: truckroll clients papers Acme
    """
    with operated(deadline_s=_DEADLINE_S) as engine, transaction(engine, OPERATOR, role="engine") as session:
        now = database_now(session)
        brought = bring_usual_papers(session, OPERATOR, _find(session, client), now=now)
    if as_json:
        typer.echo(json.dumps({"papers": brought}))
        return
    told = "; ".join(f"{way}: {', '.join(kinds)}" for way, kinds in brought.items())
    typer.echo(told or "nothing was missing")


def _moved(client: str, wish: str, as_json: bool, reason: str | None = None, limits: Limits | None = None) -> None:
    with operated(deadline_s=_DEADLINE_S) as engine, transaction(engine, OPERATOR, role="engine") as session:
        found = _find(session, client)
        stands = move_client(session, OPERATOR, found, wish, reason, limits, now=database_now(session))
        state = session.get_one(ClientRow, found).state
    told = {"id": str(found), "state": state, "stands": [str(each) for each in stands]}
    words = f"{client} is {state}" + (f"; {len(stands)} assignments stand: look at them" if stands else "")
    typer.echo(json.dumps(told) if as_json else words)


def _find(session: Session, words: str) -> UUID:
    named = or_(ClientRow.name == words, cast(ClientRow.id, String) == words.lower())
    found = session.scalars(select(ClientRow.id).where(named).limit(2)).all()
    if not found:
        raise NotFound("client", words)
    if len(found) > 1:
        raise BadInput("CLIENT", words, f"several clients have this name; name one by id: {found[0]}")
    return found[0]
