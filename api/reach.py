"""How many could do such work, before it is posted, and which rule costs most? Asked while somebody types.

A read: it writes nothing and names nobody. Counts are those of `GET /v1/jobs/{job_id}/candidates`, with small ones
kept from a client: the place and the pay are anybody's choice here.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy.orm import Session

from api.auth import StaffReader
from api.candidates import show_changes
from api.parts import Parts, parts_of, reading
from api.schemas.jobs import AskedTime, PayKind
from api.schemas.reach import PlaceFound, ReachOut, RuleOut, SpotOut, WhatIfOut
from api.schemas.values import Currency, Instant, Sum
from api.showing import show_reason
from api.sites import client_meant
from dispatch.errors import BadInput, NotFound
from dispatch.index.search import search, search_by_cell
from dispatch.jobs.previewing import Spot, Wanted, imagine, spot_at, spot_of_postcode, spot_of_site
from dispatch.record.session import Actor, database_now
from geo.errors import PointError
from geo.timezones import first_at
from matching.candidates import Candidates
from matching.eligibility import Words, judge
from matching.errors import JobError
from matching.job import Job, Needs, Pay
from matching.policy import Policy
from matching.reasons import Audience, costs_of, visible_count, visible_rows
from matching.remedies import could_do_it_if

router = APIRouter(prefix="/v1", tags=["why"])

#: Ten miles: how much further around is looked at for "what if".
_WIDER_KM = 16.1
_MAX_REACH_KM = 20_038.0
#: A pay above everybody's least rate, where none is named.
_ENOUGH = Decimal(999_999_999)

_Lat = Annotated[float | None, Query(ge=-90, le=90, description="A point on the map, in degrees.", examples=[30.36])]
_Lng = Annotated[float | None, Query(ge=-180, le=180, description="Its longitude.", examples=[-103.66])]
_Postcode = Annotated[str | None, Query(max_length=10, description="Or a ZIP code.", examples=["79830"])]
_Codes = Annotated[
    list[str], Query(max_length=20, description="Kinds of credentials.", examples=[["background_check"]])
]


def needs_of(
    skill: Annotated[
        list[str],
        Query(max_length=20, description="Skills, with the least level after a colon.", examples=[["hvac:3"]]),
    ] = [],  # noqa: B006 - FastAPI copies it
    credential: _Codes = [],  # noqa: B006
    clearance: Annotated[bool, Query(description="Only US persons.")] = False,
    pool: Annotated[list[UUID], Query(max_length=50, description="Members of these pools.")] = [],  # noqa: B006
    market: Annotated[bool, Query(description="The open market too.")] = True,
) -> Needs:
    """What a technician must bring, from the address.

    Raises
    ------
    BadInput
        A level is none.
    """
    levels = {}
    for each in skill:
        code, _, level = each.partition(":")
        if not code or level not in ("", "1", "2", "3", "4", "5"):
            raise BadInput("?skill", each, "write a skill and its least level from 1 to 5, such as hvac:3")
        levels[code] = int(level or 1)
    return Needs(levels, tuple(sorted(set(credential))), clearance, frozenset(pool), market)


NeedsAsked = Annotated[Needs, Depends(needs_of)]


@router.get("/places", response_model=PlaceFound, summary="Find a place")
def find_a_place(
    request: Request, actor: StaffReader, postcode: _Postcode = None, lat: _Lat = None, lng: _Lng = None
) -> PlaceFound:
    """The town, state and zone of a ZIP code, or of the one nearest to a point on the map."""
    spot = _unnamed_spot(postcode, lat, lng)
    if spot is None:
        raise BadInput("?postcode", None, "name a ZIP code, or a point by lat and lng")
    if not spot.postcode:
        raise NotFound("ZIP code near", f"{lat},{lng}")
    return PlaceFound(country="US", **SpotOut.model_validate(spot).model_dump())


@router.get("/reach", response_model=ReachOut, summary="How many could do it?")
def get_reach(
    request: Request,
    actor: StaffReader,
    needs: NeedsAsked,
    start_at: Annotated[Instant, Query(description="From when.", examples=["2027-03-01T14:00:00Z"])],
    end_at: Annotated[Instant, Query(description="Until when.", examples=["2027-03-01T22:00:00Z"])],
    site_id: Annotated[UUID | None, Query(description="At one of your sites.")] = None,
    postcode: _Postcode = None,
    lat: _Lat = None,
    lng: _Lng = None,
    duration_min: Annotated[int, Query(ge=1, le=20_160, description="Minutes of work.", examples=[120])] = 60,
    asked_time: Annotated[AskedTime, Query(description="How the time is meant.", examples=["window"])] = "window",
    pay_kind: Annotated[PayKind, Query(description="For the visit, or by the hour.", examples=["fixed"])] = "fixed",
    amount: Annotated[Sum | None, Query(description="The pay; empty: enough for all.", examples=["140.00"])] = None,
    currency: Annotated[Currency, Query(description="Its currency.", examples=["USD"])] = "USD",
    reach_km: Annotated[
        float | None, Query(ge=1, le=_MAX_REACH_KM, description="In place of your policy's reach.", examples=[176.1])
    ] = None,
    client_id: Annotated[UUID | None, Query(description="The operator says for which client.")] = None,
) -> ReachOut:
    """Who could do such work at this moment, which rule costs most, and how many more with one thing different."""
    parts = parts_of(request)
    pay = Pay(pay_kind, _ENOUGH if amount is None else amount, currency)
    wanted = Wanted(start_at, end_at, duration_min, needs, pay, asked_time)
    with reading(request, actor) as session:
        now = database_now(session)
        client = client_meant(actor, client_id)
        spot = _spot(session, client, site_id, postcode, lat, lng)
        job, policy = _imagined(session, client, spot, wanted, now)
        policy = policy if reach_km is None else replace(policy, reach_km=reach_km)
    look = Look(parts, actor, now)
    candidates, words = look.at(job, policy)
    return ReachOut(
        place=SpotOut.model_validate(spot),
        at=now,
        staleness_s=round(min(parts.feed.staleness_s(), 1e9), 3),
        reach_km=policy.reach_km,
        num_in_reach=visible_count(len(words), look.audience),
        num_may=visible_count(int(np.count_nonzero(words == 0)), look.audience),
        reasons=show_costs(words, look.audience),
        changes=show_changes(could_do_it_if(job, candidates, policy, words, audience=look.audience)),
        what_if=list(look.otherwise(job, policy)),
    )


def show_costs(words: Words, audience: Audience) -> list[RuleOut]:
    """What stands in the way, what costs most first."""
    return [RuleOut(**show_reason(cost).model_dump(), num_alone=cost.num_alone) for cost in costs_of(words, audience)]


class Look:
    """The index as this actor may know it."""

    def __init__(self, parts: Parts, actor: Actor, now: datetime) -> None:
        self.roster, self.now = parts.feed.roster, now
        self.audience: Audience = "operator" if actor.kind == "operator" else "client"
        # Exact distances and rules would find a technician's home: see `api.candidates`.
        self._search = search if actor.kind == "operator" else search_by_cell

    def at(self, job: Job, policy: Policy) -> tuple[Candidates, Words]:
        """Everyone in reach of whom the actor may know, and the rules that each fails."""
        everyone = self._search(self.roster, job, policy, now=self.now)
        candidates = everyone.take(np.flatnonzero(visible_rows(everyone, self.audience)))
        return candidates, judge(job, candidates, policy)

    def otherwise(self, job: Job, policy: Policy) -> list[WhatIfOut]:
        """A day later by the clock there; and further around."""
        zone = ZoneInfo(job.time_zone)
        later = first_at(job.start_at.astimezone(zone).replace(tzinfo=None) + timedelta(days=1), zone)
        moved = replace(job, start_at=later, end_at=later + (job.end_at - job.start_at))
        wider = replace(policy, reach_km=min(policy.reach_km + _WIDER_KM, _MAX_REACH_KM))
        _, then = self.at(moved, policy)
        _, around = self.at(job, wider)
        return [self._what_if("day_later", None, then), self._what_if("wider", _WIDER_KM, around)]

    def _what_if(self, kind: str, km: float | None, words: Words) -> WhatIfOut:
        return WhatIfOut(
            kind=kind,  # type: ignore[arg-type]
            km=km,
            num_in_reach=visible_count(len(words), self.audience),
            num_may=visible_count(int(np.count_nonzero(words == 0)), self.audience),
        )


def _imagined(session: Session, client: UUID, spot: Spot, wanted: Wanted, now: datetime) -> tuple[Job, Policy]:
    if wanted.end_at <= now:
        raise BadInput("?end_at", wanted.end_at.isoformat(), "choose a time that has not passed")
    if wanted.end_at - wanted.start_at > timedelta(days=366):
        raise BadInput("?end_at", wanted.end_at.isoformat(), "leave a window of at most 366 days")
    try:
        return imagine(session, client, spot, wanted, now=now)
    except JobError as error:
        raise BadInput("?end_at", wanted.end_at.isoformat(), str(error)) from error


def _spot(
    session: Session, client: UUID, site_id: UUID | None, postcode: str | None, lat: float | None, lng: float | None
) -> Spot:
    if site_id is not None:
        return spot_of_site(session, client, site_id)
    spot = _unnamed_spot(postcode, lat, lng)
    if spot is None:
        raise BadInput("?site_id", None, "name a site, a ZIP code, or a point by lat and lng")
    return spot


def _unnamed_spot(postcode: str | None, lat: float | None, lng: float | None) -> Spot | None:
    if lat is not None and lng is not None:
        try:
            return spot_at(lat, lng)
        except PointError as error:
            raise BadInput(f"?{error.field or 'lat'}", f"{lat},{lng}", str(error)) from error
    return None if postcode is None else spot_of_postcode(postcode)
