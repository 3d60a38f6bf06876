"""The board: what a dispatcher sees of all work that is not over, at one moment, and how it goes on."""

from typing import Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from api.schemas.jobs import JobState, Mode, PersonOut, UnfilledOut, VisitState, WindowOut
from api.schemas.values import Instant, Out

_UUID = "01973b2e-7c1a-7000-8000-0000000000a1"


class BoardSite(Out):
    """Where."""

    id: UUID
    store_number: str
    town: str
    region: str
    lat: float
    lng: float
    time_zone: str


class BoardPlace(Out):
    """Who has one of a visit's slots."""

    slot_id: UUID
    role: str
    technician: PersonOut


class BoardVisit(Out):
    """A trip to the site. `event_seq`: the newest event of the visit that this holds."""

    id: UUID
    num: int
    state: VisitState
    window: WindowOut
    duration_min: int
    planned_start_at: Instant | None
    planned_end_at: Instant | None
    confirm_by: Instant | None
    num_slots: int
    num_filled: int
    taken_by: list[BoardPlace]
    event_seq: int


class BoardTrouble(Out):
    """Something that a person should look at."""

    code: Literal["unfilled", "waiting_for_answer", "confirm_overdue", "start_overdue"]
    visit_id: UUID | None
    since: Instant | None
    unfilled: UnfilledOut | None = Field(description="On `unfilled`: the reasons counted, and the ways on.")


class BoardJob(Out):
    """A job that is not over. `event_seq`: the newest event of the job that this holds."""

    id: UUID
    number: str
    title: str
    job_type: str
    state: JobState
    mode: Mode
    priority: int
    version: int
    site: BoardSite
    visits: list[BoardVisit]
    num_asked: int
    num_live_offers: int
    num_waiting: int = Field(description="Yeses and counters that wait for an answer.")
    num_waves: int
    next_due_at: Instant | None = Field(description="When the engine or a person must act next.")
    trouble: list[BoardTrouble]
    event_seq: int


class BoardOut(Out):
    """All work that is not over, as it was at one moment.

    Go on with the stream from `seq`. Frames whose `event_id` is in `ahead` are part of this already: leave them out.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "seq": 4711, "at": "2026-11-22T20:00:00Z", "ahead": [_UUID], "is_whole": True,
                    "jobs": [
                        {
                            "id": _UUID, "number": "WO-10442", "title": "Replace the blower motor",
                            "job_type": "hvac_repair", "state": "open", "mode": "first", "priority": 3, "version": 1,
                            "site": {
                                "id": _UUID, "store_number": "1042", "town": "Chicago", "region": "IL",
                                "lat": 41.8781, "lng": -87.6298, "time_zone": "America/Chicago",
                            },
                            "visits": [], "num_asked": 30, "num_live_offers": 28, "num_waiting": 0, "num_waves": 1,
                            "next_due_at": "2026-11-22T20:10:00Z", "trouble": [], "event_seq": 3,
                        }
                    ],
                }
            ]
        }
    )  # fmt: skip
    seq: int = Field(description="The newest frame of the board's log at that moment.")
    at: Instant
    ahead: list[UUID] = Field(description="Events in here whose frames come after `seq`.")
    is_whole: bool = Field(description="False: there are more jobs than a board holds; the most pressing are here.")
    jobs: list[BoardJob]
