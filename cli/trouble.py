"""What needs a person now, most urgent first? The trouble list of one client, or of all."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from cli.options import Json
from cli.record import engine_session
from dispatch.errors import NotFound
from dispatch.record.session import database_now
from dispatch.record.tables import AlarmRow, ClientRow
from dispatch.visits.alarms import state_of
from dispatch.visits.troublelist import TroubleFilter, open_trouble, people_of
from matching.trouble import TROUBLE

_MINUTE = timedelta(minutes=1)


def trouble(
    client: Annotated[str | None, typer.Option(help="Only of this client: its name or id.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
    as_json: Json = False,
) -> None:
    """List what needs a person now: what will be too late first comes first.

    For example: truckroll trouble --client "Acme service"
    """
    with engine_session() as session:
        now = database_now(session)
        wanted = open_trouble(TroubleFilter(client_id=_find(session, client) if client else None))
        rows = session.execute(wanted.order_by(AlarmRow.due_at, AlarmRow.id).limit(limit)).all()
        people = {job: [each.name for _, each in found] for job, found in people_of(session, rows).items()}
        names = dict(session.execute(select(ClientRow.id, ClientRow.name)).all())
    if as_json:
        typer.echo(json.dumps({"items": [_document(row, people, now) for row in rows]}))
    else:
        _show(Console(highlight=False), rows, people, names if client is None else {}, now)


def _find(session: Session, words: str) -> UUID:
    try:
        is_it = ClientRow.id == UUID(words)
    except ValueError:
        is_it = ClientRow.name == words
    found = session.scalars(select(ClientRow.id).where(is_it).limit(1)).one_or_none()
    if found is None:
        raise NotFound("client", words)
    return found


def _show(
    console: Console,
    rows: Sequence[Row[*tuple[Any, ...]]],
    people: Mapping[UUID, list[str]],
    clients: Mapping[UUID, str],
    now: datetime,
) -> None:
    if not rows:
        console.print("Nothing needs anybody now.")
        return
    table = Table(box=None, padding=(0, 2), header_style="")
    table.add_column("left", justify="right", no_wrap=True)
    table.add_column("what")
    table.add_column("job", no_wrap=True)
    table.add_column("site")
    table.add_column("technician")
    table.add_column("state", no_wrap=True)
    if clients:
        table.add_column("client")
    for alarm, job, _, site in (row[:4] for row in rows):
        cells = [
            time_left(alarm.due_at - now),
            TROUBLE[alarm.kind].words,
            job.number if job is not None else "-",
            f"{site.name}, {site.town}" if site is not None else "-",
            ", ".join(people.get(job.id, ())) if job is not None else "",
            _state(alarm),
        ]
        late = "bold" if alarm.due_at <= now else None
        table.add_row(*cells, *([clients.get(alarm.client_id, "the network")] if clients else []), style=late)
    console.print(table)


def time_left(left: timedelta) -> str:
    """How much time is left, as short as a column wants it: `25 min`, `3 h 05`, `2 d 4 h`; `-` once it is too late."""
    minutes = abs(left) // _MINUTE
    sign = "-" if left < timedelta(0) else ""
    if minutes < 60:
        return f"{sign}{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{sign}{hours} h {minutes:02d}" if hours < 48 else f"{sign}{hours // 24} d {hours % 24} h"


def _state(alarm: AlarmRow) -> str:
    state = state_of(alarm)
    return f"{state}, step {alarm.level}" if alarm.level and state == "raised" else state


def _document(row: Row[*tuple[Any, ...]], people: Mapping[UUID, list[str]], now: datetime) -> dict[str, Any]:
    alarm, job, visit, site = row[:4]
    return {
        "alarm": str(alarm.id),
        "client": str(alarm.client_id) if alarm.client_id else None,
        "kind": alarm.kind,
        "words": TROUBLE[alarm.kind].words,
        "state": state_of(alarm),
        "level": alarm.level,
        "due_at": alarm.due_at.isoformat(),
        "minutes_left": (alarm.due_at - now) // _MINUTE,
        "job": job.number if job is not None else None,
        "visit": visit.num if visit is not None else None,
        "site": site.store_number if site is not None else None,
        "technicians": people.get(job.id, []) if job is not None else [],
    }
