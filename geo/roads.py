"""How long is the drive, asked of a routing server?

Adapters to OSRM's ``table`` and Valhalla's ``sources_to_targets``, the only network client of `geo`. They keep the
promise of `geo.travel.Travel`: every pair is answered. What the server doesn't know or doesn't say in time comes from
the fallback and is marked as an estimate; trouble is logged once a call and never raised.
"""

import json
import logging
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2
import numpy as np
from numpy.typing import NDArray

from geo.distance import Located
from geo.errors import TravelError
from geo.geojson import lng_lat_text
from geo.travel import GreatCircleTravel, Travel, TravelTimes

logger = logging.getLogger(__name__)

#: Longer answers than these are nonsense: a fortnight's drive, twice around the Earth.
_MAX_SECONDS, _MAX_METRES = 14 * 86_400.0, 80_000_000.0

_MAX_BODY_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class RoadLimits:
    """How much is asked of a server at once, and how long we wait.

    `locations` in one request, origins and destinations together (OSRM's ``--max-table-size`` and Valhalla's
    ``max_matrix_location_pairs`` are 100 and 2,500 as delivered); `request_s` for one connection or pause in an answer;
    `call_s` for all requests of a call, after which the rest is estimated.
    """

    locations: int = 100
    request_s: float = 3.0
    call_s: float = 5.0

    def __post_init__(self) -> None:
        if not (2 <= self.locations <= 1000 and 0 < self.request_s <= 60 and 0 < self.call_s <= 600):
            raise TravelError(f"{self}: locations must be in 2..1000, request_s in (0, 60], call_s in (0, 600]")


@dataclass(frozen=True, slots=True)
class _RoadTravel(ABC):
    """A routing server at `base_url`, and who answers in its place.

    Raises
    ------
    TravelError
        `base_url` is no http address.
    """

    base_url: str
    limits: RoadLimits = field(default_factory=RoadLimits)
    fallback: Travel = field(default_factory=GreatCircleTravel)
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        try:
            url = httpx2.URL(self.base_url)
        except (httpx2.InvalidURL, TypeError):
            url = httpx2.URL("")
        if url.scheme not in ("http", "https") or not url.host:
            raise TravelError(
                f"routing server {self.base_url!r} is no http address: send such as http://localhost:5000"
            )

    def times(self, origins: Sequence[Located], destinations: Sequence[Located]) -> TravelTimes:
        """Return the matrix (O, D) of ways by road, estimates where the server has none."""
        return _times(self, origins, destinations)

    @abstractmethod
    def request(self, origins: Sequence[Located], destinations: Sequence[Located]) -> httpx2.Request:
        """Return the question for one block of the matrix."""

    @abstractmethod
    def matrices(self, answer: dict[str, Any]) -> tuple[object, object]:
        """Return the rows of seconds and of metres in an answer."""

    @abstractmethod
    def is_divisible(self, answer: dict[str, Any]) -> bool:
        """Tell whether a refusal may be due to some of the locations, or to their number, only."""


@dataclass(frozen=True, slots=True)
class OsrmTravel(_RoadTravel):
    """Travel times from an OSRM server, profile ``driving``.

    Source: OSRM HTTP API, table service (project-osrm.org/docs, ``docs/http.md``).
    """

    def request(self, origins: Sequence[Located], destinations: Sequence[Located]) -> httpx2.Request:
        """Return the question for one block of the matrix."""
        sources = ";".join(map(str, range(len(origins))))
        targets = ";".join(map(str, range(len(origins), len(origins) + len(destinations))))
        path = f"/table/v1/driving/{lng_lat_text([*origins, *destinations])}"
        query = f"sources={sources}&destinations={targets}&annotations=duration,distance"
        return httpx2.Request("GET", f"{self.base_url.rstrip('/')}{path}?{query}")

    def matrices(self, answer: dict[str, Any]) -> tuple[object, object]:
        """Return the rows of seconds and of metres in an answer."""
        return answer["durations"], answer["distances"]

    def is_divisible(self, answer: dict[str, Any]) -> bool:
        """Tell whether one location without a road nearby, or too many of them, made the server refuse."""
        return answer.get("code") in ("NoSegment", "TooBig")


@dataclass(frozen=True, slots=True)
class ValhallaTravel(_RoadTravel):
    """Travel times from a Valhalla server, costing ``auto``.

    Source: Valhalla, time-distance matrix service API reference (valhalla.github.io/valhalla/api/matrix).
    """

    def request(self, origins: Sequence[Located], destinations: Sequence[Located]) -> httpx2.Request:
        """Return the question for one block of the matrix."""
        sources, targets = ([{"lat": p.lat, "lon": p.lng} for p in side] for side in (origins, destinations))
        body = {"sources": sources, "targets": targets, "costing": "auto", "units": "kilometers"}
        return httpx2.Request("POST", f"{self.base_url.rstrip('/')}/sources_to_targets", json=body)

    def matrices(self, answer: dict[str, Any]) -> tuple[object, object]:
        """Return the rows of seconds and of metres in an answer, whose unit is the kilometre unless it says miles."""
        metres = 1609.344 if answer.get("units") in ("mi", "miles") else 1000.0
        cells = answer["sources_to_targets"]
        seconds = [[cell["time"] for cell in row] for row in cells]
        return seconds, [[_cell(cell["distance"], _MAX_METRES) * metres for cell in row] for row in cells]

    def is_divisible(self, answer: dict[str, Any]) -> bool:
        """Tell whether some locations made the server refuse.

        Error 150: too many; 154: too far apart; 170: in unconnected regions; 171: no road nearby.
        """
        return answer.get("error_code") in (150, 154, 170, 171)


class _NoAnswerError(Exception):
    """A block of the matrix stays without an answer."""


class _DivisibleError(_NoAnswerError):
    """The server refused a block of which smaller ones may do."""


class _UnreachableError(_NoAnswerError):
    """Asking further in this call is in vain."""


#: Rows and columns of the matrix.
_Block = tuple[range, range]


def _times(server: _RoadTravel, origins: Sequence[Located], destinations: Sequence[Located]) -> TravelTimes:
    """Ask block by block, fill what stays empty from the fallback, log what went wrong."""
    shape = (len(origins), len(destinations))
    seconds, metres = np.full(shape, np.nan), np.full(shape, np.nan)
    problems = _ask_all(server, origins, destinations, seconds, metres)
    missing = np.isnan(seconds) | np.isnan(metres)
    if not missing.any():
        return TravelTimes(np.ceil(seconds).astype(np.int32), metres, missing)
    logger.warning(
        "%s gave no way for %d of %d pairs, estimated instead: %s",
        httpx2.URL(server.base_url).host, missing.sum(), missing.size, "; ".join(sorted(problems)) or "no route",
    )  # fmt: skip
    estimate = server.fallback.times(origins, destinations)
    return TravelTimes(
        np.where(missing, estimate.seconds, np.ceil(np.nan_to_num(seconds))).astype(np.int32),
        np.where(missing, estimate.distance_m, metres),
        missing,
    )


def _ask_all(
    server: _RoadTravel,
    origins: Sequence[Located],
    destinations: Sequence[Located],
    seconds: NDArray[np.float64],
    metres: NDArray[np.float64],
) -> set[str]:
    """Fill `seconds` and `metres` (O, D) with what the server says, NaN where it says nothing; return its troubles."""
    problems: set[str] = set()
    deadline = server.clock() + server.limits.call_s
    blocks = list(_blocks(len(origins), len(destinations), server.limits.locations))
    with httpx2.Client(timeout=server.limits.request_s, trust_env=False) as client:
        while blocks:
            rows, columns = blocks.pop()
            from_points, to_points = [origins[i] for i in rows], [destinations[j] for j in columns]
            here = np.ix_(rows, columns)
            try:
                answer = _ask(client, server, server.request(from_points, to_points), deadline)
                seconds[here], metres[here] = _read(server, answer, (len(rows), len(columns)))
            except _DivisibleError as error:
                problems.add(str(error))
                blocks.extend(_halves(rows, columns))
            except _UnreachableError as error:
                problems.add(str(error))
                break
            except _NoAnswerError as error:
                problems.add(str(error))
    return problems


def _ask(client: httpx2.Client, server: _RoadTravel, request: httpx2.Request, deadline: float) -> dict[str, Any]:
    """Return the server's answer, a JSON object, read until the deadline."""
    if server.clock() > deadline:
        raise _UnreachableError(f"not done within {server.limits.call_s:g} s")
    body = bytearray()
    try:
        response = client.send(request, stream=True)
        try:
            for chunk in response.iter_bytes():
                body += chunk
                if server.clock() > deadline or len(body) > _MAX_BODY_BYTES:
                    raise _UnreachableError(f"answer too long or not done within {server.limits.call_s:g} s")
        finally:
            response.close()
    except httpx2.HTTPError as error:
        raise _UnreachableError(f"{type(error).__name__} {error}".strip()) from error
    answer = _json_object(bytes(body))
    if response.status_code == 200 and answer is not None:
        return answer
    problem = (
        f"HTTP {response.status_code}, no JSON" if answer is None else f"HTTP {response.status_code} {_words(answer)}"
    )
    raise (_DivisibleError if answer is not None and server.is_divisible(answer) else _NoAnswerError)(problem)


def _read(
    server: _RoadTravel, answer: dict[str, Any], shape: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return seconds and metres of an answer, both (O, D), NaN where it is null or absurd."""
    try:
        seconds, metres = server.matrices(answer)
        return _numbers(seconds, shape, _MAX_SECONDS), _numbers(metres, shape, _MAX_METRES)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _NoAnswerError(f"malformed answer ({type(error).__name__} {str(error)[:80]})") from error


def _numbers(rows: object, shape: tuple[int, int], limit: float) -> NDArray[np.float64]:
    if not isinstance(rows, list) or len(rows) != shape[0] or any(not isinstance(row, list) for row in rows):
        raise ValueError(f"no {shape[0]} rows")
    if any(len(row) != shape[1] for row in rows):
        raise ValueError(f"a row without {shape[1]} cells")
    return np.array([[_cell(value, limit) for value in row] for row in rows], dtype=np.float64).reshape(shape)


def _cell(value: object, limit: float) -> float:
    """Return a cell's number, NaN for null and whatever makes no sense; true is an int to Python and makes none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    return float(value) if 0 <= value <= limit else math.nan


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _words(answer: dict[str, Any]) -> str:
    return " ".join(str(answer[key])[:80] for key in ("code", "error_code", "message", "error") if key in answer)


def _blocks(num_origins: int, num_destinations: int, max_locations: int) -> Iterator[_Block]:
    """Cut the matrix so that no block has more locations than a request may have, leaving a short side whole."""
    half = max(1, max_locations // 2)
    width = min(num_destinations, max(half, max_locations - num_origins))
    height = min(num_origins, max(1, max_locations - width))
    for top in range(0, num_origins, max(1, height)):
        for left in range(0, num_destinations, max(1, width)):
            yield range(top, min(top + height, num_origins)), range(left, min(left + width, num_destinations))


def _halves(rows: range, columns: range) -> list[_Block]:
    """Return the two halves of a block along its longer side; none of a single cell."""
    if len(rows) == len(columns) == 1:
        return []
    if len(rows) >= len(columns):
        middle = len(rows) // 2
        return [(rows[:middle], columns), (rows[middle:], columns)]
    middle = len(columns) // 2
    return [(rows, columns[:middle]), (rows, columns[middle:])]
