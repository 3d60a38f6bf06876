"""What would be asked for, before anything is posted? Work that is not there yet, as the rules would see it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, NotFound
from dispatch.jobs.reading import asked_of
from dispatch.jobs.wishes import check_needs
from dispatch.record.tables import ClientRow, SiteRow, new_id
from dispatch.talent.usage import rules_of
from geo.places import find_place, nearest_place
from geo.timezones import zone_at
from matching.errors import PolicyError
from matching.job import AskedTime, Job, Needs, Pay
from matching.papers import papers_from
from matching.policy import Policy
from matching.proof import read_requirements


@dataclass(frozen=True, slots=True)
class Spot:
    """Where it would be done; town, region and postcode are those of the nearest ZIP code where no site says them."""

    lat: float
    lng: float
    time_zone: str
    town: str
    region: str
    postcode: str


def spot_of_site(session: Session, client_id: UUID, site_id: UUID) -> Spot:
    """One of the client's sites.

    Raises
    ------
    NotFound
        It is none of them.
    """
    site = session.scalars(select(SiteRow).where(SiteRow.id == site_id, SiteRow.client_id == client_id)).one_or_none()
    if site is None:
        raise NotFound("site", site_id)
    return Spot(site.lat, site.lng, site.time_zone, site.town, site.region, site.postcode)


def spot_of_postcode(postcode: str) -> Spot:
    """The middle of a ZIP code.

    Raises
    ------
    NotFound
        There is no such ZIP code.
    """
    place = find_place(postcode)
    if place is None:
        raise NotFound("ZIP code", postcode)
    return Spot(place.lat, place.lng, place.time_zone, place.town, place.region, place.postcode)


def spot_at(lat: float, lng: float) -> Spot:
    """A point on the map, with the nearest ZIP code's town; without one where none is near."""
    place = nearest_place(lat, lng)
    words = (place.town, place.region, place.postcode) if place else ("", "", "")
    # The zone of the point itself: a ZIP code across the border keeps other clocks.
    from_point = Spot(lat, lng, "", *words)
    return Spot(lat, lng, zone_at(from_point), *words)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the work would need; times are aware."""

    start_at: datetime
    end_at: datetime
    duration_min: int
    needs: Needs
    pay: Pay
    asked_time: AskedTime = "window"


def imagine(session: Session, client_id: UUID, spot: Spot, wanted: Wanted, *, now: datetime) -> tuple[Job, Policy]:
    """The job that it would be, and the policy under which the client would post it.

    Raises
    ------
    NotFound
        There is no such client for this actor.
    BadInput
        Something that is needed is not known.
    """
    client = session.scalars(select(ClientRow).where(ClientRow.id == client_id)).one_or_none()
    if client is None:
        raise NotFound("client", client_id)
    check_needs(session, wanted.needs, "?needs")
    try:
        policy = Policy.from_document(client.policy)
    except PolicyError as error:
        raise BadInput("policy", client.policy, str(error)) from error
    nobody = new_id()
    job = Job(
        id=nobody,
        job_id=nobody,
        client_id=client.id,
        role="technician",
        lat=spot.lat,
        lng=spot.lng,
        time_zone=spot.time_zone,
        start_at=wanted.start_at.astimezone(UTC),
        end_at=wanted.end_at.astimezone(UTC),
        duration_min=wanted.duration_min,
        pay=wanted.pay,
        needs=asked_of(wanted.needs, read_requirements(client.proof_policy, client.id), spot.region),
        asked_time=wanted.asked_time,
        hours_rules=rules_of(client, now),
        papers=papers_from(client.limits.get("papers", {})),
    )
    return job, policy
