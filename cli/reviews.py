"""Who asked that a person looks again? Appeals and reviews: list what waits for the network, answer with words."""

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
from dispatch.errors import BadInput
from dispatch.record.session import database_now, transaction
from dispatch.record.tables import ReviewRow, TechnicianRow
from dispatch.record.tables.reputation import REVIEW_STATES
from dispatch.reputation.reviews import VERDICTS, answer, waits_for

_DEADLINE_S = 30.0

reviews = typer.Typer(
    help="Appeals and reviews: what waits for the network, answer it. For example: truckroll reviews list",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@reviews.command("list")
def list_(
    state: Annotated[
        str | None, typer.Option(help=f"One of {', '.join(REVIEW_STATES)}; left out: what waits for the network.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 50,
    as_json: Json = False,
) -> None:
    """List appeals and reviews, the first due first. For example: truckroll reviews list"""
    if state is not None and state not in REVIEW_STATES:
        raise BadInput("--state", state, f"give one of {', '.join(REVIEW_STATES)}")
    wanted = (
        select(ReviewRow, TechnicianRow.number)
        .join(TechnicianRow, TechnicianRow.id == ReviewRow.technician_id)
        .where(waits_for(OPERATOR) if state is None else ReviewRow.state == state)
        .order_by(ReviewRow.due_at, ReviewRow.id)
        .limit(limit)
    )
    with operated(deadline_s=_DEADLINE_S) as engine, transaction(engine, OPERATOR, role="engine") as session:
        shown = [
            {
                "id": str(row.id),
                "technician": number,
                "about": row.about,
                "state": row.state,
                "due_at": row.due_at.isoformat(),
                "words": row.words,
            }
            for row, number in session.execute(wanted)
        ]
    if as_json:
        typer.echo(json.dumps({"reviews": shown}))
        return
    table = Table(Column("id", min_width=36), "technician", "about", "state", "due", "words", box=None)
    for each in shown:
        table.add_row(*each.values())
    Console(highlight=False, markup=False, soft_wrap=True).print(table if shown else "There are none.")


@reviews.command("answer")
def answer_(
    review: Annotated[UUID, typer.Argument(help="Its id, as `reviews list` shows.")],
    verdict: Annotated[str, typer.Argument(help=" or ".join(VERDICTS))],
    words: Annotated[str, typer.Option("--words", help="Why; the technician reads it.")],
    who: As,
    as_json: Json = False,
) -> None:
    """Answer as a person of the operator: upheld, they are right; rejected, it stays as it is.

    For example: truckroll reviews answer ID upheld --words "The gate was closed" --as olga@example.org
    """
    said = next((each for each in VERDICTS if each == verdict), None)
    if said is None:
        raise BadInput("VERDICT", verdict, f"give one of {', '.join(VERDICTS)}")
    with operated(deadline_s=_DEADLINE_S) as engine, transaction(engine, OPERATOR, role="engine") as session:
        person = operator_named(session, who)
        state = answer(session, person, review, said, words, now=database_now(session)).state
    typer.echo(json.dumps({"id": str(review), "state": state}) if as_json else f"Review {review} is {state}.")
