"""Does this technician meet the requirements of an open pool, and what can they do about those they don't?

The same functions decide who is a member and tell a technician why: one list of checks, in its order.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from geo.areas import PolygonArea
from geo.cells import HOME_RESOLUTION, cell_of, center
from geo.distance import distance_m
from geo.geojson import area_from_geojson
from geo.points import Point
from matching.proof import Requirement, held_until
from matching.technician import Technician


@dataclass(frozen=True, slots=True)
class Near:
    """A circle: whoever's home, by its cell's middle, is within `km` of the point is in it."""

    lat: float
    lng: float
    km: float


@dataclass(frozen=True, slots=True)
class Requirements:
    """What a pool asks of everyone in it.

    `skills` maps code to least level; `credentials` and `agreements` are kinds that must be valid on the day;
    the home lies in one of the circles `near` or in the polygon `area`; with neither, anywhere. A home is the middle of
    its cell of resolution 6: a client moves its circles about and reads who is a member, which would find a house.
    `asks` is what the client asks of a kind, of its jobs and of its pools alike: of an agreement that it was signed
    with this client.
    """

    skills: Mapping[str, int]
    credentials: tuple[str, ...] = ()
    agreements: tuple[str, ...] = ()
    min_reputation: float = 0.0
    near: tuple[Near, ...] = ()
    area: PolygonArea | None = None
    asks: Mapping[str, Requirement] = field(default_factory=dict)

    @classmethod
    def from_document(cls, document: Mapping[str, Any], asks: Mapping[str, Requirement]) -> "Requirements":
        """The requirements of a stored document, which was checked when it was stored."""
        area = document.get("area")
        found = area_from_geojson(area, "area") if area else None
        assert found is None or isinstance(found, PolygonArea), "an area that was stored is one of polygons"
        return cls(
            skills=dict(sorted(document.get("skills", {}).items())),
            credentials=tuple(sorted(document.get("credentials", ()))),
            agreements=tuple(sorted(document.get("agreements", ()))),
            min_reputation=document.get("min_reputation") or 0.0,
            near=tuple(Near(each["lat"], each["lng"], each["km"]) for each in document.get("near", ())),
            area=found,
            asks=asks,
        )

    def until(self, kind: str, who: Technician) -> int:
        """The last day (ordinal) of this proof of theirs, as it is asked; `NEVER` where there is none."""
        return held_until(who.credentials, kind, self.asks.get(kind))


@dataclass(frozen=True, slots=True)
class Check:
    """One requirement held against one technician; `subject` is the skill or kind that it is about."""

    code: str
    subject: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Told:
    """A check in words, for the technician; `remedy` is what to do about a cross, empty of a tick."""

    code: str
    subject: str
    holds: bool
    text: str
    remedy: str


def meets(wanted: Requirements, who: Technician, client: UUID, today: date) -> bool:
    """Whether all requirements hold on this day (UTC)."""
    return all(check.holds for check in checks(wanted, who, client, today))


def checks(wanted: Requirements, who: Technician, client: UUID, today: date) -> Iterator[Check]:
    """Every requirement of a client's pool, held against a technician. The first two are those of every pool."""
    yield Check("active", "", who.is_active)
    yield Check("known", "", who.in_market or client in who.admitted)
    for code, level in wanted.skills.items():
        yield Check("skill", code, who.skills.get(code, 0) >= level)
    for kind in wanted.credentials:
        yield Check("credential", kind, wanted.until(kind, who) >= today.toordinal())
    for kind in wanted.agreements:
        yield Check("agreement", kind, wanted.until(kind, who) >= today.toordinal())
    if wanted.min_reputation > 0:
        yield Check("reputation", "", who.reputation >= wanted.min_reputation)
    if wanted.near or wanted.area is not None:
        yield Check("location", "", _is_there(wanted, who))


def tell(wanted: Requirements, who: Technician, client: UUID, today: date) -> tuple[Told, ...]:
    """A tick or a cross for each requirement, by how much, and what to do about each cross."""
    return tuple(
        Told(
            check.code,
            check.subject,
            check.holds,
            _TEXTS[check.code](wanted, who, check),
            "" if check.holds else _REMEDIES[check.code](check.subject),
        )
        for check in checks(wanted, who, client, today)
    )


def _is_there(wanted: Requirements, who: Technician) -> bool:
    home = _home(who)
    if any(distance_m(near, home) <= near.km * 1000 for near in wanted.near):
        return True
    return wanted.area is not None and wanted.area.contains(home.lat, home.lng)


def _home(who: Technician) -> Point:
    """Where a client is shown that they live."""
    return center(cell_of(who.lat, who.lng, HOME_RESOLUTION))


def _active(wanted: Requirements, who: Technician, check: Check) -> str:
    return "your account is active" if check.holds else "your account rests, is suspended or not active yet"


def _known(wanted: Requirements, who: Technician, check: Check) -> str:
    if who.in_market:
        return "you are in the open market"
    return "this client admitted you" if check.holds else "you are not in the open market, nor admitted by this client"


def _skill(wanted: Requirements, who: Technician, check: Check) -> str:
    has, level = who.skills.get(check.subject, 0), wanted.skills[check.subject]
    return f"{check.subject} at level {has}, {level} wanted" if has else f"no {check.subject}, level {level} wanted"


def _proof(wanted: Requirements, who: Technician, check: Check) -> str:
    day = wanted.until(check.subject, who)
    return f"{check.subject} valid through {date.fromordinal(day).isoformat()}" if day else f"no {check.subject}"


def _signature(wanted: Requirements, who: Technician, check: Check) -> str:
    day = wanted.until(check.subject, who)
    if check.holds:
        return f"{check.subject} is signed"
    return f"{check.subject} was to be signed again by {date.fromordinal(day).isoformat()}" if day else _unsigned(check)


def _unsigned(check: Check) -> str:
    return f"{check.subject} is not signed with this client"


def _reputation(wanted: Requirements, who: Technician, check: Check) -> str:
    return f"reputation {who.reputation:.2f}, {wanted.min_reputation:.2f} wanted"


def _location(wanted: Requirements, who: Technician, check: Check) -> str:
    if check.holds:
        return "your home, as clients see it, is inside the pool's area"
    if not wanted.near:
        return "your home, as clients see it, is outside the pool's area"
    over = min(distance_m(near, _home(who)) / 1000 - near.km for near in wanted.near)
    return f"your home, as clients see it, is {over:.0f} km outside the pool's area"


_TEXTS: Mapping[str, Callable[[Requirements, Technician, Check], str]] = {
    "active": _active,
    "known": _known,
    "skill": _skill,
    "credential": _proof,
    "agreement": _signature,
    "reputation": _reputation,
    "location": _location,
}
_REMEDIES: Mapping[str, Callable[[str], str]] = {
    "active": lambda _: "resume your account, or ask the operator what is open",
    "known": lambda _: "ask this client to admit you, or the operator to list you in the market",
    "skill": lambda code: f"show the operator proof of your skill {code}, and have its level set",
    "credential": lambda kind: f"hand in a valid {kind}",
    "agreement": lambda kind: f"read and sign {kind}",
    "reputation": lambda _: "it follows your finished work; ask for a review of what you think is wrong",
    "location": lambda _: "if you have moved, change your base in your profile",
}
