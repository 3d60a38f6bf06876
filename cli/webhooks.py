"""Whom do webhooks reach, and what became of it? For the operator, across clients."""

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
from dispatch.errors import NotFound
from dispatch.record.session import database_now, transaction
from dispatch.record.tables import EventRow, WebhookDeliveryRow, WebhookRow
from dispatch.webhooks.endpoints import replay as replay_frames

_DEADLINE_S = 30.0

Which = Annotated[UUID, typer.Argument(help="Its id, as `webhooks list` shows.")]

webhooks = typer.Typer(
    help="Webhooks: list, deliveries, replay. For example: truckroll webhooks list",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@webhooks.command("list")
def list_(as_json: Json = False) -> None:
    """List all endpoints, and how they fare. For example: truckroll webhooks list"""
    waiting = (
        select(func.count())
        .where(WebhookDeliveryRow.webhook_id == WebhookRow.id, WebhookDeliveryRow.state == "waiting")
        .correlate(WebhookRow)
        .scalar_subquery()
    )
    with operated(deadline_s=_DEADLINE_S) as engine, transaction(engine, OPERATOR, role="engine") as session:
        rows = session.execute(select(WebhookRow, waiting).order_by(WebhookRow.id)).all()
    documents = [_endpoint(row, num_waiting) for row, num_waiting in rows]
    if as_json:
        typer.echo(json.dumps({"webhooks": documents}))
        return
    _show(documents, "There are no webhooks.")


@webhooks.command("deliveries")
def deliveries(
    webhook: Which,
    state: Annotated[str | None, typer.Option(help="Only these: waiting, delivered, failed.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most, the newest.")] = 50,
    as_json: Json = False,
) -> None:
    """Show what was delivered to an endpoint, newest first.

    For example: truckroll webhooks deliveries 0197c0de-0000-7000-8000-000000000000 --state failed
    """
    wanted = (
        select(WebhookDeliveryRow, EventRow.subject_kind, EventRow.kind)
        .join(EventRow, EventRow.id == WebhookDeliveryRow.event_id)
        .where(WebhookDeliveryRow.webhook_id == webhook)
        .order_by(WebhookDeliveryRow.id.desc())
        .limit(limit)
    )
    if state is not None:
        wanted = wanted.where(WebhookDeliveryRow.state == state)
    with operated(deadline_s=_DEADLINE_S) as engine, transaction(engine, OPERATOR, role="engine") as session:
        if session.get(WebhookRow, webhook) is None:
            raise NotFound("webhook", webhook)
        documents = [_delivery(row, f"{subject}.{kind}") for row, subject, kind in session.execute(wanted)]
    if as_json:
        typer.echo(json.dumps({"deliveries": documents}))
        return
    _show(documents, "Nothing was delivered.")


@webhooks.command("replay")
def replay(
    webhook: Which,
    after_seq: Annotated[int, typer.Option(min=0, help="Tell again what follows this place in the client's log.")],
    as_json: Json = False,
) -> None:
    """Tell an endpoint again, in order.

    For example: truckroll webhooks replay 0197c0de-0000-7000-8000-000000000000 --after-seq 1041
    """
    with operated(deadline_s=_DEADLINE_S) as engine, transaction(engine, OPERATOR, role="engine") as session:
        num_frames = replay_frames(session, OPERATOR, webhook, after_seq, database_now(session))
    document = {"webhook": str(webhook), "num_frames": num_frames}
    typer.echo(json.dumps(document) if as_json else f"{num_frames} changes are passed on again, where they are wanted.")


def _endpoint(row: WebhookRow, num_waiting: int) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "client": str(row.client_id),
        "url": row.url,
        "state": row.state if row.paused_why is None else f"{row.state}: {row.paused_why}",
        "lane": "troubled" if row.is_troubled else "quick",
        "failures": row.num_failures,
        "failing_since": None if row.failing_since is None else row.failing_since.isoformat(),
        "waiting": num_waiting,
    }


def _delivery(row: WebhookDeliveryRow, kind: str) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "seq": row.seq,
        "type": kind,
        "about": str(row.about_id),
        "state": row.state,
        "tries": row.num_tries,
        "status": row.last_status,
        "code": row.last_code,
        "ms": row.last_ms,
        "tried_at": None if row.tried_at is None else row.tried_at.isoformat(),
    }


def _show(documents: list[dict[str, Any]], otherwise: str) -> None:
    """A table of documents that have the same keys; ids are there to be copied and never cut."""
    console = Console(highlight=False, markup=False, soft_wrap=True)
    if not documents:
        console.print(otherwise)
        return
    table = Table(*(Column(name, min_width=36 if name == "id" else None) for name in documents[0]), box=None)
    for each in documents:
        table.add_row(*("" if value is None else str(value) for value in each.values()))
    console.print(table)
