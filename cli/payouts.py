"""What is due to technicians, has it arrived, what was it in a year? For the operator, with the books checked."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from rich.console import Console
from rich.table import Column, Table
from sqlalchemy import select
from sqlalchemy.orm import Session

from cli.operating import OPERATOR, operated
from cli.options import Json
from dispatch.errors import BadInput
from dispatch.money.httpprovider import HttpProvider
from dispatch.money.payouts import make_payouts, send_payouts
from dispatch.money.provider import OUTCOMES, LocalProvider, Provider, Word
from dispatch.money.statements import YEAR_HEAD, to_csv, yearly
from dispatch.money.verifying import verify_books
from dispatch.record.session import database_now, transaction
from dispatch.record.tables import PayoutRow
from dispatch.settings import Settings, read_settings
from dispatch.talent.packfiles import known_packs
from dispatch.visits.paying import hear_of_payout
from matching.taxclasses import TAX_ZONE

_DEADLINE_S = 600.0
_NUM_LISTED = 200


payouts = typer.Typer(
    help="Payouts: run, list, settle, verify, a year. For example: truckroll payouts run",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@payouts.command("run")
def run(as_json: Json = False) -> None:
    """Put what is due into payouts and send them. For example: truckroll payouts run

    Without a provider of your own each is a line of payouts.jsonl, to be paid by hand and then settled.
    """
    with operated(deadline_s=_DEADLINE_S) as engine:

        def write() -> AbstractContextManager[Session]:
            return transaction(engine, OPERATOR, role="engine")

        made: list[UUID] = []
        while True:
            with write() as session:
                more = make_payouts(session, now=database_now(session))
            if not more:
                break
            made += more
        sent = send_payouts(write, _provider(read_settings()), OPERATOR)
    told = {"made": [str(each) for each in made], "sent": sent.num_sent, "refused": sent.num_refused}
    words = f"{len(made)} made, {sent.num_sent} sent, {sent.num_refused} refused"
    _answer(told | {"fault": sent.fault}, as_json, words + (f"; the rest waits: {sent.fault}" if sent.fault else ""))
    if sent.fault:
        raise typer.Exit(1)


@payouts.command("list")
def list_(as_json: Json = False) -> None:
    """List the newest payouts. For example: truckroll payouts list"""
    with operated(deadline_s=_DEADLINE_S) as engine, transaction(engine, OPERATOR, role="engine") as session:
        rows = session.scalars(select(PayoutRow).order_by(PayoutRow.id.desc()).limit(_NUM_LISTED)).all()
    shown = [
        {
            "id": str(row.id),
            "payee": str(row.technician_id or row.company_id),
            "amount": str(row.amount),
            "currency": row.currency,
            "state": row.state,
        }
        for row in rows
    ]
    if as_json:
        typer.echo(json.dumps(shown))
        return
    table = Table(Column("payout"), Column("payee"), Column("amount", justify="right"), "", "state")
    for each in shown:
        table.add_row(*each.values())
    Console().print(table)


@payouts.command("settle")
def settle(
    payout: Annotated[UUID, typer.Argument(help="Its id, as `payouts list` shows.")],
    outcome: Annotated[str, typer.Argument(help="paid, failed or returned")] = "paid",
    as_json: Json = False,
) -> None:
    """Note that a payout by hand arrived, or didn't. For example: truckroll payouts settle ID paid"""
    if outcome not in OUTCOMES:
        raise BadInput("OUTCOME", outcome, f"give one of {', '.join(OUTCOMES)}")
    with operated(deadline_s=_DEADLINE_S) as engine, transaction(engine, OPERATOR, role="engine") as session:
        is_new = hear_of_payout(session, OPERATOR, Word(payout, outcome), now=database_now(session))
    _answer({"is_new": is_new}, as_json, outcome if is_new else "nothing new: no money moved")


@payouts.command("verify")
def verify(as_json: Json = False) -> None:
    """Compute every balance anew from the entries, and compare. For example: truckroll payouts verify"""
    with (
        operated(deadline_s=_DEADLINE_S) as engine,
        transaction(engine, OPERATOR, role="engine", deadline_s=_DEADLINE_S) as session,
    ):
        found = verify_books(session)
    words = f"{found.num_accounts} accounts, {found.num_transactions} transactions"
    shown = {"accounts": found.num_accounts, "transactions": found.num_transactions}
    wrong = [str(each) for each in (*found.wrong_accounts, *found.wrong_transactions)]
    _answer({**shown, "wrong": wrong}, as_json, words + (": all balance" if not wrong else f"; wrong: {wrong[0]}"))
    if wrong:
        raise typer.Exit(1)


@payouts.command("year")
def year_(
    year: Annotated[int, typer.Argument(min=2000, max=2100, help="The calendar year.")],
    zone: Annotated[str, typer.Option("--zone", help="In whose days.")] = TAX_ZONE,
    as_json: Json = False,
) -> None:
    """What everybody was paid in a year for each client, as CSV, and who is to be reported (1099-NEC).

    For example: truckroll payouts year 2026 > paid-in-2026.csv
    """
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadInput("--zone", zone, "name a zone such as America/New_York") from error
    with operated(deadline_s=_DEADLINE_S) as engine, transaction(engine, OPERATOR, role="engine") as session:
        lines = yearly(session, year, zone=zone, packs=known_packs())
    if as_json:
        typer.echo(json.dumps({"year": year, "zone": zone, "lines": [asdict(line) for line in lines]}, default=str))
        return
    typer.echo(to_csv(YEAR_HEAD, [[getattr(line, name) for name in YEAR_HEAD] for line in lines]), nl=False)


def _provider(settings: Settings) -> Provider:
    if settings.payout_url and settings.payout_key:
        return HttpProvider(settings.payout_url, settings.payout_key)
    return LocalProvider(settings.data_dir)


def _answer(document: dict[str, Any], as_json: bool, words: str) -> None:
    typer.echo(json.dumps(document) if as_json else words)
