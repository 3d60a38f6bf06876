"""What do maps load? Jobs and technicians as GeoJSON and as vector tiles."""

import zlib
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from api.auth import Anyone, StaffReader
from api.etags import etag, is_known
from api.mapreading import Shown, jobs_in, technicians_in, tile
from api.parts import parts_of, reading
from api.schemas.maps import BaseMapOut, FeaturesOut, TownOut, TownsOut
from dispatch.errors import BadInput
from dispatch.record.session import Actor, transaction
from geo.boxes import MAX_ZOOM, Box, tile_box
from geo.errors import PointError
from geo.geojson import collection_to_geojson
from geo.towns import towns_in


class GeoJSONResponse(JSONResponse):
    """A body of RFC 7946."""

    media_type = "application/geo+json"


router = APIRouter(prefix="/v1", tags=["maps"])

#: Features of a tile at most, and those beside it that reach into it, in shares of its side.
_MAX_IN_TILE = 10_000
_MARGIN = 64 / 4096
_EARTH_KM = 40_075.0

Layer = Literal["jobs", "technicians"]
MapLimit = Annotated[int, Query(ge=1, le=5000, description="How many at most.", examples=[1000])]
TownsLimit = Annotated[int, Query(ge=1, le=200, description="How many at most.", examples=[60])]
_CACHED = {"Cache-Control": "private, max-age=5", "Vary": "Authorization"}


def box_of(
    bbox: Annotated[
        str,
        Query(
            max_length=100,
            description="west,south,east,north in degrees; a west greater than the east crosses the antimeridian.",
            examples=["-88,41,-87,42"],
        ),
    ],
) -> Box:
    """The box that was asked for.

    Raises
    ------
    BadInput
        It is none.
    """
    try:
        west, south, east, north = (float(each) for each in bbox.split(","))
    except ValueError as error:
        raise BadInput("?bbox", bbox, "send four numbers in degrees: west,south,east,north") from error
    try:
        return Box(west, south, east, north)
    except PointError as error:
        raise BadInput("?bbox", bbox, str(error)) from error


InBox = Annotated[Box, Depends(box_of)]


@router.get("/base-map", response_model=BaseMapOut, summary="What lies beneath?")
def get_base_map(request: Request, actor: Anyone) -> BaseMapOut:
    """Where streets come from, if the operator of this installation names a place: `TRUCKROLL_TILES_URL`.

    `TRUCKROLL_TILES_CREDIT` is written on every map that shows them.
    """
    settings = parts_of(request).settings
    return BaseMapOut(tiles_url=settings.tiles_url, tiles_credit=settings.tiles_credit)


@router.get("/base-map/towns", response_model=TownsOut, summary="Which towns lie there?")
def get_towns(actor: Anyone, response: Response, box: InBox, limit: TownsLimit = 60) -> TownsOut:
    """What a map is labelled with where there are no streets: towns of the United States, the largest first."""
    response.headers.update(_CACHED | {"Cache-Control": "private, max-age=86400"})
    return TownsOut(items=[TownOut.model_validate(each, from_attributes=True) for each in towns_in(box, limit)])


@router.get("/jobs.geojson", response_class=GeoJSONResponse, response_model=FeaturesOut, summary="Jobs on a map")
def get_jobs_geojson(request: Request, actor: StaffReader, box: InBox, limit: MapLimit = 1000) -> Response:
    """Jobs that are not over, at their sites, the most pressing first."""
    return _geojson(_read(request, actor, "jobs", box, limit))


@router.get(
    "/technicians.geojson", response_class=GeoJSONResponse, response_model=FeaturesOut, summary="Technicians on a map"
)
def get_technicians_geojson(request: Request, actor: StaffReader, box: InBox, limit: MapLimit = 1000) -> Response:
    """Whom you may know. To a client each stands in the middle of a large cell, never at home."""
    return _geojson(_read(request, actor, "technicians", box, limit))


@router.get(
    "/tiles/{layer}/{z}/{x}/{y}.mvt",
    response_class=Response,
    responses={200: {"description": "A Mapbox vector tile.", "content": {"application/vnd.mapbox-vector-tile": {}}}},
    summary="A vector tile",
)
def get_tile(
    request: Request,
    actor: StaffReader,
    layer: Layer,
    z: Annotated[int, Path(ge=0, le=MAX_ZOOM, description="Zoom level.", examples=[6])],
    x: Annotated[int, Path(ge=0, lt=2**MAX_ZOOM, description="Column, from the west.", examples=[16])],
    y: Annotated[int, Path(ge=0, lt=2**MAX_ZOOM, description="Row, from the north.", examples=[23])],
) -> Response:
    """The same as the GeoJSON of the tile's box, as one layer of that name; at most 10,000 features."""
    try:
        box = tile_box(z, x, y)
    except PointError as error:
        raise BadInput(error.field or "z", {"x": x, "y": y}.get(error.field or "", z), str(error)) from error
    shown = _read(request, actor, layer, box.widened(_EARTH_KM / 2**z * _MARGIN), _MAX_IN_TILE)
    with transaction(parts_of(request).engine, actor) as session:
        body = tile(session, layer, shown, z, x, y)
    version = zlib.crc32(body) % 1_000_000_000
    headers = {**_CACHED, "ETag": etag(version)}
    if is_known(request, version):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/vnd.mapbox-vector-tile")


def _read(request: Request, actor: Actor, layer: Layer, box: Box, limit: int) -> Shown:
    if layer == "jobs":
        with reading(request, actor) as session:
            return jobs_in(session, actor, box, limit)
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        return technicians_in(session, actor, box, limit)


def _geojson(shown: Shown) -> Response:
    document = {**collection_to_geojson(shown.features), "is_whole": shown.is_whole}
    return GeoJSONResponse(document, headers=_CACHED)
