"""A provider's callback is taken if it is theirs and of this moment; a statement's cells are run by no spreadsheet."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from dispatch.errors import BadInput, Refused
from dispatch.money.provider import LocalProvider, Order, Word, read_callback, signature
from dispatch.money.statements import to_csv

NOW = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)
SECRET = "a secret of sixteen"
PAYOUT = UUID("01973b2e-7c1a-7000-8000-0000000000e1")
BODY = f'{{"payout": "{PAYOUT}", "outcome": "paid"}}'.encode()


def test_a_signed_callback_is_read():
    assert read_callback(SECRET, signature(SECRET, NOW, BODY), BODY, now=NOW) == Word(PAYOUT, "paid")


@pytest.mark.parametrize("late_s", [-300, 300])
def test_a_callback_within_the_tolerance_is_read_on_both_sides(late_s: int):
    sent_at = NOW + timedelta(seconds=late_s)
    assert read_callback(SECRET, signature(SECRET, sent_at, BODY), BODY, now=NOW).outcome == "paid"


@pytest.mark.parametrize(
    "header",
    ["", "t=,v1=", "v1=00", "t=1767225599", "t=x,v1=00", "t=-5,v1=00", "t=99999999999999,v1=00", "t=١٢,v1=00",
     signature("another secret of 16", NOW, BODY), signature(SECRET, NOW, BODY + b" "),
     signature(SECRET, NOW, BODY).replace("v1=", "v0="), signature(SECRET, NOW + timedelta(seconds=301), BODY),
     signature(SECRET, NOW - timedelta(seconds=301), BODY)],
)  # fmt: skip
def test_a_forged_or_old_callback_is_refused(header: str):
    with pytest.raises(Refused):
        read_callback(SECRET, header, BODY, now=NOW)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b"{", b'{"payout": "1", "outcome": "paid"}', b'{"outcome": "paid"}', b'"x"',
     f'{{"payout": "{PAYOUT}", "outcome": "lost"}}'.encode(), f'{{"payout": "{PAYOUT}", "outcome": ["paid"]}}'.encode(),
     f'{{"payout": "{PAYOUT}", "outcome": "failed", "why": "Account of Anna Miller"}}'.encode()],
)  # fmt: skip
def test_a_signed_callback_that_says_nothing_is_bad_input(body: bytes):
    with pytest.raises(BadInput):
        read_callback(SECRET, signature(SECRET, NOW, body), body, now=NOW)


def test_the_local_provider_writes_a_payout_once(tmp_path):
    provider, order = LocalProvider(tmp_path), Order(PAYOUT, uuid4(), Decimal("12.50"), "USD")
    assert provider.create_payout(order) == provider.create_payout(order)
    assert len((tmp_path / "payouts.jsonl").read_text().splitlines()) == 1


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_text_that_a_spreadsheet_would_run_is_disarmed_and_numbers_stay_numbers(text: str):
    rows = to_csv(("name", "amount"), [[text, Decimal("-12.50")], ["plain", None]])
    first, second, third = rows.replace("\r\n", "\n").removesuffix("\n").split("\n")[0], "'" + text, "plain,"
    assert first == "name,amount"
    assert second in rows
    assert ",-12.50" in rows
    assert third in rows
