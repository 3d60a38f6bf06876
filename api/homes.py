"""How far away does a technician live, as a client may know it? By the middle of a cell, in steps.

A client sees a home as an H3 cell of resolution 6. Whatever else it reads of somebody's way to a site is reckoned from
that cell, never from the home: rounding alone would not do, since many sites find where the rounded figure changes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.visibility import HIDDEN_RESOLUTION, HIDDEN_STEP_M, HIDDEN_STEP_S, SHOWN_STEP_M
from dispatch.record.session import Actor
from dispatch.record.tables import JobRow, OfferRow, SiteRow, TechnicianRow
from geo.cells import cell_of, center
from geo.distance import distance_m
from geo.points import Point
from geo.travel import travel_s


@dataclass(frozen=True, slots=True)
class Way:
    """What is told of somebody's way to a site, and of the score that it is part of."""

    distance_m: int | None
    travel_s: int | None
    score: float | None


def sees_homes(actor: Actor) -> bool:
    """Whether exact ways from somebody's home may be told to this actor: the network's operator alone."""
    return actor.kind == "operator"


def show_home_distance(metres: float | None, actor: Actor) -> int | None:
    """Metres from a home, or for a client from the middle of its cell, in steps."""
    step = SHOWN_STEP_M if sees_homes(actor) else HIDDEN_STEP_M
    return None if metres is None else round(metres / step) * step


def show_travel(seconds: int | None, actor: Actor) -> int | None:
    """Seconds of travel from a home, or for a client from the middle of its cell, in steps of five minutes."""
    if seconds is None or sees_homes(actor):
        return seconds
    return max(round(seconds / HIDDEN_STEP_S), 1) * HIDDEN_STEP_S


def show_parts(total: float, parts: Mapping[str, float], actor: Actor) -> tuple[float | None, dict[str, float]]:
    """A stored score: a client gets neither the part that travel has, nor the sum that would tell it."""
    if sees_homes(actor):
        return total, dict(parts)
    return None, {name: part for name, part in parts.items() if name != "travel"}


def show_way(offer: OfferRow, technician: TechnicianRow | None, site: Point, actor: Actor) -> Way:
    """The way that an offer was ranked by; `technician` is None where row-level security hides the row."""
    if sees_homes(actor):
        return Way(show_home_distance(offer.distance_m, actor), offer.travel_s, offer.score)
    if technician is None:
        return Way(None, None, None)
    metres = distance_m(center(cell_of(technician.lat, technician.lng, HIDDEN_RESOLUTION)), site)
    return Way(show_home_distance(metres, actor), show_travel(int(travel_s(metres)), actor), None)


def read_sites(session: Session, jobs: Iterable[UUID]) -> dict[UUID, Point]:
    """Where the work of each job is."""
    rows = session.execute(
        select(JobRow.id, SiteRow.lat, SiteRow.lng)
        .join(SiteRow, SiteRow.id == JobRow.site_id)
        .where(JobRow.id.in_(set(jobs)))
    )
    return {job: Point(lat, lng) for job, lat, lng in rows}
