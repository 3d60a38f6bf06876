"""What is known of these technicians? The one bridge from rows to `matching.technician.Technician`.

Read for the index, where everyone is asked about, and under a lock when an offer is accepted: the same statements,
so that the rules judge the same facts.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from functools import lru_cache
from itertools import islice
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, TextClause, cast, select, text
from sqlalchemy.dialects.postgresql import TEXT
from sqlalchemy.orm import Session

from dispatch.record.tables import TechnicianRow
from dispatch.talent.proofdays import ASKED_OF_ALL, PROOFS, Asked, asked_of, cleared_until, codes_of, days_of
from dispatch.talent.usage import hours_left_of, packs_refuse
from geo.geojson import area_from_geojson
from matching.proof import NEVER
from matching.reputation import ReputationPolicy, reputation
from matching.technician import UNCHOSEN, Asks, Booking, Consent, Technician
from matching.usage import HoursLeft

#: Technicians read at once: a statement of some tens of milliseconds, far from its limit on a busy machine too.
CHUNK = 2_000

_COLUMNS = (
    cast(TechnicianRow.id, TEXT).label("key"),
    TechnicianRow.company_id,
    TechnicianRow.version,
    TechnicianRow.state,
    TechnicianRow.lat,
    TechnicianRow.lng,
    TechnicianRow.time_zone,
    TechnicianRow.radius_km,
    TechnicianRow.area,
    TechnicianRow.in_market,
    TechnicianRow.clearance,
    TechnicianRow.clearance_until,
    TechnicianRow.day_capacity,
    TechnicianRow.min_hourly,
    TechnicianRow.currency,
    TechnicianRow.quiet_from,
    TechnicianRow.quiet_to,
    TechnicianRow.works_in_quiet_hours,
    TechnicianRow.auto_min_hourly,
    TechnicianRow.auto_max_km,
    TechnicianRow.auto_max_per_day,
    TechnicianRow.auto_paused,
    TechnicianRow.reputation,
    TechnicianRow.reputation_high,
    TechnicianRow.reputation_at,
)

#: What other tables say of a technician, as one JSON value a table.
_FACTS = {
    "skills": "SELECT technician_id, json_object_agg(skill, level) FROM technician_skills WHERE {them}",
    "credentials": PROOFS,
    "hours": "SELECT technician_id, json_agg(json_build_array(weekday, from_minute, to_minute)"
    " ORDER BY weekday, from_minute) FROM working_hours WHERE {them}",
    "time_off": "SELECT technician_id, json_agg(json_build_array(floor(extract(epoch FROM lower(during)))::bigint,"
    " ceil(extract(epoch FROM upper(during)))::bigint) ORDER BY during)"
    " FROM time_off WHERE {them} AND upper(during) > :now",
    "bookings": "SELECT technician_id, json_agg(json_build_array(floor(extract(epoch FROM lower(busy)))::bigint,"
    " ceil(extract(epoch FROM upper(busy)))::bigint, lat, lng) ORDER BY busy)"
    " FROM bookings WHERE {them} AND live AND upper(busy) > :now",
    "asks": "SELECT technician_id, json_build_array(sum(num_asked), sum(num_yes),"
    " coalesce(sum(num_asked) FILTER (WHERE day > CAST(:today AS date) - 7), 0),"
    " coalesce(sum(num_asked) FILTER (WHERE day = :today), 0))"
    " FROM day_asks WHERE {them} AND day > CAST(:today AS date) - 90 AND day <= :today",
    "pools": "SELECT technician_id, json_agg(pool_id) FROM pool_members WHERE {them}",
    "admissions": "SELECT technician_id, json_agg(json_build_array(state, client_id)) FROM admissions"
    " WHERE {them} AND state IN ('admitted', 'suspended')",
    "of_clients": "SELECT technician_id, json_agg(json_build_array(kind, client_id)) FROM client_marks WHERE {them}",
    "hours_left": "SELECT technician_id, json_agg(json_build_array(client_id, usage.version, days, engaged_as, limits,"
    " hours_zone, CAST(:today AS date))) FROM usage JOIN clients ON clients.id = client_id"
    " WHERE {them} AND (:packs_refuse OR limits @? '$.** ? (@ == \"hard\")')",
    "engaged": "SELECT technician_id, json_object_agg(client_id, engaged_as) FROM usage"
    " WHERE {them} AND (engaged_as <> 'contractor' OR EXISTS (SELECT FROM technicians t"
    " WHERE t.id = technician_id AND t.company_id IS NOT NULL))",
    "own_marks": "SELECT technician_id, json_agg(json_build_array(kind, client_id)) FROM technician_marks WHERE {them}",
}

#: What holds for all is read with the technicians' facts, under nobody's key: what is asked of proofs, and what an
#: average technician of the network is like.
_OF_ALL = (*ASKED_OF_ALL, "(SELECT '', 'newcomer', means::text FROM network_means ORDER BY num DESC LIMIT 1)")

#: A reputation and the upper end of its interval.
Standing = tuple[float, float]

#: The reputation of a row that nobody gave one: what the table's own default says.
NOTHING_SAID = 0.5

#: A technician's row, locked.
Held = Row[Any]

_NOBODY: frozenset[UUID] = frozenset()
_NO_MARKS = (_NOBODY, _NOBODY)
_NOTHING: Mapping[str, int] = MappingProxyType({})
_CONTRACTOR: Mapping[UUID, str] = MappingProxyType({})
_NO_HOURS: Mapping[UUID, HoursLeft] = MappingProxyType({})
#: Where there are no outcomes, none is older than another.
_ANY_TIME = datetime.min.replace(tzinfo=UTC)


def _facts_statement(them: str) -> TextClause:
    arms = (
        f"SELECT technician_id::text, '{name}', facts::text FROM ({query.format(them=them)} GROUP BY technician_id)"
        f" AS {name} (technician_id, facts)"
        for name, query in _FACTS.items()
    )
    return text(" UNION ALL ".join((*arms, *_OF_ALL)))


_OF_SOME = _facts_statement("technician_id = ANY(CAST(:ids AS uuid[]))")
_OF_RANGE = _facts_statement("technician_id BETWEEN :first AND :last")

# At horizon 0 everyone has changed, and the other tables need not be looked at.
_CHANGED = text(
    "SELECT 'horizon', pg_snapshot_xmin(pg_current_snapshot())::text UNION ALL"
    " (SELECT 'whole', id::text FROM technicians WHERE changed_xid >= CAST(:horizon AS xid8)"
    " UNION SELECT 'whole', technician_id::text FROM bookings"
    " WHERE changed_xid >= CAST(:horizon AS xid8) AND CAST(:horizon AS xid8) > '0'::xid8"
    " UNION SELECT 'whole', technician_id::text FROM usage"
    " WHERE changed_xid >= CAST(:horizon AS xid8) AND CAST(:horizon AS xid8) > '0'::xid8"
    " UNION SELECT 'asks', technician_id::text FROM day_asks"
    " WHERE changed_xid >= CAST(:horizon AS xid8) AND CAST(:horizon AS xid8) > '0'::xid8)"
)

_ASKS = text(_FACTS["asks"].format(them="technician_id = ANY(CAST(:ids AS uuid[]))") + " GROUP BY technician_id")


class Changed(NamedTuple):
    """Who changed: `whole` are to be read again, `asked` were asked or said yes, and nothing else of them changed.

    The next look begins at `horizon`.
    """

    whole: set[UUID]
    asked: set[UUID]
    horizon: int


def read_technicians(session: Session, ids: Iterable[UUID] | None = None, *, now: datetime) -> list[Technician]:
    """The technicians of these ids, or all of them, ascending by id; ids that nobody has are left out.

    Runs as the engine: other roles see parts. Read in chunks of a statement each for rows and for facts; a change
    in between can pair an older `version` with newer facts, never the other way round, and `changed_since` tells of
    it. Counts of a day (UTC) are those at `now`; bookings and times off that ended before `now` are left out.
    """
    chunks = _all_rows(session) if ids is None else _rows_of(session, ids)
    return [each for rows, of in chunks for each in _bridged(session, rows, of, now)]


def lock_technician_row(session: Session, technician_id: UUID) -> Held | None:
    """Lock a technician until the transaction ends; None if there is none.

    Runs as the engine. Whoever changes what the rules read of a technician changes or locks the technician's row in
    the same transaction (the tables' triggers see to it): what `read_held` answers stays true until this one ends.
    Locking more would lock in two orders: a revocation holds the credential before its trigger asks for the
    technician.
    """
    return session.execute(
        select(*_COLUMNS).where(TechnicianRow.id == technician_id).with_for_update(key_share=True)
    ).one_or_none()


def read_held(session: Session, held: Held, *, now: datetime) -> Technician:
    """The technician that is held, with the facts of this moment: a statement of its own, after the lock was got."""
    return next(_bridged(session, [held], {"ids": [held.key]}, now))


def lock_technician(session: Session, technician_id: UUID, *, now: datetime) -> Technician | None:
    """Lock a technician until the transaction ends, and read them; None if there is none. As `lock_technician_row`."""
    held = lock_technician_row(session, technician_id)
    return read_held(session, held, now=now) if held is not None else None


def changed_since(session: Session, horizon: int) -> Changed:
    """Whom to read again: those changed by transaction `horizon` or a later one.

    Runs as the engine. A change is one of the row (skills, credentials, hours, times off, pools and marks move it),
    of a booking or of the asks of a day. The next horizon is the oldest transaction that still runs: one that
    commits late is seen by a later call, at the price of reading some technicians twice.
    """
    told: dict[str, list[str]] = defaultdict(list)
    for what, value in session.execute(_CHANGED, {"horizon": str(horizon)}):
        told[what].append(value)
    whole = set(map(UUID, told["whole"]))
    return Changed(whole, set(map(UUID, told["asks"])) - whole, int(told["horizon"][0]))


def read_asks(session: Session, ids: Iterable[UUID], *, now: datetime) -> dict[UUID, Asks]:
    """How often each of these was asked, of those who ever were; the same as `read_technicians` tells at `now`."""
    wanted = {"ids": [str(each) for each in ids], "today": now.astimezone(UTC).date()}
    return {row[0]: Asks(*row[1]) for row in session.execute(_ASKS, wanted)}


def _all_rows(session: Session) -> Iterator[tuple[Sequence[Row[Any]], Mapping[str, Any]]]:
    page = select(*_COLUMNS).order_by(TechnicianRow.id).limit(CHUNK)
    rows = session.execute(page).all()
    while rows:
        yield rows, {"first": rows[0].key, "last": rows[-1].key}
        rows = session.execute(page.where(TechnicianRow.id > UUID(rows[-1].key))).all()


def _rows_of(session: Session, ids: Iterable[UUID]) -> Iterator[tuple[Sequence[Row[Any]], Mapping[str, Any]]]:
    wanted = iter(sorted(set(ids)))
    while chunk := list(islice(wanted, CHUNK)):
        found = session.execute(select(*_COLUMNS).where(TechnicianRow.id.in_(chunk)).order_by(TechnicianRow.id))
        yield found.all(), {"ids": [str(each) for each in chunk]}


def _bridged(session: Session, rows: Sequence[Row[Any]], of: Mapping[str, Any], now: datetime) -> Iterator[Technician]:
    statement = _OF_SOME if "ids" in of else _OF_RANGE
    facts: dict[str, dict[str, Any]] = defaultdict(dict)
    at = {"now": now, "today": now.astimezone(UTC).date(), "packs_refuse": packs_refuse()}
    for key, name, value in session.execute(statement, {**of, **at}):
        facts[key][name] = _PARSED[name](value)
    of_all = facts.pop("", {})
    asked, newcomer = of_all.get("asked", ()), of_all.get("newcomer") or _newcomer(None)
    clearing = of_all.get("clearing", frozenset())
    for row in rows:
        yield _technician(row, facts.get(row.key, {}), asked, clearing, newcomer)


def _technician(
    row: Row[Any], facts: Mapping[str, Any], asked: Asked, clearing: frozenset[str], newcomer: Standing
) -> Technician:
    asks = Asks(*facts.get("asks", (0, 0, 0, 0)))
    blocked_by, favourite_of = facts.get("of_clients", _NO_MARKS)
    blocked, prefers = facts.get("own_marks", _NO_MARKS)
    admitted, suspended = facts.get("admissions", _NO_MARKS)
    score, high = _standing(row, newcomer)
    return Technician(
        id=UUID(row.key),
        version=row.version,
        lat=row.lat,
        lng=row.lng,
        time_zone=row.time_zone,
        is_active=row.state == "active",
        in_market=row.in_market,
        company_id=row.company_id,
        pools=facts.get("pools", _NOBODY),
        blocks=blocked_by | blocked,
        admitted=admitted,
        suspended=suspended,
        favourite_of=favourite_of,
        prefers=prefers,
        skills=facts.get("skills", _NOTHING),
        credentials=days_of(facts["credentials"], asked) if "credentials" in facts else _NOTHING,
        cleared_until=cleared_until(facts.get("credentials", "[]"), clearing, row.clearance_until)
        if row.clearance == "us_person"
        else NEVER,
        radius_km=row.radius_km,
        area=area_from_geojson(row.area, "area") if row.area else None,
        hours=facts.get("hours", ()),
        quiet=None if row.quiet_from is None else (_minute(row.quiet_from), _minute(row.quiet_to)),
        works_in_quiet_hours=row.works_in_quiet_hours,
        time_off=facts.get("time_off", ()),
        bookings=facts.get("bookings", ()),
        day_capacity=row.day_capacity,
        min_hourly=row.min_hourly,
        currency=row.currency,
        reputation=score,
        reputation_high=high,
        **asks._asdict(),
        consent=_consent(row),
        hours_left=facts.get("hours_left", _NO_HOURS),
        engaged=_ways(facts.get("engaged", _CONTRACTOR), row.company_id),
    )


def _ways(engaged: Mapping[UUID, str], company_id: UUID | None) -> Mapping[UUID, str]:
    """Nobody works through a company without one."""
    if company_id is not None or "company" not in engaged.values():
        return engaged
    return {client: UNCHOSEN if way == "company" else way for client, way in engaged.items()}


def _standing(row: Row[Any], newcomer: Standing) -> Standing:
    """As it was reckoned; of whom nobody said anything, the network's own.

    Nothing is written of newcomers: there may be very many, and each row written is read again by every index.
    """
    if row.reputation_at is None and row.reputation == NOTHING_SAID:
        return newcomer
    # A score without an interval: everything may be true.
    return row.reputation, 1.0 if row.reputation_high is None else row.reputation_high


def _consent(row: Row[Any]) -> Consent | None:
    if row.auto_paused or row.auto_min_hourly is None:
        return None
    return Consent(row.auto_min_hourly, row.auto_max_km, row.auto_max_per_day)


def _minute(local: time) -> int:
    return local.hour * 60 + local.minute


# Many technicians share their hours, skills, pools and clients: what is read alike is kept once.


@lru_cache(maxsize=65536)
def _mapping(document: str) -> Mapping[str, int]:
    return MappingProxyType(json.loads(document))


@lru_cache(maxsize=8)
def _newcomer(document: str | None) -> Standing:
    """What nobody's outcomes make, by the network's means as they were last measured, or as they are stated."""
    policy = replace(ReputationPolicy(), means=json.loads(document)) if document else ReputationPolicy()
    made = reputation((), policy, now=_ANY_TIME)
    return made.score, made.high


@lru_cache(maxsize=65536)
def _tuples(document: str) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(each) for each in json.loads(document))


@lru_cache(maxsize=65536)
def _ids(document: str) -> frozenset[UUID]:
    return frozenset(map(UUID, json.loads(document)))


@lru_cache(maxsize=65536)
def _marks(document: str) -> tuple[frozenset[UUID], frozenset[UUID]]:
    """The clients of the blocks, and of the favourites."""
    return _clients(document, "block"), _clients(document, "favourite")


@lru_cache(maxsize=65536)
def _admissions(document: str) -> tuple[frozenset[UUID], frozenset[UUID]]:
    """The clients that admitted them, and those that suspended them."""
    return _clients(document, "admitted"), _clients(document, "suspended")


def _clients(document: str, kind: str) -> frozenset[UUID]:
    return frozenset(UUID(client) for said, client in json.loads(document) if said == kind)


def _bookings(document: str) -> tuple[Booking, ...]:
    return tuple(Booking(*each) for each in json.loads(document))


def _engaged(document: str) -> Mapping[UUID, str]:
    return {UUID(client): way for client, way in json.loads(document).items()}


def _hours_left(document: str) -> Mapping[UUID, HoursLeft]:
    """By client with hard limits what is left."""
    return {
        UUID(client): hours_left_of(days, version, engaged_as, limits, zone, date.fromisoformat(today))
        for client, version, days, engaged_as, limits, zone, today in json.loads(document)
    }


_PARSED: Mapping[str, Callable[[str], Any]] = {
    "skills": _mapping,
    "credentials": str,
    "asked": asked_of,
    "clearing": codes_of,
    "newcomer": _newcomer,
    "hours": _tuples,
    "time_off": _tuples,
    "bookings": _bookings,
    "asks": json.loads,
    "pools": _ids,
    "of_clients": _marks,
    "own_marks": _marks,
    "admissions": _admissions,
    "hours_left": _hours_left,
    "engaged": _engaged,
}
