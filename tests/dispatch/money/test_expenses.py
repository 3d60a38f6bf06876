"""What pays back what a technician laid out is no income: in the year in which it was paid, and for good."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from purse import Purse

from dispatch.jobs.acceptance import Won
from dispatch.money.approving import approve_part
from dispatch.money.disputing import Dispute, Position
from dispatch.money.extras import ExtraWish, ask_extra
from dispatch.money.payouts import hear
from dispatch.money.provider import Word
from dispatch.money.statements import yearly
from dispatch.record.session import ENGINE, Actor
from dispatch.talent.packfiles import shipped_packs
from dispatch.visits.completion import finish_job
from dispatch.visits.paying import answer_pay_extra, decide_dispute, dispute_pay

D = Decimal
DECEMBER, JANUARY = datetime(2026, 12, 20, tzinfo=UTC), datetime(2027, 1, 20, tzinfo=UTC)
PARKING = {"rates": {"extras": [{"code": "parking", "kind": "expense", "cap": "15.00"}]}}


def parked(purse: Purse) -> tuple[Won, Actor, UUID]:
    """Work of 140, done, with 9 for parking that the technician asks for; the technician, and the expense's id."""
    won = purse.assigned(day_policy=PARKING)
    purse.worked(won, 2)
    payment = purse.payment(won)
    worker = Actor("technician", payment.technician_id, technician_id=payment.technician_id)
    purse.does(lambda session, now: finish_job(session, worker, won.job_id, now=now))
    wish = ExtraWish("parking", D("9.00"))
    return won, worker, purse.does(lambda session, now: ask_extra(session, worker, payment.id, wish, now=now))


def answered(purse: Purse, won: Won, extra: UUID, answer: str) -> None:
    payment, staff = purse.payment(won).id, purse.world.staff
    purse.does(lambda session, now: answer_pay_extra(session, staff, payment, extra, answer, now=now))


def paid(purse: Purse, at: datetime, outcome: str = "paid") -> UUID:
    [payout] = purse.runs_payouts()
    purse.does(lambda session, _: hear(session, ENGINE, Word(payout, outcome), now=at))
    return payout


def years(purse: Purse) -> list[tuple[int, Decimal, Decimal]]:
    """Each year's sum of everybody, and how much of it are expenses."""
    found = []
    for year in (2026, 2027):
        for line in purse.does(lambda session, _, year=year: yearly(session, year, zone="UTC", packs=shipped_packs())):
            found.append((year, line.amount, line.expenses))
    return found


def test_what_a_dispute_awards_of_an_expense_is_no_income_and_leaves_the_year_that_is_over_as_it_was(purse: Purse):
    won, worker, parking = parked(purse)
    answered(purse, won, parking, "refuse")
    purse.approves(won)
    paid(purse, DECEMBER)
    assert years(purse) == [(2026, D("126.00"), D(0))]
    wish = Dispute(purse.payment(won).id, D("9.00"), "expense", Position())
    made = purse.does(lambda session, now: dispute_pay(session, worker, wish, now=now))
    purse.does(lambda session, now: decide_dispute(session, purse.operator, made, D("9.00"), "", now=now))
    assert years(purse) == [(2026, D("126.00"), D(0))]
    paid(purse, JANUARY)
    # Our share of the expense is taken off it: what went out for it is 8.10.
    assert years(purse) == [(2026, D("126.00"), D(0)), (2027, D("8.10"), D("8.10"))]
    [extra] = purse.payment(won).extras
    assert (extra["state"], extra["awarded"]) == ("contested", "9.00")


def test_an_expense_goes_with_the_first_payout_once_and_comes_back_with_what_came_back(purse: Purse):
    won, _, parking = parked(purse)
    answered(purse, won, parking, "approve")
    purse.approves(won)
    first = paid(purse, DECEMBER)
    assert years(purse) == [(2026, D("134.10"), D("9.00"))]
    purse.does(lambda session, _: hear(session, ENGINE, Word(first, "returned"), now=JANUARY))
    assert years(purse) == [(2026, D("134.10"), D("9.00")), (2027, D("-134.10"), D("-9.00"))]
    paid(purse, JANUARY + timedelta(days=1))
    assert years(purse) == [(2026, D("134.10"), D("9.00")), (2027, D(0), D(0))]


@pytest.mark.parametrize(
    ("reason", "awarded", "of_parking"),
    [("hours", "40.00", "0"), ("hours", "45.00", "5.00"), ("hours", "49.00", "9.00"), ("hours", "0.00", "0")],
)
def test_of_a_dispute_about_hours_the_work_is_paid_first(purse: Purse, reason: str, awarded: str, of_parking: str):
    won, worker, _ = parked(purse)
    wish = Dispute(purse.payment(won).id, D("40.00"), reason, Position())
    made = purse.does(lambda session, now: dispute_pay(session, worker, wish, now=now))
    purse.does(lambda session, now: decide_dispute(session, purse.operator, made, D(awarded), "", now=now))
    [extra] = purse.payment(won).extras
    assert D(extra["awarded"]) == D(of_parking)


def test_parts_of_a_payment_carry_each_what_those_before_did_not(purse: Purse):
    """A part is paid before the expense is approved, then one that is smaller than it, then the rest."""
    won, _, parking = parked(purse)
    payment, staff = purse.payment(won).id, purse.world.staff

    def part(amount: str) -> None:
        purse.does(lambda session, now: approve_part(session, staff, payment, D(amount), now=now))

    part("50.00")
    paid(purse, DECEMBER)
    answered(purse, won, parking, "approve")
    part("5.00")
    paid(purse, DECEMBER)
    assert years(purse) == [(2026, D("49.50"), D("4.50"))]
    purse.approves(won)
    paid(purse, JANUARY)
    assert years(purse) == [(2026, D("49.50"), D("4.50")), (2027, D("84.60"), D("4.50"))]
