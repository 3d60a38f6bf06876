"""Who decides what two sides don't agree about? For the operator: list what is open, name another person, decide."""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Column, Table
from sqlalchemy import select

from cli.operating import OPERATOR, instant, operated, operator_named
from cli.options import As, Json
from dispatch.errors import BadInput
from dispatch.money.deciders import REASONS, Naming
from dispatch.record.session import database_now, transaction
from dispatch.record.tables import DisputeRow, JobRow, StaffRow
from dispatch.visits.paying import decide_dispute, name_another_decider

_DEADLINE_S = 600.0
_NUM_LISTED = 200

disputes = typer.Typer(
    help="Disputes about pay: list the open ones, name who decides, decide. For example: truckroll disputes list",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@disputes.command("list")
def list_(as_json: Json = False) -> None:
    """List the open disputes, the first to be decided first. For example: truckroll disputes list"""
    wanted = (
        select(DisputeRow, JobRow.number, StaffRow.name)
        .join(JobRow, JobRow.id == DisputeRow.job_id)
        .join(StaffRow, StaffRow.id == DisputeRow.decider_id)
        .where(DisputeRow.state == "open")
        .order_by(DisputeRow.decide_by, DisputeRow.id)
        .limit(_NUM_LISTED)
    )
    with operated(deadline_s=_DEADLINE_S) as engine, transaction(engine, OPERATOR, role="engine") as session:
        shown = [
            {
                "id": str(row.id),
                "job": number,
                "amount": str(row.amount),
                "currency": row.currency,
                "decider": name,
                "decide_by": row.decide_by.isoformat(),
            }
            for row, number, name in session.execute(wanted)
        ]
    if as_json:
        typer.echo(json.dumps(shown))
        return
    table = Table(Column("dispute"), Column("job"), Column("amount", justify="right"), "", "decides", "by")
    for each in shown:
        table.add_row(*each.values())
    Console().print(table)


@disputes.command("name")
def name(
    dispute: Annotated[UUID, typer.Argument(help="Its id, as `disputes list` shows.")],
    reason: Annotated[
        str, typer.Option("--reason", help=f"One of {', '.join(REASONS)}; both sides are told that another decides.")
    ],
    decider: Annotated[
        UUID | None, typer.Option("--decider", help="Of the operator's staff; left out: who has been there longest.")
    ] = None,
    by: Annotated[
        str | None, typer.Option("--by", help="A new date, as 2027-01-31T12:00Z; left out: as before.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Name another person to decide. For example: truckroll disputes name ID --reason away"""
    wish = Naming(decider, reason, instant("--by", by))
    with operated(deadline_s=_DEADLINE_S) as engine, transaction(engine, OPERATOR, role="engine") as session:
        name_another_decider(session, OPERATOR, dispute, wish, now=database_now(session))
        row = session.get_one(DisputeRow, dispute, populate_existing=True)
        told = {"decider": session.get_one(StaffRow, row.decider_id).name, "decide_by": row.decide_by.isoformat()}
    typer.echo(json.dumps(told) if as_json else f"{told['decider']} decides by {told['decide_by']}")


@disputes.command("decide")
def decide_(
    dispute: Annotated[UUID, typer.Argument(help="Its id, as `disputes list` shows.")],
    awarded: Annotated[str, typer.Argument(help="How much of it is the technician's; the rest goes back.")],
    who: As,
    note: Annotated[str, typer.Option("--note", help="Why; both sides read it.")] = "",
    as_json: Json = False,
) -> None:
    """Decide as the person who is named, once. For example: truckroll disputes decide ID 40.00 --as olga@example.org"""
    with suppress(InvalidOperation):
        amount = Decimal(awarded)
        with operated(deadline_s=_DEADLINE_S) as engine, transaction(engine, OPERATOR, role="engine") as session:
            person = operator_named(session, who)
            decide_dispute(session, person, dispute, amount, note, now=database_now(session))
        told = {"id": str(dispute), "awarded": awarded}
        typer.echo(json.dumps(told) if as_json else f"Dispute {dispute} is decided: {awarded} is the technician's.")
        return
    raise BadInput("AWARDED", awarded, "give a sum, as 40.00")
