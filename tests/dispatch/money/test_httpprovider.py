"""A payment provider over HTTP, as a small real server: told twice it pays once, down it is told again, no is no."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import pytest
from purse import Purse
from sqlalchemy import select

from dispatch.errors import BadInput
from dispatch.money.httpprovider import HttpProvider
from dispatch.money.payouts import Sent, hear, send_payouts
from dispatch.money.provider import Order, OrderRefused, ProviderDown, read_callback, signature
from dispatch.record.session import ENGINE, Actor, transaction
from dispatch.record.tables import PayoutRow
from dispatch.settings import read_settings
from dispatch.visits.completion import finish_job

D = Decimal
KEY, SECRET = "the key of the provider", "the secret of callbacks"


class Bank:
    """Pays each key once. `script` says how the next are answered: a status, "hang", or the bytes of a body."""

    def __init__(self) -> None:
        self.script: list[Any] = []
        self.num_requests = 0
        self.paid: dict[str, dict[str, str]] = {}
        self.url = ""

    def answer(self, headers: Any, body: bytes) -> tuple[int, bytes]:
        self.num_requests += 1
        next_one = self.script.pop(0) if self.script else 201
        if headers["Authorization"] != f"Bearer {KEY}":
            return 401, b"{}"
        if isinstance(next_one, int) and next_one != 201:
            return next_one, b"{}"
        key = headers["Idempotency-Key"]
        self.paid.setdefault(key, json.loads(body))
        if next_one == "hang":
            time.sleep(2.5)
        if isinstance(next_one, bytes):
            return 200, next_one
        return 201, json.dumps({"id": f"po_{key[-12:]}"}).encode()

    def callback(self, payout: str, outcome: str) -> tuple[str, bytes]:
        """Header and body of what it says became of a payout."""
        body = json.dumps({"payout": payout, "outcome": outcome}).encode()
        return signature(SECRET, datetime.now(UTC), body), body


@contextmanager
def serving(bank: Bank) -> Iterator[Bank]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, answer = bank.answer(self.headers, body) if self.path == "/v1/payouts" else (404, b"{}")
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", f"{bank.url}/payouts")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Nothing is written."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    bank.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield bank
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def bank() -> Iterator[Bank]:
    with serving(Bank()) as found:
        yield found


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def provider(bank: Bank, waits: list[float]) -> HttpProvider:
    return HttpProvider(bank.url, KEY, timeout_s=1.0, sleep=waits.append)


ORDER = Order(uuid4(), uuid4(), D("12.50"), "USD")


def test_an_order_told_twice_is_paid_once_and_says_all_that_the_provider_needs(bank: Bank, provider: HttpProvider):
    assert provider.create_payout(ORDER) == provider.create_payout(ORDER)
    assert bank.num_requests == 2
    assert bank.paid == {
        str(ORDER.payout_id): {
            "payout": str(ORDER.payout_id), "payee": str(ORDER.payee_id), "amount": "12.50", "currency": "USD",
        }
    }  # fmt: skip


def test_faults_of_the_moment_are_tried_again(bank: Bank, provider: HttpProvider, waits: list[float]):
    bank.script = [503, 429, 201]
    assert provider.create_payout(ORDER).startswith("po_")
    assert (bank.num_requests, waits) == (3, [0.2, 0.6])


@pytest.mark.parametrize(
    ("script", "num_requests"),
    [([500, 502, 503], 3), (["hang"] * 3, 3), ([302], 1), ([401], 1), ([404], 1), ([b"[]"], 1), ([b"{"], 1),
     ([b'{"id": 7}'], 1), ([b'{"id": ""}'], 1), ([b'{"id": "a\\nb"}'], 1), ([b" " * 70_000], 1)],
)  # fmt: skip
def test_a_provider_that_is_down_or_says_nothing_is_told_so(
    bank: Bank, provider: HttpProvider, script: list[Any], num_requests: int
):
    bank.script = script
    with pytest.raises(ProviderDown):
        provider.create_payout(ORDER)
    assert bank.num_requests == num_requests


def test_nobody_at_the_address_is_a_provider_that_is_down(provider: HttpProvider):
    with serving(Bank()) as gone:
        url = gone.url
    with pytest.raises(ProviderDown):
        HttpProvider(url, KEY, timeout_s=0.3, sleep=lambda _: None).create_payout(ORDER)


@pytest.mark.parametrize("status", [400, 402, 422])
def test_a_no_to_this_order_is_a_no(bank: Bank, provider: HttpProvider, status: int):
    bank.script = [status]
    with pytest.raises(OrderRefused, match=f"http_{status}"):
        provider.create_payout(ORDER)
    assert bank.num_requests == 1


def due(purse: Purse) -> Any:
    """Work of 140 that was approved: 126 are in a payout."""
    won = purse.assigned()
    purse.worked(won, 2)
    technician = purse.payment(won).technician_id
    worker = Actor("technician", technician, technician_id=technician)
    purse.does(lambda session, now: finish_job(session, worker, won.job_id, now=now))
    assert purse.approves(won)
    return won


def sends(purse: Purse, provider: HttpProvider) -> Sent:
    return send_payouts(lambda: transaction(purse.world.engine, ENGINE, role="engine"), provider)


def states(purse: Purse) -> list[tuple[str, str | None]]:
    rows = purse.does(lambda session, _: session.scalars(select(PayoutRow).order_by(PayoutRow.id)).all())
    return [(row.state, row.failed_why) for row in rows]


def test_a_provider_that_took_it_and_did_not_answer_is_told_again_and_pays_once(
    purse: Purse, bank: Bank, provider: HttpProvider
):
    due(purse)
    [payout] = purse.runs_payouts()
    bank.script = ["hang"] * 3
    down = sends(purse, provider)
    assert (down.num_sent, down.num_refused) == (0, 0)
    assert down.fault is not None
    assert states(purse) == [("created", None)]
    assert sends(purse, provider) == Sent(1)
    assert list(bank.paid) == [str(payout)]
    assert bank.paid[str(payout)]["amount"] == "126.00"
    header, body = bank.callback(str(payout), "paid")
    now = datetime.now(UTC)
    words = [read_callback(SECRET, header, body, now=now) for _ in range(2)]
    heard = [purse.does(lambda session, now, word=word: hear(session, ENGINE, word, now=now)) for word in words]
    assert heard == [True, False]
    assert states(purse) == [("paid", None)]
    purse.balances()


def test_a_payout_that_the_provider_refuses_is_due_again_and_does_not_stop_the_others(
    purse: Purse, bank: Bank, provider: HttpProvider
):
    won = due(purse)
    payment = purse.payment(won)
    purse.runs_payouts()
    bank.script = [422]
    assert sends(purse, provider) == Sent(0, 1)
    assert states(purse) == [("failed", "http_422")]
    assert (purse.has("due", payment.technician_id), purse.payment(won).state) == (D("126.00"), "due")
    purse.runs_payouts()
    assert sends(purse, provider) == Sent(1)
    assert [state for state, _ in states(purse)] == ["failed", "sent"]
    assert len(bank.paid) == 1
    purse.balances()


def test_a_provider_is_set_up_whole_or_not_at_all(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TRUCKROLL_PAYOUT_URL", "https://pay.example.org/v1")
    with pytest.raises(BadInput, match="payout_key"):
        read_settings()
    monkeypatch.setenv("TRUCKROLL_PAYOUT_KEY", KEY)
    monkeypatch.setenv("TRUCKROLL_PAYOUT_SECRET", SECRET)
    assert read_settings().payout_url == "https://pay.example.org/v1"
    monkeypatch.setenv("TRUCKROLL_PAYOUT_URL", "ftp://pay.example.org")
    with pytest.raises(BadInput, match="https"):
        read_settings()
