"""The operator's commands about clients, reviews, removals, legal holds, disputes and years change what they say."""

import csv
import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from purse import Purse, done
from sqlalchemy import select, update
from typer import Typer
from typer.testing import CliRunner
from worlds import small_world

from cli.clients import clients
from cli.disputes import disputes
from cli.legalholds import legal_holds
from cli.payouts import payouts
from cli.removals import removals
from cli.reviews import reviews
from dispatch.errors import BadInput, Conflict, NotFound, Refused
from dispatch.money.disputing import Dispute, Position
from dispatch.record.session import ENGINE, Actor, database_now
from dispatch.record.tables import (
    AssignmentRow,
    ClientRow,
    CredentialKindRow,
    DecisionRow,
    DisputeRow,
    LegalHoldRow,
    RemovalRow,
    ReviewRow,
    StaffRow,
    TechnicianRow,
    new_id,
)
from dispatch.reputation.reviews import ask_for_review
from dispatch.talent.credentials import Claim, insert_credential
from dispatch.visits.paying import dispute_pay

OLGA = ("--as", "olga@example.org")


@pytest.fixture
def purse(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Purse]:
    monkeypatch.setenv("TRUCKROLL_DATABASE_URL", database_url)
    monkeypatch.setenv("TRUCKROLL_REDIS_URL", "redis://127.0.0.1:1")
    monkeypatch.setenv("TRUCKROLL_DATA_DIR", str(tmp_path))
    with small_world(database_url) as world:
        made = Purse(world)
        made.agrees(credit_limit="500")
        yield made


def run(of: Typer, *words: str) -> str:
    result = CliRunner().invoke(of, list(words), standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.stdout


def document(of: Typer, *words: str) -> Any:
    return json.loads(run(of, *words, "--json"))


def test_a_client_is_suspended_and_reinstated_by_name_with_what_stands(purse: Purse) -> None:
    won = purse.assigned()
    with purse.world.as_engine() as (session, _):
        name = session.get_one(ClientRow, purse.client).name
    [listed] = document(clients, "list", "--state", "approved")["clients"]
    assert (listed["id"], listed["moves"]) == (str(purse.client), ["suspend"])
    told = document(clients, "suspend", name, "--reason", "unpaid")
    assert (told["state"], len(told["stands"])) == ("suspended", 1)
    assert purse.does(lambda session, _: session.get_one(AssignmentRow, UUID(told["stands"][0])).job_id) == won.job_id
    with pytest.raises(Conflict):
        run(clients, "approve", name)
    assert run(clients, "reinstate", name).strip() == f"{name} is approved"
    assert document(clients, "list", "--state", "suspended") == {"clients": []}
    for words in (("list", "--state", "gone"), ("approve", name, "--credit-limit", "much")):
        with pytest.raises(BadInput, match=r"--state|--credit-limit"):
            run(clients, *words)


def test_a_review_is_answered_by_a_person_of_the_operators(purse: Purse) -> None:
    won = purse.assigned()
    with purse.world.as_engine() as (session, now):
        who = session.scalars(select(AssignmentRow.technician_id).where(AssignmentRow.job_id == won.job_id)).one()
        decision = session.scalars(select(DecisionRow.id).where(DecisionRow.job_id == won.job_id).limit(1)).one()
        other = next(each for each in purse.world.technicians if each != who)
        ask_for_review(session, Actor("technician", other, technician_id=other), decision, "Why not me?", now=now)
    [waits] = document(reviews, "list")["reviews"]
    assert (waits["about"], waits["words"]) == ("decision", "Why not me?")
    said = ("answer", waits["id"], "rejected", "--words", "Nearer was another")
    with pytest.raises(NotFound, match=r"nobody@example\.org"):
        run(reviews, *said, "--as", "nobody@example.org")
    with pytest.raises(BadInput, match="upheld"):
        run(reviews, "answer", waits["id"], "perhaps", "--words", "x", *OLGA)
    assert document(reviews, *said, "--as", " Olga@Example.org") == {"id": waits["id"], "state": "rejected"}
    assert document(reviews, "list") == {"reviews": []}
    with purse.world.as_engine() as (session, _):
        row = session.get_one(ReviewRow, UUID(waits["id"]))
        assert (row.answer, row.decided_by) == ("Nearer was another", purse.operator.id)
    assert "Why not me?" in run(reviews, "list", "--state", "rejected")


def test_a_removal_has_its_notice_its_days_its_review_and_what_was_weighed(purse: Purse) -> None:
    who = purse.world.technicians[0]
    with purse.world.as_engine() as (session, now):
        session.execute(update(CredentialKindRow).values(is_screening=True, family="background_check"))
        claim = Claim("background_check", date(2020, 1, 1), date(2099, 1, 1))
        facts = {"scope": ["county_7y"], "issued_on": "2020-01-01", "result": "adverse"}
        proof = str(insert_credential(session, ENGINE, who, claim, state="verified", facts=facts, now=now))
    notice = ("notice", proof, "--notice", "The report says … Your rights: …")
    with pytest.raises(BadInput):
        run(removals, *notice, *OLGA)
    made = document(removals, *notice, "--no-copy", "It was read out.", *OLGA)
    assert [each["id"] for each in document(removals, "list")["removals"]] == [made["id"]]
    assert document(removals, "review", made["id"], *OLGA)["state"] == "under_review"
    with pytest.raises(Conflict, match="may be answered until"):
        run(removals, "finish", made["id"], "--weighed", "A theft, a year ago", *OLGA)
    with purse.world.as_engine() as (session, now):
        session.execute(update(RemovalRow).values(respond_by=now))
    assert document(removals, "finish", made["id"], "--weighed", "A theft, a year ago", *OLGA)["state"] == "final"
    assert run(removals, "list").strip() == "There are none."
    with purse.world.as_engine() as (session, _):
        assert session.get_one(RemovalRow, UUID(made["id"])).weighed == "A theft, a year ago"
        assert session.get_one(TechnicianRow, who).state != "active"


def test_a_legal_hold_is_placed_on_one_thing_and_lifted_once(purse: Purse) -> None:
    job = str(purse.assigned().job_id)
    with pytest.raises(BadInput, match="--until"):
        run(legal_holds, "place", "--why", "lawsuit", "--job", job, "--until", "2099-01-31")
    with pytest.raises(BadInput):
        run(legal_holds, "place", "--why", "lawsuit", "--job", job, "--client", str(purse.client))
    until = "2099-01-31T12:00:00+00:00"
    made = document(legal_holds, "place", "--why", "lawsuit", "--job", job, "--until", until)
    assert (made["about"], made["of"], made["until"], made["lifted"]) == ("job", job, until, "")
    assert document(legal_holds, "list") == {"legal_holds": [made]}
    assert run(legal_holds, "lift", made["id"]).strip() == f"Hold {made['id']} is lifted."
    with pytest.raises(Conflict):
        run(legal_holds, "lift", made["id"])
    with purse.world.as_engine() as (session, _):
        assert session.get_one(LegalHoldRow, UUID(made["id"])).lifted_at <= database_now(session)


def test_a_dispute_is_decided_by_who_is_named_alone(purse: Purse) -> None:
    won = done(purse)
    wish = Dispute(purse.payment(won).id, Decimal("40.00"), "quality", Position())
    dispute = str(purse.does(lambda session, now: dispute_pay(session, purse.world.staff, wish, now=now)))
    named = ("decide", dispute, "30.00", "--note", "Half a day")
    with purse.world.as_engine() as (session, _):
        decider = session.get_one(DisputeRow, UUID(dispute)).decider_id
    assert decider == purse.operator.id
    with pytest.raises(BadInput, match="AWARDED"):
        run(disputes, "decide", dispute, "some", *OLGA)
    with pytest.raises(NotFound):
        run(disputes, *named, "--as", "ned@example.org")
    with purse.world.as_engine() as (session, now):
        session.add(StaffRow(id=new_id(), role="operator", name="Ned", email="ned@example.org", created_at=now))
    with pytest.raises(Refused):
        run(disputes, *named, "--as", "ned@example.org")
    assert document(disputes, *named, *OLGA) == {"id": dispute, "awarded": "30.00"}
    with pytest.raises(Conflict):
        run(disputes, *named, *OLGA)
    assert purse.payment(won).due + purse.payment(won).fee == Decimal("130.00")


def test_a_year_is_a_file_that_a_spreadsheet_reads(purse: Purse) -> None:
    won = done(purse)
    purse.approves(won)
    [payout] = document(payouts, "run")["made"]
    assert document(payouts, "settle", payout, "paid") == {"is_new": True}
    year = purse.does(lambda session, now: now.year)
    [line] = csv.DictReader(run(payouts, "year", str(year), "--zone", "UTC").splitlines())
    assert (line["amount"], line["expenses"], line["client_id"]) == ("140.00", "0", str(purse.client))
    [same] = document(payouts, "year", str(year), "--zone", "UTC")["lines"]
    assert (same["amount"], same["is_reported"]) == ("140.00", False)
    assert document(payouts, "year", str(year - 1), "--zone", "UTC")["lines"] == []
    with pytest.raises(BadInput, match="--zone"):
        run(payouts, "year", str(year), "--zone", "Nowhere/None")
