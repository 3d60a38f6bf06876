"""Which pairs, jobs and open offers would other packs change? Everybody under both, side by side, from a day on."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.record.tables import AssignmentRow, ClientRow, OfferRow, UsageRow, VisitRow
from dispatch.record.tables.offers import LIVE_OFFERS
from dispatch.talent.clock import hours_of, nothing_yet
from dispatch.talent.paysigns import PaySigns
from matching.packs import Binding, LimitsPolicy, Pack
from matching.standing import Standing, full_days, standings
from matching.usage import HoursRules, hours_left, left_on

#: Pairs that are read at once.
_CHUNK = 500

#: Work by pair: its job or offer, begin, end and seconds.
Work = tuple[UUID, datetime, datetime, int]
Works = Mapping[tuple[UUID, UUID], Sequence[Work]]


@dataclass(frozen=True, slots=True)
class PackChange:
    """A version that is new, gone, or says something else: `fields` are what differs, None where it is not there."""

    pack: str
    version: int
    kind: str
    fields: Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class PairChange:
    """A technician who would stand otherwise with a client under a pack, or at the same limit that binds otherwise.

    `jobs` are promised, not begun, and would be above the limit only by the new packs; `offers` are open and would not
    fit only by them, or would be refused only by them. A sign of pay breaks neither.
    """

    client_id: UUID
    technician_id: UUID
    pack: str
    before: str
    after: str
    is_hard: bool
    text: str
    jobs: tuple[UUID, ...]
    offers: tuple[UUID, ...]


def compare_packs(old: Sequence[Pack], new: Sequence[Pack]) -> list[PackChange]:
    """What differs between two sets of packs, by id and version."""
    before, after = ({(pack.id, pack.version): pack for pack in packs} for packs in (old, new))
    changes = []
    for key in sorted(before.keys() | after.keys()):
        was, now = before.get(key), after.get(key)
        kind = "added" if was is None else "removed" if now is None else "changed"
        names = [each.name for each in fields(Pack) if each.name not in ("id", "version")]
        both = {name: (getattr(was, name, None), getattr(now, name, None)) for name in names}
        differing = {name: pair for name, pair in both.items() if pair[0] != pair[1]}
        if differing:
            changes.append(PackChange(*key, kind, differing if kind == "changed" else {}))
    return changes


def first_day_of(old: Sequence[Pack], new: Sequence[Pack], today: date) -> date:
    """The first day from today on for which the two sets say something else: when a new version begins, if later."""
    changed = {(each.pack, each.version) for each in compare_packs(old, new)}
    days = [pack.valid_from for pack in (*old, *new) if (pack.id, pack.version) in changed and pack not in old]
    return max(today, min(days, default=today))


def changed_pairs(
    session: Session, old: Sequence[Pack], new: Sequence[Pack], *, on: date | None = None, now: datetime
) -> list[PairChange]:
    """Everyone who would stand otherwise on a day, by client and technician. Runs as the engine.

    Without a day, on that on which the new packs begin to say something else.
    """
    day = on or first_day_of(old, new, now.astimezone(UTC).date())
    jobs, offers = _promised(session), _offered(session, now)
    found = list[PairChange]()
    for chunk in _all_pairs(session, offers.keys()):
        signs = PaySigns(session, {row.technician_id for row, _ in chunk}, for_client=False)
        for row, client in chunk:
            before, after = (_Side(client, row, packs, signs, day) for packs in (old, new))
            key = (row.client_id, row.technician_id)
            found += _of_pair(row, before, after, jobs.get(key, ()), offers.get(key, ()))
    return found


class _Side:
    """How a pair stands under one set of packs; what the client chose for packs that are not among these has no say."""

    def __init__(self, client: ClientRow, row: UsageRow, packs: Sequence[Pack], signs: PaySigns, day: date) -> None:
        policy = LimitsPolicy.of_stored(client.limits, packs)
        self._in_force: list[tuple[Pack, Binding]] = policy.from_day(packs, day, row.engaged_as)
        self._hours, self._day, self._rules = hours_of(row.days), day.toordinal(), HoursRules(client.hours_zone)
        counted = standings(self._hours, self._in_force, self._day)
        found = (*counted, *signs.of(client, row.technician_id, self._in_force, day))
        self.standings: Mapping[str, Standing] = {each.pack.id: each for each in found}

    def broken(self, pack_id: str, jobs: Sequence[Work]) -> set[UUID]:
        """The promised jobs on days of which the limit is crossed."""
        limits = self._limits(pack_id)
        full = {day for limit in limits for day in full_days(limit, self._hours)}
        return {job for job, begin, end, _ in jobs if not full.isdisjoint(self._rules.days_of(begin, end))}

    def unfit(self, pack_id: str, offers: Sequence[Work]) -> set[UUID]:
        """The open offers that are more than what is left."""
        seconds = {day: sum(both) for day, both in self._hours.items()}
        days = {offer: self._rules.days_of(begin, end) for offer, begin, end, _ in offers}
        steps = hours_left(seconds, self._limits(pack_id), min([self._day, *(each[0] for each in days.values())]))
        return {offer for offer, _, _, needed_s in offers if left_on(steps, days[offer]) < needed_s}

    def _limits(self, pack_id: str) -> list[Any]:
        return [pack.limit for pack, _ in self._in_force if pack.id == pack_id and pack.limit is not None]


def _of_pair(
    row: UsageRow, before: _Side, after: _Side, jobs: Sequence[Work], offers: Sequence[Work]
) -> Iterator[PairChange]:
    for pack_id in sorted(before.standings.keys() | after.standings.keys()):
        was, now = before.standings.get(pack_id), after.standings.get(pack_id)
        told = now or was
        assert told is not None
        levels = [each.level if each else "green" for each in (was, now)]
        binds = [each is not None and each.binding == "hard" for each in (was, now)]
        broken = after.broken(pack_id, jobs) - before.broken(pack_id, jobs)
        # What a soft limit only warned of, a hard one refuses.
        were_told = before.unfit(pack_id, offers) if binds[0] or not binds[1] else set()
        unfit = after.unfit(pack_id, offers) - were_told
        is_bound = binds[0] != binds[1] and levels[1] == "red"
        if levels[0] != levels[1] or is_bound or broken or unfit:
            yield PairChange(
                client_id=row.client_id,
                technician_id=row.technician_id,
                pack=pack_id,
                before=levels[0],
                after=levels[1],
                is_hard=binds[1],
                text=told.text,
                jobs=tuple(sorted(broken)),
                offers=tuple(sorted(unfit)),
            )


def _promised(session: Session) -> Works:
    rows = session.scalars(
        select(AssignmentRow).where(AssignmentRow.state == "live", AssignmentRow.checked_in_at.is_(None))
    )
    found = defaultdict(list)
    for row in rows:
        work = (row.job_id, row.start_at, row.end_at, int((row.end_at - row.start_at).total_seconds()))
        found[row.client_id, row.technician_id].append(work)
    return found


def _offered(session: Session, now: datetime) -> Works:
    """Open offers, at the end of their window, where the hours are judged."""
    rows = session.execute(
        select(OfferRow, VisitRow)
        .join(VisitRow, VisitRow.id == OfferRow.visit_id)
        .where(OfferRow.state.in_(LIVE_OFFERS), OfferRow.expires_at > now)
    )
    found = defaultdict(list)
    for offer, visit in rows:
        end_at, seconds = visit.window_end_at, visit.duration_min * 60
        begin_at = datetime.fromtimestamp(end_at.timestamp() - seconds, UTC)
        found[offer.client_id, offer.technician_id].append((offer.id, begin_at, end_at, seconds))
    return found


def _all_pairs(session: Session, offered: Any) -> Iterator[list[tuple[UsageRow, ClientRow]]]:
    """Whoever has hours, and then whoever only has an offer."""
    wanted = (
        select(UsageRow, ClientRow)
        .join(ClientRow, ClientRow.id == UsageRow.client_id)
        .order_by(UsageRow.client_id, UsageRow.technician_id)
    )
    new = set(offered)
    for rows in session.execute(wanted.execution_options(yield_per=_CHUNK)).partitions():
        chunk = [(usage, client) for usage, client in rows]
        new -= {(usage.client_id, usage.technician_id) for usage, _ in chunk}
        yield chunk
    pairs = sorted(new)
    for start in range(0, len(pairs), _CHUNK):
        part = pairs[start : start + _CHUNK]
        yield [(nothing_yet(session, *pair), session.get_one(ClientRow, pair[0])) for pair in part]
