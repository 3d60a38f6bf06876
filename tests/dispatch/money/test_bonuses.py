"""A client gives more than the offer listed: with a reason, within what who gives it may approve, on the same books."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from purse import Purse
from racing import race
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from dispatch.errors import BadInput, Conflict, Refused
from dispatch.jobs.acceptance import Won
from dispatch.money.bonuses import Bonus
from dispatch.money.provider import Word
from dispatch.record.session import ENGINE, Actor
from dispatch.record.tables import JobRow, PaymentRow, new_id
from dispatch.visits.completion import finish_job
from dispatch.visits.paying import answer_pay_extra, give_bonus, hear_of_payout

D = Decimal


def done(purse: Purse) -> tuple[Won, Actor]:
    """Work of 140 that is done."""
    won = purse.assigned()
    purse.worked(won, 2)
    technician = purse.payment(won).technician_id
    worker = Actor("technician", technician, technician_id=technician)
    purse.does(lambda session, now: finish_job(session, worker, won.job_id, now=now))
    return won, worker


def gives(purse: Purse, won: Won, actor: Actor, amount: str) -> bool:
    payment = purse.payment(won).id
    return purse.does(
        lambda session, now: give_bonus(session, actor, payment, Bonus(D(amount), "Stayed late"), now=now)
    )


def answers(purse: Purse, won: Won, actor: Actor, wish: str) -> None:
    payment = purse.payment(won)
    extra = UUID(payment.extras[-1]["id"])
    purse.does(lambda session, now: answer_pay_extra(session, actor, payment.id, extra, wish, now=now))


def test_a_bonus_is_a_line_of_the_pay_before_the_approval_and_due_at_once_after_it(purse: Purse):
    won, worker = done(purse)
    for wrong in ("0", "-1.00", "1.005", "NaN"):
        with pytest.raises(BadInput):
            gives(purse, won, purse.world.staff, wrong)
    with pytest.raises(Refused):
        gives(purse, won, worker, "20.00")
    assert gives(purse, won, purse.world.staff, "20.00")
    row = purse.payment(won)
    assert [(line["kind"], line["amount"]) for line in row.lines] == [("fixed", "140.00"), ("extra_bonus", "20.00")]
    assert (row.beyond, row.extras[0]["reason"]) == (D("20.00"), "Stayed late")
    purse.approves(won)
    row = purse.payment(won)
    assert (row.state, row.due, row.fee, purse.has("funds")) == ("due", D("144.00"), D("16.00"), D("840.00"))
    [payout] = purse.runs_payouts()
    purse.does(lambda session, now: hear_of_payout(session, ENGINE, Word(payout, "paid"), now=now))
    assert gives(purse, won, purse.world.staff, "10.00"), "also once it is paid"
    row = purse.payment(won)
    assert (row.state, row.due, row.fee, row.lines[-1]["amount"]) == ("due", D("9.00"), D("17.00"), "10.00")
    assert (purse.has("funds"), purse.does(lambda session, _: session.get_one(JobRow, won.job_id)).state) == (
        D("830.00"), "approved",
    )  # fmt: skip
    purse.balances()


def test_above_ones_limit_it_is_refused_and_above_a_sum_a_second_person_signs_it(purse: Purse):
    purse.agrees(limits={"dispatcher": "500", "requester": "15"}, second_above="50")
    won, _ = done(purse)
    dispatcher, other = (Actor("dispatcher", new_id(), client_id=purse.client) for _ in range(2))
    with pytest.raises(Refused):
        gives(purse, won, Actor("requester", new_id(), client_id=purse.client), "15.01")
    assert not gives(purse, won, dispatcher, "50.01")
    row = purse.payment(won)
    assert (row.extras[0]["state"], row.beyond, len(row.lines)) == ("proposed", D(0), 1), "no part of the pay yet"
    with pytest.raises(Conflict):
        answers(purse, won, dispatcher, "approve")
    answers(purse, won, other, "approve")
    assert (purse.payment(won).extras[0]["state"], purse.payment(won).beyond) == ("approved", D("50.01"))
    with pytest.raises(Conflict):
        answers(purse, won, other, "approve")
    assert not gives(purse, won, dispatcher, "60.00")
    answers(purse, won, dispatcher, "refuse")
    assert purse.payment(won).extras[1]["state"] == "withdrawn"
    assert purse.payment(won).beyond == D("50.01")


def test_a_bonus_that_two_sign_at_once_is_given_once_by_two_people(purse: Purse):
    purse.agrees(limits={"dispatcher": "5000"}, second_above="50")
    won, _ = done(purse)
    payment = purse.payment(won).id
    first, *others = (Actor("dispatcher", new_id(), client_id=purse.client) for _ in range(3))
    wish = Bonus(D("60.00"), "Stayed late")
    assert not purse.does(lambda session, now: give_bonus(session, first, payment, wish, now=now))
    extra = UUID(purse.payment(won).extras[0]["id"])

    def signs(actor: Actor) -> Callable[[], Any]:
        return lambda: purse.does(
            lambda session, now: answer_pay_extra(session, actor, payment, extra, "approve", now=now)
        )

    answers = race([signs(actor) for actor in (first, *others)])
    assert [isinstance(each, Conflict) for each in answers].count(True) == 2
    [given] = purse.payment(won).extras
    assert (given["state"], given["signed"][0]) == ("approved", str(first.id))
    assert given["second"][0] in {str(each.id) for each in others}
    assert purse.payment(won).beyond == D("60.00")


def test_bonuses_of_a_job_count_together_for_limit_and_signature(purse: Purse):
    purse.agrees(credit_limit="500", limits={"dispatcher": "50", "client_admin": "100"}, second_above="60")
    won, _ = done(purse)
    dispatcher = Actor("dispatcher", new_id(), client_id=purse.client)
    admin = Actor("client_admin", new_id(), client_id=purse.client)
    assert gives(purse, won, dispatcher, "30.00")
    with pytest.raises(Refused, match=r"not 60\.00"):
        gives(purse, won, dispatcher, "30.00")
    assert gives(purse, won, admin, "30.00")
    assert not gives(purse, won, admin, "5.00"), "with this it is 65"
    answers(purse, won, dispatcher, "approve")
    purse.balances()


def test_bonuses_for_each_of_two_people_count_together_by_the_program_and_by_the_database(purse: Purse):
    purse.agrees(credit_limit="900", limits={"dispatcher": "500"}, second_above="50")
    first, second = (purse.accepts(offer) for offer in purse.world.offered(count=2)[:2])
    assert isinstance(first, Won), first
    assert isinstance(second, Won), second
    dispatcher = Actor("dispatcher", new_id(), client_id=purse.client)
    assert gives(purse, first, dispatcher, "30.00")
    assert not gives(purse, second, dispatcher, "30.00"), "with this it is 60"
    [waits] = purse.payment(second).extras
    assert waits["state"] == "proposed"
    alone = [{**waits, "state": "approved", "second": [str(dispatcher.id), "dispatcher"]}]
    row = update(PaymentRow).where(PaymentRow.id == purse.payment(second).id)
    with pytest.raises(IntegrityError, match="takes two people"):
        purse.does(lambda session, _: session.execute(row.values(extras=alone)))
    # Of one person's pay alone it would be within what one may give.
    purse.does(lambda session, _: session.execute(row.values(extras=[{**alone[0], "amount": "20.00"}])))
