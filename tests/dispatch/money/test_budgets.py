"""What commits a budget, what is refused beyond a hard one, what a soft one asks for; by real commits too."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from purse import Purse
from racing import race
from sqlalchemy import Engine, create_engine, event, func, select, text

from dispatch.errors import BadInput, Conflict, Refused
from dispatch.jobs.acceptance import Lost, Won
from dispatch.jobs.answers import counter_offer
from dispatch.jobs.changes import Change, accept_counter, change_job
from dispatch.jobs.rebudgeting import put_budget
from dispatch.money.approving import approve_part
from dispatch.money.bonuses import Bonus
from dispatch.money.budgets import BudgetWish, change_budget, create_budget, usage_of
from dispatch.money.disputing import Dispute, Position
from dispatch.money.extras import ExtraWish, ask_extra
from dispatch.money.signing import lack_of
from dispatch.record.session import Actor
from dispatch.record.tables import BudgetRow, EventRow, JobRow, OfferRow, PaymentRow, new_id
from dispatch.visits.cancelling import cancel_work
from dispatch.visits.completion import approve_silently, finish_job
from dispatch.visits.paying import dispute_pay, give_bonus
from matching.job import Pay

D = Decimal
FIRST = date(2020, 1, 1)
EXTRAS = {"rates": {"extras": [{"code": "bonus", "kind": "bonus", "cap": "500.00"}]}}
HOURLY = Pay("hourly", D("70.00"), "USD")


@pytest.fixture
def rich(purse: Purse) -> Purse:
    """Acme with plenty of money: only a budget says no."""
    purse.pays_in("100000")
    return purse


def admin(purse: Purse) -> Actor:
    return Actor("client_admin", new_id(), client_id=purse.client)


def budget(purse: Purse, amount: str, *, code: str = "PO-1", **more: Any) -> UUID:
    wish = BudgetWish(code, "Refit", "USD", D(amount), **{"is_hard": True, "from_on": FIRST, **more})
    return purse.does(lambda session, now: create_budget(session, admin(purse), purse.client, wish, now=now))


def used(purse: Purse, budget_id: UUID) -> tuple[Decimal, Decimal, Decimal]:
    """Committed, spent, asked."""

    def read(session, _):
        row = session.get_one(BudgetRow, budget_id)
        usage = usage_of(session, [row])[budget_id]
        return usage.committed, usage.spent, usage.asked

    return purse.does(read)


def adds_up(purse: Purse) -> bool:
    """Whether what each budget says is what its payments say."""
    total = PaymentRow.held + PaymentRow.beyond + PaymentRow.due + PaymentRow.paid + PaymentRow.fee
    sums = select(PaymentRow.budget_id, func.sum(total)).where(PaymentRow.budget_id.is_not(None)).group_by(
        PaymentRow.budget_id
    )  # fmt: skip

    def read(session, _):
        kept = dict(session.execute(select(BudgetRow.id, BudgetRow.committed)).all())
        return kept == dict.fromkeys(kept, D(0)) | dict(session.execute(sums).all())

    return purse.does(read)


def doing(purse: Purse, use_case: Callable[..., Any], *args: Any, **more: Any) -> Callable[[], Any]:
    return lambda: purse.does(lambda session, now: use_case(session, *args, **more, now=now))


def done(purse: Purse, hours: float = 2, **wishes: Any) -> Won:
    won = purse.assigned(**wishes)
    purse.worked(won, hours)
    technician = purse.payment(won).technician_id
    doing(purse, finish_job, Actor("technician", technician, technician_id=technician), won.job_id)()
    return won


def told(purse: Purse, kind: str) -> list[dict[str, Any]]:
    wanted = select(EventRow.data).where(EventRow.kind == kind).order_by(EventRow.id)
    return purse.does(lambda session, _: list(session.scalars(wanted)))


def on(purse: Purse, day: int) -> dict[str, Any]:
    return {"start_at": purse.world.start + timedelta(days=day)}


def one_each(purse: Purse, num: int = 8) -> list[OfferRow]:
    """A job of 140 a day under the budget, and its offer to a technician of its own: nothing else makes them wait."""
    jobs = [purse.world.offered(budget="PO-1", **on(purse, day)) for day in range(num)]
    who = purse.world.technicians
    return [next(each for each in offers if each.technician_id == who[day]) for day, offers in enumerate(jobs)]


def shrinks(purse: Purse, budget_id: UUID, amount: str, version: int = 1) -> None:
    """Acme's admin takes money out of a budget."""
    changes = {"amount": D(amount)}
    assert doing(purse, change_budget, admin(purse), budget_id, changes, version)()


def test_a_budget_follows_its_jobs_from_the_posting_to_the_approval(rich: Purse):
    mine = budget(rich, "500")
    offers = rich.world.offered(budget="PO-1")
    assert used(rich, mine) == (D(0), D(0), D("140.00"))
    won = rich.accepts(offers[0])
    assert used(rich, mine) == (D("140.00"), D(0), D(0))
    rich.worked(won, 2)
    technician = rich.payment(won).technician_id
    doing(rich, finish_job, Actor("technician", technician, technician_id=technician), won.job_id)()
    assert rich.approves(won)
    assert used(rich, mine) == (D("140.00"), D("140.00"), D(0)), "our fee is part of what the client spends"
    other = rich.assigned(budget="PO-1", **on(rich, 1))
    doing(rich, cancel_work, rich.world.staff, other.job_id, "other")()
    assert used(rich, mine) == (D("140.00"), D("140.00"), D(0)), "what was set aside went back"
    assert told(rich, "budget_made") == [
        {"budget": str(mine), "amount": "500", "currency": "USD", "is_hard": True}
    ]  # fmt: skip
    assert adds_up(rich)


def test_yeses_at_once_near_the_limit_never_pass_a_hard_budget(rich: Purse):
    """500 for eight jobs of 140: three fit, five technicians are told that it was nothing they did."""
    mine = budget(rich, "2000")
    offers = one_each(rich)
    shrinks(rich, mine, "500")
    answers = race([lambda offer=offer: rich.accepts(offer) for offer in offers])
    assert len([each for each in answers if isinstance(each, Won)]) == 3
    assert {each.code for each in answers if isinstance(each, Lost)} == {"unfunded"}
    assert used(rich, mine)[0] == D("420.00")
    assert adds_up(rich)
    rich.balances()


EARLY = """
CREATE FUNCTION looks_early() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF (SELECT committed + NEW.held > amount FROM budgets WHERE id = NEW.budget_id) THEN
        RAISE check_violation USING CONSTRAINT = 'payments_budget';
    END IF;
    PERFORM pg_sleep(0.3);
    UPDATE budgets SET committed = committed + NEW.held WHERE id = NEW.budget_id;
    RETURN NULL;
END $$;
DROP TRIGGER payments_budget ON payments;
CREATE TRIGGER payments_budget AFTER INSERT ON payments FOR EACH ROW EXECUTE FUNCTION looks_early();
"""


@contextmanager
def unlocked(engine: Engine) -> Iterator[None]:
    """Budgets are read without holding them."""

    def before(_c: Any, _u: Any, statement: str, parameters: Any, _x: Any, _m: Any) -> tuple[str, Any]:
        held = re.search(r"FROM budgets\b.*FOR NO KEY UPDATE", statement, re.DOTALL)
        return (statement.replace("FOR NO KEY UPDATE", "") if held else statement), parameters

    event.listen(engine, "before_cursor_execute", before, retval=True)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", before)


@pytest.mark.parametrize(
    ("compares_with_adding", "is_held", "keeps"),
    [(True, True, True), (True, False, True), (False, True, True), (False, False, False)],
)
def test_one_statement_compares_and_adds_and_behind_it_the_budget_is_held(
    rich: Purse, admin_url: str, compares_with_adding: bool, is_held: bool, keeps: bool
):
    """Four yeses of 140, room for one. Compared before, by the same figures and without the lock, all pass."""
    mine = budget(rich, "2000")
    offers = one_each(rich, 4)
    shrinks(rich, mine, "200")
    if not compares_with_adding:
        with create_engine(admin_url).begin() as administrator:
            administrator.exec_driver_sql(EARLY)
    with nullcontext() if is_held else unlocked(rich.world.engine):
        answers = race([lambda offer=offer: rich.accepts(offer) for offer in offers])
    assert (used(rich, mine)[0] == D("140.00")) is keeps, answers
    assert [isinstance(each, Won) for each in answers].count(True) == (1 if keeps else 4)


def test_a_posting_a_better_pay_and_a_counter_that_pass_a_hard_budget_are_refused(rich: Purse):
    mine = budget(rich, "200")
    dear = Pay("fixed", D("200.01"), "USD")
    with pytest.raises(Refused, match=r"budget PO-1 has 200\.00 USD left, and this may cost 200\.01") as refused:
        rich.world.post(budget="PO-1", pay=dear)
    assert refused.value.reasons == ("over_budget",)
    offer, *_ = rich.world.offered(budget="PO-1")
    staff = rich.world.staff
    with pytest.raises(Refused, match="may cost"):
        doing(rich, change_job, staff, offer.job_id, Change(pay=dear))()
    ask = doing(
        rich, counter_offer, rich.world.actor_of(offer), offer.id, pay=dear, start_at=None, reason="pay", note=""
    )
    counter = ask()
    answer = doing(rich, accept_counter, staff, counter)()
    assert isinstance(answer, Lost)
    assert answer.code == "over_budget"
    assert used(rich, mine) == (D(0), D(0), D("140.00"))
    shrinks(rich, mine, "200.01")
    assert isinstance(doing(rich, accept_counter, staff, counter)(), Won)
    assert used(rich, mine)[0] == D("200.01")


def test_nobody_is_asked_for_work_that_its_budget_has_no_room_for(rich: Purse):
    mine = budget(rich, "280")
    first, second = rich.world.post(budget="PO-1"), rich.world.post(budget="PO-1", **on(rich, 1))
    shrinks(rich, mine, "150")
    rich.world.send_waves()
    assert isinstance(rich.accepts(rich.world.offers(first)[0]), Won)
    [other, *_] = rich.world.offers(second)
    lost = rich.accepts(other)
    assert isinstance(lost, Lost)
    assert lost.code == "unfunded", "a technician hears nothing of budgets"
    third = Change(pay=Pay("fixed", D("5.00"), "USD"))
    doing(rich, change_job, rich.world.staff, second, third)()
    shrinks(rich, mine, "141", 2)
    rich.world.send_waves()
    job = rich.does(lambda session, _: session.get_one(JobRow, second))
    assert (job.state, job.unfilled["is_over_budget"]) == ("unfilled", True)
    assert job.unfilled["ways_on"] == ["raise_budget", "cancel"]


def test_an_extra_beyond_a_hard_budget_is_refused_when_it_is_promised_not_when_it_is_paid(rich: Purse):
    mine = budget(rich, "200")
    won = rich.assigned(budget="PO-1", day_policy=EXTRAS)
    payment = rich.payment(won).id
    staff = rich.world.staff
    with pytest.raises(Refused, match="more than is left"):
        doing(rich, ask_extra, staff, payment, ExtraWish("bonus", D("60.01")))()
    doing(rich, ask_extra, staff, payment, ExtraWish("bonus", D("60.00")))()
    assert used(rich, mine) == (D("200.00"), D(0), D(0))
    with pytest.raises(Refused):
        rich.world.post(budget="PO-1", pay=Pay("fixed", D("0.01"), "USD"), **on(rich, 1))
    rich.worked(won, 2)
    technician = rich.payment(won).technician_id
    doing(rich, finish_job, Actor("technician", technician, technician_id=technician), won.job_id)()
    doing(rich, approve_part, staff, payment, D("170.00"))()
    assert used(rich, mine) == (D("200.00"), D("170.00"), D(0)), "30 of the bonus are still to come"
    assert rich.approves(won)
    assert used(rich, mine) == (D("200.00"), D("200.00"), D(0))
    assert adds_up(rich)
    rich.balances()


def test_a_bonus_that_was_not_listed_needs_room_in_a_hard_budget_before_the_approval_and_after(rich: Purse):
    budget(rich, "160")
    won = done(rich, budget="PO-1")
    give = lambda amount: doing(  # noqa: E731
        rich, give_bonus, rich.world.staff, rich.payment(won).id, Bonus(D(amount), "Stayed late")
    )
    with pytest.raises(Refused, match="budget"):
        give("20.01")()
    assert give("15.00")()
    rich.approves(won)
    with pytest.raises(Refused, match="budget"):
        give("5.01")()
    assert rich.payment(won).due + rich.payment(won).fee == D("155.00")
    assert give("5.00")()
    assert rich.payment(won).due + rich.payment(won).fee == D("160.00")
    assert adds_up(rich)


def lacks(rich: Purse, actor: Actor, job_id: UUID) -> str | None:
    """What the actor's yes to a job would lack."""
    held = select(PaymentRow).where(PaymentRow.job_id == job_id, PaymentRow.state == "held")
    return rich.does(lambda session, _: lack_of(session, actor, session.scalars(held).all()).missing)


def test_more_hours_than_the_budget_holds_are_not_approved_by_a_person_and_are_owed_after_the_days(rich: Purse):
    """Two hours at 70 are set aside, three were worked: 210 of a budget of 150."""
    mine = budget(rich, "150")
    won = done(rich, 3, pay=HOURLY, budget="PO-1")
    payment = rich.payment(won).id
    assert lacks(rich, rich.world.staff, won.job_id) == "budget", "it is told before the yes is given"
    with pytest.raises(Refused, match="more than is left") as refused:
        rich.approves(won)
    assert refused.value.reasons == ("over_budget",)
    with pytest.raises(Refused):
        doing(rich, approve_part, rich.world.staff, payment, D("150.01"))()
    assert doing(rich, approve_part, rich.world.staff, payment, D("150.00"))()
    assert rich.does(lambda session, now: approve_silently(session, now + timedelta(days=8))) == 1
    assert used(rich, mine) == (D("210.00"), D("210.00"), D(0)), "agreed hours are owed, whatever the client meant"
    assert adds_up(rich)
    rich.balances()


def test_a_soft_budget_takes_a_reason_of_somebody_who_may_give_one(rich: Purse):
    mine = budget(rich, "100", is_hard=False)
    with pytest.raises(Refused, match="a client_admin gives a reason") as refused:
        rich.world.post(budget="PO-1")
    assert refused.value.reasons == ("over_soft_budget",)
    with pytest.raises(Refused, match="given by client_admin"):
        rich.world.post(budget="PO-1", budget_reason="The fridge is full")
    cheap = rich.world.post(budget="PO-1", pay=Pay("fixed", D("90.00"), "USD"))
    dearer = Change(pay=Pay("fixed", D("140.00"), "USD"))
    with pytest.raises(Refused, match="gives a reason"):
        doing(rich, change_job, rich.world.staff, cheap, dearer)()
    doing(rich, put_budget, admin(rich), cheap, "PO-1", "The fridge is full")()
    doing(rich, change_job, rich.world.staff, cheap, dearer)()
    rich.world.send_waves()
    assert isinstance(rich.accepts(rich.world.offers(cheap)[0]), Won)
    assert told(rich, "budget_reasoned") == [{"budget": str(mine), "committed": "0.00", "amount": "100.00"}]
    assert told(rich, "budget_passed") == [
        {"budget": str(mine), "committed": "140.00", "amount": "100.00", "currency": "USD"}
    ]  # fmt: skip
    kept = rich.does(lambda session, _: session.get_one(JobRow, cheap).over_budget)
    assert (kept["reason"], kept["role"]) == ("The fridge is full", "client_admin")


def test_a_soft_budget_that_a_yes_passed_takes_two_people_to_approve(rich: Purse):
    mine = budget(rich, "280", is_hard=False)
    offers = one_each(rich, 2)
    shrinks(rich, mine, "200")
    for offer in offers:
        assert isinstance(rich.accepts(offer), Won), "nobody of the client is there to be asked: it is flagged"
    assert len(told(rich, "budget_passed")) == 1
    won = done(rich, budget=None, **on(rich, 5))
    assert rich.approves(won), "work under no budget"
    for offer in offers:
        payment = rich.does(
            lambda session, _, job=offer.job_id: session.scalars(
                select(PaymentRow).where(PaymentRow.job_id == job)
            ).one()
        )
        made = Won(payment.assignment_id, offer.job_id, offer.visit_id, payment.id, offer.sent_at, offer.sent_at)
        rich.worked(made, 2)
        doing(rich, finish_job, rich.world.actor_of(offer), offer.job_id)()
        first, second = rich.world.staff, rich.world.staff
        assert lacks(rich, first, offer.job_id) == "second"
        assert not rich.approves(made, first)
        assert not rich.approves(made, first)
        assert lacks(rich, second, offer.job_id) is None
        assert rich.approves(made, second)
    assert used(rich, mine) == (D("280.00"), D("280.00"), D(0))


def test_a_job_moves_to_another_budget_with_all_that_it_commits_or_not_at_all(rich: Purse):
    mine, other = budget(rich, "200"), budget(rich, "139.99", code="PO-2")
    won = rich.assigned(budget="PO-1")
    staff = rich.world.staff
    move = doing(rich, put_budget, staff, won.job_id, "PO-2", None)
    with pytest.raises(Refused, match="more than is left"):
        move()
    assert (used(rich, mine)[0], used(rich, other)[0]) == (D("140.00"), D(0))
    shrinks(rich, other, "140")
    move()
    assert (used(rich, mine)[0], used(rich, other)[0]) == (D(0), D("140.00"))
    answers = race([doing(rich, put_budget, staff, won.job_id, code, None) for code in ("PO-1", "PO-2", None, "PO-1")])
    assert [each for each in answers if isinstance(each, Exception)] == []
    assert adds_up(rich)


def test_a_budget_is_for_its_days_its_currency_and_its_client(rich: Purse):
    day = rich.world.start.date()
    budget(rich, "500", from_on=day, until_on=day)
    rich.world.post(budget="PO-1")
    for late in (-1, 1):
        with pytest.raises(Refused, match="name another budget, or another day"):
            rich.world.post(budget="PO-1", **on(rich, late))
    with pytest.raises(BadInput, match="name one of your budgets"):
        rich.world.post(budget="PO-9")
    with pytest.raises(BadInput, match="nobody goes beyond a hard budget"):
        rich.world.post(budget="PO-1", budget_reason="I want to")
    with pytest.raises(BadInput, match="name a budget"):
        rich.world.post(budget_reason="I want to")
    with pytest.raises(BadInput, match="pay the job in its budget's currency, USD"):
        rich.world.post(budget="PO-1", pay=Pay("fixed", D("90.00"), "EUR"))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"amount": "NaN"}, "amount"), ({"amount": "-1"}, "amount"), ({"amount": "1.001"}, "amount"),
     ({"until_on": date(2019, 12, 31)}, "until_on"), ({"reason_roles": ("operator",)}, "reason_roles"),
     ({"code": "PO-0"}, "code")],
)  # fmt: skip
def test_a_budget_that_cannot_be_is_refused_by_the_field(rich: Purse, wrong: dict[str, Any], field: str):
    budget(rich, "1", code="PO-0")
    with pytest.raises(BadInput) as refused:
        budget(rich, wrong.pop("amount", "5"), **{"code": "PO-1", **wrong})
    assert refused.value.field == field


def test_budgets_are_the_admins_and_want_money_that_is_counted(rich: Purse):
    wish = BudgetWish("PO-1", "Refit", "USD", D(5), True, FIRST)
    with pytest.raises(Refused, match="kept by a client's admin"):
        doing(rich, create_budget, rich.world.staff, rich.client, wish)()
    rich.does(lambda session, _: session.execute(text("UPDATE clients SET money = NULL, pays_outside = true")) and None)
    with pytest.raises(Conflict, match="agree on money rules first"):
        budget(rich, "5")


def test_a_dispute_is_no_way_past_a_hard_budget(rich: Purse):
    """210 of a budget of 150 are claimed; a client that disputes a cent has not said yes to the rest."""
    mine = budget(rich, "150")
    won = done(rich, 3, pay=HOURLY, budget="PO-1")
    doing(rich, dispute_pay, rich.world.staff, Dispute(rich.payment(won).id, D("0.01"), "hours", Position()))()
    assert (rich.payment(won).state, used(rich, mine)) == ("held", (D("140.00"), D(0), D(0)))
    assert rich.does(lambda session, now: approve_silently(session, now + timedelta(days=8))) == 1
    assert (rich.payment(won).state, used(rich, mine)[1]) == ("disputed", D("209.99")), "silence owes it"
    rich.balances()
