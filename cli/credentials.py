"""What waits for a review? Proofs of technicians: list, verify, reject, revoke; and who is cleared by word."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Column, Table
from sqlalchemy import select

from cli.operating import OPERATOR, operated, technician_named
from cli.options import Json
from dispatch.errors import BadInput
from dispatch.files.documents import read_documents
from dispatch.record.session import database_now, transaction
from dispatch.record.tables import CredentialRow, DocumentRow, TechnicianRow
from dispatch.record.tables.talent import CREDENTIAL_STATES, GROUNDS
from dispatch.talent.clearances import last_day_of_word
from dispatch.talent.credentials import move_credential
from dispatch.talent.technicians import update_profile
from dispatch.visits.lapses import revoke

_DEADLINE_S = 30.0

Proof = Annotated[UUID, typer.Argument(help="Its id, as `credentials list` shows.")]
Ground = Annotated[
    str | None, typer.Option(help=f"What is wrong with it, whatever it says: one of {', '.join(GROUNDS)}.")
]

credentials = typer.Typer(
    help="Proofs: what waits for a review, verify, reject, revoke; your word. For example: truckroll credentials list",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@credentials.command("list")
def list_(
    state: Annotated[str, typer.Option(help=f"One of {', '.join(CREDENTIAL_STATES)}.")] = "submitted",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 50,
    as_json: Json = False,
) -> None:
    """List proofs in a state, the first due first; without a state those that wait for a review.

    For example: truckroll credentials list --state expiring
    """
    if state not in CREDENTIAL_STATES:
        raise BadInput("--state", state, f"give one of {', '.join(CREDENTIAL_STATES)}")
    wanted = (
        select(CredentialRow, TechnicianRow.number)
        .join(TechnicianRow, TechnicianRow.id == CredentialRow.technician_id)
        .where(CredentialRow.state == state)
        .order_by(CredentialRow.due_at, CredentialRow.valid_until, CredentialRow.id)
        .limit(limit)
    )
    with operated(deadline_s=_DEADLINE_S) as engine, transaction(engine, OPERATOR, role="engine") as session:
        rows = session.execute(wanted).all()
        pages = read_documents(session, [row.id for row, _ in rows])
        documents = [_document(row, number, pages.get(row.id, ())) for row, number in rows]
    if as_json:
        typer.echo(json.dumps({"credentials": documents}))
        return
    shown = ("technician", "kind", "state", "valid until", "due", "documents")
    table = Table(Column("id", min_width=36), *shown, box=None)
    for each in documents:
        names = ("id", "technician", "kind", "state", "valid_until", "due_at")
        table.add_row(*(each[name] or "" for name in names), str(len(each["documents"]) or ""))
    Console(highlight=False, markup=False, soft_wrap=True).print(table if documents else "There are none.")


@credentials.command("verify")
def verify_(
    credential: Proof,
    seen: Annotated[
        list[str] | None, typer.Option(help="The hash of a document that you looked at, as listed; one for each page.")
    ] = None,
    facts: Annotated[
        str | None, typer.Option(help="What you read in it that was not handed in with it, as a JSON object.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say that a proof that was handed in is genuine.

    For example: truckroll credentials verify 0197c0de-0000-7000-8000-000000000000
    """
    _moved(credential, "verify", as_json, seen=seen or [], **({} if facts is None else {"facts": _facts(facts)}))


@credentials.command("reject")
def reject_(credential: Proof, ground: Ground = None, as_json: Json = False) -> None:
    """Say that a proof that was handed in does not hold. A screening takes a ground, or a removal.

    For example: truckroll credentials reject 0197c0de-0000-7000-8000-000000000000 --ground unreadable
    """
    _moved(credential, "reject", as_json, ground=ground)


@credentials.command("revoke")
def revoke_(credential: Proof, ground: Ground = None, as_json: Json = False) -> None:
    """Take a verified proof back: open offers end, and work to come is flagged, withdrawn or kept.

    A screening takes a ground, or a removal.

    For example: truckroll credentials revoke 0197c0de-0000-7000-8000-000000000000
    """
    with operated(deadline_s=_DEADLINE_S) as engine, transaction(engine, OPERATOR, role="engine") as session:
        broken = revoke(session, OPERATOR, credential, ground=ground, now=database_now(session))
    document = {
        "id": str(credential),
        "state": "revoked",
        "offers_withdrawn": [str(each) for each in broken.offers],
        "assignments": [{"assignment_id": str(each), "fate": fate} for each, fate in broken.assignments],
    }
    if as_json:
        typer.echo(json.dumps(document))
        return
    typer.echo(f"Credential {credential} is revoked: {len(broken.offers)} offers withdrawn.")
    for each, fate in broken.assignments:
        typer.echo(f"Assignment {each}: {fate}")


@credentials.command("word")
def word_(
    number: Annotated[str, typer.Argument(help="The technician's number, or id.")],
    until: Annotated[
        str | None, typer.Option(help="Its last day, as 2027-05-31; empty: a year from today, which is the most.")
    ] = None,
    take_back: Annotated[bool, typer.Option("--take-back", help="Take the word back instead.")] = False,
    as_json: Json = False,
) -> None:
    """Give your word that somebody is a US person, for as long as no kind of proof could show it, or change its end.

    For example: truckroll credentials word T-00042 --until 2027-05-31
    """
    said = "unknown" if take_back else "us_person"
    day = None if until is None else _day("--until", until)
    with operated(deadline_s=_DEADLINE_S) as engine, transaction(engine, OPERATOR, role="engine") as session:
        now, whose = database_now(session), technician_named(session, number)
        changes = {"clearance": said, "clearance_until": last_day_of_word(said, day, now.astimezone(UTC).date())}
        update_profile(session, OPERATOR, whose, changes, now=now)
        last = session.get_one(TechnicianRow, whose).clearance_until
    if as_json:
        typer.echo(json.dumps({"technician": number, "clearance_until": None if last is None else last.isoformat()}))
    else:
        typer.echo(f"No word clears {number}." if last is None else f"Your word clears {number} until {last}.")


def _day(option: str, typed: str) -> date:
    try:
        return date.fromisoformat(typed)
    except ValueError as error:
        raise BadInput(option, typed, "give a day, as 2027-05-31") from error


def _moved(credential: UUID, wish: str, as_json: bool, **more: Any) -> None:
    with operated(deadline_s=_DEADLINE_S) as engine, transaction(engine, OPERATOR, role="engine") as session:
        state = move_credential(session, OPERATOR, credential, wish, now=database_now(session), **more).state
    document = {"id": str(credential), "state": state}
    typer.echo(json.dumps(document) if as_json else f"Credential {credential} is {state}.")


def _facts(said: str) -> dict[str, Any]:
    try:
        facts = json.loads(said)
    except json.JSONDecodeError:
        facts = None
    if not isinstance(facts, dict):
        raise BadInput("--facts", said, 'write a JSON object, like \'{"scope": ["county_7y"]}\'')
    return facts


def _document(row: CredentialRow, number: str, pages: Sequence[DocumentRow]) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "technician": number,
        "kind": row.kind,
        "state": row.state,
        "valid_until": row.valid_until.isoformat(),
        "due_at": None if row.due_at is None else row.due_at.isoformat(),
        "vendor": row.vendor,
        "documents": [page.sha256 for page in pages],
    }
