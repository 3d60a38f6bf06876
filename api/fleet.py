"""What was sent since? The fleet's offers and their ends, in the order of the record, none skipped.

A transaction that took its number early may commit late. So the place in the stream is the oldest transaction that is
still running: a reader goes on from there, and keeps in mind which later events it has had already. Nothing waits for
a slow transaction, and nothing is lost behind one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, Row, text
from sqlalchemy.orm import Session

from api.schemas.jobs import PayOut, WindowOut
from api.schemas.live import FleetJob, FleetOffer, OfferEnded
from api.snapshots import one_moment
from api.telling import Told
from api.visibility import HIDDEN_RESOLUTION, HIDDEN_STEP_M, HIDDEN_STEP_S
from dispatch.record.session import ENGINE, transaction
from geo.cells import cell_of, center

#: Events read at once, and offers read at once.
_MAX_EVENTS = 50
_MAX_OFFERS = 1_000
#: A place from longer ago is not gone on from: the stream starts again with the offers that live.
KEPT = timedelta(hours=24)

#: Event of a job -> where its data names offers that ended, and how they did.
_ENDS_MANY = {
    "offers_expired": ("offers", "expired"),
    "slot_filled": ("offers_closed", "not_chosen"),
    "cancelled": ("offers_withdrawn", "withdrawn"),
    "held": ("offers_withdrawn", "withdrawn"),
    "terms_changed": ("offers_withdrawn", "withdrawn"),
    "unfilled": ("offers_withdrawn", "withdrawn"),
    "nobody_found": ("offers_withdrawn", "withdrawn"),
    "no_observer": ("offers_withdrawn", "withdrawn"),
}
#: Events of an offer that end it.
_ENDS_ONE = ("accepted", "declined", "withdrawn")
_KINDS = ["wave_sent", "asked_by_name", *_ENDS_MANY, *_ENDS_ONE]


@dataclass(frozen=True, slots=True)
class Place:
    """How far a reader has come: all below `below_xid`, and `seen` (event -> transaction) from there on."""

    below_xid: int
    seen: Mapping[UUID, int] = field(default_factory=dict)


class FleetReader:
    """Reads for one stream, from a place, or from the offers that live. The first batch is read at once."""

    def __init__(self, engine: Engine, below_xid: int | None) -> None:
        self.has_more = True
        self._engine = engine
        self._place = Place(0)
        self._first: list[Told] = []
        self._is_live_told = True
        self._last: FleetOffer | None = None
        with one_moment(engine, ENGINE, role="engine") as session:
            if below_xid is not None and can_go_on(session, Place(below_xid)):
                self._place = Place(below_xid)
            else:
                self._place, self._is_live_told = read_edge(session), False
                self._first = self._live(session)

    def read(self) -> list[Told]:
        """What is new since the last call, the place on the last event."""
        first, self._first = self._first, []
        if first:
            return first
        with transaction(self._engine, ENGINE, role="engine") as session:
            if not self._is_live_told:
                return self._live(session)
            batch = read_fleet(session, self._place)
        has_settled = batch.place.seen.keys() < self._place.seen.keys()
        self._place, self.has_more = batch.place, batch.is_full
        if has_settled and not batch.told:
            return [_place(batch.place)]
        return _ending_at(batch.told, batch.place)

    def _live(self, session: Session) -> list[Told]:
        offers = read_live_offers(session, self._last)
        self._is_live_told = len(offers) < _MAX_OFFERS
        self._last = offers[-1] if offers else self._last
        return _ending_at(offers, self._place) or [_place(self._place)]


@dataclass(frozen=True, slots=True)
class Batch:
    """What follows a place, in order, and the place after it; `is_full`: there may be more at once."""

    told: tuple[FleetOffer | OfferEnded, ...]
    place: Place
    is_full: bool


def read_fleet(session: Session, place: Place) -> Batch:
    """What was committed since `place`. Runs as the engine."""
    edge = session.execute(_EDGE).scalar_one()
    after = {"after": str(place.below_xid), "kinds": _KINDS, "seen": list(place.seen), "limit": _MAX_EVENTS}
    events = session.execute(_EVENTS, after).all()
    is_full = len(events) == _MAX_EVENTS
    below = min(edge, events[-1].xid) if is_full else edge
    seen = {**place.seen, **{event.id: event.xid for event in events}}
    sent = [offer for event in events for offer in _asked(event)]
    offers = {row.id: _offer(row) for row in session.execute(_OFFERS, {"ids": sent})} if sent else {}
    told = tuple(each for event in events for each in _told(event, offers))
    return Batch(told, Place(below, {event: xid for event, xid in seen.items() if xid >= below}), is_full)


def read_edge(session: Session) -> Place:
    """The place of now: everything visible is behind it. All reads of `session` see the same moment."""
    edge = session.execute(_EDGE).scalar_one()
    rows = session.execute(_EVENTS, {"after": str(edge), "kinds": _KINDS, "seen": [], "limit": None})
    return Place(edge, {row.id: row.xid for row in rows})


def read_live_offers(session: Session, last: FleetOffer | None = None) -> list[FleetOffer]:
    """The offers that live, those that end first first; `last` is the last one had, an empty answer is the end."""
    after = {"expires_at": last.expires_at if last else None, "id": last.id if last else None, "limit": _MAX_OFFERS}
    return [_offer(row) for row in session.execute(_LIVE, after)]


def can_go_on(session: Session, place: Place) -> bool:
    """Whether a place is of this database, and not too long ago."""
    if place.below_xid > session.execute(_EDGE).scalar_one():
        return False
    oldest = session.execute(_NEXT_EVENT, {"after": str(place.below_xid), "kept": KEPT}).scalar_one_or_none()
    return oldest is not False


def _place(place: Place) -> Told:
    """The place alone: everything before it will not be told again."""
    return Told("place", None, str(place.below_xid))


def _ending_at(told: Sequence[FleetOffer | OfferEnded], place: Place) -> list[Told]:
    last = len(told) - 1
    return [
        Told("offer" if isinstance(each, FleetOffer) else "ended", each, str(place.below_xid) if num == last else None)
        for num, each in enumerate(told)
    ]


def _told(event: Row[Any], offers: Mapping[UUID, FleetOffer]) -> Iterator[FleetOffer | OfferEnded]:
    asked = _asked(event)
    if asked:
        yield from (offers[offer] for offer in asked)
    elif event.kind in _ENDS_MANY and event.subject_kind == "job":
        name, state = _ENDS_MANY[event.kind]
        yield from (OfferEnded(id=UUID(offer), state=state) for offer in event.data.get(name, ()))
    elif event.subject_kind == "offer":
        yield OfferEnded(id=event.subject_id, state=event.kind)


def _asked(event: Row[Any]) -> list[UUID]:
    """The offers by which an event asked somebody."""
    if event.kind == "asked_by_name":
        return [UUID(event.data["offer"])]
    return [UUID(offer) for offer, _ in event.data["offers"]] if event.kind == "wave_sent" else []


def _offer(row: Row[Any]) -> FleetOffer:
    middle = center(cell_of(row.lat, row.lng, HIDDEN_RESOLUTION))
    terms = row.terms
    return FleetOffer(
        id=row.id,
        technician_id=row.technician_id,
        company_id=row.company_id,
        job=FleetJob(id=row.job_id, number=row.number, title=row.title, job_type=row.job_type),
        visit_id=row.visit_id,
        role=row.role,
        terms_version=row.terms_version,
        pay=PayOut(kind=terms["pay_kind"], amount=terms["pay_amount"], currency=terms["currency"]),
        window=WindowOut(start_at=terms["start_at"], end_at=terms["end_at"]),
        duration_min=terms["duration_min"],
        distance_m=_rounded(row.distance_m, HIDDEN_STEP_M),
        travel_s=_rounded(row.travel_s, HIDDEN_STEP_S),
        town=row.town,
        region=row.region,
        lat=round(middle.lat, 4),
        lng=round(middle.lng, 4),
        sent_at=row.sent_at,
        expires_at=row.expires_at,
        answer_s=(row.expires_at - row.sent_at).total_seconds(),
    )


def _rounded(value: int | None, step: int) -> int | None:
    return None if value is None else round(value / step) * step


_EDGE = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")

_EVENTS = text("""
SELECT id, xid::text::bigint AS xid, subject_kind, subject_id, kind, data FROM events
WHERE xid >= CAST(:after AS xid8) AND kind = ANY(:kinds) AND id <> ALL(CAST(:seen AS uuid[]))
ORDER BY events.xid, id LIMIT :limit
""")

_NEXT_EVENT = text("""
SELECT at > clock_timestamp() - :kept FROM events WHERE xid >= CAST(:after AS xid8) ORDER BY xid LIMIT 1
""")

_OFFER_COLUMNS = """
SELECT o.id, o.technician_id, o.company_id, o.job_id, o.visit_id, o.role, o.terms_version, o.distance_m, o.travel_s,
    o.sent_at, o.expires_at, j.number, j.title, j.job_type, s.town, s.region, s.lat, s.lng, terms.slot AS terms
FROM offers o
JOIN jobs j ON j.id = o.job_id
JOIN sites s ON s.id = j.site_id
JOIN visits v ON v.id = o.visit_id
JOIN LATERAL (
    SELECT slot FROM terms t, jsonb_array_elements(t.terms -> 'slots') slot
    WHERE t.job_id = o.job_id AND t.version = o.terms_version
        AND slot ->> 'role' = o.role AND (slot ->> 'visit')::int = v.num
    LIMIT 1
) terms ON true
"""
_OFFERS = text(_OFFER_COLUMNS + "WHERE o.id = ANY(:ids)")
_LIVE = text(
    _OFFER_COLUMNS
    + """
WHERE o.state IN ('sent', 'viewed', 'requested', 'countered')
    AND (CAST(:id AS uuid) IS NULL OR (o.expires_at, o.id) > (CAST(:expires_at AS timestamptz), CAST(:id AS uuid)))
ORDER BY o.expires_at, o.id LIMIT :limit
"""
)
