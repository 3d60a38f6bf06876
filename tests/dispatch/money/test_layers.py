"""What holds when a guard of money's races is taken away, and what happens when the one behind it goes too?

The same races as in `test_races.py`, with statements rewritten on their way to the database: a lock or a condition is
left out. Where two layers stand behind each other, one gone still books each cent once, both gone do not. Racers meet
after the reading that the lock would have kept apart, so nothing is left to chance.
"""

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from purse import Purse
from racing import race
from sqlalchemy import Engine, NullPool, create_engine, event, func, select, text
from sqlalchemy.exc import IntegrityError

from dispatch.errors import BadInput, Conflict, Refused
from dispatch.jobs.acceptance import Won
from dispatch.money import approving, claims
from dispatch.money.approving import approve_part
from dispatch.money.disputing import Dispute, Position, decide, open_dispute
from dispatch.money.payouts import hear, make_payouts
from dispatch.money.provider import Word
from dispatch.record.session import ENGINE, Actor
from dispatch.record.tables import EventRow, PaymentRow, PayoutRow
from dispatch.visits.completion import approve_job, finish_job

D = Decimal
_LOCK = re.compile(r" FOR (NO KEY )?UPDATE( SKIP LOCKED)?$")
#: guard -> (what a statement with it looks like, what is left out of it)
GUARDS = {
    "payments' lock": (re.compile(r"FROM payments\b.* FOR (NO KEY )?UPDATE", re.DOTALL), _LOCK),
    "accounts' lock": (re.compile(r"FROM ledger_accounts\b.* FOR NO KEY UPDATE", re.DOTALL), _LOCK),
    "payouts' lock": (re.compile(r"FROM payouts\b.* FOR UPDATE", re.DOTALL), _LOCK),
    "payments' version": (
        re.compile(r"^UPDATE payments\b", re.DOTALL),
        re.compile(r" AND payments\.version = %\(version_1\)s"),
    ),
    "assignments' lock": (re.compile(r"FROM assignments\b.* FOR NO KEY UPDATE", re.DOTALL), _LOCK),
    "jobs' lock": (re.compile(r"FROM jobs\b.* FOR NO KEY UPDATE", re.DOTALL), _LOCK),
    "jobs' state": (re.compile(r"^UPDATE jobs\b", re.DOTALL), re.compile(r" AND jobs\.state IN \(.*?\)(?= RETURNING)")),
    "disputes' state": (
        re.compile(r"^UPDATE disputes\b", re.DOTALL),
        re.compile(r" AND disputes\.state = %\(state_1\)s"),
    ),
}


@contextmanager
def without(engine: Engine, guards: Sequence[str], num_racers: int) -> Iterator[list[str]]:
    """Leave these guards out; racers that read without a lock wait for each other. What was left out, as it happens."""
    gate, left_out = threading.Barrier(num_racers), []

    def before(_c: Any, _u: Any, statement: str, parameters: Any, context: Any, _m: Any) -> tuple[str, Any]:
        for guard in guards:
            has_it, part = GUARDS[guard]
            if has_it.search(statement) and part.search(statement):
                statement = part.sub("", statement)
                left_out.append(guard)
                context.meets = guard.endswith("lock")
        return statement, parameters

    def after(_c: Any, _u: Any, _s: str, _p: Any, context: Any, _m: Any) -> None:
        if getattr(context, "meets", False):
            try:
                gate.wait(1)
            except threading.BrokenBarrierError:
                # Not everybody comes here again.
                return

    event.listen(engine, "before_cursor_execute", before, retval=True)
    event.listen(engine, "after_cursor_execute", after)
    try:
        yield left_out
    finally:
        event.remove(engine, "before_cursor_execute", before)
        event.remove(engine, "after_cursor_execute", after)


def doing(purse: Purse, use_case: Callable[..., Any], *args: Any) -> Callable[[], Any]:
    """The use case in a transaction of its own; what the database refuses is an answer too."""

    def do() -> Any:
        try:
            return purse.does(lambda session, now: use_case(session, *args, now=now))
        except IntegrityError as error:
            return error

    return do


def done(purse: Purse, day: int = 0) -> tuple[Won, PaymentRow]:
    won = purse.assigned(start_at=purse.world.start + timedelta(days=day))
    purse.worked(won, 2)
    technician = purse.payment(won).technician_id
    doing(purse, finish_job, Actor("technician", technician, technician_id=technician), won.job_id)()
    return won, purse.payment(won)


def floorless(purse: Purse) -> None:
    purse.does(lambda session, _: session.execute(text("UPDATE ledger_accounts SET floor = NULL")) and None)


def is_right(purse: Purse) -> bool:
    """Whether every cent is where the payments say, and no account has what it cannot have."""
    try:
        purse.balances()
    except AssertionError:
        return False
    low = "SELECT count(*) FROM ledger_accounts WHERE balance < 0 AND kind <> 'funds'"
    return purse.does(lambda session, _: session.scalar(text(low))) == 0


@pytest.mark.parametrize(
    ("gone", "holds"),
    [((), True), (("payments' lock",), True), (("payments' version",), True),
     (("payments' lock", "payments' version"), False)],
)  # fmt: skip
def test_two_parts_are_never_more_than_the_whole(purse: Purse, gone: tuple[str, ...], holds: bool):
    """Two parts of 100 of a claim of 140: by the row's lock one of them looks late, its version writes over nothing."""
    won, payment = done(purse)
    done(purse, 1)
    part = doing(purse, approve_part, purse.world.staff, payment.id, D("100.00"))
    with without(purse.world.engine, gone, 2) as left_out:
        answers = race([part, part])
    assert set(left_out) == set(gone)
    after = purse.payment(won)
    assert is_right(purse) is holds
    if holds:
        assert [each for each in answers if each is True] == [True]
        assert {type(each) for each in answers if each is not True} <= {BadInput, Conflict}
        assert (after.held, after.due, after.fee) == (D("40.00"), D("90.00"), D("10.00"))


@pytest.mark.parametrize(
    ("gone", "has_trigger", "holds"),
    [((), False, True), (("payments' lock",), False, True), (("accounts' lock",), False, True),
     (("payments' lock", "accounts' lock"), True, True), (("payments' lock", "accounts' lock"), False, False)],
)  # fmt: skip
def test_parts_of_a_job_of_two_people_are_within_the_limit_together(
    purse: Purse, admin_url: str, gone: tuple[str, ...], has_trigger: bool, holds: bool
):
    """A dispatcher may approve 150 of a job, and 100 of each one's pay is approved at once: one of the two is refused.

    Holding all payments of the job keeps them apart, and so do the client's accounts; behind both stands the trigger,
    which counts again once the first has moved its money.
    """
    purse.agrees(limits={"dispatcher": "150"})
    offers = purse.world.offered(count=2)
    payments = []
    for won in (purse.accepts(offers[0]), purse.accepts(offers[1])):
        assert isinstance(won, Won), won
        purse.worked(won, 2)
        payments.append(purse.payment(won))
    worker = Actor("technician", payments[0].technician_id, technician_id=payments[0].technician_id)
    doing(purse, finish_job, worker, payments[0].job_id)()
    if not has_trigger:
        engine = create_engine(admin_url, poolclass=NullPool)
        with engine.begin() as administrator:
            administrator.execute(text("ALTER TABLE payments DISABLE TRIGGER payments_approved"))
    staff = purse.world.staff
    with without(purse.world.engine, gone, 2) as left_out:
        answers = race([doing(purse, approve_part, staff, each.id, D("100.00")) for each in payments])
    assert set(left_out) == set(gone)
    assert ([each is True for each in answers].count(True) == 1) is holds, answers
    assert {type(each) for each in answers if each is not True} <= {Refused, IntegrityError}
    due = purse.does(lambda session, _: session.scalar(select(func.sum(PaymentRow.due + PaymentRow.fee))))
    assert due == (D("100.00") if holds else D("200.00"))
    assert is_right(purse)


@pytest.mark.parametrize(
    ("gone", "is_counted", "holds"),
    [((), True, True), (("payments' lock", "payments' version"), True, True), ((), False, True),
     (("payments' lock", "payments' version"), False, False)],
)  # fmt: skip
def test_the_whole_is_booked_once(
    purse: Purse, monkeypatch: pytest.MonkeyPatch, gone: tuple[str, ...], is_counted: bool, holds: bool
):
    """Two approvals of a claim of 140: one books it; the other finds nothing held, or nothing left to approve."""
    purse.pays_in("1000")
    won, _ = done(purse)
    if not is_counted:
        monkeypatch.setattr(claims, "approved_of", lambda _payment: D(0))
    whole = doing(purse, approving.approve_all, purse.world.staff, won.job_id, "approved")
    with without(purse.world.engine, gone, 2) as left_out:
        race([whole, whole])
    assert set(left_out) == set(gone)
    after = purse.payment(won)
    assert (after.due + after.fee == D("140.00")) is holds
    assert (purse.has("due", after.technician_id) == D("126.00")) is holds


@pytest.mark.parametrize(
    ("gone", "holds"),
    [((), True), (("assignments' lock", "jobs' lock"), True), (("jobs' state",), True),
     (("assignments' lock", "jobs' lock", "jobs' state"), False)],
)  # fmt: skip
def test_a_job_is_approved_once(purse: Purse, gone: tuple[str, ...], holds: bool):
    """The second of two people waits for the job and finds it approved; behind that, it moves on only once."""
    won, _ = done(purse)
    whole = doing(purse, approve_job, purse.world.staff, won.job_id)
    with without(purse.world.engine, gone, 2) as left_out:
        answers = race([whole, whole])
    assert set(left_out) == set(gone)
    told = select(func.count()).where(EventRow.subject_id == won.job_id, EventRow.kind == "approved")
    assert (purse.does(lambda session, _: session.scalar(told)) == 1) is holds
    assert (sorted(map(str, answers)).count("True") == 1) is holds
    assert is_right(purse), "the money has guards of its own"


@pytest.mark.parametrize(
    ("gone", "has_floor", "holds"),
    [((), True, True), (("payments' lock",), True, True), ((), False, True), (("payments' lock",), False, False)],
)
def test_two_runs_pay_once(purse: Purse, gone: tuple[str, ...], has_floor: bool, holds: bool):
    """A run leaves out what another holds; behind it, what is due to somebody cannot fall below nothing."""
    won, _ = done(purse)
    purse.approves(won)
    if not has_floor:
        floorless(purse)
    with without(purse.world.engine, gone, 2) as left_out:
        answers = race([doing(purse, make_payouts)] * 2)
    assert set(left_out) == set(gone)
    paid = purse.does(lambda session, _: session.scalar(select(func.sum(PayoutRow.amount))))
    assert (paid == D("126.00")) is holds
    assert is_right(purse) is holds
    if holds and gone:
        assert [type(each) for each in answers if isinstance(each, Exception)] == [IntegrityError]


@pytest.mark.parametrize(
    ("gone", "has_floor", "holds"),
    [((), True, True), (("payouts' lock",), True, True), ((), False, True), (("payouts' lock",), False, False)],
)
def test_a_payout_arrives_or_fails_and_never_both(purse: Purse, gone: tuple[str, ...], has_floor: bool, holds: bool):
    """One of two callbacks looks late; behind it, what is on its way to a bank cannot fall below nothing."""
    won, _ = done(purse)
    purse.approves(won)
    [payout] = purse.runs_payouts()
    if not has_floor:
        floorless(purse)
    words = [Word(payout, "paid"), Word(payout, "failed")]
    with without(purse.world.engine, gone, 2) as left_out:
        race([doing(purse, hear, ENGINE, word) for word in words])
    assert set(left_out) == set(gone)
    assert is_right(purse) is holds
    assert (len(purse.keys("payout_paid", "payout_failed")) == 1) is holds


@pytest.mark.parametrize(("gone", "num_booked"), [((), 1), (("payouts' lock",), 1)])
def test_a_callback_that_comes_twice_at_once_is_booked_once_by_its_key(
    purse: Purse, gone: tuple[str, ...], num_booked: int
):
    """Without the lock both believe that they are news: the ledger's key is what books it once (`test_ledger_post`)."""
    won, _ = done(purse)
    purse.approves(won)
    [payout] = purse.runs_payouts()
    with without(purse.world.engine, gone, 2) as left_out:
        heard = race([doing(purse, hear, ENGINE, Word(payout, "paid"))] * 2)
    assert set(left_out) == set(gone)
    assert sum(heard) == (2 if gone else 1)
    assert len(purse.keys("payout_paid")) == num_booked
    assert is_right(purse)


@pytest.mark.parametrize(("gone", "holds"), [((), True), (("disputes' state",), False)])
def test_a_dispute_is_decided_once(purse: Purse, gone: tuple[str, ...], holds: bool):
    won, payment = done(purse)
    wish = Dispute(payment.id, D("100.00"), "quality", Position())
    dispute = doing(purse, open_dispute, purse.world.staff, wish)()
    with without(purse.world.engine, gone, 2) as left_out:
        answers = race([doing(purse, decide, purse.operator, dispute, D(sum_), "") for sum_ in (60, 80)])
    assert set(left_out) == set(gone)
    after = purse.payment(won)
    assert (sum(each is None for each in answers) == 1) is holds
    assert (after.due + after.fee <= D("140.00") - D("20.00")) is holds
