"""How does somebody get in before any mail leaves? A link to sign in, made here and handed over."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Annotated

import typer
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cli.operating import OPERATOR, operated
from cli.options import Json
from dispatch.record.session import database_now, transaction
from dispatch.record.tables import StaffRow
from dispatch.settings import read_settings
from dispatch.signin.links import make_link, url_of
from dispatch.signin.people import address
from dispatch.talent.clients import add_staff

_DEADLINE_S = 30.0

links = typer.Typer(
    help="Links to sign in: make one for somebody. For example: truckroll links make --email anna@example.org",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@links.callback()
def _group() -> None:
    """Keep `make` a word of its own, though there is no other yet."""


@links.command("make")
def make(
    email: Annotated[str, typer.Option(help="Of a technician, or of a member of staff.")],
    minutes: Annotated[int, typer.Option(min=1, max=10_080, help="How long it can be opened.")] = 60,
    new_operator: Annotated[
        str | None, typer.Option(help="Name of a new operator with this address, if there is none.")
    ] = None,
    base_url: Annotated[str | None, typer.Option(help="Where browsers find the API [default: as it is set].")] = None,
    as_json: Json = False,
) -> None:
    """Print a link that signs somebody in, once. Who has it is let in: hand it over as you would a key.

    For example: truckroll links make --email you@example.org --new-operator "Your Name"
    """
    wanted = address(email)
    with operated(deadline_s=_DEADLINE_S) as engine, transaction(engine, OPERATOR, role="engine") as session:
        if new_operator is not None:
            _add_operator(session, wanted, new_operator)
        token = make_link(session, OPERATOR, wanted, timedelta(minutes=minutes), now=database_now(session))
    link = url_of((base_url or read_settings().base_url).rstrip("/"), token)
    if as_json:
        typer.echo(json.dumps({"email": wanted, "link": link, "lasts_min": minutes}))
        return
    typer.echo(link)
    typer.echo(f"Good once, for {minutes} minutes.", err=True)


def _add_operator(session: Session, email: str, name: str) -> None:
    known = select(StaffRow.id).where(func.lower(StaffRow.email) == email, StaffRow.client_id.is_(None))
    if session.scalar(known) is None:
        add_staff(session, OPERATOR, None, "operator", name, email, now=database_now(session))
