"""From the client's funds to what is due: set aside, given back, approved, disputed; or refused."""

from datetime import timedelta
from decimal import Decimal

import pytest
from purse import Purse, done
from sqlalchemy import select

from dispatch.errors import BadInput, Conflict, NotFound, Refused
from dispatch.jobs.acceptance import Lost, Won
from dispatch.jobs.answers import counter_offer
from dispatch.jobs.changes import accept_counter
from dispatch.jobs.releasing import release
from dispatch.money.approving import approve_part
from dispatch.money.disputing import Dispute, Position, open_dispute, state_position
from dispatch.record.session import Actor
from dispatch.record.tables import AlarmRow, AssignmentRow, DisputeRow, JobRow, PaymentRow, new_id
from dispatch.visits.agreeing import accept_proposal
from dispatch.visits.cancelling import cancel_work
from dispatch.visits.completion import approve_silently, send_back_job
from dispatch.visits.paying import concede_dispute, decide_dispute, dispute_pay, watch_disputes
from dispatch.visits.proposing import Wanted, propose
from matching.job import Pay

D = Decimal
HOURLY = Pay("hourly", D("70.00"), "USD")


def test_a_yes_sets_the_pay_aside_and_an_approval_makes_it_due_less_our_fee(purse: Purse):
    won = done(purse)
    assert (purse.has("funds"), purse.has("held")) == (D("860.00"), D("140.00"))
    assert purse.approves(won)
    payment = purse.payment(won)
    assert (payment.state, payment.held, payment.due, payment.fee) == ("due", D(0), D("126.00"), D("14.00"))
    assert purse.has("due", payment.technician_id) == D("126.00")
    assert (purse.has("funds"), purse.has("held"), purse.has("fees")) == (D("860.00"), D(0), D("14.00"))
    purse.balances()


def test_what_was_set_aside_for_hours_that_were_not_worked_goes_back(purse: Purse):
    won = done(purse, 1.5, pay=HOURLY)
    assert purse.has("held") == D("140.00")
    purse.approves(won)
    payment = purse.payment(won)
    assert (payment.due + payment.fee, payment.refunded) == (D("105.00"), D("35.00"))
    assert purse.has("funds") == D("895.00")
    purse.balances()


def test_where_hours_are_paid_up_to_a_cap_all_of_them_are_set_aside(purse: Purse):
    """Two hours are booked, three may be paid for: an hour more needs nothing from the funds, a fourth is not paid."""
    won = done(purse, 4, pay=HOURLY, day_policy={"rates": {"cap_h": "3"}})
    assert (purse.has("funds"), purse.has("held")) == (D("790.00"), D("210.00"))
    purse.approves(won)
    payment = purse.payment(won)
    assert (payment.due + payment.fee, payment.refunded) == (D("210.00"), D(0))
    assert purse.keys("charge") == []
    purse.balances()


def test_nobody_is_asked_where_the_cap_is_more_than_there_is(purse: Purse):
    capped = {"pay": HOURLY, "day_policy": {"rates": {"cap_h": "8"}}}
    purse.pays_in("-641")
    assert purse.world.offered(**capped) == [], "560 is the most it may cost, 559 is there"
    purse.pays_in("1")
    assert purse.world.offered(start_at=purse.world.start + timedelta(days=1), **capped) != []


def test_hours_beyond_those_set_aside_are_paid_from_the_funds_whatever_their_floor(purse: Purse):
    purse.pays_in("-1000")
    won = done(purse, 5, pay=HOURLY)
    assert purse.has("funds") == D("-140.00")
    purse.approves(won, Actor("client_admin", new_id(), client_id=purse.client))
    assert purse.has("funds") == D("-350.00"), "below the floor of -200: the work was done"
    payment = purse.payment(won)
    assert payment.due + payment.fee == D("350.00")
    assert purse.keys("approve", "charge") == ["approve", "charge"]
    purse.balances()


def test_without_money_and_credit_a_yes_is_refused_nobody_else_is_asked_and_the_job_says_why(purse: Purse):
    purse.pays_in("-1000")
    purse.assigned()
    offers = purse.world.offered(start_at=purse.world.start + timedelta(days=1), pay=Pay("fixed", D(61), "USD"))
    assert offers == [], "60 of credit are left"
    [job] = purse.does(lambda session, _: session.scalars(select(JobRow).where(JobRow.state == "unfilled")).all())
    assert job.unfilled["is_unfunded"]
    assert job.unfilled["ways_on"] == ["add_funds", "cancel"]
    fits = purse.world.offered(start_at=purse.world.start + timedelta(days=2), pay=Pay("fixed", D(60), "USD"))
    purse.agrees(credit_limit="199.99", fee_share="0.10")
    lost = purse.accepts(fits[0])
    assert isinstance(lost, Lost)
    assert lost.code == "unfunded"
    assert purse.has("held") == D("140.00")
    purse.agrees(credit_limit="200", fee_share="0.10")
    assert isinstance(purse.accepts(fits[0]), Won)
    purse.balances()


def test_a_client_without_money_rules_works_as_before(purse: Purse):
    elsewhere = "UPDATE clients SET money = NULL, pays_outside = true"
    purse.does(lambda session, _: session.connection().exec_driver_sql(elsewhere))
    won = purse.assigned()
    purse.worked(won, 2)
    assert purse.has("held") == D(0)
    assert purse.does(lambda session, _: session.scalars(select(PaymentRow)).all()) == []


def test_a_technician_who_gives_the_work_back_frees_the_money_and_the_next_yes_takes_it_again(purse: Purse):
    won = purse.assigned()
    payment = purse.payment(won)
    worker = Actor("technician", payment.technician_id, technician_id=payment.technician_id)
    purse.does(lambda session, now: release(session, worker, won.assignment_id, "ill", now=now))
    assert (purse.has("funds"), purse.has("held")) == (D("1000.00"), D(0))
    assert purse.payment(won).state == "released"
    purse.balances()


def test_a_cancellation_gives_back_what_was_held_and_pays_the_fee_that_the_terms_state(purse: Purse):
    fees = {"cancellation": {"steps": [{"within_h": 72, "share": "0.5"}]}}
    won = purse.assigned(day_policy=fees)
    purse.does(lambda session, now: cancel_work(session, purse.world.staff, won.job_id, "other", now=now))
    payment = purse.payment(won)
    assert (payment.state, payment.due, payment.fee, payment.refunded) == ("due", D("63.00"), D("7.00"), D("140.00"))
    assert (purse.has("funds"), purse.has("held")) == (D("930.00"), D(0))
    with pytest.raises(Conflict):
        purse.does(lambda session, now: cancel_work(session, purse.world.staff, won.job_id, "other", now=now))
    purse.balances()


def test_approved_twice_is_due_once(purse: Purse):
    won = done(purse)
    purse.approves(won)
    with pytest.raises(Conflict):
        purse.approves(won)
    assert purse.keys("approve") == ["approve"]


def test_nobodys_word_for_the_stated_days_is_a_yes_and_work_sent_back_waits(purse: Purse):
    won, other = done(purse), done(purse, start_at=purse.world.start + timedelta(days=1))
    due_at = purse.payment(other).approve_by
    assert due_at is not None
    purse.does(
        lambda session, now: send_back_job(
            session, purse.world.staff, other.job_id, ["sweep up"], now + timedelta(days=2), now=now
        )
    )
    assert purse.does(lambda session, now: approve_silently(session, due_at - timedelta(hours=1))) == 0
    assert purse.does(lambda session, now: approve_silently(session, due_at)) == 1
    assert purse.does(lambda session, now: approve_silently(session, due_at)) == 0
    assert (purse.payment(won).state, purse.payment(other).state) == ("due", "held")
    purse.balances()


def test_a_part_is_due_at_once_and_the_whole_pays_the_rest_only(purse: Purse):
    won = done(purse)
    payment = purse.payment(won)
    part = lambda amount: purse.does(  # noqa: E731
        lambda session, now: approve_part(session, purse.world.staff, payment.id, D(amount), now=now)
    )
    assert part("100.01")
    assert (purse.payment(won).state, purse.has("held")) == ("held", D("39.99"))
    for wrong in ("40.00", "0", "-1", "0.001", "NaN", "Infinity"):
        with pytest.raises(BadInput):
            part(wrong)
    assert purse.approves(won)
    assert purse.payment(won).due + purse.payment(won).fee == D("140.00")
    with pytest.raises(Conflict):
        part("1.00")
    with pytest.raises(NotFound):
        purse.does(
            lambda session, now: approve_part(
                session, Actor("dispatcher", new_id(), client_id=new_id()), payment.id, D(1), now=now
            )
        )
    purse.balances()


def test_a_role_approves_up_to_its_limit_and_a_large_sum_needs_two_people(purse: Purse):
    purse.agrees(credit_limit="200", limits={"dispatcher": "100", "client_admin": "500"}, second_above="120")
    won = done(purse)
    dispatcher = purse.world.staff
    with pytest.raises(Refused):
        purse.approves(won, dispatcher)
    admin = Actor("client_admin", new_id(), client_id=purse.client)
    assert not purse.approves(won, admin)
    assert not purse.approves(won, admin), "one person signs once, however often"
    assert purse.payment(won).state == "held"
    assert purse.approves(won, dispatcher), "the admin's limit covers it, the dispatcher is the second"
    assert purse.payment(won).state == "due"
    purse.balances()


def test_who_says_yes_after_anothers_counter_is_paid_by_what_their_own_offer_stated(purse: Purse):
    """Our fee went up between the offers and the counter: whoever took the offer reads the old one in it."""
    purse.pays_in("1000")
    first, second, *_ = purse.world.offered(count=2)
    purse.agrees(fee_share="0.2")
    asks = {"pay": Pay("fixed", D("150.00"), "USD"), "start_at": None, "reason": "pay", "note": ""}
    counter = purse.does(
        lambda session, now: counter_offer(session, purse.world.actor_of(first), first.id, **asks, now=now)
    )
    assert isinstance(purse.does(lambda s, now: accept_counter(s, purse.world.staff, counter, now=now)), Won)
    won = purse.accepts(second)
    assert isinstance(won, Won)
    with purse.world.as_engine() as (session, _):
        agreed = session.get_one(AssignmentRow, won.assignment_id).terms_version
        newest = session.get_one(JobRow, won.job_id).terms_version
    assert (agreed, newest) == (1, 2)
    assert D(purse.payment(won).terms["rules"]["fee_share"]) == D("0.1")


def test_in_parts_nobody_approves_more_of_a_job_than_at_once(purse: Purse):
    """Each part is within the limit; a signature is for all of the job up to then, and none for the next part."""
    purse.agrees(credit_limit="200", limits={"dispatcher": "100", "client_admin": "500"}, second_above="110")
    payment = purse.payment(done(purse)).id
    admin, dispatcher = Actor("client_admin", new_id(), client_id=purse.client), purse.world.staff

    def part(actor: Actor, sum_: str) -> bool:
        return purse.does(lambda session, now: approve_part(session, actor, payment, D(sum_), now=now))

    assert part(dispatcher, "60.00")
    with pytest.raises(Refused, match=r"up to 100 USD of a job, not 120\.00"):
        part(dispatcher, "60.00")
    assert part(admin, "50.00"), "110 of the job: one person suffices"
    assert not part(admin, "10.00"), "with this it is 120"
    assert part(dispatcher, "10.00"), "the admin's limit covers it, the dispatcher is the second"
    with pytest.raises(Refused):
        part(dispatcher, "10.00")
    assert not part(admin, "20.00"), "the signature for 120 is none for 140"
    assert part(dispatcher, "20.00")
    purse.balances()


def test_who_gives_way_again_and_again_lets_no_more_go_than_at_once(purse: Purse):
    purse.agrees(credit_limit="200", limits={"dispatcher": "50", "client_admin": "500"})
    payment = purse.payment(done(purse)).id
    for round_ in (1, 2):
        wish = Dispute(payment, D("30.00"), "hours", Position())
        dispute = purse.does(lambda session, now, wish=wish: dispute_pay(session, purse.world.staff, wish, now=now))
        gives_way = lambda dispute=dispute: purse.does(  # noqa: E731
            lambda session, now: concede_dispute(session, purse.world.staff, dispute, now=now)
        )
        if round_ == 1:
            gives_way()
        else:
            with pytest.raises(Refused, match=r"agree to 60\.00"):
                gives_way()
    purse.balances()


def test_in_a_dispute_the_undisputed_part_is_paid_at_once_and_a_named_person_decides_the_rest(purse: Purse):
    won = done(purse)
    payment = purse.payment(won)
    worker = Actor("technician", payment.technician_id, technician_id=payment.technician_id)
    wish = Dispute(payment.id, D("40.00"), "hours", Position(D("1.5"), D("100.00"), (), "left early"))
    dispute = purse.does(lambda session, now: dispute_pay(session, purse.world.staff, wish, now=now))
    assert purse.has("due", payment.technician_id) == D("90.00"), "100 less our fee"
    assert (purse.payment(won).state, purse.has("held")) == ("disputed", D("40.00"))
    assert purse.runs_payouts() != [], "what is not disputed is paid out meanwhile"
    purse.does(lambda session, now: state_position(session, worker, dispute, Position(D(2), D("140.00")), now=now))
    decides = lambda actor, sum_: purse.does(  # noqa: E731
        lambda session, now: decide_dispute(session, actor, dispute, D(sum_), "split", now=now)
    )
    with pytest.raises(Refused):
        decides(purse.world.staff, "10.00")
    for wrong in ("40.01", "-1", "NaN"):
        with pytest.raises(BadInput):
            decides(purse.operator, wrong)
    assert purse.approves(won), "the client approves the work itself"
    decides(purse.operator, "25.00")
    with pytest.raises(Conflict):
        decides(purse.operator, "40.00")
    after = purse.payment(won)
    assert (after.state, after.held, after.due, after.fee, after.refunded) == (
        "due", D(0), D("22.50"), D("12.50"), D("15.00"),
    )  # fmt: skip
    row = purse.does(lambda session, _: session.get_one(DisputeRow, dispute))
    assert set(row.positions) == {"client", "technician"}
    with pytest.raises(Conflict):
        purse.does(lambda session, now: state_position(session, worker, dispute, Position(), now=now))
    purse.balances()


def test_a_dispute_that_nobody_decides_in_time_is_an_alarm_once(purse: Purse):
    won = done(purse)
    wish = Dispute(purse.payment(won).id, D("40.00"), "quality", Position())
    dispute = purse.does(lambda session, now: open_dispute(session, purse.world.staff, wish, now=now))
    late = purse.does(lambda session, _: session.get_one(DisputeRow, dispute)).decide_by
    assert purse.does(lambda session, _: watch_disputes(session, late - timedelta(seconds=1))) == 0
    assert purse.does(lambda session, _: watch_disputes(session, late)) == 1
    assert purse.does(lambda session, _: watch_disputes(session, late)) == 0
    is_open = select(AlarmRow.subject_id).where(AlarmRow.kind == "dispute_late", AlarmRow.cleared_at.is_(None))
    assert purse.does(lambda session, _: session.scalars(is_open).all()) == [dispute]
    purse.does(lambda session, now: decide_dispute(session, purse.operator, dispute, D(0), "", now=now))
    assert purse.does(lambda session, _: session.scalars(is_open).all()) == []


@pytest.mark.parametrize(
    ("changes", "error"),
    [({"amount": D("140.01")}, BadInput), ({"amount": D(0)}, BadInput), ({"reason": "mood"}, BadInput),
     ({"payment_id": new_id()}, NotFound)],
)  # fmt: skip
def test_what_cannot_be_disputed_is_refused(purse: Purse, changes: dict, error: type[Exception]):
    won = done(purse)
    wish = Dispute(
        **{"payment_id": purse.payment(won).id, "amount": D(1), "reason": "hours", "position": Position()} | changes
    )
    with pytest.raises(error):
        purse.does(lambda session, now: open_dispute(session, purse.world.staff, wish, now=now))
    assert purse.payment(won).state == "held"


def test_the_job_is_approved_again_once_its_dispute_is_decided(purse: Purse):
    won = done(purse)
    wish = Dispute(purse.payment(won).id, D("40.00"), "quality", Position())
    dispute = purse.does(lambda session, now: dispute_pay(session, purse.world.staff, wish, now=now))
    purse.approves(won)
    state = lambda: purse.does(lambda session, _: session.get_one(JobRow, won.job_id)).state  # noqa: E731
    assert state() == "disputed"
    purse.does(lambda session, now: decide_dispute(session, purse.operator, dispute, D(0), "", now=now))
    assert state() == "approved"


def test_another_pay_agreed_after_the_yes_sets_the_difference_aside_or_is_refused_without_money(purse: Purse):
    won = purse.assigned()
    technician = purse.payment(won).technician_id
    worker = Actor("technician", technician, technician_id=technician)

    def agree(amount: str):
        wanted = Wanted(pay=Pay("fixed", D(amount), "USD"))
        made = purse.does(
            lambda session, now: propose(session, purse.world.staff, won.visit_id, wanted, reason="other", now=now)
        )
        return purse.does(lambda session, now: accept_proposal(session, worker, made, now=now))

    agree("200.00")
    assert (purse.has("held"), purse.payment(won).held) == (D("200.00"), D("200.00"))
    agree("90.00")
    assert (purse.has("held"), purse.has("funds")) == (D("90.00"), D("910.00"))
    with pytest.raises(Refused, match="cannot pay"):
        agree("1200.01")
    assert purse.has("held") == D("90.00")
    purse.balances()
