"""What is the work worth? Lines of pay from the terms and the agreed time, by plain arithmetic.

Every line is rounded to whole minor units of the currency by itself, a half upwards, and the sum is that of the lines:
what is shown adds up. Hours are real ones: a clock that skips or repeats an hour changes nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from matching.currencies import rounded, unit_of
from matching.job import Pay
from matching.rates import Rates

ZERO = Decimal(0)
_HOUR_US = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Worked:
    """What there was: spans of paid time (aware, in order, apart), devices done, miles and hours of travel.

    `zone` is the site's; `agreed_h` are the hours that were booked, from which a fixed pay has its hourly rate.
    """

    spans: Sequence[tuple[datetime, datetime]]
    zone: str
    agreed_h: Decimal
    num_devices: int = 0
    miles: Decimal = ZERO
    travel_h: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class PayLine:
    """A line of pay: so many units (hours, devices, miles, 1) at a rate; a penalty is below zero."""

    kind: str
    units: Decimal
    rate: Decimal
    amount: Decimal


def pay_lines(pay: Pay, rates: Rates, worked: Worked, *, is_holiday: Callable[[date], bool]) -> tuple[PayLine, ...]:
    """What is owed for the work, line by line; lines of nothing are left out."""
    hours = hours_of(worked.spans)
    lines = [*_base(pay, rates, worked, hours), *_surcharges(pay, rates, worked, hours, is_holiday)]
    lines += _travel(rates, worked)
    found = (PayLine(kind, units, rate, rounded(units * rate, pay.currency)) for kind, units, rate in lines)
    return tuple(line for line in found if line.amount)


def total(lines: Iterable[PayLine]) -> Decimal:
    """The sum of the lines."""
    return sum((line.amount for line in lines), ZERO)


def is_by_device(pay: Pay, rates: Rates) -> bool:
    """Whether each device that is done is paid so much."""
    return pay.kind == "fixed" and bool(rates.per_device)


def devices_of(pay: Pay, rates: Rates) -> int:
    """How many devices are expected, of which the pay is the sum; none where it is not paid by the device."""
    if not is_by_device(pay, rates):
        return 0
    return int(rates.devices or pay.amount // (rates.per_device or 1))


def share_of(pay: Pay, rates: Rates) -> Decimal:
    """What each device that is done is paid: its share of the sum that was agreed for those expected."""
    if rates.devices:
        return pay.amount / rates.devices
    return rates.per_device or ZERO


def rates_at(pay: Pay, rates: Rates) -> Rates:
    """The rates of this pay: by the device, what each one is paid by it."""
    return replace(rates, per_device=share_of(pay, rates)) if is_by_device(pay, rates) else rates


def net_of(gross: Decimal, fee_share: Decimal, currency: str) -> tuple[Decimal, Decimal]:
    """Our fee, rounded as every line is, and what is left for the technician."""
    fee = rounded(gross * fee_share, currency)
    return fee, gross - fee


def most_behind(net: Decimal, fee_share: Decimal, currency: str) -> Decimal:
    """The largest sum of which no more than `net` is left after our fee."""
    gross, unit = rounded(net / (1 - fee_share), currency), unit_of(currency)
    while net_of(gross, fee_share, currency)[1] > net:
        gross -= unit
    return gross


def hours_of(spans: Iterable[tuple[datetime, datetime]]) -> Decimal:
    """Real hours, to the microsecond."""
    return _hours(sum((end - start for start, end in map(_in_utc, spans)), timedelta()))


_Line = tuple[str, Decimal, Decimal]


def _base(pay: Pay, rates: Rates, worked: Worked, hours: Decimal) -> Iterator[_Line]:
    if pay.kind == "hourly":
        yield "work", _paid_hours(rates, hours), pay.amount
    elif is_by_device(pay, rates):
        yield "devices", Decimal(worked.num_devices), share_of(pay, rates)
    else:
        yield "fixed", Decimal(1), pay.amount
        if rates.fixed_h is not None and rates.then_hourly is not None:
            yield "beyond_fixed", max(ZERO, _capped(rates, hours) - rates.fixed_h), rates.then_hourly


def _paid_hours(rates: Rates, hours: Decimal) -> Decimal:
    return max(rates.minimum_h, _capped(rates, hours))


def _capped(rates: Rates, hours: Decimal) -> Decimal:
    return hours if rates.cap_h is None else min(hours, rates.cap_h)


def _surcharges(
    pay: Pay, rates: Rates, worked: Worked, hours: Decimal, is_holiday: Callable[[date], bool]
) -> Iterator[_Line]:
    """Odd hours, by kind; beyond the cap no hour is paid, nor what would come on top of it."""
    hourly = pay.amount if pay.kind == "hourly" else pay.amount / worked.agreed_h if worked.agreed_h else ZERO
    # Summed as lengths of time: a third of an hour has no end in decimals.
    left = timedelta(microseconds=round(_capped(rates, hours) * _HOUR_US))
    odd: dict[tuple[str, Decimal], timedelta] = {}
    for start, end, day, clock in _pieces(rates, worked):
        spent = min(left, end - start)
        left -= spent
        kind, share = _largest(rates, day, clock, is_holiday)
        if share:
            odd[kind, share] = odd.get((kind, share), timedelta()) + spent
    for (kind, share), spent in sorted(odd.items()):
        yield kind, _hours(spent), hourly * share


def _largest(rates: Rates, day: date, clock: time, is_holiday: Callable[[date], bool]) -> tuple[str, Decimal]:
    is_day = time.fromisoformat(rates.day_from) <= clock < time.fromisoformat(rates.day_to)
    shares = [
        ("holiday", rates.holiday_share if is_holiday(day) else ZERO),
        ("weekend", rates.weekend_share if day.weekday() >= 5 else ZERO),
        ("after_hours", ZERO if is_day else rates.after_hours_share),
    ]
    return max(shares, key=lambda each: each[1])


def _pieces(rates: Rates, worked: Worked) -> Iterator[tuple[datetime, datetime, date, time]]:
    """Spans cut where the local day or the kind of hour changes: UTC start and end, local day and clock then."""
    zone = ZoneInfo(worked.zone)
    marks = (time(0), time.fromisoformat(rates.day_from), time.fromisoformat(rates.day_to))
    for start, end in map(_in_utc, worked.spans):
        first, last = start.astimezone(zone).date(), end.astimezone(zone).date()
        days = [first + timedelta(days=num) for num in range((last - first).days + 1)]
        cuts = sorted({datetime.combine(day, mark, zone).astimezone(UTC) for day in days for mark in marks})
        edges = [start, *(cut for cut in cuts if start < cut < end), end]
        for num, begin in enumerate(edges[:-1]):
            local = begin.astimezone(zone)
            yield begin, edges[num + 1], local.date(), local.time()


def _travel(rates: Rates, worked: Worked) -> Iterator[_Line]:
    yield "travel_flat", Decimal(1), rates.travel_flat
    yield "travel_mile", worked.miles, rates.travel_mile
    yield "travel_hour", worked.travel_h, rates.travel_hour


def _in_utc(span: tuple[datetime, datetime]) -> tuple[datetime, datetime]:
    # Python subtracts two times of the same zone as the clocks show them, an hour off across a change.
    return span[0].astimezone(UTC), span[1].astimezone(UTC)


def _hours(length: timedelta) -> Decimal:
    return Decimal(length // timedelta(microseconds=1)) / _HOUR_US
