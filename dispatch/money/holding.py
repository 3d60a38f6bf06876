"""Is there money for this work? Set aside at the yes, at the most it can cost; given back when the work ends early."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from dispatch.money.committing import check_days, lock_budgets, notice
from dispatch.money.funds import rules_of
from dispatch.money.ledger import About, Owner, account_id, lock_accounts, open_accounts, post
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import (
    ClientRow,
    DisputeRow,
    JobRow,
    LedgerAccountRow,
    PaymentRow,
    SiteRow,
    TermsRow,
    UsageRow,
    new_id,
)
from geo.restdays import region_of, rest_days
from matching.job import Pay
from matching.pay import Worked, devices_of, hours_of, pay_lines, total
from matching.rates import Rates
from matching.technician import CONTRACTOR


@dataclass(frozen=True, slots=True)
class Work:
    """What money is set aside for; `rates` is the document of the terms that the technician said yes to."""

    client_id: UUID
    job_id: UUID
    assignment_id: UUID
    technician_id: UUID
    company_id: UUID | None
    pay: Pay
    rates: dict[str, Any]
    start_at: datetime
    end_at: datetime
    site: SiteRow
    terms_version: int


def payee_of(payment: PaymentRow) -> Owner:
    """Who is paid: the payroll partner of an employee, the technician's company, or they themselves."""
    company_id = payment.payroll_id or payment.company_id
    return Owner(company_id=company_id) if company_id else Owner(technician_id=payment.technician_id)


def set_aside(session: Session, actor: Actor, work: Work, *, now: datetime) -> Decimal | None:
    """Set aside the most that the work can cost: how much; None where the client's money isn't kept here.

    Runs as the engine, as the last thing: whoever else takes from the client's money waits until the commit.

    It is counted under the job's budget, which stays while the caller holds the job's slots.

    Raises
    ------
    IntegrityError
        When neither the client's funds nor its credit suffice, or the budget does not
        (`dispatch.money.funds.is_short`).
    Refused
        When a member of the client's staff would pass a soft budget without a reason.
    """
    rules = rules_of(session, work.client_id)
    if rules is None:
        return None
    budget_id = session.scalars(select(JobRow.budget_id).where(JobRow.id == work.job_id)).one()
    payment_id, amount = new_id(), most_of(work)
    terms = _terms(work) | {"rules": rules.to_document() | _as_offered(session, work)}
    lock_budgets(session, [budget_id])
    payment = PaymentRow(
        id=payment_id,
        client_id=work.client_id,
        job_id=work.job_id,
        assignment_id=work.assignment_id,
        technician_id=work.technician_id,
        company_id=work.company_id,
        **_way(session, work),
        budget_id=budget_id,
        currency=work.pay.currency,
        terms=terms,
        held=amount,
        made_at=now,
    )
    open_accounts(session, payee_of(payment), ("due", "in_payout"), work.pay.currency, now=now)
    session.add(payment)
    session.flush()
    _move(session, _about(work, payment_id), "hold", f"hold:{payment_id}", work.pay.currency, amount, now)
    told = {"payment": str(payment_id), "amount": str(amount), "currency": work.pay.currency}
    subject = ("assignment", work.assignment_id)
    record(session, actor, subject, "pay_held", told, client_id=work.client_id, now=now)
    notice(session, actor, budget_id, work.job_id, now=now)
    return amount


def _way(session: Session, work: Work) -> dict[str, Any]:
    """How the technician works for the client at this moment, and the payroll partner of whoever is employed for it."""
    engaged_as, payroll_id = session.execute(
        select(func.coalesce(UsageRow.engaged_as, CONTRACTOR), ClientRow.payroll_id)
        .select_from(ClientRow)
        .outerjoin(UsageRow, (UsageRow.client_id == ClientRow.id) & (UsageRow.technician_id == work.technician_id))
        .where(ClientRow.id == work.client_id)
    ).one()
    if engaged_as == "w2":
        return {"engaged_as": engaged_as, "payroll_id": payroll_id}
    return {"engaged_as": CONTRACTOR if work.company_id is None else "company"}


def give_back(session: Session, assignment_id: UUID, *, now: datetime) -> Decimal | None:
    """The work ended early: what is set aside and not disputed goes back to the client; None where nothing was.

    Runs as the engine; once, whoever else ends it. What the client owes for the early end is booked beside it.
    """
    payments = lock_payments(session, PaymentRow.assignment_id == assignment_id)
    if not payments or payments[0].state != "held":
        return None
    payment = payments[0]
    disputed = session.scalar(
        select(func.sum(DisputeRow.amount)).where(DisputeRow.payment_id == payment.id, DisputeRow.state == "open")
    )
    kept = min(payment.held, disputed or Decimal(0))
    left, after = payment.held - kept, "due" if payment.due else "released"
    session.execute(
        update(PaymentRow)
        .where(PaymentRow.id == payment.id, PaymentRow.state == "held")
        .values(
            state=after if disputed is None else "disputed",
            held=kept,
            beyond=0,
            refunded=PaymentRow.refunded + left,
            approve_by=None,
            approved_at=PaymentRow.approved_at if disputed is None else now,
            version=PaymentRow.version + 1,
        )
    )
    about = About(payment.client_id, payment.technician_id, payment.company_id, payment.id, why="ended_early")
    _move(session, about, "release", f"release:{payment.id}", payment.currency, -left, now)
    return left


def hold_anew(session: Session, actor: Actor, work: Work, *, now: datetime) -> Decimal | None:
    """Both sides agreed on another pay or time: set aside what that can cost, or give back the difference.

    Raises
    ------
    IntegrityError, Refused
        As `set_aside`; Refused also where the budget is not for that day.
    """
    payments = lock_payments(session, PaymentRow.assignment_id == work.assignment_id)
    if not payments or payments[0].state != "held":
        return None
    payment = payments[0]
    check_days(session, actor, payment.budget_id, work.start_at)
    spent = payment.due + payment.fee + payment.paid
    wanted = max(Decimal(0), most_of(work) - spent)
    more, version = wanted - payment.held, payment.version + 1
    terms = {**payment.terms, **_terms(work)}
    session.execute(
        update(PaymentRow).where(PaymentRow.id == payment.id).values(held=wanted, terms=terms, version=version)
    )
    about = _about(work, payment.id)
    kind = "hold" if more > 0 else "release"
    _move(session, about, kind, f"{kind}:{payment.id}:{version}", work.pay.currency, more, now)
    if more > 0:
        notice(session, actor, payment.budget_id, work.job_id, now=now)
    return wanted


def lock_payments(session: Session, *which: ColumnElement[bool]) -> list[PaymentRow]:
    """Payments, their budgets, and then every account that their money may move on, held until the transaction ends."""
    payments = list(
        session.scalars(
            select(PaymentRow)
            .where(*which)
            .order_by(PaymentRow.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    )
    if payments:
        lock_budgets(session, (each.budget_id for each in payments))
        lock_accounts(session, (account for each in payments for account in accounts_of(each)))
    return payments


def accounts_of(payment: PaymentRow) -> list[UUID]:
    """The client's funds and what is set aside of them, and what is due to the payee."""
    client = Owner(client_id=payment.client_id)
    mine = [account_id(client, kind, payment.currency) for kind in ("funds", "held")]
    return [*mine, account_id(payee_of(payment), "due", payment.currency)]


def has_room(session: Session, client_id: UUID, amount: Callable[[], Decimal], currency: str) -> bool:
    """Whether so much could be set aside at this moment; nothing is held for it, a yes asks again.

    It is computed only for a client whose money is kept here.
    """
    funds = account_id(Owner(client_id=client_id), "funds", currency)
    money, room = session.execute(
        select(ClientRow.money, LedgerAccountRow.balance - LedgerAccountRow.floor)
        .outerjoin(LedgerAccountRow, LedgerAccountRow.id == funds)
        .where(ClientRow.id == client_id)
    ).one()
    return money is None or (room is not None and room >= amount())


def most_of(work: Work) -> Decimal:
    """The most that the work can cost as it was agreed; see `most_pay`."""
    return most_pay(work.pay, Rates.from_document(work.rates), work.start_at, work.end_at - work.start_at, work.site)


def most_pay(pay: Pay, rates: Rates, start_at: datetime, duration: timedelta, site: SiteRow) -> Decimal:
    """What work of this length costs at most: where hours are paid up to a cap, all of them, else the booked ones.

    Hours beyond, without a cap, and extras that the offer lists may come on top; the client's funds pay for them once
    they are approved.
    """
    planned = planned_pay(pay, rates, start_at, duration, site)
    is_by_hour = pay.kind == "hourly" or rates.fixed_h is not None
    if rates.cap_h is None or not is_by_hour:
        return planned
    until = start_at + max(duration, timedelta(hours=float(rates.cap_h)))
    worked = replace(_as_booked(pay, rates, start_at, start_at + duration, site.time_zone), spans=[(start_at, until)])
    return max(planned, total(pay_lines(pay, rates, worked, is_holiday=holidays_of(_region(site)))))


def planned_pay(pay: Pay, rates: Rates, start_at: datetime, duration: timedelta, site: SiteRow) -> Decimal:
    """What work of this length from this start is paid, before our fee."""
    end_at = start_at + duration
    worked = _as_booked(pay, rates, start_at, end_at, site.time_zone)
    return total(pay_lines(pay, rates, worked, is_holiday=holidays_of(_region(site))))


def holidays_of(region: str | None) -> Any:
    """A question whether a day is a public holiday of the region."""
    return lambda day: _is_holiday(region, day)


def _is_holiday(region: str | None, day: date) -> bool:
    return day in rest_days(region, day.year)


def _as_booked(pay: Pay, rates: Rates, start_at: datetime, end_at: datetime, zone: str) -> Worked:
    hours = hours_of([(start_at, end_at)])
    return Worked([(start_at, end_at)], zone, hours, num_devices=devices_of(pay, rates))


def _region(site: SiteRow) -> str | None:
    return site.holiday_region or region_of(site.country, site.region)


def _terms(work: Work) -> dict[str, Any]:
    """What the claim is computed from later, whatever the job's terms are by then."""
    return {
        "pay": {"kind": work.pay.kind, "amount": str(work.pay.amount)},
        "rates": work.rates,
        "zone": work.site.time_zone,
        "region": _region(work.site),
        "agreed_h": str(hours_of([(work.start_at, work.end_at)])),
    }


def _as_offered(session: Session, work: Work) -> dict[str, Any]:
    """Our fee and the days to the payout as the offer stated them, whatever was agreed with the client since.

    An accepted counter makes the next version once somebody has the work; until then the offer's is the newest.
    """
    offered = select(TermsRow.terms).where(TermsRow.job_id == work.job_id, TermsRow.version <= work.terms_version)
    terms: dict[str, Any] = session.scalars(offered.order_by(TermsRow.version.desc()).limit(1)).one()
    return dict(terms.get("money", {}))


def _about(work: Work, payment_id: UUID) -> About:
    return About(work.client_id, work.technician_id, work.company_id, payment_id)


def _move(session: Session, about: About, kind: str, key: str, currency: str, amount: Decimal, now: datetime) -> None:
    """From the client's funds to what is set aside; below zero the other way."""
    owner = Owner(client_id=about.client_id)
    moves = {account_id(owner, "funds", currency): -amount, account_id(owner, "held", currency): amount}
    post(session, kind, key, moves, about, now=now)
