"""Who may call the API? Keys are made here, and shown once."""

from __future__ import annotations

import contextlib
import json
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Column, Table
from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from cli.operating import OPERATOR, operated
from cli.options import Json
from dispatch.errors import BadInput
from dispatch.record.session import database_now, transaction
from dispatch.record.tables import ApiKeyRow, ClientRow, CompanyRow, TechnicianRow
from dispatch.record.tables.audit import KEY_ROLES
from dispatch.talent.clients import create_client
from dispatch.talent.keys import create_key, list_keys, revoke_key

_DEADLINE_S = 30.0


keys = typer.Typer(
    help="API keys: make, list, revoke. For example: truckroll keys create --role operator",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@keys.command("create")
def create(
    role: Annotated[str, typer.Option(help=f"One of {', '.join(KEY_ROLES)}.")],
    client: Annotated[str | None, typer.Option(help="Name or id, for client_admin, requester, dispatcher.")] = None,
    technician: Annotated[str | None, typer.Option(help="Number or id, for role technician.")] = None,
    company: Annotated[str | None, typer.Option(help="Name or id, for role company.")] = None,
    label: Annotated[str, typer.Option(help="What the key is for, to tell it from others.")] = "command line",
    days: Annotated[int | None, typer.Option(min=1, max=3660, help="Days until it ends; else never.")] = None,
    new_client: Annotated[bool, typer.Option("--new-client", help="Let the client apply if there is none.")] = False,
    as_json: Json = False,
) -> None:
    """Make a key, and show its secret: the one time that anybody sees it.

    For example: truckroll keys create --role dispatcher --client "Acme service" --new-client
    """
    with operated(deadline_s=_DEADLINE_S) as engine, transaction(engine, OPERATOR, role="engine") as session:
        now = database_now(session)
        client_id = _client(session, client, new_client, now)
        is_waiting = client_id is not None and session.get_one(ClientRow, client_id).state == "applied"
        key = create_key(
            session,
            OPERATOR,
            role=role,
            label=label,
            client_id=client_id,
            technician_id=_find(session, "technician", technician, TechnicianRow.number, TechnicianRow.id),
            company_id=_find(session, "company", company, CompanyRow.name, CompanyRow.id),
            expires_at=None if days is None else now + timedelta(days=days),
            now=now,
        )
    if as_json:
        typer.echo(json.dumps({"id": str(key.id), "role": role, "secret": key.secret}))
        return
    typer.echo(key.secret)
    if is_waiting:
        typer.echo(f"{client} is not approved: POST /v1/clients/ID/approve, once its agreement is set.", err=True)
    typer.echo(f"Key {key.id}, role {role}. Keep the secret: it is not shown again.", err=True)


@keys.command("list")
def list_(as_json: Json = False) -> None:
    """List all keys, without their secrets. For example: truckroll keys list"""
    with operated(deadline_s=_DEADLINE_S) as engine, transaction(engine, OPERATOR, role="engine") as session:
        now = database_now(session)
        documents = [_document(row, now) for row in list_keys(session, OPERATOR)]
    if as_json:
        typer.echo(json.dumps({"keys": documents}))
        return
    # Ids are there to be copied: they are never cut, however narrow the window.
    table = Table(Column("id", min_width=36), "role", "label", Column("for", min_width=36), "state", box=None)
    for each in documents:
        table.add_row(each["id"], each["role"], each["label"], each["for"] or "", each["state"])
    Console(highlight=False, markup=False, soft_wrap=True).print(table if documents else "There are no keys.")


@keys.command("revoke")
def revoke(key: Annotated[UUID, typer.Argument(help="Its id, as `keys list` shows.")], as_json: Json = False) -> None:
    """End a key now. For example: truckroll keys revoke 0197c0de-0000-7000-8000-000000000000"""
    with operated(deadline_s=_DEADLINE_S) as engine, transaction(engine, OPERATOR, role="engine") as session:
        revoke_key(session, OPERATOR, key, now=database_now(session))
    typer.echo(json.dumps({"id": str(key), "state": "revoked"}) if as_json else f"Key {key} is revoked.")


def find_client(session: Session, words: str) -> UUID:
    """The client of this name or id.

    Raises
    ------
    BadInput
        There is none, or several have the name.
    """
    found = _find(session, "client", words, ClientRow.name, ClientRow.id)
    assert found is not None, "words were given"
    return found


def _document(row: ApiKeyRow, now: datetime) -> dict[str, Any]:
    owner = row.client_id or row.technician_id or row.company_id
    has_ended = row.expires_at is not None and row.expires_at <= now
    return {
        "id": str(row.id),
        "role": row.role,
        "label": row.label,
        "for": None if owner is None else str(owner),
        "state": "revoked" if row.revoked_at else "expired" if has_ended else "in force",
        "created_at": row.created_at.isoformat(),
        "expires_at": None if row.expires_at is None else row.expires_at.isoformat(),
    }


def _client(session: Session, words: str | None, is_new: bool, now: datetime) -> UUID | None:
    wanted = select(ClientRow.id).where(ClientRow.name == words)
    if words is not None and is_new and session.scalars(wanted).first() is None:
        return create_client(session, OPERATOR, words, now=now)
    return _find(session, "client", words, ClientRow.name, ClientRow.id)


def _find(
    session: Session,
    noun: str,
    words: str | None,
    name: InstrumentedAttribute[str],
    id_: InstrumentedAttribute[UUID],
) -> UUID | None:
    """The id of what the words name, by name or id; None where nothing was named."""
    if words is None:
        return None
    is_it = name == words
    with contextlib.suppress(ValueError):
        is_it = is_it | (id_ == UUID(words))
    found = session.scalars(select(id_).where(is_it).limit(2)).all()
    if len(found) != 1:
        many = "several have this name: give the id" if found else f"name a {noun} that exists"
        raise BadInput(f"--{noun}", words, many)
    return found[0]
