"""`truckroll vendor`: the small vendor as a process of its own, ordered from and answering over real connections."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx2
import pytest
from fastapi import FastAPI
from streaming import serving
from town import Town, small_town
from typer.testing import CliRunner

from api.app import create_app
from cli.main import app
from dispatch.errors import BadInput, MissingService
from dispatch.messages.adapters.gateway import signature
from dispatch.record.session import ENGINE
from dispatch.record.tables import CredentialRow
from dispatch.screening.ordering import order_screening
from dispatch.screening.protocol import Order
from dispatch.screening.vendor import HttpScreener, NotTakenError

SECRET = "a secret between two"


def test_it_answers_what_it_was_told_to_find_and_ends_when_told(database_url: str, redis_url: str) -> None:
    """Technician 1 has a record, technician 0 is clear; an order that nobody signed is not taken."""
    with (
        small_town(database_url, redis_url, screening_secret=SECRET, screening_vendor="local") as town,
        serving(create_app(town.settings)) as address,
    ):
        command = [sys.executable, "-m", "cli.main", "vendor", "--port", "0", "--url", address, "--found"]
        environment = {"TRUCKROLL_SCREENING_SECRET": SECRET, "TRUCKROLL_KEY": town.key("gateway").secret}
        vendor = subprocess.Popen(
            [*command, "Technician 1=adverse"], stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}
        )
        try:
            assert vendor.stdout is not None
            found = re.search(r"http://127\.0\.0\.1:\d+/", vendor.stdout.readline())
            assert found
            clear, adverse = ordered(town, 0, found[0]), ordered(town, 1, found[0])
            until(lambda: facts_of(town, adverse).get("result") == "adverse")
            until(lambda: facts_of(town, clear).get("scope") == ["county_7y"])
            forged = HttpScreener(found[0], "another secret")
            with pytest.raises(NotTakenError, match="401"):
                forged.order(Order("r", "background_check", ("a",), "Nobody", None))
            refused_by(found[0])
            vendor.send_signal(signal.SIGTERM)
            assert vendor.wait(20) == 0
            assert vendor.stdout.read() == "2 orders taken, 4 refused.\n"
        finally:
            vendor.kill()
            vendor.communicate()


def refused_by(url: str) -> None:
    """What it cannot read it refuses, and goes on."""
    for body in (b"[]", b'{"ref": "r"}', b'{"ref": "r", "name": "N", "scope": 5}'):
        signed = signature(SECRET, body, at_s=int(time.time()))
        assert httpx2.post(url, content=body, headers=signed).status_code == 401
    assert httpx2.post(url, content=b"x" * 100_001).status_code == 413


def ordered(town: Town, num: int, url: str) -> UUID:
    """An order of a screening, handed in as the courier does."""
    with town.world.as_engine() as (session, now):
        kind = {"code": "background_check", "name": "Check", "is_screening": True, "family": "background_check"}
        assert town.key("operator").post("/v1/credential-kinds", kind).status_code == 201
        who = town.world.technicians[num]
        proof = order_screening(session, ENGINE, who, "background_check", ["county_7y"], "local", now=now)
        ref = session.get_one(CredentialRow, proof).vendor_ref
    assert ref is not None
    HttpScreener(url, SECRET).order(Order(ref, "background_check", ("county_7y",), f"Technician {num}", None))
    return proof


def facts_of(town: Town, proof: UUID) -> dict[str, Any]:
    with town.world.as_engine() as (session, _):
        return dict(session.get_one(CredentialRow, proof).facts)


def until(is_so: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline_s
        time.sleep(0.05)


def test_without_a_secret_or_with_a_finding_that_nobody_understands_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("TRUCKROLL_SCREENING_SECRET", raising=False)
    run = CliRunner().invoke(app, ["vendor", "--key", "k"])
    assert isinstance(run.exception, BadInput)
    assert run.exception.field == "TRUCKROLL_SCREENING_SECRET"
    monkeypatch.setenv("TRUCKROLL_SCREENING_SECRET", SECRET)
    for word in ("Marsh", "=adverse", "Marsh=guilty", ""):
        run = CliRunner().invoke(app, ["vendor", "--key", "k", "--found", word])
        assert isinstance(run.exception, BadInput)
        assert run.exception.field == "--found"
    assert CliRunner().invoke(app, ["vendor"], env={"TRUCKROLL_KEY": ""}).exit_code == 2


def test_a_port_that_is_taken_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUCKROLL_SCREENING_SECRET", SECRET)
    with serving(FastAPI()) as address:
        port = address.rsplit(":", 1)[1]
        run = CliRunner().invoke(app, ["vendor", "--key", "k", "--port", port])
    assert isinstance(run.exception, MissingService)
    assert port in str(run.exception)
