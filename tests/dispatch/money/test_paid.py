"""What becomes of what is due: in a payout, at the bank, in a year's sum, in the books; or asked back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations

import pytest
from purse import Purse, done
from sqlalchemy import create_engine, select, text, update

from dispatch.errors import BadInput, Conflict, NotFound, Refused
from dispatch.jobs.acceptance import Won
from dispatch.money.approving import approve_part
from dispatch.money.disputing import Dispute, Position
from dispatch.money.funds import move_funds, set_rules
from dispatch.money.ledger import Owner
from dispatch.money.payouts import Sent, hear, send_payouts
from dispatch.money.provider import LocalProvider, Word
from dispatch.money.statements import statement_of, yearly
from dispatch.money.verifying import verify_books
from dispatch.record.session import ENGINE, Actor, transaction
from dispatch.record.tables import DisputeRow, JobRow, PaymentRow, PayoutRow, new_id
from dispatch.talent.packfiles import shipped_packs
from dispatch.visits.paying import concede_dispute, decide_dispute, dispute_pay, hear_of_payout
from matching.job import Pay
from matching.packs import Pack

D = Decimal
HOURLY = Pay("hourly", D("70.00"), "USD")


def test_a_payout_is_made_once_sent_once_and_settled_once_in_whatever_order_the_word_comes(purse: Purse, tmp_path):
    won, other = done(purse), done(purse, start_at=purse.world.start + timedelta(days=1))
    purse.approves(won)
    purse.approves(other)
    person = purse.payment(won).technician_id
    assert purse.payment(other).technician_id == person
    [payout] = purse.runs_payouts()
    assert purse.runs_payouts() == []
    assert (purse.has("due", person), purse.has("in_payout", person)) == (D(0), D("252.00"))
    provider = LocalProvider(tmp_path)
    as_engine = lambda: transaction(purse.world.engine, ENGINE, role="engine")  # noqa: E731
    assert send_payouts(as_engine, provider) == Sent(1)
    assert send_payouts(as_engine, provider) == Sent(0)
    said = lambda outcome, why=None: purse.does(  # noqa: E731
        lambda session, now: hear_of_payout(session, ENGINE, Word(payout, outcome, why), now=now)
    )
    assert said("paid")
    assert not said("paid")
    assert (purse.has("in_payout", person), purse.has("outside")) == (D(0), D("-748.00"))
    states = select(JobRow.state).where(JobRow.id.in_([won.job_id, other.job_id]))
    assert purse.does(lambda session, _: session.scalars(states).all()) == ["paid", "paid"]
    assert said("returned", "account_closed")
    assert not said("returned")
    assert (purse.has("due", person), purse.payment(won).state) == (D("252.00"), "due")
    assert purse.does(lambda session, _: session.scalars(states).all()) == ["approved", "approved"], "money is due"
    [again] = purse.runs_payouts()
    assert not said("paid"), "an old word of the first transfer is none of the second"
    purse.does(lambda session, now: hear_of_payout(session, ENGINE, Word(again, "paid"), now=now))
    assert purse.does(lambda session, _: session.scalars(states).all()) == ["paid", "paid"]
    assert (purse.has("in_payout", person), purse.has("outside")) == (D(0), D("-748.00"))
    assert len((tmp_path / "payouts.jsonl").read_text().splitlines()) == 1
    with pytest.raises(NotFound):
        purse.does(lambda session, now: hear(session, ENGINE, Word(new_id(), "paid"), now=now))
    purse.balances()


@pytest.mark.parametrize(
    ("words", "end"),
    [(("paid", "returned"), "returned"), (("paid", "failed"), "failed"), (("failed", "returned"), "returned"),
     (("paid", "failed", "returned"), "returned")],
)  # fmt: skip
def test_whatever_order_the_words_of_one_transfer_come_in_the_end_is_the_same(purse: Purse, words, end: str):
    purse.pays_in("5000")
    for day, order in enumerate(permutations(words)):
        won = done(purse, start_at=purse.world.start + timedelta(days=day))
        purse.approves(won)
        person = purse.payment(won).technician_id
        before = (purse.has("fees"), purse.has("outside"))
        [payout] = purse.runs_payouts()
        for word in (*order, *reversed(order)):
            said = Word(payout, word, None if word == "paid" else "account_closed")
            purse.does(lambda session, now, said=said: hear_of_payout(session, ENGINE, said, now=now))
        row = purse.does(lambda session, _, payout=payout: session.get_one(PayoutRow, payout))
        assert (row.state, row.failed_why) == (end, "account_closed"), order
        job = purse.does(lambda session, _, won=won: session.get_one(JobRow, won.job_id))
        after = purse.payment(won)
        assert (after.state, after.due, after.paid, job.state) == ("due", D("126.00"), D(0), "approved"), order
        assert (purse.has("due", person), purse.has("in_payout", person)) == (D("126.00"), D(0)), order
        assert (purse.has("fees"), purse.has("outside")) == before, order
        purse.balances()
        [again] = purse.runs_payouts()
        purse.does(lambda session, now, it=again: hear_of_payout(session, ENGINE, Word(it, "paid"), now=now))
        assert purse.payment(won).paid == D("126.00"), "it goes out again, once"


def test_a_provider_that_was_told_before_a_fault_is_told_again_and_pays_once(purse: Purse, tmp_path):
    purse.approves(done(purse))
    [payout] = purse.runs_payouts()
    provider = LocalProvider(tmp_path)
    told = []

    class Fails(LocalProvider):
        def create_payout(self, order):
            told.append(super().create_payout(order))
            raise ConnectionError

    as_engine = lambda: transaction(purse.world.engine, ENGINE, role="engine")  # noqa: E731
    with pytest.raises(ConnectionError):
        send_payouts(as_engine, Fails(tmp_path))
    assert purse.does(lambda session, _: session.get_one(PayoutRow, payout)).state == "created"
    assert send_payouts(as_engine, provider) == Sent(1)
    assert len((tmp_path / "payouts.jsonl").read_text().splitlines()) == 1
    assert purse.does(lambda session, _: session.get_one(PayoutRow, payout)).provider_ref == told[0]


def test_a_payment_waits_for_its_date(purse: Purse):
    purse.agrees(credit_limit="200", pay_after_days=14)
    won = done(purse)
    purse.approves(won)
    assert purse.runs_payouts() == []
    purse.does(
        lambda session, now: session.execute(update(PaymentRow).values(due_at=now - timedelta(seconds=1))) and None
    )
    assert len(purse.runs_payouts()) == 1


@pytest.mark.parametrize("amount", ["0", "0.001", "-1000.01", "1e12", "NaN"])
def test_funds_are_moved_by_sums_of_the_currency_and_never_taken_below_the_credit(purse: Purse, amount: str):
    purse.agrees(credit_limit="0")
    with pytest.raises((BadInput, Conflict)):
        purse.pays_in(amount)
    assert purse.has("funds") == D("1000.00")


@pytest.mark.parametrize(
    "rules",
    [{"credit_limit": "-1"}, {"credit_limit": "NaN"}, {"credit_limit": "0.001"}, {"fee_share": "0.51"}, {"fee": "0.1"},
     {"approve_after_days": 91}, {"approve_after_days": True}, {"limits": {"operator": "1"}}, {"limits": []},
     {"dispute_days": 0}, {"second_above": "x"}],
)  # fmt: skip
def test_rules_out_of_their_limits_are_refused_by_name(purse: Purse, rules: dict):
    with pytest.raises(BadInput, match="money"):
        purse.agrees(**rules)


def test_only_the_operator_sets_rules_and_moves_funds(purse: Purse):
    for act in (
        lambda session, now: set_rules(session, purse.world.staff, purse.client, {}, now=now),
        lambda session, now: move_funds(session, purse.world.staff, purse.client, D(1), now=now),
    ):
        with pytest.raises(Refused):
            purse.does(act)


def test_a_years_sum_counts_the_day_of_payment_where_the_payee_lives_and_is_reported_from_the_threshold_on(
    purse: Purse,
):
    purse.pays_in("5000")
    purse.agrees(limits={"dispatcher": "5000"})
    won = done(purse, pay=Pay("fixed", D("2000.00"), "USD"))
    purse.approves(won)
    [payout] = purse.runs_payouts()
    # Seven in the evening of New Year's Eve in New York is 2027 in UTC already.
    paid_at = datetime(2027, 1, 1, 0, 30, tzinfo=UTC)
    purse.does(lambda session, _: hear(session, ENGINE, Word(payout, "paid"), now=paid_at))
    year = lambda num, zone: purse.does(lambda session, _: yearly(session, num, zone=zone, packs=shipped_packs()))  # noqa: E731
    [line] = year(2026, "America/New_York")
    assert (line.amount, line.num_payouts, line.is_reported) == (D("2000.00"), 1, True)
    assert (line.client_id, line.expenses, line.engaged_as) == (purse.client, D(0), "contractor")
    assert year(2027, "America/New_York") == []
    assert year(2026, "UTC") == []
    assert len(year(2027, "UTC")) == 1
    person = Owner(technician_id=purse.payment(won).technician_id)
    assert (
        len(purse.does(lambda session, _: yearly(session, 2026, zone="America/New_York", packs=[], owner=person))) == 1
    )
    other = Owner(technician_id=new_id())
    assert purse.does(lambda session, _: yearly(session, 2026, zone="America/New_York", packs=[], owner=other)) == []
    purse.does(lambda session, _: hear(session, ENGINE, Word(payout, "returned"), now=paid_at + timedelta(days=9)))
    [back] = year(2027, "America/New_York")
    assert (back.amount, back.is_reported) == (D("-2000.00"), False)


def test_the_sum_from_which_a_year_is_reported_is_that_of_its_own_version_at_the_turn_of_the_year(purse: Purse):
    purse.pays_in("5000")
    purse.agrees(limits={"dispatcher": "5000"})
    won = done(purse, pay=Pay("fixed", D("600.00"), "USD"))
    purse.approves(won)
    [payout] = purse.runs_payouts()
    midnight = datetime(2026, 1, 1, 5, tzinfo=UTC)  # in New York
    purse.does(lambda session, _: hear(session, ENGINE, Word(payout, "paid"), now=midnight - timedelta(seconds=1)))

    def year(num: int, zone: str, packs: tuple[Pack, ...]) -> list[tuple[D, bool]]:
        lines = purse.does(lambda session, _: yearly(session, num, zone=zone, packs=packs))
        return [(line.amount, line.is_reported) for line in lines]

    shipped = shipped_packs()
    assert year(2025, "America/New_York", shipped) == [(D("600.00"), True)], "600 until 2025"
    assert year(2026, "UTC", shipped) == [(D("600.00"), False)], "2,000 from 2026: the same payment, in UTC's days"
    assert year(2026, "America/New_York", shipped) == []
    only = [pack for pack in shipped if pack.kind == "tax_form"]
    assert year(2025, "America/New_York", tuple(pack for pack in only if pack.version == 2)) == [(D("600.00"), False)]
    cent = tuple(replace(pack, thresholds={**pack.thresholds, "amount": 600.01}) for pack in only)
    assert year(2025, "America/New_York", cent) == [(D("600.00"), False)], "a cent below it is not reported"


def test_the_books_are_verified_and_a_balance_set_behind_the_triggers_is_named(purse: Purse, admin_url: str):
    purse.approves(done(purse))
    assert purse.does(lambda session, _: verify_books(session)).wrong_accounts == ()
    with create_engine(admin_url).begin() as administrator:
        administrator.execute(text("ALTER TABLE ledger_accounts DISABLE TRIGGER USER"))
        administrator.execute(text("UPDATE ledger_accounts SET balance = balance + 1 WHERE kind = 'funds'"))
    found = purse.does(lambda session, _: verify_books(session))
    assert (len(found.wrong_accounts), found.wrong_transactions) == (1, ())


def approved(purse: Purse, **wishes) -> tuple[Won, PaymentRow, Actor]:
    """Work that was approved, of 140: 126 are due, 14 are our fee."""
    won = done(purse, **wishes)
    purse.approves(won)
    payment = purse.payment(won)
    return won, payment, Actor("technician", payment.technician_id, technician_id=payment.technician_id)


def asks_back(purse: Purse, payment: PaymentRow, amount: str):
    wish = Dispute(payment.id, D(amount), "quality", Position(note="The door does not close"))
    return purse.does(lambda session, now: dispute_pay(session, purse.world.staff, wish, now=now))


def test_what_was_approved_is_asked_back_and_goes_back_with_our_fee_when_the_technician_gives_way(purse: Purse):
    won, payment, worker = approved(purse)
    dispute = asks_back(purse, payment, "40.00")
    frozen = purse.payment(won)
    assert (frozen.state, frozen.held, frozen.due, frozen.fee) == ("disputed", D("40.00"), D("90.00"), D("10.00"))
    assert purse.has("due", payment.technician_id) == D("90.00")
    [payout] = purse.runs_payouts()
    assert purse.does(lambda session, _: session.get_one(PayoutRow, payout)).amount == D("90.00"), "the rest is paid"
    with pytest.raises(Refused):
        purse.does(lambda session, now: concede_dispute(session, purse.operator, dispute, now=now))
    purse.does(lambda session, now: concede_dispute(session, worker, dispute, now=now))
    with pytest.raises(Conflict):
        purse.does(lambda session, now: concede_dispute(session, purse.world.staff, dispute, now=now))
    after = purse.payment(won)
    assert (after.state, after.held, after.due, after.paid, after.fee, after.refunded) == (
        "paid", D(0), D(0), D("90.00"), D("10.00"), D("40.00"),
    )  # fmt: skip
    assert (purse.has("funds"), purse.has("fees")) == (D("900.00"), D("10.00"))
    assert purse.keys("approve", "refund", "release") == ["approve", "refund", "release"]
    far = datetime(2190, 1, 1, tzinfo=UTC)
    theirs = purse.does(
        lambda session, _: statement_of(
            session, Owner(technician_id=payment.technician_id), "USD", from_at=datetime(2000, 1, 1, tzinfo=UTC),
            to_at=far,
        )
    )  # fmt: skip
    shown = [(line.kind, line.amount, line.why) for line in theirs.lines]
    assert shown == [("approve", D("126.00"), None), ("refund", D("-36.00"), "quality"), ("payout", D("-90.00"), None)]
    purse.balances()


def test_what_is_asked_back_is_decided_by_a_person_and_what_they_award_is_due_again_on_its_old_day(purse: Purse):
    purse.agrees(credit_limit="200", fee_share="0.10", pay_after_days=14)
    won, payment, _worker = approved(purse)
    assert payment.due_at is not None
    dispute = asks_back(purse, payment, "140.00")
    assert purse.payment(won).due == D(0)
    purse.does(lambda session, now: decide_dispute(session, purse.operator, dispute, D("100.00"), "", now=now))
    after = purse.payment(won)
    assert (after.state, after.held, after.due, after.fee, after.refunded) == (
        "due", D(0), D("90.00"), D("10.00"), D("40.00"),
    )  # fmt: skip
    assert purse.has("funds") == D("900.00")
    with pytest.raises(Conflict):
        asks_back(purse, payment, "1.00")
    purse.balances()


def test_what_is_due_already_waits_no_longer_because_a_part_of_it_was_disputed(purse: Purse):
    purse.agrees(credit_limit="200", fee_share="0.10", pay_after_days=14)
    won, payment, _worker = approved(purse)
    asks_back(purse, payment, "40.00")
    [dispute] = purse.does(lambda session, _: session.scalars(select(DisputeRow.id)).all())
    later = timedelta(days=5)
    purse.does(lambda session, now: decide_dispute(session, purse.operator, dispute, D("40.00"), "", now=now + later))
    assert purse.payment(won).due_at == payment.due_at


@pytest.mark.parametrize("amount", ["140.01", "0", "-1", "0.001", "NaN"])
def test_no_more_is_asked_back_than_is_due(purse: Purse, amount: str):
    _won, payment, _worker = approved(purse)
    with pytest.raises(BadInput):
        asks_back(purse, payment, amount)
    purse.balances()


def test_what_is_in_a_payout_is_not_asked_back_and_a_technician_asks_nothing_back(purse: Purse):
    won, payment, worker = approved(purse)
    wish = Dispute(payment.id, D(1), "pay", Position())
    with pytest.raises(Conflict):
        purse.does(lambda session, now: dispute_pay(session, worker, wish, now=now))
    purse.runs_payouts()
    with pytest.raises(Conflict):
        asks_back(purse, payment, "1.00")
    assert purse.payment(won).state == "paid"
    purse.balances()


def test_a_client_gives_way_by_people_who_may_let_so_much_go(purse: Purse):
    purse.agrees(credit_limit="200", fee_share="0.10", limits={"dispatcher": "30", "client_admin": "500"})
    won = done(purse)
    wish = Dispute(purse.payment(won).id, D("40.00"), "hours", Position())
    dispute = purse.does(lambda session, now: dispute_pay(session, purse.world.staff, wish, now=now))
    with pytest.raises(Refused):
        purse.does(lambda session, now: concede_dispute(session, purse.world.staff, dispute, now=now))
    admin = Actor("client_admin", new_id(), client_id=purse.client)
    purse.does(lambda session, now: concede_dispute(session, admin, dispute, now=now))
    after = purse.payment(won)
    assert (after.state, after.due + after.fee) == ("held", D("40.00")), "of the other 100 nobody said yes who may"
    assert purse.approves(won, admin)
    after = purse.payment(won)
    assert (after.state, after.due + after.fee, after.refunded) == ("due", D("140.00"), D(0))
    purse.balances()


def test_fees_rounded_part_by_part_come_back_as_they_were_taken(purse: Purse):
    won = done(purse)
    payment = purse.payment(won)
    for amount in ("0.04", "0.04", "0.04", "139.88"):
        purse.does(
            lambda session, now, amount=amount: approve_part(session, purse.world.staff, payment.id, D(amount), now=now)
        )
    purse.approves(won)
    whole = purse.payment(won)
    assert (whole.due, whole.fee) == (D("126.01"), D("13.99"))
    asks_back(purse, payment, "140.00")
    after = purse.payment(won)
    assert (after.held, after.due, after.fee) == (D("140.00"), D(0), D(0))
    purse.balances()
