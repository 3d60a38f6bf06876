"""Which pairs and jobs would other packs change? Everybody's hours under both, side by side."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.record.tables import AssignmentRow, ClientRow, UsageRow
from dispatch.talent.clock import hours_of
from matching.packs import LimitsPolicy, Pack
from matching.standing import Hours, Standing, standings

#: Rows of usage read at once.
_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class PackChange:
    """A version that is new, gone, or says something else: `fields` are what differs, None where it is not there."""

    pack: str
    version: int
    kind: str
    fields: Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class PairChange:
    """A technician who would stand otherwise with a client, and the jobs promised but not begun."""

    client_id: UUID
    technician_id: UUID
    pack: str
    before: str
    after: str
    is_hard: bool
    text: str
    jobs: tuple[UUID, ...]


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


def changed_pairs(session: Session, old: Sequence[Pack], new: Sequence[Pack], *, now: datetime) -> list[PairChange]:
    """Everyone whose level under a pack would change today, by client and technician. Runs as the engine."""
    today = now.astimezone(UTC).date()
    return [change for row, client in _all_usage(session) for change in _of_pair(session, row, client, old, new, today)]


def _of_pair(
    session: Session, row: UsageRow, client: ClientRow, old: Sequence[Pack], new: Sequence[Pack], today: date
) -> Iterator[PairChange]:
    hours = hours_of(row.days)
    before, after = (_levels(client, row.engaged_as, hours, packs, today) for packs in (old, new))
    for pack_id in sorted(before.keys() | after.keys()):
        was, now = before.get(pack_id), after.get(pack_id)
        told = now or was
        assert told is not None
        levels = [each.level if each else "green" for each in (was, now)]
        if levels[0] != levels[1]:
            yield PairChange(
                client_id=row.client_id,
                technician_id=row.technician_id,
                pack=pack_id,
                before=levels[0],
                after=levels[1],
                is_hard=told.binding == "hard",
                text=told.text,
                jobs=_jobs(session, row.client_id, row.technician_id),
            )


def _levels(
    client: ClientRow, engaged_as: str, hours: Hours, packs: Sequence[Pack], today: date
) -> dict[str, Standing]:
    """How they stand, by pack; what the client chose for packs that are not among these has no say."""
    policy = LimitsPolicy.of_stored(client.limits, packs)
    in_force = policy.from_day(packs, today, engaged_as)
    return {each.pack.id: each for each in standings(hours, in_force, today.toordinal())}


def _jobs(session: Session, client_id: UUID, technician_id: UUID) -> tuple[UUID, ...]:
    promised = select(AssignmentRow.job_id).where(
        AssignmentRow.client_id == client_id,
        AssignmentRow.technician_id == technician_id,
        AssignmentRow.state == "live",
        AssignmentRow.checked_in_at.is_(None),
    )
    return tuple(session.scalars(promised.distinct().order_by(AssignmentRow.job_id)))


def _all_usage(session: Session) -> Iterator[tuple[UsageRow, ClientRow]]:
    wanted = (
        select(UsageRow, ClientRow)
        .join(ClientRow, ClientRow.id == UsageRow.client_id)
        .order_by(UsageRow.client_id, UsageRow.technician_id)
    )
    for row in session.execute(wanted.execution_options(yield_per=_CHUNK)):
        usage, client = row
        yield usage, client
