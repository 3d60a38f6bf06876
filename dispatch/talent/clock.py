"""How near is each technician to the limits of each client? Judged when the hours move and as the days pass.

A row of usage is its own timer: whoever changes the hours sets `judge_at`, and this sets it again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session

from dispatch.record.events import record
from dispatch.record.session import ENGINE
from dispatch.record.tables import AssignmentRow, ClientRow, JobRow, OfferRow, SiteRow, UsageRow, VisitRow
from dispatch.record.tables.offers import LIVE_OFFERS
from dispatch.talent.packfiles import shipped_packs
from matching.packs import Binding, LimitsPolicy, Pack
from matching.signs import ONLY_OWN, Agreed, signs
from matching.standing import Hours, Level, Standing, standings, worst

#: So many pairs are judged in one transaction.
_BATCH = 200

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
    row = row or _nothing_yet(client.id, technician_id)
    in_force = _in_force(client, row.engaged_as, now)
    paid = signs(agreed_with(session, technician_id), client.id, in_force, _today(now).toordinal())
    kept = [each for each in paid if not (for_client and each.pack.kind in ONLY_OWN)]
    at_stake = _at_stake(session, client.id, [technician_id], now)
    return _usage(row, at_stake, (*standings_of(client, hours_of(row.days), row.engaged_as, now), *kept))


def usage_under_limits(session: Session, client: ClientRow, rows: Sequence[UsageRow], *, now: datetime) -> list[Usage]:
    """The same of several technicians of a client, in their order, without the signs of pay. Runs as the engine."""
    at_stake = _at_stake(session, client.id, [row.technician_id for row in rows], now)
    return [_usage(row, at_stake, standings_of(client, hours_of(row.days), row.engaged_as, now)) for row in rows]


def _nothing_yet(client_id: UUID, technician_id: UUID) -> UsageRow:
    same = {"worked_s": 0, "promised_s": 0, "days": {}, "engaged_as": "contractor"}
    return UsageRow(client_id=client_id, technician_id=technician_id, **same)


def _at_stake(session: Session, client_id: UUID, technicians: Sequence[UUID], now: datetime) -> Mapping[UUID, int]:
    """Seconds of open offers by technician."""
    rows = session.execute(
        select(OfferRow.technician_id, func.sum(VisitRow.duration_min) * 60)
        .join(VisitRow, OfferRow.visit_id == VisitRow.id)
        .where(
            OfferRow.client_id == client_id,
            OfferRow.technician_id.in_(technicians),
            OfferRow.state.in_(LIVE_OFFERS),
            OfferRow.expires_at > now,
        )
        .group_by(OfferRow.technician_id)
    )
    return {technician_id: seconds for technician_id, seconds in rows}


def _usage(row: UsageRow, at_stake: Mapping[UUID, int], found: tuple[Standing, ...]) -> Usage:
    days = sorted(hours_of(row.days))
    same = ("client_id", "technician_id", "engaged_as", "worked_s", "promised_s")
    return Usage(
        **{name: getattr(row, name) for name in same},
        at_stake_s=at_stake.get(row.technician_id, 0),
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
    for row, client in due:
        _judge(session, row, client, now)
    return len(due)


def standings_of(client: ClientRow, hours: Hours, engaged_as: str, now: datetime) -> tuple[Standing, ...]:
    """How a technician with these hours, who works for the client in this way, stands with it."""
    return standings(hours, _in_force(client, engaged_as, now), _today(now).toordinal())


def agreed_with(session: Session, technician_id: UUID) -> list[Agreed]:
    """What clients agreed to pay a technician, in US dollars, for work that was not given back. Runs as the engine."""
    hours = func.extract("epoch", AssignmentRow.end_at - AssignmentRow.start_at) / 3600
    rows = session.execute(
        select(
            AssignmentRow.client_id,
            func.timezone(ClientRow.hours_zone, AssignmentRow.start_at),
            SiteRow.region,
            case(
                (AssignmentRow.pay_kind == "hourly", AssignmentRow.pay_amount * hours), else_=AssignmentRow.pay_amount
            ),
        )
        .join(ClientRow, ClientRow.id == AssignmentRow.client_id)
        .join(JobRow, JobRow.id == AssignmentRow.job_id)
        .join(SiteRow, SiteRow.id == JobRow.site_id)
        .where(
            AssignmentRow.technician_id == technician_id,
            AssignmentRow.state.in_(("live", "finished")),
            AssignmentRow.currency == "USD",
        )
    )
    return [Agreed(client, at.date().toordinal(), region, amount) for client, at, region, amount in rows]


def _in_force(client: ClientRow, engaged_as: str, now: datetime) -> list[tuple[Pack, Binding]]:
    """Of each pack the version of today, and later ones: work that is promised ahead is judged by that of its day."""
    packs = shipped_packs()
    return LimitsPolicy.of_stored(client.limits, packs).from_day(packs, _today(now), engaged_as)


def _today(now: datetime) -> date:
    return now.astimezone(UTC).date()


def hours_of(days: Mapping[str, Any]) -> dict[int, tuple[int, int]]:
    """Seconds worked and promised by the day's ordinal, of a stored document."""
    return {date.fromisoformat(day).toordinal(): (worked, promised) for day, (worked, promised) in days.items()}


def _judge(session: Session, row: UsageRow, client: ClientRow, now: datetime) -> None:
    found = standings_of(client, hours_of(row.days), row.engaged_as, now)
    levels = {each.pack.id: each.level for each in found if each.level != "green"}
    level, was = worst(list(levels.values())), row.level
    wait = _SOON if levels else _LATER
    values: dict[str, Any] = {"judge_at": now + wait if row.days else None, "level": level, "levels": levels}
    is_news = levels != row.levels
    session.execute(
        update(UsageRow)
        .where(UsageRow.client_id == row.client_id, UsageRow.technician_id == row.technician_id)
        .values(values)
        .execution_options(synchronize_session=False)
    )
    if is_news:
        told: dict[str, Any] = {
            "client": str(row.client_id),
            "technician": str(row.technician_id),
            "level": level,
            "was": was,
        }
        free_on = {each.pack.id: each.free_on.isoformat() for each in found if each.free_on is not None}
        told |= {"level": level, "was": was, "levels": levels, "free_on": free_on}
        subject = ("technician", row.technician_id)
        record(session, ENGINE, subject, "hours_level_changed", told, client_id=row.client_id, now=now)
