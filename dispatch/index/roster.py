"""Who could be asked, and what is known of each right now?

One row a technician, in numpy columns. One thread writes, any number read: whoever touches the columns holds `lock`,
a writer for a few hundred technicians at a time, a reader while it gathers copies of its rows. So every reader sees
each technician whole, either before a change or after it. Rows are used again after a removal.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import ROUND_CEILING, Decimal
from itertools import islice
from threading import RLock
from typing import NamedTuple, TypeVar
from uuid import UUID

import numpy as np

from dispatch.index.columns import Columns, Records, RowSets
from dispatch.index.hours import LeftByClient
from geo.areas import PolygonArea, RadiusArea
from matching.availability import Hours, Quiet
from matching.candidates import NO_CAPACITY, Bools, Floats
from matching.technician import Asks, Technician

#: A writer lets readers in after so many technicians.
_BATCH = 256

#: Someone without standing consent, in `consent_cents`.
NO_CONSENT = -1

T = TypeVar("T")


class Week(NamedTuple):
    """What many technicians share: hours, the quiet hours that they keep, and the zone that both are read in."""

    hours: Hours
    quiet: Quiet
    time_zone: str


class Roster:
    """Everyone we may ask.

    Attributes
    ----------
    lock: held by whoever reads or writes what follows
    columns: one number a row, see `_FIELDS`; beside these `week` and `currency` (places in `weeks` and in
        `currencies`) and the circle of travel; latitude NaN where the row is free
    live: positions by opt-in, `lat`, `lng` and `until_s`, good while `until_s` lies ahead
    skills, credentials: by code the level, by kind the last valid day; 0 = none
    pools, blocks, favourite_of, prefers, admitted, suspended: the rows of each pool or client
    time_off, bookings: records (start_s, end_s) and (start_s, end_s, lat, lng)
    engaged: the rows of those who work otherwise for a client than `of_company` says, by client and way
    hours_left: what each has left with each client under its hard limits
    polygons: by row the area of those who drew one
    """

    def __init__(self) -> None:
        self.lock = RLock()
        self.columns = Columns({name: kind for name, (kind, _) in _FIELDS.items()} | _DERIVED)
        self.live = Columns({"lat": "f8", "lng": "f8", "until_s": "i8"})
        self.skills, self.credentials = Columns(), Columns()
        self.pools, self.blocks = RowSets[UUID](), RowSets[UUID]()
        self.favourite_of, self.prefers = RowSets[UUID](), RowSets[UUID]()
        self.admitted, self.suspended = RowSets[UUID](), RowSets[UUID]()
        self.time_off, self.bookings = Records(2), Records(4)
        self.hours_left = LeftByClient()
        self.engaged = RowSets[tuple[UUID, str]]()
        self.polygons: dict[int, PolygonArea] = {}
        self.weeks: list[Week] = []
        self.currencies: dict[str, int] = {}
        self._week_numbers: dict[Week, int] = {}
        self._technicians: list[Technician | None] = []
        self._row_of: dict[UUID, int] = {}
        self._free: list[int] = []

    def __len__(self) -> int:
        return len(self._row_of)

    @property
    def num_rows(self) -> int:
        """How many rows are in use or were."""
        return len(self._technicians)

    def upsert(self, technicians: Iterable[Technician]) -> int:
        """Add technicians, or replace what is known of them unless that is of a newer version: how many were.

        The same version counts as news: it may come with other counts of offers and answers.
        """
        num_applied = 0
        for batch in _batches(technicians, _BATCH):
            newest: dict[UUID, Technician] = {}
            for technician in batch:
                if technician.id not in newest or newest[technician.id].version <= technician.version:
                    newest[technician.id] = technician
            with self.lock:
                newer = [each for each in newest.values() if self._is_news(each)]
                self._put(newer)
            num_applied += len(newer)
        return num_applied

    def count(self, asks: Mapping[UUID, Asks]) -> None:
        """Set how often technicians were asked, and nothing else, of those who are known."""
        with self.lock:
            for technician_id, counted in asks.items():
                row = self._row_of.get(technician_id)
                held = None if row is None else self._technicians[row]
                if row is None or held is None:
                    continue
                self._technicians[row] = replace(held, **counted._asdict())
                for name, value in counted._asdict().items():
                    self.columns[name][row] = value

    def remove(self, technician_id: UUID) -> bool:
        """Forget a technician; says whether they were known."""
        with self.lock:
            row = self._row_of.pop(technician_id, None)
            if row is None:
                return False
            nobody = Technician(id=technician_id, version=0, lat=math.nan, lng=math.nan, time_zone="UTC")
            self._put_row(row, nobody)
            self._put_columns([row], [nobody])
            self.live["until_s"][row] = 0
            self._technicians[row] = None
            self._free.append(row)
            return True

    def move(self, technician_id: UUID, lat: float, lng: float, until_s: int) -> bool:
        """Let a technician start from a live position until `until_s` (Unix seconds); says whether they are known."""
        with self.lock:
            row = self._row_of.get(technician_id)
            if row is None:
                return False
            self.live["lat"][row], self.live["lng"][row], self.live["until_s"][row] = lat, lng, until_s
            return True

    def version_of(self, technician_id: UUID) -> int | None:
        """The version held, None of someone unknown."""
        held = self.get(technician_id)
        return None if held is None else held.version

    def get(self, technician_id: UUID) -> Technician | None:
        """What is known of a technician, None of someone unknown."""
        with self.lock:
            row = self._row_of.get(technician_id)
            return None if row is None else self._technicians[row]

    def rows_of(self, technician_ids: Iterable[UUID]) -> list[int]:
        """The rows of those who are known; to be called with the lock held, like all that follows."""
        return [self._row_of[each] for each in technician_ids if each in self._row_of]

    def places(self, live_at_s: float | None) -> tuple[Floats, Floats]:
        """Where everyone starts, (rows,) degrees: the base, or, given `live_at_s`, a live position still good then."""
        num = self.num_rows
        lats, lngs = self.columns["lat"][:num], self.columns["lng"][:num]
        if live_at_s is not None and (is_live := self.are_live(live_at_s)).any():
            lats = np.where(is_live, self.live["lat"][:num], lats)
            lngs = np.where(is_live, self.live["lng"][:num], lngs)
        return lats, lngs

    def ways_of(self, client_id: UUID) -> list[str]:
        """In which ways people work for a client, of whom it is said."""
        return [way for client, way in self.engaged.having_rows if client == client_id]

    def are_live(self, at_s: float) -> Bools:
        """(rows,) whose live position is good at a moment in Unix seconds."""
        return np.asarray(self.live["until_s"][: self.num_rows] > at_s)

    def _is_news(self, technician: Technician) -> bool:
        held = self.version_of(technician.id)
        return held is None or held <= technician.version

    def _put(self, technicians: list[Technician]) -> None:
        rows = [self._row_for(technician.id) for technician in technicians]
        for stored in (self.columns, self.live, self.skills, self.credentials, self.time_off, self.bookings):
            stored.reserve(self.num_rows)
        for row, technician in zip(rows, technicians, strict=True):
            self._put_row(row, technician)
        self._put_columns(rows, technicians)

    def _row_for(self, technician_id: UUID) -> int:
        row = self._row_of.get(technician_id)
        if row is None:
            row = self._free.pop() if self._free else len(self._technicians)
            if row == len(self._technicians):
                self._technicians.append(None)
            self._row_of[technician_id] = row
        return row

    def _put_row(self, row: int, technician: Technician) -> None:
        """Everything that is not one number a row."""
        before = self._technicians[row]
        for name in _ROW_SETS:
            getattr(self, name).put(row, getattr(before, name, frozenset()), getattr(technician, name))
        self.engaged.put(row, set(before.engaged.items()) if before else set(), set(technician.engaged.items()))
        self.hours_left.put(row, before.hours_left if before else {}, technician.hours_left)
        _put_codes(self.skills, "u1", row, before.skills if before else {}, technician.skills)
        _put_codes(self.credentials, "i4", row, before.credentials if before else {}, technician.credentials)
        self.time_off.put(row, technician.time_off)
        self.bookings.put(row, [(each.start_s, each.end_s, each.lat, each.lng) for each in technician.bookings])
        if isinstance(technician.area, PolygonArea):
            self.polygons[row] = technician.area
        else:
            self.polygons.pop(row, None)
        self._technicians[row] = technician

    def _put_columns(self, rows: list[int], technicians: list[Technician]) -> None:
        for name, (_, value) in _FIELDS.items():
            self.columns[name][rows] = [value(each) for each in technicians]
        circles = [_circle(each) for each in technicians]
        for place, name in enumerate(("circle_lat", "circle_lng", "circle_m")):
            self.columns[name][rows] = [circle[place] for circle in circles]
        self.columns["week"][rows] = [self._week_number(each) for each in technicians]
        self.columns["currency"][rows] = [
            self.currencies.setdefault(each.currency, len(self.currencies)) for each in technicians
        ]

    def _week_number(self, technician: Technician) -> int:
        quiet = None if technician.works_in_quiet_hours else technician.quiet
        week = Week(technician.hours, quiet, technician.time_zone)
        number = self._week_numbers.setdefault(week, len(self.weeks))
        if number == len(self.weeks):
            self.weeks.append(week)
        return number


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def _put_codes(stored: Columns, kind: str, row: int, before: Mapping[str, int], after: Mapping[str, int]) -> None:
    for code in before.keys() - after.keys():
        stored.of(code, kind)[row] = 0
    for code, value in after.items():
        stored.of(code, kind)[row] = value


def _circle(technician: Technician) -> tuple[float, float, float]:
    """Centre and metres of the circle that a technician travels in: without end for polygons and no limit."""
    if isinstance(technician.area, RadiusArea):
        return technician.area.center.lat, technician.area.center.lng, technician.area.radius_m
    if technician.area is not None or technician.radius_km is None:
        return technician.lat, technician.lng, math.inf
    return technician.lat, technician.lng, technician.radius_km * 1000


def _cents(amount: Decimal) -> int:
    """Hundredths of a currency, upwards: whoever asks for a fraction of one gets no less than it."""
    return int((amount * 100).to_integral_value(ROUND_CEILING))


#: What is one number a row: the kind of the column and where its values come from.
_FIELDS: dict[str, tuple[str, Callable[[Technician], object]]] = {
    "id": ("S16", lambda t: t.id.bytes),
    "lat": ("f8", lambda t: t.lat),
    "lng": ("f8", lambda t: t.lng),
    "is_active": ("?", lambda t: t.is_active),
    "in_market": ("?", lambda t: t.in_market),
    "of_company": ("?", lambda t: t.company_id is not None),
    "cleared_until": ("i8", lambda t: t.cleared_until),
    "has_polygon": ("?", lambda t: isinstance(t.area, PolygonArea)),
    "day_capacity": ("i8", lambda t: NO_CAPACITY if t.day_capacity is None else t.day_capacity),
    "min_cents": ("i8", lambda t: 0 if t.min_hourly is None else _cents(t.min_hourly)),
    "reputation": ("f8", lambda t: t.reputation),
    "reputation_high": ("f8", lambda t: t.reputation_high),
    "recent_offers": ("i8", lambda t: t.recent_offers),
    "asks_today": ("i8", lambda t: t.asks_today),
    "num_asked": ("i8", lambda t: t.num_asked),
    "num_yes": ("i8", lambda t: t.num_yes),
    "consent_cents": ("i8", lambda t: NO_CONSENT if t.consent is None else _cents(t.consent.min_hourly)),
    "consent_m": ("f8", lambda t: 0.0 if t.consent is None else t.consent.max_distance_km * 1000),
    "consent_per_day": ("i8", lambda t: 0 if t.consent is None else t.consent.max_per_day),
}

#: Sets of pools or clients, by the same name in a technician and here.
_ROW_SETS = ("pools", "blocks", "favourite_of", "prefers", "admitted", "suspended")

_DERIVED = {"circle_lat": "f8", "circle_lng": "f8", "circle_m": "f8", "week": "i8", "currency": "i8"}
