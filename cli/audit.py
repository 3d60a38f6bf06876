"""Was the history tampered with, and how is that shown to somebody else?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import select

from cli.options import Json
from cli.record import engine_session
from dispatch.audit.bundle import bundle, verify_bundle
from dispatch.audit.collecting import collect
from dispatch.audit.signing import signing_key
from dispatch.errors import BadInput
from dispatch.jobs.explaining import find_job_by_words
from dispatch.record.chain import verify as verify_chain
from dispatch.record.session import database_now
from dispatch.record.tables import ClientRow
from dispatch.settings import read_settings

_DEADLINE_S = 120.0
#: Something is not what was written; the same code as for any other fault.
_BROKEN = 1


audit = typer.Typer(
    help="The history: verified, exported, verified elsewhere. For example: truckroll audit verify",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@audit.command("verify")
def verify(as_json: Json = False) -> None:
    """Walk all hash chains and seals; name the first break of each client and leave with 1. Example: audit verify"""
    with engine_session(deadline_s=_DEADLINE_S) as session:
        clients = session.execute(select(ClientRow.id, ClientRow.name).order_by(ClientRow.name, ClientRow.id)).all()
        chains = [(None, "the network itself"), *((row.id, row.name) for row in clients)]
        verdicts = [(client, name, verify_chain(session, client)) for client, name in chains]
    documents = [
        {
            "client": None if client is None else str(client),
            "name": name,
            "num_events": found.num_events,
            "num_unsealed": found.num_unsealed,
            "first_break": None
            if found.first_break is None
            else {"what": found.first_break.what, "place": found.first_break.place, "words": found.first_break.words},
        }
        for client, name, found in verdicts
    ]
    if as_json:
        typer.echo(json.dumps({"chains": documents}))
    else:
        for _client, name, found in verdicts:
            state = "whole" if found.first_break is None else f"BROKEN at {found.first_break.place}"
            typer.echo(f"{name}: {found.num_events} events, {found.num_unsealed} not sealed yet: {state}")
            if found.first_break is not None:
                typer.echo(f"  {found.first_break.words}")
    if any(found.first_break for _, _, found in verdicts):
        raise typer.Exit(_BROKEN)


@audit.command("export")
def export(
    job: Annotated[str, typer.Argument(help="The client's number of the job, or its id.")],
    out: Annotated[Path | None, typer.Option(help="Where to; empty: audit-JOB.jsonl here.")] = None,
) -> None:
    """Write a job's signed bundle. For example: truckroll audit export WO-88121 --out dispute.jsonl"""
    settings = read_settings()
    key = signing_key(settings.audit_key, settings.data_dir, is_private=settings.database_url is None)
    with engine_session(deadline_s=_DEADLINE_S) as session:
        found = find_job_by_words(session, job)
        data = bundle(collect(session, found, now=database_now(session)), key)
    path = out or Path(f"audit-{found.id}.jsonl")
    try:
        path.write_bytes(data)
    except OSError as error:
        raise BadInput("--out", str(path), f"it cannot be written: {error.strerror}") from error
    typer.echo(str(path))
    typer.echo(f"signed with the key {key.public_key().public_bytes_raw().hex()}", err=True)


@audit.command("verify-bundle")
def verify_bundle_file(
    file: Annotated[Path, typer.Argument(help="A bundle that `audit export` wrote.")],
    key: Annotated[str | None, typer.Option(help="The public key that must have signed it, hexadecimal.")] = None,
    as_json: Json = False,
) -> None:
    """Verify a bundle offline, name what was changed, and leave with 1. Example: audit verify-bundle dispute.jsonl"""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise BadInput("FILE", str(file), f"it cannot be read: {error.strerror}") from error
    verdict = verify_bundle(data, key)
    if as_json:
        document = {"is_whole": verdict.is_whole, "faults": verdict.faults, "key": verdict.key}
        typer.echo(json.dumps(document | {"num_events": verdict.num_events, "is_key_checked": key is not None}))
    elif verdict.is_whole:
        typer.echo(f"Whole: {verdict.num_events} events, signed with the key {verdict.key}")
        if key is None:
            typer.echo("Compare the key with the one the operator published, or give it with --key.", err=True)
    else:
        for fault in verdict.faults:
            typer.echo(fault)
    if not verdict.is_whole:
        raise typer.Exit(_BROKEN)
