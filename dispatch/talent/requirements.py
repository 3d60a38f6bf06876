"""What does an open pool ask of its members? A requirement set that can be kept, and its change."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dispatch.errors import BadInput
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import CredentialKindRow, PoolRow, SkillRow
from dispatch.talent.pools import find_pool
from dispatch.talent.profiles import MAX_KM, checked_area, checked_skills
from geo.errors import GeoError
from geo.points import Point, check_place

_FIELDS = ("skills", "credentials", "agreements", "min_reputation", "near", "area")
MAX_CIRCLES = 50


def set_requirements(
    session: Session, actor: Actor, pool_id: UUID, requirements: Mapping[str, Any] | None, *, now: datetime
) -> None:
    """Open a pool to all who meet these requirements, change them, or (None) make it private with whom it has.

    Membership follows within seconds, by the sweep: everyone is held against a pool whose requirements changed.

    Raises
    ------
    BadInput
        Naming the first requirement that cannot be kept.
    NotFound, Refused
        The pool is not the actor's; the actor does not keep pools.
    """
    pool = find_pool(session, actor, pool_id)
    document = None if requirements is None else checked_requirements(session, requirements)
    if document == pool.requirements:
        return
    session.execute(
        update(PoolRow).where(PoolRow.id == pool_id).values(requirements=document, judged_on=None, judged_through=None)
    )
    data = {"pool": str(pool_id), "asks": sorted(document) if document is not None else None}
    kind = "pool_requirements_set" if document is not None else "pool_closed"
    record(session, actor, ("client", pool.client_id), kind, data, client_id=pool.client_id, now=now)


def checked_requirements(session: Session, requirements: Mapping[str, Any]) -> dict[str, Any]:
    """The document as it is kept, without what it leaves open.

    Raises
    ------
    BadInput
        Naming the first requirement that cannot be kept.
    """
    if unknown := sorted(requirements.keys() - set(_FIELDS)):
        raise BadInput(f"requirements.{unknown[0]}", requirements[unknown[0]], f"name some of {', '.join(_FIELDS)}")
    _check_known(session, "skills", SkillRow.code, list(requirements.get("skills") or ()))
    for field in ("credentials", "agreements"):
        _check_known(session, field, CredentialKindRow.code, list(requirements.get(field) or ()))
    document: dict[str, Any] = {
        "skills": checked_skills(requirements.get("skills") or {}),
        "credentials": sorted(set(requirements.get("credentials") or ())),
        "agreements": sorted(set(requirements.get("agreements") or ())),
        "min_reputation": _checked_share(requirements.get("min_reputation")),
        "near": [_checked_circle(num, each) for num, each in enumerate(_circles(requirements))],
        "area": checked_area(requirements.get("area")),
    }
    return {name: value for name, value in document.items() if value}


def _check_known(session: Session, field: str, column: Any, codes: Sequence[str]) -> None:
    known = set(session.scalars(select(column).where(column.in_(codes)))) if codes else set()
    if unknown := sorted(set(codes) - known):
        noun = "a skill" if field == "skills" else "a kind of credential"
        raise BadInput(f"requirements.{field}", unknown[0], f"name {noun} of the catalogue")


def _checked_share(share: float | None) -> float | None:
    if share is not None and not 0 <= share <= 1:
        raise BadInput("requirements.min_reputation", share, "give a share from 0 to 1")
    return share


def _circles(requirements: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    circles: Sequence[Mapping[str, Any]] = requirements.get("near") or ()
    if len(circles) > MAX_CIRCLES:
        raise BadInput("requirements.near", len(circles), f"give at most {MAX_CIRCLES} circles, or draw an area")
    return circles


def _checked_circle(num: int, circle: Mapping[str, Any]) -> dict[str, float]:
    where = f"requirements.near[{num}]"
    try:
        point = check_place(Point(circle["lat"], circle["lng"]))
    except GeoError as error:
        raise BadInput(f"{where}.{error.field or 'lat'}", circle, str(error)) from error
    if not 0 < circle["km"] <= MAX_KM:
        raise BadInput(f"{where}.km", circle["km"], f"give above 0 and at most {MAX_KM:.0f} km")
    return {"lat": point.lat, "lng": point.lng, "km": circle["km"]}
