"""How many devices does a job pay for, what is each worth, and how are they counted? By their serial numbers."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any

from dispatch.errors import BadInput
from dispatch.jobs.checklists import MOST_DEVICES, Item
from dispatch.record.tables import JobRow
from matching.currencies import has_too_many_digits
from matching.job import Pay
from matching.pay import devices_of, is_by_device, rates_at, share_of
from matching.rates import Rates

_CODE, _LABEL = "device_serial", "Serial number of each device"


def counted(rates: Rates, pays: Sequence[Pay], where: str = "slots[{}].pay.amount") -> Rates:
    """The rates with how many devices are expected, where one of these pays is by the device; else as they are.

    Raises
    ------
    BadInput
        When a pay is not so much for each of them.
    """
    by_device = [(num, pay) for num, pay in enumerate(pays) if is_by_device(pay, rates) and pay.amount]
    if not by_device:
        return rates
    num, first = by_device[0]
    expected = rates if rates.devices else replace(rates, devices=Decimal(max(1, devices_of(first, rates))))
    if share_of(first, expected) != rates.per_device:
        raise BadInput(where.format(num), first.amount, f"pay {rates.per_device} for each of the devices expected")
    if (expected.devices or 0) > MOST_DEVICES:
        raise BadInput(where.format(num), first.amount, f"pay for at most {MOST_DEVICES} devices")
    for num, pay in by_device:
        check_share(pay, expected, where.format(num))
    return expected


def check_one(num: int, where: str) -> None:
    """Whether nobody else on a visit is paid by the device: who of several did which one could not be told.

    Raises
    ------
    BadInput
        When so many would be.
    """
    if num > 1:
        raise BadInput(where, num, "pay one person by the device, and whoever is with them by the hour")


def check_share(pay: Pay, rates: Rates, where: str = "pay.amount") -> None:
    """Whether a pay by the device is the same sum for each of the devices expected.

    Raises
    ------
    BadInput
        When it is not, or the job is from before they were counted.
    """
    if not is_by_device(pay, rates):
        return
    if rates.devices is None:
        raise BadInput(where, pay.amount, "have the client change the pay: the job does not say for how many devices")
    if has_too_many_digits(share_of(pay, rates), pay.currency):
        raise BadInput(where, pay.amount, f"pay {rates.devices} devices the same: {rates.devices} times a sum")


def with_serials(items: Sequence[dict[str, Any]], rates: Rates, pays: Sequence[Pay]) -> list[dict[str, Any]]:
    """A checklist with as many serial numbers as there are devices to pay for: no more are counted.

    Those that it asks for already are so many more; where it asks for none, each device's is. Where fewer are found on
    site the work is done all the same, with as many as the checklist asked for by itself, and fewer are paid.
    """
    expected = max((devices_of(pay, rates) for pay in pays), default=0)
    mine = next((num for num, item in enumerate(items) if item["kind"] == "serial"), None)
    short = expected - sum(item["min_count"] for item in items if item["kind"] == "serial")
    if short <= 0:
        return list(items)
    if mine is not None:
        own = items[mine]
        more = {"min_count": own["min_count"] + short, "enough": own.get("enough") or own["min_count"]}
        return [item | more if num == mine else item for num, item in enumerate(items)]
    code = _CODE
    while any(item["code"] == code for item in items):
        code += "_"
    return [*items, asdict(Item(code, "serial", _LABEL, is_required=False, min_count=expected))]


def as_paid(day_policy: dict[str, Any], pays: Sequence[Pay]) -> dict[str, Any]:
    """A job's day policy as it would be posted with these pays: what each device is paid by them, not at first."""
    rates = Rates.from_document(day_policy.get("rates", {}))
    first = next((pay for pay in pays if is_by_device(pay, rates) and pay.amount), None)
    return {**day_policy, "rates": rates_at(first, rates).to_document()} if first else day_policy


def pay_anew(job: JobRow, was: Pay, pay: Pay) -> None:
    """Open places of a job are paid otherwise from now on: each device its share, and its serial number is asked for.

    As many devices are expected as before. The caller holds the slots.

    Raises
    ------
    BadInput
        When the pay is not so much for each of them.
    """
    rates = Rates.from_document(job.day_policy.get("rates", {}))
    if not is_by_device(pay, rates):
        return
    if rates.devices is None:
        before = devices_of(was, rates)
        rates = replace(rates, devices=Decimal(before)) if before else counted(rates, [pay], "pay.amount")
    check_share(pay, rates)
    job.day_policy = {**job.day_policy, "rates": rates_at(pay, rates).to_document()}
    job.deliverables = with_serials(job.deliverables, rates, [pay])
