"""A penalty on work that was approved: it may be contested for seven days, and nobody has the money meanwhile."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from purse import Purse
from racing import race
from sqlalchemy import select

from dispatch.errors import BadInput, Conflict
from dispatch.jobs.acceptance import Won
from dispatch.money.disputing import Dispute, Position
from dispatch.money.extras import ExtraWish, ask_extra
from dispatch.money.payouts import make_payouts
from dispatch.money.provider import Word
from dispatch.record.session import ENGINE, Actor
from dispatch.record.tables import DisputeRow, JobRow
from dispatch.visits.completion import approve_silently, finish_job
from dispatch.visits.paying import (
    answer_pay_extra,
    concede_dispute,
    decide_dispute,
    dispute_pay,
    hear_of_payout,
    let_penalties_stand,
)
from matching.moneyrules import CONTEST_DAYS

D = Decimal
LATE = {"rates": {"extras": [{"code": "late", "kind": "penalty", "cap": "200.00"}]}}


def doing(purse: Purse, use_case: Callable[..., Any], *args: Any) -> Callable[[], Any]:
    return lambda: purse.does(lambda session, now: use_case(session, *args, now=now))


def done(purse: Purse, amount: str = "20.00", **wishes: Any) -> tuple[Won, Actor, UUID]:
    """Work of 140, done, with a penalty that the client added just now; the technician, and the penalty's id."""
    won = purse.assigned(day_policy=LATE, **wishes)
    purse.worked(won, 2)
    payment = purse.payment(won)
    worker = Actor("technician", payment.technician_id, technician_id=payment.technician_id)
    doing(purse, finish_job, worker, won.job_id)()
    penalty = doing(purse, ask_extra, purse.world.staff, payment.id, ExtraWish("late", D(amount)))()
    return won, worker, penalty


def parked(purse: Purse) -> tuple[Won, Actor, UUID]:
    """Work of 140, done, with 9 for parking that the technician asks for; the technician, and the expense's id."""
    rates = {"rates": {"extras": [{"code": "parking", "kind": "expense", "cap": "15.00"}]}}
    won = purse.assigned(day_policy=rates)
    purse.worked(won, 2)
    payment = purse.payment(won)
    worker = Actor("technician", payment.technician_id, technician_id=payment.technician_id)
    doing(purse, finish_job, worker, won.job_id)()
    return won, worker, doing(purse, ask_extra, worker, payment.id, ExtraWish("parking", D("9.00")))()


def contest(purse: Purse, won: Won, worker: Actor, penalty: UUID) -> Callable[[], Any]:
    return doing(purse, answer_pay_extra, worker, purse.payment(won).id, penalty, "contest")


def stand(purse: Purse, days: float = CONTEST_DAYS + 0.01) -> int:
    return purse.does(lambda session, now: let_penalties_stand(session, now + timedelta(days=days)))


def job_state(purse: Purse, won: Won) -> str:
    return purse.does(lambda session, _: session.get_one(JobRow, won.job_id)).state


def the_dispute(purse: Purse) -> DisputeRow:
    return purse.does(lambda session, _: session.scalars(select(DisputeRow).order_by(DisputeRow.id.desc())).first())


def sums(purse: Purse, won: Won) -> tuple[str, Decimal, Decimal, Decimal, Decimal, Decimal]:
    row = purse.payment(won)
    return row.state, row.held, row.due, row.paid, row.fee, row.refunded


def test_a_penalty_is_contested_after_the_approval_and_decided_with_money_that_nobody_got(purse: Purse):
    won, worker, penalty = done(purse)
    assert purse.approves(won)
    assert sums(purse, won) == ("due", D("20.00"), D("108.00"), D(0), D("12.00"), D(0))
    assert purse.has("funds") == D("860.00"), "the client has not got it back"
    assert len(purse.runs_payouts()) == 1, "what nobody contests is paid at once"
    contest(purse, won, worker, penalty)()
    with pytest.raises(Conflict):
        contest(purse, won, worker, penalty)()
    dispute = the_dispute(purse)
    assert (dispute.amount, dispute.reason, dispute.opened_by) == (D("20.00"), "penalty", "technician")
    assert (job_state(purse, won), purse.payment(won).extras[0]["state"]) == ("disputed", "contested")
    assert stand(purse) == 0, "what is disputed is decided, and does not lapse"
    doing(purse, decide_dispute, purse.operator, dispute.id, D("15.00"), "")()
    assert sums(purse, won) == ("due", D(0), D("13.50"), D("108.00"), D("13.50"), D("5.00"))
    assert (purse.has("funds"), purse.has("held"), job_state(purse, won)) == (D("865.00"), D(0), "approved")
    assert stand(purse) == 0
    purse.balances()


@pytest.mark.parametrize("by_silence", [False, True])
def test_nobodys_word_for_the_days_lets_the_penalty_stand_and_only_then_is_the_job_paid(purse: Purse, by_silence: bool):
    won, worker, penalty = done(purse)
    if by_silence:
        assert purse.does(lambda session, now: approve_silently(session, now + timedelta(days=8))) == 1
    else:
        purse.approves(won)
    assert purse.payment(won).held == D("20.00")
    ready = purse.does(lambda session, now: make_payouts(session, now=now + timedelta(days=9)))
    doing(purse, hear_of_payout, ENGINE, Word(ready[0], "paid"))()
    assert (job_state(purse, won), purse.payment(won).state) == ("approved", "due"), "more may become due"
    late = CONTEST_DAYS + (8 if by_silence else 0)
    assert stand(purse, late - 0.01) == 0
    assert stand(purse, late + 0.01) == 1
    assert stand(purse, late + 0.01) == 0
    assert sums(purse, won) == ("paid", D(0), D(0), D("108.00"), D("12.00"), D("20.00"))
    assert (purse.has("funds"), purse.payment(won).extras[0]["state"]) == (D("880.00"), "stands")
    assert job_state(purse, won) == "paid"
    with pytest.raises(Conflict):
        contest(purse, won, worker, penalty)()
    purse.balances()


def test_what_was_asked_for_and_nobody_answered_counts_by_silence_and_holds_up_a_persons_yes(purse: Purse):
    won, worker, _ = parked(purse)
    payment = purse.payment(won)
    with pytest.raises(Conflict, match=r"parking 9\.00 USD"):
        purse.approves(won)
    assert purse.payment(won).state == "held"
    silent = lambda: purse.does(lambda session, now: approve_silently(session, now + timedelta(days=8)))  # noqa: E731
    race([silent, silent, doing(purse, ask_extra, worker, payment.id, ExtraWish("parking", D("6.00")))])
    after = purse.payment(won)
    assert {each["state"] for each in after.extras} == {"approved"}
    on_top = sum(Decimal(each["amount"]) for each in after.extras)
    assert on_top in (D("9.00"), D("15.00")), "within its cap, whoever came first"
    assert (after.state, after.due + after.fee) == ("due", D("140.00") + on_top)
    assert purse.has("funds") == D("860.00") - on_top
    purse.balances()


def test_what_was_refused_with_the_approval_is_disputed_for_some_days_even_once_the_rest_is_paid(purse: Purse):
    won, worker, parking = parked(purse)
    payment = purse.payment(won).id
    doing(purse, answer_pay_extra, purse.world.staff, payment, parking, "refuse")()
    purse.approves(won)
    [payout] = purse.runs_payouts()
    doing(purse, hear_of_payout, ENGINE, Word(payout, "paid"))()
    assert (purse.payment(won).state, job_state(purse, won)) == ("paid", "paid")

    def disputes(amount: str, reason: str = "expense", days: float = 0, actor: Actor = worker) -> UUID:
        wish = Dispute(payment, D(amount), reason, Position())
        return purse.does(lambda session, now: dispute_pay(session, actor, wish, now=now + timedelta(days=days)))

    for amount, reason, days, actor in (
        ("9.00", "pay", 0, worker),
        ("9.00", "expense", CONTEST_DAYS + 0.01, worker),
        ("9.00", "expense", 0, purse.world.staff),
    ):
        with pytest.raises(Conflict):
            disputes(amount, reason, days, actor)
    with pytest.raises(BadInput, match=r"9\.01"):
        disputes("9.01")
    made = disputes("9.00", days=CONTEST_DAYS - 0.01)
    assert (purse.payment(won).state, job_state(purse, won)) == ("disputed", "disputed")
    with pytest.raises(Conflict):
        disputes("9.00")
    doing(purse, decide_dispute, purse.operator, made, D("8.00"), "")()
    assert sums(purse, won) == ("due", D(0), D("7.20"), D("126.00"), D("14.80"), D(0))
    assert (purse.has("funds"), job_state(purse, won)) == (D("852.00"), "approved")
    with pytest.raises(Conflict):
        disputes("1.00")
    purse.balances()


@pytest.mark.parametrize(("amount", "reason", "disputed"), [("40.00", "hours", "49.00"), ("5.00", "expense", "9.00")])
def test_what_nobody_answered_joins_the_technicians_dispute_and_is_not_dropped(
    purse: Purse, amount: str, reason: str, disputed: str
):
    won, worker, _ = parked(purse)
    wish = Dispute(purse.payment(won).id, D(amount), reason, Position())
    with pytest.raises(BadInput):
        doing(purse, dispute_pay, worker, replace(wish, amount=D("140.01") if reason == "hours" else D("149.01")))()
    assert purse.payment(won).extras[0]["state"] == "asked"
    made = doing(purse, dispute_pay, worker, wish)()
    assert (the_dispute(purse).amount, purse.payment(won).extras[0]["state"]) == (D(disputed), "contested")
    assert purse.payment(won).due + purse.payment(won).fee == 0, "the client has not said yes to the rest"
    purse.approves(won)
    assert purse.payment(won).due + purse.payment(won).fee == D("149.00") - D(disputed)
    doing(purse, decide_dispute, purse.operator, made, D(disputed), "")()
    assert purse.payment(won).due + purse.payment(won).fee == D("149.00")
    assert purse.has("funds") == D("851.00")
    purse.balances()


def test_what_joined_the_technicians_dispute_gets_nothing_of_the_clients_own(purse: Purse):
    won, worker, _ = parked(purse)
    theirs = doing(purse, dispute_pay, worker, Dispute(purse.payment(won).id, D("9.00"), "expense", Position()))()
    wish = Dispute(purse.payment(won).id, D("100.00"), "expense", Position())
    ours = doing(purse, dispute_pay, purse.world.staff, wish)()
    assert sums(purse, won) == ("disputed", D("100.00"), D("36.00"), D(0), D("4.00"), D(0))
    doing(purse, decide_dispute, purse.operator, ours, D("60.00"), "")()
    assert "awarded" not in purse.payment(won).extras[0]
    doing(purse, decide_dispute, purse.operator, theirs, D("9.00"), "")()
    assert purse.payment(won).extras[0]["awarded"] == "9.00"
    assert sums(purse, won) == ("due", D(0), D("98.10"), D(0), D("10.90"), D("31.00"))
    assert purse.has("funds") == D("891.00")
    purse.balances()


def test_a_penalty_is_not_contested_late_although_no_sweep_has_passed_yet(purse: Purse):
    won, worker, penalty = done(purse)
    purse.approves(won)
    payment = purse.payment(won).id
    late = timedelta(days=CONTEST_DAYS)
    with pytest.raises(Conflict):
        purse.does(lambda session, now: answer_pay_extra(session, worker, payment, penalty, "contest", now=now + late))


def test_a_penalty_that_takes_everything_is_contested_up_to_what_there_was(purse: Purse):
    won, worker, penalty = done(purse, "150.00")
    purse.approves(won)
    assert sums(purse, won) == ("due", D("140.00"), D(0), D(0), D(0), D(0))
    contest(purse, won, worker, penalty)()
    assert the_dispute(purse).amount == D("140.00")
    doing(purse, concede_dispute, worker, the_dispute(purse).id)()
    assert sums(purse, won) == ("released", D(0), D(0), D(0), D(0), D("140.00"))
    purse.balances()


def test_two_penalties_are_contested_together_and_never_bring_more_than_they_took(purse: Purse):
    won, worker, penalty = done(purse, "100.00")
    doing(purse, ask_extra, purse.world.staff, purse.payment(won).id, ExtraWish("late", D("100.00")))()
    purse.approves(won)
    contest(purse, won, worker, penalty)()
    assert [each["state"] for each in purse.payment(won).extras] == ["contested", "contested"]
    assert the_dispute(purse).amount == D("140.00")
    doing(purse, decide_dispute, purse.operator, the_dispute(purse).id, D("140.00"), "")()
    assert sums(purse, won) == ("due", D(0), D("126.00"), D(0), D("14.00"), D(0))
    purse.balances()


def test_after_another_dispute_the_days_begin_anew_with_the_money_still_there(purse: Purse):
    won, worker, penalty = done(purse)
    purse.approves(won)
    wish = Dispute(purse.payment(won).id, D("40.00"), "quality", Position())
    other = doing(purse, dispute_pay, purse.world.staff, wish)()
    assert purse.payment(won).held == D("60.00")
    with pytest.raises(Conflict) as refused:
        contest(purse, won, worker, penalty)()
    assert "once that is decided" in str(refused.value)
    assert stand(purse) == 0
    doing(purse, decide_dispute, purse.operator, other, D("10.00"), "")()
    assert sums(purse, won) == ("due", D("20.00"), D("81.00"), D(0), D("9.00"), D("30.00"))
    contest(purse, won, worker, penalty)()
    doing(purse, decide_dispute, purse.operator, the_dispute(purse).id, D("20.00"), "")()
    assert sums(purse, won) == ("due", D(0), D("99.00"), D(0), D("11.00"), D("30.00"))
    purse.balances()


def test_contested_let_stand_and_paid_out_at_once_each_cent_goes_one_way(purse: Purse):
    purse.pays_in("5000")
    ends = set()
    for day in range(6):
        won, worker, penalty = done(purse, start_at=purse.world.start + timedelta(days=day))
        purse.approves(won)
        say = contest(purse, won, worker, penalty)
        answers = race([say, lambda: stand(purse), say, lambda: stand(purse), doing(purse, make_payouts)])
        assert {type(each) for each in answers if isinstance(each, Exception)} <= {Conflict}, answers
        after = purse.payment(won)
        ends.add(after.state)
        assert (after.state, after.held, after.refunded) in (
            ("disputed", D("20.00"), D(0)), ("due", D(0), D("20.00")), ("paid", D(0), D("20.00")),
        )  # fmt: skip
        assert after.due + after.paid + after.fee == D("120.00")
        purse.balances()
        if after.state == "disputed":
            doing(purse, decide_dispute, purse.operator, the_dispute(purse).id, D(0), "")()
            assert purse.payment(won).refunded == D("20.00")
        purse.runs_payouts()
        assert stand(purse) == 0
