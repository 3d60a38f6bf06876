"""What maps load: GeoJSON, where the longitude comes first."""

from typing import Any, Literal

from pydantic import ConfigDict, Field, JsonValue

from api.schemas.values import Out

_FEATURE: dict[str, JsonValue] = {
    "type": "Feature",
    "id": "01973b2e-7c1a-7000-8000-0000000000e1",
    "geometry": {"type": "Point", "coordinates": [-87.6298, 41.8781]},
    "properties": {"number": "WO-10442", "state": "open"},
}


class PointOut(Out):
    """A GeoJSON Point: longitude, latitude."""

    type: Literal["Point"]
    coordinates: list[float]


class FeatureOut(Out):
    """A job or a technician, with what you may know of it."""

    type: Literal["Feature"]
    id: str
    geometry: PointOut
    properties: dict[str, Any]


class FeaturesOut(Out):
    """What is in the box; `is_whole` false: there is more, ask for a smaller box or send a larger limit."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"type": "FeatureCollection", "is_whole": True, "features": [_FEATURE]}]}
    )
    type: Literal["FeatureCollection"]
    is_whole: bool
    features: list[FeatureOut]


class BaseMapOut(Out):
    """Raster tiles of streets; null: outlines alone, and no request leaves this server."""

    tiles_url: str | None = Field(
        description="With {z}, {x} and {y}, Web Mercator.", examples=["https://tiles.example.org/{z}/{x}/{y}.png"]
    )
    tiles_credit: str | None = Field(
        description="Who made them, as it is to be written on the map.", examples=["© OpenStreetMap contributors"]
    )


class TownOut(Out):
    """A town at the middle of its ZIP codes; their number tells how large it is."""

    name: str = Field(examples=["Alpine"])
    region: str = Field(examples=["TX"])
    lat: float = Field(examples=[30.36])
    lng: float = Field(examples=[-103.66])
    num_postcodes: int = Field(examples=[3])


class TownsOut(Out):
    """The towns of a box, the largest first."""

    items: list[TownOut]
