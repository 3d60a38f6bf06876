"""What is in this part of the map? Jobs at their sites; technicians exactly, or at the middle of a large cell.

What a client is shown of technicians is chosen by that middle alone, never by where they are: else small boxes would
find a home. No statement uses a geometry to select: row-level security would keep it from the spatial index.
"""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, or_, select, text
from sqlalchemy.orm import Session

from api.people import visible_to
from api.visibility import HIDDEN_RESOLUTION
from dispatch.record.session import Actor
from dispatch.record.tables import JobRow, SiteRow, TechnicianRow
from geo.boxes import Box, cell_ranges
from geo.cells import cell_of, center
from geo.geojson import Feature
from geo.points import Point

#: Technicians looked at for one map, before the middles of their cells are compared with the box.
_MAX_LOOKED_AT = 20_000
#: No place of a cell of `HIDDEN_RESOLUTION` is further from its middle, and none of its descendants'.
_CELL_KM = 6.0
_OVER = ("approved", "paid", "cancelled")


@dataclass(frozen=True, slots=True)
class Shown:
    """The features of a map; `is_whole`: there are no others."""

    features: tuple[Feature, ...]
    is_whole: bool


def jobs_in(session: Session, actor: Actor, box: Box, limit: int) -> Shown:
    """Jobs that are not over, at their sites; the session sees the actor's alone, or all for the operator."""
    wanted = (
        select(JobRow.id, JobRow.number, JobRow.title, JobRow.job_type, JobRow.state, JobRow.priority)
        .add_columns(SiteRow.lat, SiteRow.lng, SiteRow.town, SiteRow.store_number)
        .join(SiteRow, and_(SiteRow.client_id == JobRow.client_id, SiteRow.id == JobRow.site_id))
        .where(JobRow.state.not_in(_OVER), inside(SiteRow, box))
    )
    if actor.client_id is not None:
        wanted = wanted.where(JobRow.client_id == actor.client_id, SiteRow.client_id == actor.client_id)
    rows = session.execute(wanted.order_by(JobRow.priority, JobRow.id).limit(limit + 1)).all()
    names = ("number", "title", "job_type", "state", "priority", "town", "store_number")
    features = tuple(_feature(row, Point(row.lat, row.lng), names) for row in rows[:limit])
    return Shown(features, len(rows) <= limit)


def technicians_in(session: Session, actor: Actor, box: Box, limit: int) -> Shown:
    """Technicians whom the actor may know. Runs as the engine."""
    is_exact = actor.client_id is None
    looked_at = box if is_exact else box.widened(_CELL_KM)
    most = limit + 1 if is_exact else _MAX_LOOKED_AT
    wanted = (
        select(TechnicianRow.id, TechnicianRow.number, TechnicianRow.name, TechnicianRow.state)
        .add_columns(TechnicianRow.lat, TechnicianRow.lng)
        .where(visible_to(actor), TechnicianRow.state.not_in(("left", "erased")), inside(TechnicianRow, looked_at))
        .order_by(TechnicianRow.id)
        .limit(most)
    )
    rows = session.execute(wanted).all()
    names = ("number", "name", "state")
    shown = [_feature(row, _place(row, is_exact), names, is_exact=is_exact) for row in rows]
    here = [each for each in shown if isinstance(each.geometry, Point) and _holds(box, each.geometry)]
    return Shown(tuple(here[:limit]), len(here) <= limit and len(rows) < most)


def inside(table: type[SiteRow] | type[TechnicianRow], box: Box) -> ColumnElement[bool]:
    """In the box, by plain numbers that every index and policy understands."""
    ranges = cell_ranges(box)
    near = [] if ranges is None else [or_(*(table.cell.between(first, last) for first, last in ranges))]
    halves = (
        and_(table.lat.between(half.south, half.north), table.lng.between(half.west, half.east))
        for half in box.halves()
    )
    return and_(*near, or_(*halves))


def tile(session: Session, layer: str, shown: Shown, zoom: int, x: int, y: int) -> bytes:
    """The features as a Mapbox vector tile, empty where there is none; properties beside `id` as GeoJSON has them."""
    rows = [
        {"lat": each.geometry.lat, "lng": each.geometry.lng, "doc": {"id": each.id, **each.properties}}
        for each in shown.features
        if isinstance(each.geometry, Point)
    ]
    asked = {"rows": json.dumps(rows), "layer": layer, "z": zoom, "x": x, "y": y}
    return bytes(session.execute(_TILE, asked).scalar_one() or b"")


def _holds(box: Box, place: Point) -> bool:
    return box.holds(place.lat, place.lng)


def _place(row: Row[Any], is_exact: bool) -> Point:
    if is_exact:
        return Point(row.lat, row.lng)
    middle = center(cell_of(row.lat, row.lng, HIDDEN_RESOLUTION))
    return Point(round(middle.lat, 4), round(middle.lng, 4))


def _feature(row: Row[Any], place: Point, names: tuple[str, ...], **more: Any) -> Feature:
    return Feature(place, {name: getattr(row, name) for name in names} | more, str(row.id))


_TILE = text("""
SELECT ST_AsMVT(f, :layer, 4096, 'geom') FROM (
    SELECT ST_AsMVTGeom(
            ST_Transform(ST_SetSRID(ST_MakePoint((r ->> 'lng')::float8, (r ->> 'lat')::float8), 4326), 3857),
            ST_TileEnvelope(:z, :x, :y), 4096, 64
        ) AS geom, r -> 'doc' AS doc
    FROM jsonb_array_elements(CAST(:rows AS jsonb)) r
) f WHERE geom IS NOT NULL
""")
