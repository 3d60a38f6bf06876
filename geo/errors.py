"""What can be wrong with a place, an area, a trip or a local time?

::

    GeoError (ValueError)
     ├── PointError           a coordinate that is no place on Earth, or not the place that it is said to be
     ├── CellError            a number that is no H3 cell, or a resolution that does not exist
     ├── AreaError            a service area without a usable inside
     ├── GeoJSONError         a document that is not the GeoJSON asked for
     ├── TravelError          distances, speeds or a routing server's address that make no trip
     ├── RegionError          a region whose holidays nobody knows
     └── TimeZoneError        an instant or zone that can't be used
          ├── UnknownZoneError     a name that the zone database doesn't have
          ├── LocalTimeGapError    a wall-clock time that the clocks skip
          └── LocalTimeFoldError   a wall-clock time that comes twice
"""


class GeoError(ValueError):
    """Something about the Earth was given wrongly; the message names the value and the way out.

    `field` is the path of the value inside what was given (``lat``, ``coordinates[0][3]``), empty if there is none.
    """

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class PointError(GeoError):
    """A coordinate is no place on Earth, or not the place that it is said to be."""


class CellError(GeoError):
    """A number is no H3 cell, or a resolution does not exist."""


class AreaError(GeoError):
    """A service area has no usable inside."""


class GeoJSONError(GeoError):
    """A document is not the GeoJSON asked for."""


class TravelError(GeoError):
    """Distances, speeds or a routing server's address make no trip."""


class RegionError(GeoError):
    """Nobody knows the holidays of a region of this name."""


class TimeZoneError(GeoError):
    """An instant or a zone can't be used."""


class UnknownZoneError(TimeZoneError):
    """The zone database has no zone of this name."""


class LocalTimeGapError(TimeZoneError):
    """The clocks skip this wall-clock time."""


class LocalTimeFoldError(TimeZoneError):
    """This wall-clock time comes twice and nothing says which is meant."""
