"""Approval, cancellation, disputes, payouts and yeses at the same moment, with real commits: each cent booked once."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from purse import Purse
from racing import race
from sqlalchemy import select, text

from dispatch.errors import BadInput, Conflict
from dispatch.jobs.acceptance import Lost, Won
from dispatch.money.approving import approve_part
from dispatch.money.disputing import Dispute, Position, decide, open_dispute
from dispatch.money.payouts import hear, make_payouts
from dispatch.money.provider import Word
from dispatch.record.session import ENGINE, Actor
from dispatch.record.tables import DisputeRow, PaymentRow
from dispatch.visits.cancelling import cancel_work
from dispatch.visits.completion import approve_job, approve_silently, finish_job

D = Decimal
ROUNDS = 4


def doing(purse: Purse, use_case: Callable[..., Any], *args: Any) -> Callable[[], Any]:
    return lambda: purse.does(lambda session, now: use_case(session, *args, now=now))


def done(purse: Purse, **wishes: Any) -> tuple[Won, PaymentRow]:
    won = purse.assigned(**wishes)
    purse.worked(won, 2)
    payment = purse.payment(won)
    worker = Actor("technician", payment.technician_id, technician_id=payment.technician_id)
    doing(purse, finish_job, worker, won.job_id)()
    return won, purse.payment(won)


def on(purse: Purse, day: int) -> dict[str, Any]:
    return {"start_at": purse.world.start + timedelta(days=day)}


def test_many_yeses_at_once_set_aside_what_there_is_and_never_more(purse: Purse):
    """1,200 of funds and credit, 24 jobs of 140: eight are taken, sixteen are told that it was nothing they did."""
    offers = [
        purse.world.offered(**on(purse, day), policy={"wave": {"min_size": 1, "max_size": 1, "answer_s": 3600}})[0]
        for day in range(24)
    ]
    answers = race([lambda offer=offer: purse.accepts(offer) for offer in offers], 12)
    won = [each for each in answers if isinstance(each, Won)]
    assert len(won) == 8
    assert {each.code for each in answers if isinstance(each, Lost)} == {"unfunded"}
    assert (purse.has("funds"), purse.has("held")) == (D("-120.00"), D("1120.00"))
    purse.balances()


def test_without_the_floor_the_same_race_sets_aside_more_than_there_is(purse: Purse):
    """The guard is what holds: the same yeses without it."""
    offers = [
        purse.world.offered(**on(purse, day), policy={"wave": {"min_size": 1, "max_size": 1, "answer_s": 3600}})[0]
        for day in range(10)
    ]
    with purse.world.as_engine() as (session, _):
        session.execute(text("UPDATE ledger_accounts SET floor = NULL"))
    race([lambda offer=offer: purse.accepts(offer) for offer in offers])
    assert purse.has("funds") < D("-200")


def test_approval_cancellation_and_dispute_at_once_book_each_cent_once(purse: Purse):
    purse.pays_in("5000")
    for day in range(ROUNDS):
        won, payment = done(purse, **on(purse, day))
        staff = purse.world.staff
        wish = Dispute(payment.id, D("40.00"), "hours", Position())
        answers = race(
            [
                doing(purse, approve_job, staff, won.job_id),
                doing(purse, approve_job, staff, won.job_id),
                doing(purse, cancel_work, staff, won.job_id, "other"),
                doing(purse, open_dispute, staff, wish),
                doing(purse, approve_part, staff, payment.id, D("60.00")),
                lambda: purse.does(lambda session, now: approve_silently(session, now + timedelta(days=8))),
            ]
        )
        refused = [each for each in answers if isinstance(each, Exception)]
        assert {type(each) for each in refused} <= {Conflict, BadInput}, answers
        after = purse.payment(won)
        assert after.held + after.due + after.fee + after.refunded == D("140.00")
        assert after.state in ("due", "disputed")
        purse.balances()


def test_a_cancellation_against_a_yes_leaves_nothing_set_aside_without_work(purse: Purse):
    for day in range(ROUNDS):
        offer = purse.world.offered(**on(purse, day))[0]
        race(
            [lambda offer=offer: purse.accepts(offer), doing(purse, cancel_work, purse.world.staff, offer.job_id, "x")]
        )
        states = purse.does(
            lambda session, _, job=offer.job_id: session.scalars(
                select(PaymentRow.state).where(PaymentRow.job_id == job)
            ).all()
        )
        assert states in ([], ["released"])
        assert purse.has("held") == 0
        purse.balances()


def test_two_payout_runs_and_every_callback_at_once_pay_once(purse: Purse):
    """Whichever word is heard first: what failed or came back is due once more, and goes out once more."""
    purse.pays_in("5000")
    for day, last in enumerate(("paid", "failed", "returned", "returned")):
        won, payment = done(purse, **on(purse, day))
        purse.approves(won)
        runs = race([doing(purse, make_payouts)] * 4)
        payouts = [each for run in runs for each in run]
        assert len(payouts) == 1
        heard = race([doing(purse, hear, ENGINE, Word(payouts[0], outcome)) for outcome in ("paid", last) * 3])
        assert sum(heard) in ((1,) if last == "paid" else (1, 2)), heard
        assert purse.has("in_payout", payment.technician_id) == 0
        is_back = last != "paid"
        assert (purse.payment(won).due, purse.payment(won).paid)[is_back] == 0
        assert purse.has("due", payment.technician_id) == (D("126.00") if is_back else 0)
        purse.balances()
        for again in purse.runs_payouts():
            doing(purse, hear, ENGINE, Word(again, "paid"))()


def test_a_dispute_decided_twice_at_once_is_decided_once(purse: Purse):
    won, payment = done(purse)
    wish = Dispute(payment.id, D("100.00"), "quality", Position())
    dispute = doing(purse, open_dispute, purse.world.staff, wish)()
    answers = race([doing(purse, decide, purse.operator, dispute, D(sum_), "") for sum_ in (10, 20, 30, 40)])
    assert sum(each is None for each in answers) == 1
    row = purse.does(lambda session, _: session.get_one(DisputeRow, dispute))
    after = purse.payment(won)
    assert after.due + after.fee == D("40.00") + row.awarded
    purse.balances()


def test_both_sides_dispute_at_once_each_what_the_other_does_not_and_both_are_decided_at_once(purse: Purse):
    """100 and 60 of 140: whoever comes first has theirs, and the other what is left or a refusal."""
    purse.pays_in("5000")
    for day in range(ROUNDS):
        won, payment = done(purse, **on(purse, day))
        worker = Actor("technician", payment.technician_id, technician_id=payment.technician_id)
        wishes = [(purse.world.staff, "60.00"), (worker, "60.00"), (purse.world.staff, "100.00"), (worker, "100.00")]
        made = race(
            [
                doing(purse, open_dispute, actor, Dispute(payment.id, D(sum_), "quality", Position()))
                for actor, sum_ in wishes
            ]
        )
        opened = [each for each in made if isinstance(each, UUID)]
        assert {type(each) for each in made} - {UUID} <= {Conflict, BadInput}, made
        read = select(DisputeRow).where(DisputeRow.payment_id == payment.id)
        rows = purse.does(lambda session, _, read=read: session.scalars(read).all())
        assert {row.id for row in rows} == set(opened)
        assert len({row.opened_by for row in rows}) == len(rows) <= 2
        assert sum(row.amount for row in rows) <= D("140.00")
        race([doing(purse, decide, purse.operator, each, D("10.00"), "") for each in opened])
        purse.approves(won)
        after = purse.payment(won)
        disputed = sum(row.amount for row in rows)
        assert (after.state, after.held) == ("due", D(0))
        assert after.due + after.fee == D("140.00") - disputed + 10 * len(rows)
        purse.balances()


def test_asked_back_and_paid_out_at_once_each_cent_goes_one_way(purse: Purse):
    purse.pays_in("5000")
    for day in range(ROUNDS):
        won, payment = done(purse, **on(purse, day))
        purse.approves(won)
        wish = Dispute(payment.id, D("140.00"), "quality", Position())
        ask = doing(purse, open_dispute, purse.world.staff, wish)
        answers = race([ask, ask, doing(purse, make_payouts), doing(purse, make_payouts)])
        refused = [each for each in answers if isinstance(each, Exception)]
        assert {type(each) for each in refused} <= {Conflict, BadInput}, answers
        after = purse.payment(won)
        assert (after.state, after.held, after.due, after.paid, after.fee) in (
            ("disputed", D("140.00"), D(0), D(0), D(0)),
            ("paid", D(0), D(0), D("126.00"), D("14.00")),
        )
        purse.balances()
