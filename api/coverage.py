"""How many may be asked where? Cell by cell of the map, for what the work needs, whatever the day.

For each cell the same search as for a job in its middle, so that a client learns of homes no more than it does there.
"""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import numpy as np
from fastapi import APIRouter, Query, Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth import StaffReader
from api.mapreading import inside
from api.maps import InBox
from api.parts import parts_of, reading
from api.reach import Look, NeedsAsked, show_costs
from api.schemas.reach import CellOut, CoverageOut
from api.sites import client_meant
from dispatch.jobs.previewing import Wanted, imagine, spot_at
from dispatch.record.session import database_now
from dispatch.record.tables import SiteRow
from geo.boxes import Box, cells_in
from geo.cells import boundary, cell_of, center
from geo.distance import distance_m
from matching.eligibility import Rule, mask
from matching.job import Job, Pay
from matching.policy import Policy
from matching.reasons import visible_count

router = APIRouter(prefix="/v1", tags=["why"])

#: Cells that are looked at for one map, those with sites first, then from the middle outward.
_MAX_CELLS = 240
#: What changes from day to day, or is the job's own, says nothing of a region.
_OF_THE_DAY = mask(Rule.HOURS, Rule.FREE, Rule.CAPACITY, Rule.LIMIT, Rule.RATE, Rule.ASKED)
_ANY_PAY = Pay("fixed", Decimal(999_999_999), "USD")


@router.get("/coverage", response_model=CoverageOut, summary="How many may be asked where?")
def get_coverage(
    request: Request,
    actor: StaffReader,
    box: InBox,
    needs: NeedsAsked,
    resolution: Annotated[int, Query(ge=2, le=5, description="Of the H3 cells.", examples=[4])] = 4,
    client_id: Annotated[UUID | None, Query(description="The operator says for which client.")] = None,
) -> CoverageOut:
    """Per cell: who could be asked for work in its middle, and which rules remove the others; days and pay left out."""
    found = cells_in(box, resolution)
    with reading(request, actor) as session:
        now = database_now(session)
        client = client_meant(actor, client_id)
        middle = spot_at((box.south + box.north) / 2, _middle_lng(box))
        wanted = Wanted(now, now + timedelta(hours=1), 60, needs, _ANY_PAY)
        job, policy = imagine(session, client, middle, wanted, now=now)
        sites = _num_sites(session, client, box, resolution)
    places = {cell: center(cell) for cell in found}
    ordered = sorted(found, key=lambda cell: (-sites.get(cell, 0), distance_m(places[cell], middle), cell))[:_MAX_CELLS]
    look = Look(parts_of(request), actor, now)
    cells = [_cell(look, _moved(job, cell), policy, cell, sites.get(cell, 0)) for cell in ordered]
    return CoverageOut(resolution=resolution, is_whole=len(found) <= _MAX_CELLS, cells=cells)


def _middle_lng(box: Box) -> float:
    """Half way eastward, also across the antimeridian."""
    return ((box.west + (box.east - box.west) % 360 / 2) + 180) % 360 - 180


def _moved(job: Job, cell: int) -> Job:
    place = center(cell)
    return replace(job, lat=place.lat, lng=place.lng)


def _cell(look: Look, job: Job, policy: Policy, cell: int, num_sites: int) -> CellOut:
    _, words = look.at(job, policy)
    words = words & ~_OF_THE_DAY
    spot = spot_at(job.lat, job.lng)
    corners = [[round(each.lng, 4), round(each.lat, 4)] for each in boundary(cell)]
    return CellOut(
        cell=f"{cell:x}",
        town=spot.town,
        region=spot.region,
        lat=round(job.lat, 4),
        lng=round(job.lng, 4),
        boundary=[*corners, corners[0]],
        num_sites=num_sites,
        num_in_reach=visible_count(len(words), look.audience),
        num_may=visible_count(int(np.count_nonzero(words == 0)), look.audience),
        reasons=show_costs(words, look.audience),
    )


def _num_sites(session: Session, client: UUID, box: Box, resolution: int) -> dict[int, int]:
    rows = session.execute(
        select(SiteRow.lat, SiteRow.lng).where(SiteRow.client_id == client, inside(SiteRow, box)).limit(20_000)
    )
    counts: dict[int, int] = {}
    for lat, lng in rows:
        cell = cell_of(lat, lng, resolution)
        counts[cell] = counts.get(cell, 0) + 1
    return counts
