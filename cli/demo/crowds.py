"""Where do so many hold a proof that one of them can lose it, and the work goes on?"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from cli.demo.customers import Client
from geo.distance import distance_m, matrix_m
from geo.places import Place, load_places

#: So many places are looked at, taken evenly from all.
_LOOKED_AT = 400
#: Far enough that nobody is asked at both: no radius of the made-up technicians reaches half as far.
_APART_M = 600_000.0

_HOLDERS = text("""
SELECT t.lat, t.lng, t.radius_km * 1000 AS radius_m FROM technicians t
WHERE t.state = 'active' AND EXISTS (SELECT FROM technician_skills s WHERE s.technician_id = t.id AND s.skill = :skill)
    AND EXISTS (SELECT FROM credentials c WHERE c.technician_id = t.id AND c.kind = :kind AND c.state = 'verified'
        AND c.for_client_id IS NULL AND c.valid_until > current_date + 60)
    AND (CAST(:pool AS uuid) IS NULL
        OR EXISTS (SELECT FROM pool_members m WHERE m.technician_id = t.id AND m.pool_id = :pool))
""")


def crowded_places(
    session: Session, client: Client, skill: str, kind: str, *, away_from: Sequence[Place]
) -> list[tuple[Place, int]]:
    """Places, those first that most can reach who have the skill and the proof and whom the client asks; how many.

    None is near one of `away_from`. Runs as the engine.
    """
    found = session.execute(_HOLDERS, {"skill": skill, "kind": kind, "pool": client.pool_id}).all()
    places = load_places()[0]
    looked_at = [places[at] for at in np.linspace(0, len(places) - 1, _LOOKED_AT, dtype=int)]
    free = [each for each in looked_at if all(distance_m(each, other) > _APART_M for other in away_from)]
    if not found or not free:
        return []
    lats, lngs, radii_m = (np.array(column, dtype=float) for column in zip(*found, strict=True))
    apart_m = matrix_m([each.lat for each in free], [each.lng for each in free], lats, lngs)
    nums: Any = (apart_m <= radii_m).sum(axis=1)
    return [(free[at], int(nums[at])) for at in np.argsort(-nums, kind="stable")]
