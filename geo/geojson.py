"""What do places look like in GeoJSON, where the longitude comes first?

The only module with that order (RFC 7946); whoever needs it, be it for a routing server, asks here. Parsing is strict:
what is not exactly a Point, Polygon, MultiPolygon or a Feature of these is refused with the path of the value.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from geo.areas import PolygonArea, check_size
from geo.distance import Located
from geo.errors import GeoError, GeoJSONError
from geo.points import Point

#: The only coordinate system that GeoJSON has had since 2016; older writers still name it.
_WGS84_NAMES = ("urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:OGC::CRS84")


@dataclass(frozen=True, slots=True)
class Feature:
    """A geometry with properties and, if it has one, an id."""

    geometry: Point | PolygonArea
    properties: Mapping[str, Any] = field(default_factory=dict)
    id: str | int | None = None


def lng_lat(point: Located) -> list[float]:
    """Return a GeoJSON position."""
    return [point.lng, point.lat]


def lng_lat_text(points: Iterable[Located]) -> str:
    """Return points as ``lng,lat;lng,lat`` with seven decimals (1 cm), the form of OSRM's paths."""
    return ";".join(f"{p.lng:.7f},{p.lat:.7f}" for p in points)


def to_geojson(geometry: Point | PolygonArea) -> dict[str, Any]:
    """Return a GeoJSON geometry; areas are cut at the antimeridian and turned as RFC 7946 asks."""
    if isinstance(geometry, Point):
        return {"type": "Point", "coordinates": lng_lat(geometry)}
    polygons = [[[lng_lat(p) for p in ring] for ring in rings] for rings in geometry.cut()]
    if len(polygons) == 1:
        return {"type": "Polygon", "coordinates": polygons[0]}
    return {"type": "MultiPolygon", "coordinates": polygons}


def feature_to_geojson(feature: Feature) -> dict[str, Any]:
    """Return a GeoJSON Feature."""
    document: dict[str, Any] = {"type": "Feature"}
    if feature.id is not None:
        document["id"] = feature.id
    return document | {"geometry": to_geojson(feature.geometry), "properties": dict(feature.properties)}


def collection_to_geojson(features: Iterable[Feature]) -> dict[str, Any]:
    """Return a GeoJSON FeatureCollection."""
    return {"type": "FeatureCollection", "features": [feature_to_geojson(f) for f in features]}


def point_from_geojson(document: object, path: str = "") -> Point:
    """Return the place of a GeoJSON Point; `path` is where the document stands, for messages.

    Raises
    ------
    GeoJSONError
        It is no GeoJSON Point, or its coordinates are no place on Earth.
    """
    return _position(_member(_typed(document, path, "Point"), "coordinates", path), _join(path, "coordinates"))


def area_from_geojson(document: object, path: str = "") -> PolygonArea:
    """Return the area of a GeoJSON Polygon or MultiPolygon.

    Raises
    ------
    GeoJSONError
        It is neither, a position is no place on Earth, or the rings enclose no usable area.
    """
    mapping = _typed(document, path, "Polygon", "MultiPolygon")
    here = _join(path, "coordinates")
    coordinates = _list(_member(mapping, "coordinates", path), here)
    polygons = [(coordinates, here)]
    if mapping["type"] == "MultiPolygon":
        polygons = [(rings, f"{here}[{i}]") for i, rings in enumerate(coordinates)]
    try:
        check_size([[ring for ring in _list(rings, at) if isinstance(ring, list)] for rings, at in polygons])
        return PolygonArea(tuple(tuple(_rings(rings, at)) for rings, at in polygons))
    except GeoJSONError:
        raise
    except GeoError as error:
        raise GeoJSONError(f"{here}: {error}", field=here) from error


def feature_from_geojson(document: object, path: str = "") -> Feature:
    """Return a Feature whose geometry is a Point, Polygon or MultiPolygon; raises GeoJSONError if it is none."""
    mapping = _typed(document, path, "Feature")
    geometry, here = _member(mapping, "geometry", path), _join(path, "geometry")
    kind = _typed(geometry, here, "Point", "Polygon", "MultiPolygon")["type"]
    properties = mapping.get("properties")
    if not isinstance(properties, dict | None):
        raise _error(_join(path, "properties"), properties, "send an object or null")
    feature_id = mapping.get("id")
    if isinstance(feature_id, bool) or not isinstance(feature_id, str | int | None):
        raise _error(_join(path, "id"), feature_id, "send a string or an integer")
    place = point_from_geojson(geometry, here) if kind == "Point" else area_from_geojson(geometry, here)
    return Feature(place, properties or {}, feature_id)


def collection_from_geojson(document: object, path: str = "") -> list[Feature]:
    """Return the features of a FeatureCollection; raises GeoJSONError naming the first that can't be read."""
    features = _member(_typed(document, path, "FeatureCollection"), "features", path)
    here = _join(path, "features")
    return [feature_from_geojson(feature, f"{here}[{i}]") for i, feature in enumerate(_list(features, here))]


def _rings(rings: Sequence[object], path: str) -> Iterable[tuple[Point, ...]]:
    for i, ring in enumerate(rings):
        at = f"{path}[{i}]"
        yield tuple(_position(position, f"{at}[{j}]") for j, position in enumerate(_list(ring, at)))


def _position(value: object, path: str) -> Point:
    """Return the place of a position; a third number, the height, is checked to be one and left out."""
    numbers = _list(value, path)
    if len(numbers) not in (2, 3) or not all(type(n) in (int, float) for n in numbers):
        raise _error(path, value, "send [lng, lat] as numbers, longitude first")
    try:
        return Point(lat=numbers[1], lng=numbers[0])
    except GeoError as error:
        raise GeoJSONError(f"{path}: {error} (GeoJSON puts the longitude first)", field=path) from error


def _typed(document: object, path: str, *types: str) -> dict[str, Any]:
    wanted = " or ".join(types)
    if not isinstance(document, dict):
        raise _error(path or "document", document, f"send a GeoJSON {wanted}")
    if document.get("type") not in types:
        raise _error(_join(path, "type"), document.get("type"), f"send a GeoJSON {wanted}")
    crs = document.get("crs")
    properties = crs.get("properties") if isinstance(crs, dict) else None
    if crs is not None and not (isinstance(properties, dict) and properties.get("name") in _WGS84_NAMES):
        raise _error(_join(path, "crs"), crs, "GeoJSON is WGS 84 only: transform to degrees and leave crs out")
    return document


def _member(mapping: Mapping[str, Any], name: str, path: str) -> object:
    if name not in mapping:
        raise GeoJSONError(f"{_join(path, name)} is missing from the {mapping['type']}", field=_join(path, name))
    return mapping[name]


def _list(value: object, path: str) -> list[Any]:
    if not isinstance(value, list):
        raise _error(path, value, "send an array")
    return value


def _error(path: str, value: object, way_out: str) -> GeoJSONError:
    text = repr(value)
    return GeoJSONError(f"{path} is {text if len(text) <= 60 else text[:57] + '...'}: {way_out}", field=path)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
