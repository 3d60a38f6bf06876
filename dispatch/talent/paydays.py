"""By when must work that is done be paid, by the law of the state where it was done?"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.errors import BadInput
from dispatch.record.tables import (
    AssignmentRow,
    ClientRow,
    JobRow,
    PaymentRow,
    SiteRow,
    SlotRow,
    TechnicianRow,
)
from dispatch.talent.packfiles import known_packs
from dispatch.talent.paysigns import agreed_with
from matching.packs import LimitsPolicy, Pack
from matching.signs import Agreed, pay_by
from matching.technician import CONTRACTOR


@dataclass(frozen=True, slots=True)
class PayDay:
    """Work of a technician that is not paid yet: the last day for it, by which pack, and when it is planned.

    `planned_on` is the day by silence and the client's own days; None where only a word of somebody brings it.
    `late_at` is when the last day is over at the site.
    """

    payment_id: UUID
    job_id: UUID
    number: str
    technician_id: UUID
    technician: str
    pack: str
    version: int
    title: str
    pay_by: date
    planned_on: date | None
    late_at: datetime


def check_pay_rules(session: Session, client_id: UUID, rules: Mapping[str, Any], *, now: datetime) -> None:
    """Whether silence and the client's own days pay in time for work in every state where it works. As the engine.

    Looked at are the packs that it goes by, of the states in which it has sites or may post. Without approval by
    silence only the days after a yes count: who says it keeps the law.

    Raises
    ------
    BadInput
        When a law asks for pay earlier than these rules bring it; names the days and the pack.
    """
    client = session.get(ClientRow, client_id)
    if client is None:
        return
    days = {name: rules.get(name, default) for name, default in (("approve_after_days", 7), ("pay_after_days", 0))}
    if not all(isinstance(value, int) for value in days.values()):
        return
    regions = {*session.scalars(select(SiteRow.region).where(SiteRow.client_id == client_id)), *(client.regions or ())}
    for pack in _laws(client, now.astimezone(UTC).date()):
        within = pack.thresholds["pay_within_days"]
        if pack.jurisdiction.removeprefix("US-") in regions and sum(days.values()) > within:
            told = " and ".join(f"{name} {value}" for name, value in days.items())
            way_out = f"together at most {within}: within so many {pack.id} ({pack.source}) asks for the pay"
            raise BadInput("rules", told, way_out)


def least_days() -> int | None:
    """The fewest days within which any pack asks for pay; None: none does."""
    return min((pack.thresholds["pay_within_days"] for pack in known_packs() if _asks(pack)), default=None)


def _asks(pack: Pack) -> bool:
    return "pay_within_days" in pack.thresholds


def _laws(client: ClientRow, since: date = date.min) -> list[Pack]:
    packs = known_packs()
    told = LimitsPolicy.of_stored(client.limits, packs).from_day(packs, since, "contractor")
    return [pack for pack, _ in told if _asks(pack)]


def pay_days(session: Session, client_id: UUID, jobs: Collection[UUID] | None = None) -> list[PayDay]:
    """Those of a client, or of some of its jobs, the first first. Runs as the engine.

    Only of people who work for it on their own account: who is employed or comes through a company is paid by others.
    """
    client = session.get_one(ClientRow, client_id)
    laws = _laws(client)
    wanted = _unpaid(client_id, [pack.jurisdiction.removeprefix("US-") for pack in laws])
    rows = session.execute(wanted if jobs is None else wanted.where(AssignmentRow.job_id.in_(jobs))).all()
    agreed = agreed_with(session, {row[0].technician_id for row in rows})
    found = [_pay_day(row, [each for each in agreed[row[0].technician_id] if each.client_id == client_id], laws)
             for row in rows]  # fmt: skip
    return sorted((each for each in found if each is not None), key=lambda each: (each.pay_by, each.number))


def _unpaid(client_id: UUID, regions: Collection[str]) -> Any:
    return (
        select(
            AssignmentRow, PaymentRow, JobRow.number, TechnicianRow.name, SiteRow.region, SiteRow.time_zone,
            SlotRow.needs["skills"],
        )
        .join(PaymentRow, PaymentRow.assignment_id == AssignmentRow.id)
        .join(SlotRow, SlotRow.id == AssignmentRow.slot_id)
        .join(JobRow, JobRow.id == AssignmentRow.job_id)
        .join(SiteRow, SiteRow.id == JobRow.site_id)
        .join(TechnicianRow, TechnicianRow.id == AssignmentRow.technician_id)
        .where(
            AssignmentRow.client_id == client_id,
            AssignmentRow.checked_out_at.is_not(None),
            PaymentRow.state.in_(("held", "due", "disputed")),
            PaymentRow.currency == "USD",
            SiteRow.region.in_(regions),
            PaymentRow.engaged_as == CONTRACTOR,
        )
    )  # fmt: skip


def _pay_day(row: Any, theirs: list[Agreed], laws: list[Pack]) -> PayDay | None:
    assignment, payment, number, technician, region, zone, skills = row
    done_on = assignment.checked_out_at.astimezone(ZoneInfo(zone)).date()
    work = Agreed(assignment.client_id, done_on.toordinal(), region, Decimal(0), frozenset(skills or ()))
    found = pay_by(work, theirs, laws)
    if found is None:
        return None
    pack, last_day = found
    planned = _planned(payment)
    planned_on = planned and planned.astimezone(ZoneInfo(zone)).date()
    midnight = datetime.combine(last_day + timedelta(days=1), time(), ZoneInfo(zone))
    who = (payment.id, assignment.job_id, number, assignment.technician_id, technician)
    return PayDay(*who, pack.id, pack.version, pack.title, last_day, planned_on, midnight.astimezone(UTC))


def _planned(payment: PaymentRow) -> datetime | None:
    """When it is paid out if nobody says anything."""
    if payment.state == "due" or payment.approve_by is None:
        return payment.due_at
    return payment.approve_by + timedelta(days=payment.terms["rules"].get("pay_after_days", 0))
