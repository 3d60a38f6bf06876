"""`truckroll payouts`: what is due is made, sent and settled once, and the books are checked."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from purse import Purse
from sqlalchemy import create_engine, select, text
from typer import Typer
from typer.testing import CliRunner
from worlds import small_world

from cli.disputes import disputes
from cli.payouts import payouts
from dispatch.errors import BadInput, NotFound
from dispatch.money.disputing import Dispute, Position
from dispatch.record.session import Actor
from dispatch.record.tables import PaymentRow, StaffRow, new_id
from dispatch.visits.completion import finish_job
from dispatch.visits.paying import dispute_pay


@pytest.fixture
def purse(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Purse]:
    """A job of 140 USD that is done and approved."""
    monkeypatch.setenv("TRUCKROLL_DATABASE_URL", database_url)
    monkeypatch.setenv("TRUCKROLL_REDIS_URL", "redis://127.0.0.1:1")
    monkeypatch.setenv("TRUCKROLL_DATA_DIR", str(tmp_path))
    with small_world(database_url) as world:
        made = Purse(world)
        made.agrees(credit_limit="500")
        won = made.assigned()
        made.worked(won, 2)
        technician = made.payment(won).technician_id
        worker = Actor("technician", technician, technician_id=technician)
        made.does(lambda session, now: finish_job(session, worker, won.job_id, now=now))
        made.approves(won)
        yield made


def run(*words: str, of: Typer = payouts) -> str:
    result = CliRunner().invoke(of, list(words), standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.stdout


def document(*words: str, of: Typer = payouts) -> Any:
    return json.loads(run(*words, "--json", of=of))


def test_another_person_is_named_to_decide_a_dispute(purse: Purse) -> None:
    with purse.world.as_engine() as (session, now):
        payment = session.scalars(select(PaymentRow.id)).one()
        wish = Dispute(payment, Decimal("40.00"), "quality", Position())
        dispute = str(dispute_pay(session, purse.world.staff, wish, now=now))
        ned = {"id": new_id(), "role": "operator", "name": "Ned", "email": "ned@example.org"}
        session.add(StaffRow(created_at=now, **ned))
    [listed] = document("list", of=disputes)
    assert (listed["id"], listed["decider"], listed["amount"]) == (dispute, "Olga Operator", "40.00")
    with pytest.raises(BadInput, match="--by"):
        run("name", dispute, "--reason", "away", "--by", "2099-01-31", of=disputes)
    told = document("name", dispute, "--reason", "away", of=disputes)
    assert told == {"decider": "Ned", "decide_by": listed["decide_by"]}
    assert "Ned" in run("list", of=disputes)


def test_what_is_due_is_sent_and_settled_once(purse: Purse, tmp_path: Path) -> None:
    made = document("run")
    assert (len(made["made"]), made["sent"]) == (1, 1)
    assert document("run") == {"made": [], "sent": 0, "refused": 0, "fault": None}
    [line] = (tmp_path / "payouts.jsonl").read_text().splitlines()
    assert json.loads(line)["amount"] == "140.00"
    payout = made["made"][0]
    assert [(each["id"], each["state"]) for each in document("list")] == [(payout, "sent")]
    assert document("settle", payout, "paid") == {"is_new": True}
    assert document("settle", payout, "paid") == {"is_new": False}
    assert "paid" in run("list")
    with pytest.raises(BadInput):
        run("settle", payout, "lost")
    with pytest.raises(NotFound):
        run("settle", str(new_id()))
    # What came back is due again, and paid out anew.
    assert [document("settle", payout, "returned"), document("settle", payout, "paid")] == [
        {"is_new": True},
        {"is_new": False},
    ]
    assert (len(document("run")["made"]), document("verify")["wrong"]) == (1, [])


def test_books_that_do_not_balance_end_with_a_fault_and_their_account(purse: Purse, admin_url: str) -> None:
    with create_engine(admin_url).begin() as administrator:
        administrator.execute(text("ALTER TABLE ledger_accounts DISABLE TRIGGER USER"))
        administrator.execute(text("UPDATE ledger_accounts SET balance = balance - 1 WHERE kind = 'held'"))
    result = CliRunner().invoke(payouts, ["verify", "--json"])
    assert result.exit_code == 1
    assert len(json.loads(result.stdout)["wrong"]) == 1
