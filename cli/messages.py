"""Did it arrive? What became of messages, and sending one again, for the operator."""

from __future__ import annotations

import json
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Column, Table
from sqlalchemy import func, select

from cli.operating import OPERATOR, operated
from cli.options import Json
from dispatch.errors import BadInput
from dispatch.messages.fates import resend
from dispatch.record.session import database_now, transaction
from dispatch.record.tables import NoticeRow
from dispatch.record.tables.messages import NOTICE_STATES

_DEADLINE_S = 30.0


messages = typer.Typer(
    help="Messages: what became of them, send again. For example: truckroll messages list --state given_up",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@messages.command("list")
def list_(
    state: Annotated[str | None, typer.Option(help=f"One of {', '.join(NOTICE_STATES)}.")] = None,
    job: Annotated[UUID | None, typer.Option(help="Only about this job.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most, the newest.")] = 50,
    as_json: Json = False,
) -> None:
    """List notices with their fate, and how many there are of each state. No address is shown.

    For example: truckroll messages list --state given_up
    """
    if state is not None and state not in NOTICE_STATES:
        raise BadInput("--state", state, f"give one of {', '.join(NOTICE_STATES)}")
    wanted = select(NoticeRow).order_by(NoticeRow.id.desc()).limit(limit)
    if state is not None:
        wanted = wanted.where(NoticeRow.state == state)
    if job is not None:
        wanted = wanted.where(NoticeRow.job_id == job)
    with operated(deadline_s=_DEADLINE_S) as engine, transaction(engine, OPERATOR, role="engine") as session:
        documents = [_document(row) for row in session.scalars(wanted)]
        counts = dict(session.execute(select(NoticeRow.state, func.count()).group_by(NoticeRow.state)).all())
    if as_json:
        typer.echo(json.dumps({"counts": counts, "messages": documents}))
        return
    table = Table(Column("id", min_width=36), "occasion", "reader", "by", "state", "reason", "attempts", box=None)
    for each in documents:
        cells = (each["id"], each["occasion"], each["reader_kind"], each["channel"], each["state"], each["reason"])
        table.add_row(*(cell or "" for cell in cells), str(each["num_attempts"]))
    Console(highlight=False, markup=False, soft_wrap=True).print(table if documents else "There are none.")
    typer.echo(", ".join(f"{num} {name}" for name, num in sorted(counts.items())) or "none at all", err=True)


@messages.command("resend")
def resend_(
    message: Annotated[UUID, typer.Argument(help="Its id, as `messages list` shows.")], as_json: Json = False
) -> None:
    """Send again at once what was given up, failed or is held back.

    For example: truckroll messages resend 0197c0de-0000-7000-8000-000000000000
    """
    with operated(deadline_s=_DEADLINE_S) as engine, transaction(engine, OPERATOR, role="engine") as session:
        resend(session, OPERATOR, message, now=database_now(session))
    typer.echo(json.dumps({"id": str(message), "state": "queued"}) if as_json else f"Message {message} goes out again.")


def _document(row: NoticeRow) -> dict[str, Any]:
    same: dict[str, Any] = {name: getattr(row, name) for name in ("occasion", "reader_kind", "state", "reason")}
    times = {name: getattr(row, name) for name in ("until_at", "sent_at", "made_at")}
    return {
        "id": str(row.id),
        **same,
        "reader_id": str(row.reader_id),
        "job_id": None if row.job_id is None else str(row.job_id),
        "channel": row.channels[0] if row.channels else None,
        "num_attempts": row.num_attempts,
        **{name: None if at is None else at.isoformat() for name, at in times.items()},
    }
