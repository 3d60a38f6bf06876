"""How does a client that is already there get what new ones begin with? For the operator."""

from __future__ import annotations

import json
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy import String, cast, or_, select
from sqlalchemy.orm import Session

from cli.operating import OPERATOR, operated
from dispatch.errors import BadInput, NotFound
from dispatch.record.session import database_now, transaction
from dispatch.record.tables import ClientRow
from dispatch.talent.limits import bring_usual_papers

_DEADLINE_S = 120.0

clients = typer.Typer(
    help="Clients: bring the usual papers. For example: truckroll clients papers Acme",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@clients.callback()
def _group() -> None:
    """Clients of the network."""


@clients.command("papers")
def papers(
    client: Annotated[str, typer.Argument(help="The client's id, or its name where only one has it.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
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


def _find(session: Session, words: str) -> UUID:
    named = or_(ClientRow.name == words, cast(ClientRow.id, String) == words.lower())
    found = session.scalars(select(ClientRow.id).where(named).limit(2)).all()
    if not found:
        raise NotFound("client", words)
    if len(found) > 1:
        raise BadInput("CLIENT", words, f"several clients have this name; name one by id: {found[0]}")
    return found[0]
