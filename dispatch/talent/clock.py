"""How near is each technician to the limits of each client? Judged when the hours move and as the days pass.

A row of usage is its own timer: whoever changes the hours sets `judge_at`, and this sets it again.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dispatch.record.events import record
from dispatch.record.session import ENGINE
from dispatch.record.tables import ClientRow, OfferRow, TechnicianRow, UsageRow, VisitRow
from dispatch.record.tables.offers import LIVE_OFFERS
from dispatch.talent.packfiles import known_packs
from dispatch.talent.paysigns import PaySigns
from matching.packs import Binding, LimitsPolicy, Pack
from matching.standing import LEVELS, Hours, Level, Standing, standings, warned, worst
from matching.technician import COMPANY, CONTRACTOR
from matching.usage import by_day

#: So many pairs are judged in one transaction.
_BATCH = 200

#: Begin and end of open offers.
Stakes = Sequence[tuple[datetime, datetime]]

#: Whoever is near a limit is looked at every day, others every week.
_SOON, _LATER = timedelta(days=1), timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Usage:
    """The hours of one technician with one client: on how many days, since and until when, the longest break between.

    `at_stake_s` are open offers: they warn, and lock nobody out.
    """

    client_id: UUID
    technician_id: UUID
    engaged_as: str
    worked_s: int
    promised_s: int
    at_stake_s: int
    num_days: int
    first_day: date | None
    last_day: date | None
    longest_break_days: int
    level: Level
    standings: tuple[Standing, ...]


def read_usage(
    session: Session, client: ClientRow, technician_id: UUID, *, for_client: bool = False, now: datetime
) -> Usage:
    """The usage of a pair at this moment; of two who never worked together all is zero. Runs as the engine.

    `for_client` leaves out what would tell a client of others.
    """
    row = session.get(UsageRow, (client.id, technician_id), populate_existing=True)
    row = row or nothing_yet(session, client.id, technician_id)
    paid = PaySigns(session, [technician_id], for_client=for_client)
    offers = _at_stake(session, [technician_id], now).get((client.id, technician_id), ())
    return _usage(row, offers, _all_standings(client, row, paid, offers, now))


def usage_under_limits(session: Session, client: ClientRow, rows: Sequence[UsageRow], *, now: datetime) -> list[Usage]:
    """The same of several technicians of a client, in their order, for the client to read. Runs as the engine."""
    technicians = [row.technician_id for row in rows]
    paid, at_stake = PaySigns(session, technicians, for_client=True), _at_stake(session, technicians, now)
    offers = [at_stake.get((client.id, row.technician_id), ()) for row in rows]
    return [
        _usage(row, open_now, _all_standings(client, row, paid, open_now, now))
        for row, open_now in zip(rows, offers, strict=True)
    ]


def _all_standings(
    client: ClientRow, row: UsageRow, paid: PaySigns, offers: Stakes, now: datetime
) -> tuple[Standing, ...]:
    """Under what counts hours and months, then under what counts pay."""
    hours = hours_of(row.days)
    counted = standings_of(client, hours, row.engaged_as, now)
    if offers:
        at_stake = _with_offers(hours, offers, client.hours_zone)
        counted = warned(counted, standings_of(client, at_stake, row.engaged_as, now))
    in_force = _in_force(client, row.engaged_as, now)
    return (*counted, *paid.of(client, row.technician_id, in_force, _today(now)))


def nothing_yet(session: Session, client_id: UUID, technician_id: UUID) -> UsageRow:
    """The usage of two who never worked together; not stored."""
    company_id = session.scalar(select(TechnicianRow.company_id).where(TechnicianRow.id == technician_id))
    way = CONTRACTOR if company_id is None else COMPANY
    same = {"worked_s": 0, "promised_s": 0, "days": {}, "engaged_as": way}
    return UsageRow(client_id=client_id, technician_id=technician_id, **same)


def _at_stake(session: Session, technicians: Collection[UUID], now: datetime) -> Mapping[tuple[UUID, UUID], Stakes]:
    """The open offers by client and technician: at the end of their window, as they are judged."""
    rows = session.execute(
        select(OfferRow.client_id, OfferRow.technician_id, VisitRow.window_end_at, VisitRow.duration_min)
        .join(VisitRow, OfferRow.visit_id == VisitRow.id)
        .where(OfferRow.technician_id.in_(technicians), OfferRow.state.in_(LIVE_OFFERS), OfferRow.expires_at > now)
    )
    found = defaultdict(list)
    for client_id, technician_id, end_at, minutes in rows:
        found[client_id, technician_id].append((end_at - timedelta(minutes=minutes), end_at))
    return found


def _with_offers(hours: Hours, offers: Stakes, zone: str) -> Hours:
    """The hours as if every open offer were promised."""
    both = dict(hours)
    for begin, end in offers:
        for day, seconds in by_day(begin, end, zone).items():
            worked, promised = both.get(day, (0, 0))
            both[day] = (worked, promised + seconds)
    return both


def _usage(row: UsageRow, offers: Stakes, found: tuple[Standing, ...]) -> Usage:
    days = sorted(hours_of(row.days))
    same = ("client_id", "technician_id", "engaged_as", "worked_s", "promised_s")
    return Usage(
        **{name: getattr(row, name) for name in same},
        at_stake_s=sum(int((end - begin).total_seconds()) for begin, end in offers),
        num_days=len(days),
        first_day=date.fromordinal(days[0]) if days else None,
        last_day=date.fromordinal(days[-1]) if days else None,
        longest_break_days=max((after - before - 1 for before, after in pairwise(days)), default=0),
        level=worst([each.level for each in found]),
        standings=found,
    )


def judge_usage(session: Session, now: datetime) -> int:
    """Judge the pairs that are due; a level that changed is an event: how many were judged. Runs as the engine."""
    due = session.execute(
        select(UsageRow, ClientRow)
        .join(ClientRow, ClientRow.id == UsageRow.client_id)
        .where(UsageRow.judge_at <= now)
        .order_by(UsageRow.judge_at)
        .limit(_BATCH)
        .with_for_update(of=UsageRow, skip_locked=True)
    ).all()
    technicians = [row.technician_id for row, _ in due]
    paid, at_stake = PaySigns(session, technicians, for_client=True), _at_stake(session, technicians, now)
    for row, client in due:
        offers = at_stake.get((row.client_id, row.technician_id), ())
        _judge(session, row, _all_standings(client, row, paid, offers, now), now)
    return len(due)


def standings_of(client: ClientRow, hours: Hours, engaged_as: str, now: datetime) -> tuple[Standing, ...]:
    """How a technician with these hours, who works for the client in this way, stands with it."""
    return standings(hours, _in_force(client, engaged_as, now), _today(now).toordinal())


def _in_force(client: ClientRow, engaged_as: str, now: datetime) -> list[tuple[Pack, Binding]]:
    """Of each pack the version of today, and later ones: work that is promised ahead is judged by that of its day."""
    packs = known_packs()
    return LimitsPolicy.of_stored(client.limits, packs).from_day(packs, _today(now), engaged_as)


def _today(now: datetime) -> date:
    return now.astimezone(UTC).date()


def hours_of(days: Mapping[str, Any]) -> dict[int, tuple[int, int]]:
    """Seconds worked and promised by the day's ordinal, of a stored document."""
    return {date.fromisoformat(day).toordinal(): (worked, promised) for day, (worked, promised) in days.items()}


def _judge(session: Session, row: UsageRow, found: Sequence[Standing], now: datetime) -> None:
    """Keep the levels that the client reads, and tell those that changed: of hours, and of signs of pay."""
    levels = {each.pack.id: each.level for each in found if each.level != "green"}
    before = row.levels
    values: dict[str, Any] = {
        "judge_at": now + (_SOON if levels else _LATER) if row.days else None,
        "level": worst(list(levels.values())),
        "levels": levels,
    }
    session.execute(
        update(UsageRow)
        .where(UsageRow.client_id == row.client_id, UsageRow.technician_id == row.technician_id)
        .values(values)
        .execution_options(synchronize_session=False)
    )
    of_pay = {pack.id for pack in known_packs() if pack.limit is None}
    for kind, is_pay in (("hours_level_changed", False), ("pay_sign_changed", True)):
        told = [each for each in found if (each.pack.id in of_pay) is is_pay]
        was = {pack: level for pack, level in before.items() if (pack in of_pay) is is_pay}
        if was != {each.pack.id: each.level for each in told if each.level != "green"}:
            _tell(session, row, kind, told, was, now)


def _tell(
    session: Session, row: UsageRow, kind: str, found: Sequence[Standing], was: Mapping[str, Level], now: datetime
) -> None:
    levels = {each.pack.id: each.level for each in found if each.level != "green"}
    told: dict[str, Any] = {
        "client": str(row.client_id),
        "technician": str(row.technician_id),
        "level": worst(list(levels.values())),
        "was": worst(list(was.values())),
        "levels": levels,
        "free_on": {each.pack.id: each.free_on.isoformat() for each in found if each.free_on is not None},
    }
    if (contract := worst(_contracts_wanted(found, was))) != "green":
        told["contract"] = contract
    record(session, ENGINE, ("technician", row.technician_id), kind, told, client_id=row.client_id, now=now)


def _contracts_wanted(found: Sequence[Standing], was: Mapping[str, Level]) -> list[Level]:
    """How near they are to the sums that ask for a written contract, where none is signed and they were not so near."""
    return [
        each.level
        for each in found
        if each.pack.kind == "contract"
        and each.signed_on is None
        and LEVELS.index(each.level) > LEVELS.index(was.get(each.pack.id, "green"))
    ]
