"""Somebody may have to leave over a screening: notice, review, end. By a person, never before the days to answer."""

from __future__ import annotations

import json
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Column, Table
from sqlalchemy import select

from cli.operating import OPERATOR, operated, operator_named
from cli.options import As, Json
from dispatch.record.session import database_now, transaction
from dispatch.record.tables import RemovalRow, TechnicianRow
from dispatch.record.tables.proofs import ENDED_REMOVALS
from dispatch.visits.removals import WAIT_DAYS, give_notice, move_removal

_DEADLINE_S = 30.0

Removal = Annotated[UUID, typer.Argument(help="Its id, as `removals list` shows.")]

removals = typer.Typer(
    help="Removals over a screening: notice, review, end. For example: truckroll removals list",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@removals.command("list")
def list_(as_json: Json = False) -> None:
    """List those that go on, whose days to answer end first before others. For example: truckroll removals list"""
    wanted = (
        select(RemovalRow, TechnicianRow.number)
        .join(TechnicianRow, TechnicianRow.id == RemovalRow.technician_id)
        .where(RemovalRow.state.not_in(ENDED_REMOVALS))
        .order_by(RemovalRow.respond_by, RemovalRow.id)
    )
    with operated(deadline_s=_DEADLINE_S) as engine, transaction(engine, OPERATOR, role="engine") as session:
        shown = [
            {
                "id": str(row.id),
                "technician": number,
                "state": row.state,
                "respond_by": row.respond_by.isoformat(),
                "answer": row.answer or "",
            }
            for row, number in session.execute(wanted)
        ]
    if as_json:
        typer.echo(json.dumps({"removals": shown}))
        return
    table = Table(Column("id", min_width=36), "technician", "state", "may answer until", "answer", box=None)
    for each in shown:
        table.add_row(*each.values())
    Console(highlight=False, markup=False, soft_wrap=True).print(table if shown else "There are none.")


@removals.command("notice")
def notice_(
    credential: Annotated[UUID, typer.Argument(help="The screening, as `credentials list` shows.")],
    notice: Annotated[
        str, typer.Option("--notice", help="What the report says, and the rights; the technician reads.")
    ],
    who: As,
    enclosed: Annotated[
        list[str] | None, typer.Option("--enclosed", help="The copy: the hash of a page of the screening, for each.")
    ] = None,
    no_copy: Annotated[
        str | None, typer.Option("--no-copy", help="Why there is no copy; the technician reads.")
    ] = None,
    wait_days: Annotated[int, typer.Option("--wait-days", help="Business days to answer.")] = WAIT_DAYS,
    as_json: Json = False,
) -> None:
    """Give notice, with the copy; they are held meanwhile, and have business days to answer.

    For example: truckroll removals notice ID --notice "The report says …" --enclosed HASH --as olga@example.org
    """
    with operated(deadline_s=_DEADLINE_S) as engine, transaction(engine, OPERATOR, role="engine") as session:
        person, now = operator_named(session, who), database_now(session)
        made = give_notice(
            session,
            person,
            credential,
            notice,
            enclosed=enclosed or (),
            no_copy=no_copy,
            wait_days=wait_days,
            now=now,
        )
        until = session.get_one(RemovalRow, made).respond_by.isoformat()
    told = {"id": str(made), "respond_by": until}
    typer.echo(json.dumps(told) if as_json else f"Removal {made}: they may answer until {until}.")


@removals.command("review")
def review_(removal: Removal, who: As, as_json: Json = False) -> None:
    """Say that you look at it. For example: truckroll removals review ID --as olga@example.org"""
    _moved(removal, "review", who, as_json)


@removals.command("withdraw")
def withdraw_(removal: Removal, who: As, as_json: Json = False) -> None:
    """Undo all of it. For example: truckroll removals withdraw ID --as olga@example.org"""
    _moved(removal, "withdraw", who, as_json)


@removals.command("finish")
def finish_(
    removal: Removal,
    weighed: Annotated[str, typer.Option("--weighed", help="What was weighed; the technician reads it.")],
    who: As,
    as_json: Json = False,
) -> None:
    """Make it final, once the days to answer are over and somebody has reviewed it.

    For example: truckroll removals finish ID --weighed "Their letter of 3 March" --as olga@example.org
    """
    _moved(removal, "finish", who, as_json, weighed)


def _moved(removal: UUID, wish: str, who: str, as_json: bool, weighed: str | None = None) -> None:
    with operated(deadline_s=_DEADLINE_S) as engine, transaction(engine, OPERATOR, role="engine") as session:
        person = operator_named(session, who)
        state = move_removal(session, person, removal, wish, weighed=weighed, now=database_now(session))
    typer.echo(json.dumps({"id": str(removal), "state": state}) if as_json else f"Removal {removal} is {state}.")
