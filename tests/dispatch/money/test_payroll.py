"""Who is employed for a client is paid through its payroll partner, and what was paid before stays what it was."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from purse import Purse
from racing import race

from dispatch.errors import BadInput, Conflict
from dispatch.jobs.acceptance import Won
from dispatch.money.ledger import Owner, balance_of
from dispatch.money.payouts import hear
from dispatch.money.provider import Word
from dispatch.money.statements import YearLine, yearly
from dispatch.record.session import ENGINE, Actor
from dispatch.record.tables import ClientRow, PayoutRow, UsageRow, new_id
from dispatch.talent.companies import create_company, employ
from dispatch.talent.engaging import engage
from dispatch.talent.limits import set_limits
from dispatch.talent.packfiles import shipped_packs
from dispatch.visits.completion import finish_job
from matching.job import Pay

D = Decimal
PAY = Pay("fixed", D("2100.00"), "USD")


def admin_of(purse: Purse) -> Actor:
    return Actor("client_admin", new_id(), client_id=purse.client)


def partner(purse: Purse, name: str = "Payday Partners") -> UUID:
    """A company that the client names as its payroll partner."""
    company: UUID = purse.does(lambda session, now: create_company(session, purse.operator, name, now=now))
    names_partner(purse, company)
    return company


def names_partner(purse: Purse, company: UUID | None) -> None:
    purse.does(lambda session, now: set_limits(session, admin_of(purse), purse.client, payroll_id=company, now=now))


def works_as(purse: Purse, technician: UUID, way: str) -> None:
    purse.does(lambda session, now: engage(session, admin_of(purse), technician, way, now=now))


def paid(purse: Purse, day: int) -> tuple[Won, PayoutRow]:
    """A day's work, done, approved and at the bank."""
    won = purse.assigned(pay=PAY, start_at=purse.world.start + timedelta(days=day))
    purse.worked(won, 2)
    whose = purse.payment(won).technician_id
    worker = Actor("technician", whose, technician_id=whose)
    purse.does(lambda session, now: finish_job(session, worker, won.job_id, now=now))
    purse.approves(won)
    [payout] = purse.runs_payouts()
    purse.does(lambda session, now: hear(session, ENGINE, Word(payout, "paid"), now=now))
    return won, purse.does(lambda session, _: session.get_one(PayoutRow, payout))


def year_of(purse: Purse) -> list[YearLine]:
    def read(session, now):
        return yearly(session, now.year, zone="UTC", packs=shipped_packs())

    return purse.does(read)


def has_due(purse: Purse, company: UUID) -> Decimal:
    return purse.does(lambda session, _: balance_of(session, Owner(company_id=company), "due", "USD"))


def test_employees_are_paid_through_the_partner_and_what_they_got_before_is_still_reported(purse: Purse):
    purse.agrees(credit_limit="200", limits={"dispatcher": "9000"})
    purse.pays_in("9000")
    before, payout = paid(purse, 0)
    whose = purse.payment(before).technician_id
    assert (payout.technician_id, payout.company_id) == (whose, None)
    company = partner(purse)
    works_as(purse, whose, "w2")
    after, payout = paid(purse, 1)
    assert purse.payment(after).technician_id == whose, "the same one is the best again"
    assert (payout.technician_id, payout.company_id, payout.amount) == (None, company, D("2100.00"))
    assert (purse.payment(after).engaged_as, purse.payment(before).engaged_as) == ("w2", "contractor")
    alone, employed = sorted(year_of(purse), key=lambda line: line.engaged_as)
    assert (alone.owner_id, alone.amount, alone.engaged_as) == (whose, D("2100.00"), "contractor")
    assert alone.is_reported, "beginning to be employed takes nothing off the form"
    assert (employed.owner_id, employed.name, employed.engaged_as) == (company, "Payday Partners", "w2")
    assert not employed.is_reported, "the partner reports it"
    works_as(purse, whose, "contractor")
    assert year_of(purse) == [alone, employed] or year_of(purse) == [employed, alone], "wages stay wages"
    purse.balances()


def test_whoever_is_employed_for_a_client_is_paid_so_there_whatever_company_they_work_for_elsewhere(purse: Purse):
    company = partner(purse)
    whose = purse.payment(purse.assigned()).technician_id
    works_as(purse, whose, "w2")
    other = purse.does(lambda session, now: create_company(session, purse.operator, "Lone Star Service", now=now))
    purse.does(lambda session, now: employ(session, purse.operator, whose, other, now=now))
    kept = purse.payment(purse.assigned(start_at=purse.world.start + timedelta(days=1)))
    assert (kept.technician_id, kept.engaged_as, kept.payroll_id) == (whose, "w2", company)


def test_another_partner_is_paid_for_new_work_and_the_old_one_for_its_own(purse: Purse):
    purse.pays_in("2000")
    first = partner(purse)
    won = purse.assigned()
    whose = purse.payment(won).technician_id
    assert purse.payment(won).payroll_id is None
    works_as(purse, whose, "w2")
    mine = purse.assigned(start_at=purse.world.start + timedelta(days=1))
    second = partner(purse, "Monthly Wages")
    later = purse.assigned(start_at=purse.world.start + timedelta(days=2))
    assert [purse.payment(each).payroll_id for each in (won, mine, later)] == [None, first, second]
    purse.worked(mine, 2)
    worker = Actor("technician", whose, technician_id=whose)
    purse.does(lambda session, now: finish_job(session, worker, mine.job_id, now=now))
    purse.approves(mine)
    assert (has_due(purse, first), has_due(purse, second)) == (purse.payment(mine).due, 0)
    purse.balances()


def test_nobody_is_employed_without_a_partner_and_it_stays_while_somebody_is(purse: Purse):
    whose = purse.payment(purse.assigned()).technician_id
    with pytest.raises(BadInput, match="name your payroll partner first") as refused:
        works_as(purse, whose, "w2")
    assert refused.value.field == "engaged_as"
    with pytest.raises(BadInput, match="name a company") as unknown:
        names_partner(purse, new_id())
    assert unknown.value.field == "payroll_company_id"
    partner(purse)
    works_as(purse, whose, "w2")
    with pytest.raises(Conflict, match="name another"):
        names_partner(purse, None)
    works_as(purse, whose, "contractor")
    names_partner(purse, None)


def test_a_partner_that_goes_as_somebody_is_employed_leaves_one_of_the_two(purse: Purse):
    whose = purse.payment(purse.assigned()).technician_id
    company = partner(purse)
    for _ in range(8):
        works_as(purse, whose, "contractor")
        names_partner(purse, company)
        race([lambda: works_as(purse, whose, "w2"), lambda: names_partner(purse, None)])
        client, usage = purse.does(
            lambda session, _: (
                session.get_one(ClientRow, purse.client),
                session.get_one(UsageRow, (purse.client, whose)),
            )
        )
        assert (usage.engaged_as == "w2") == (client.payroll_id is not None)
