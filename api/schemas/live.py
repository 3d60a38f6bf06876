"""What streams tell: offers sent to the fleet, offers that ended, frames of the board."""

from typing import Any
from uuid import UUID

from pydantic import Field

from api.schemas.jobs import PayOut, WindowOut
from api.schemas.offers import OfferOut
from api.schemas.values import Instant, Out


class FleetJob(Out):
    """The job that was offered, as far as whoever is asked may know it."""

    id: UUID
    number: str
    title: str
    job_type: str


class FleetOffer(Out):
    """An offer that was sent; the place is the town and the middle of a large cell."""

    id: UUID
    technician_id: UUID
    company_id: UUID | None
    job: FleetJob
    visit_id: UUID
    role: str
    terms_version: int = Field(description="Send it with the answer: these are the terms that you saw.")
    pay: PayOut
    window: WindowOut
    duration_min: int
    distance_m: int | None = Field(description="To the nearest kilometre.")
    travel_s: int | None = Field(description="To the nearest five minutes.")
    town: str
    region: str
    lat: float
    lng: float
    sent_at: Instant
    expires_at: Instant
    answer_s: float = Field(description="Seconds from sending to the end.")


class OfferEnded(Out):
    """An offer that can no longer be answered, and how it ended."""

    id: UUID
    state: str


class LiveOffers(Out):
    """Every offer that can be answered now, those that end first first."""

    items: list[OfferOut]


class FrameOut(Out):
    """A change on the board: `subject_seq` is the place of this event in its subject's own chain."""

    seq: int
    event_id: UUID
    at: Instant
    subject_kind: str
    subject_id: UUID
    subject_seq: int
    kind: str
    data: dict[str, Any]
