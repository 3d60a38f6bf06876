"""Would the engine decide so again? From what was stored, to the last bit."""

from __future__ import annotations

import json
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import Progress
from sqlalchemy import func, select

from cli.options import Json
from cli.record import engine_session
from dispatch.errors import BadInput
from dispatch.jobs.explaining import replay_decisions
from dispatch.record.tables import DecisionRow

_DIFFERENT = 1


def replay(
    decision: Annotated[str | None, typer.Argument(help="A decision's id (GET /v1/jobs/ID/decisions).")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every stored decision.")] = False,
    as_json: Json = False,
) -> None:
    """Decide again and compare every figure; leaves with 1 at a difference, which is named.

    For example: truckroll replay --all
    """
    if (decision is None) == (not every):
        raise BadInput("DECISION", decision, "name one decision, or give --all")
    differences = []
    num = 0
    with engine_session(deadline_s=600.0) as session, Progress(console=Console(stderr=True), transient=True) as bar:
        total = 1 if decision else session.scalar(select(func.count()).select_from(DecisionRow))
        task = bar.add_task("deciding again", total=total)
        for decision_id, result in replay_decisions(session, _id(decision)):
            num += 1
            bar.advance(task)
            if not result.is_identical:
                differences.append({"decision": str(decision_id), "first_difference": result.first_difference})
    if as_json:
        typer.echo(json.dumps({"decisions": num, "identical": num - len(differences), "differences": differences}))
    else:
        for difference in differences:
            typer.echo(f"{difference['decision']}: {difference['first_difference']}")
        typer.echo(
            f"{num} decided again: " + (f"{len(differences)} came out different" if differences else "identical")
        )
    if differences:
        raise typer.Exit(_DIFFERENT)


def _id(decision: str | None) -> UUID | None:
    try:
        return None if decision is None else UUID(decision)
    except ValueError as error:
        raise BadInput("DECISION", decision, "give its id, 32 hexadecimal digits with or without dashes") from error
