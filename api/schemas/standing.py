"""Standing work: templates and series."""

from datetime import date, time
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, StringConstraints, model_validator

from api.schemas.posting import EXAMPLE_WORK, JobWork, WindowIn
from api.schemas.talent import Day
from api.schemas.values import In, Instant, Line, Number, Out, Whole, Yes
from dispatch.standing.series import SeriesWish

OnClosedDay = Literal["skip", "next_open_day", "keep"]
SeriesState = Literal["active", "paused", "ended"]
#: A local time of day; the end of a day is the next day's beginning.
TimeOfDay = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$"), Field(examples=["08:00"])]
Pattern = Annotated[Number, Field(max_length=48, examples=["PM-1042-{date}"])]

_UUID = "01973b2e-7c1a-7000-8000-0000000000e1"
_AT = "2026-11-22T20:00:00Z"
_WINDOW: dict[str, JsonValue] = {"start_at": "2027-03-01T14:00:00Z", "end_at": "2027-03-01T22:00:00Z"}
_SERIES: dict[str, JsonValue] = {
    "name": "Monthly service", "site_id": _UUID, "template_id": _UUID, "job": {"priority": 4},
    "rule": "FREQ=MONTHLY;BYDAY=1MO", "first_day": "2027-03-01", "start_time": "08:00", "window_min": 240,
    "on_closed_day": "next_open_day", "number_pattern": "PM-1042-{date}", "make_ahead_days": 28,
}  # fmt: skip


class TemplateIn(In):
    """A job without number, site and time, under a name of your own."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Rooftop service", "job": EXAMPLE_WORK}]})
    name: Line
    job: JobWork


class TemplatePatch(In):
    """Another name, another job in place of the one it has, or both."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Rooftop service, long"}]})
    name: Line | None = None
    job: JobWork | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.name is None and self.job is None:
            raise ValueError("send name, job, or both")
        return self


class TemplateOut(Out):
    """A template."""

    id: UUID
    name: str
    job: dict[str, Any] = Field(description="As posting takes it.")
    archived_at: Instant | None
    created_at: Instant
    version: int


class TemplateJobIn(In):
    """What a job has of its own; `changes` are fields of the template's job, each in place of the template's."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"number": "WO-10442", "site_id": _UUID, "window": _WINDOW, "changes": {"priority": 2}}]
        }
    )
    number: Number
    site_id: UUID
    window: WindowIn
    bundle_id: UUID | None = None
    is_draft: Yes = False
    changes: dict[str, Any] = Field(default_factory=dict, max_length=20)


class SeriesIn(In):
    """What comes again. `job` is the whole work, or what differs from the template's.

    Days and times are those of the clocks at the site: a time that they skip is the next that they show, of a time that
    they show twice the first counts. COUNT counts the days of the rule, those too that are left out.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_SERIES]})
    name: Line
    site_id: UUID
    template_id: UUID | None = None
    job: dict[str, Any] = Field(default_factory=dict, max_length=20)
    rule: str = Field(
        min_length=1, max_length=10_000, description="RFC 5545, by the day.", examples=["FREQ=WEEKLY;BYDAY=MO"]
    )
    first_day: Day
    start_time: TimeOfDay
    window_min: Whole | None = Field(
        default=None, ge=1, le=20_160, description="Minutes in which the work may be done; empty: as long as the work."
    )
    on_closed_day: OnClosedDay = "skip"
    number_pattern: Pattern = Field(description="`{date}` is the day of the rule, `{num}` counts the jobs made.")
    make_ahead_days: Whole = Field(default=28, ge=1, le=180)

    @model_validator(mode="after")
    def _has_work(self) -> Self:
        if self.template_id is None and not self.job:
            raise ValueError("name a template_id, or give the job")
        return self

    def to_wish(self, document: dict[str, Any], duration_min: int) -> SeriesWish:
        """The same for the use case."""
        own = self.model_dump(include={"name", "site_id", "template_id", "rule", "first_day", "on_closed_day",
                                       "number_pattern", "make_ahead_days"})  # fmt: skip
        start = time.fromisoformat(self.start_time)
        return SeriesWish(**own, document=document, start_time=start, window_min=self.window_min or duration_min)


class SeriesPatch(In):
    """What is to be different for the jobs that are still to be made."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"start_time": "09:30"}]})
    name: Line | None = None
    job: dict[str, Any] | None = Field(default=None, max_length=20)
    rule: str | None = Field(default=None, min_length=1, max_length=10_000)
    start_time: TimeOfDay | None = None
    window_min: Whole | None = Field(default=None, ge=1, le=20_160)
    on_closed_day: OnClosedDay | None = None
    number_pattern: Pattern | None = None
    make_ahead_days: Whole | None = Field(default=None, ge=1, le=180)

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not [name for name in self.model_fields_set if getattr(self, name) is not None]:
            raise ValueError("name at least one field to change")
        return self


class SeriesOut(Out):
    """A series."""

    id: UUID
    name: str
    site_id: UUID
    template_id: UUID | None
    job: dict[str, Any]
    rule: str
    first_day: date
    start_time: str
    window_min: int
    on_closed_day: OnClosedDay
    number_pattern: str
    make_ahead_days: int
    state: SeriesState
    stopped_why: str | None = Field(description="Why the next job could not be made, as a code.")
    made_through: date | None = Field(description="The last day of the rule that is done with.")
    num_made: int
    due_at: Instant | None = Field(description="When the next job is made.")
    created_at: Instant
    version: int
    moves: list[str]


class OccurrenceOut(Out):
    """A day of the rule, and what becomes of it."""

    day: date
    start_at: Instant | None = Field(description="Empty: there is no visit.")
    local_start: str | None = Field(description="The same on the clock at the site.")
    notes: list[str] = Field(
        description="Why it differs from the rule: holiday, closed_day, moved_on, no_open_day, there_already, skipped,"
        " moved, clock_skips, clock_repeats."
    )
    job_id: UUID | None = Field(description="The job, if it was made.")


class PreviewOut(Out):
    """The next days of a series."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "time_zone": "America/Chicago",
                    "items": [
                        {
                            "day": "2027-05-31", "start_at": "2027-06-01T13:00:00Z", "local_start": "2027-06-01T08:00",
                            "notes": ["holiday", "moved_on"], "job_id": _UUID,
                        }
                    ],
                }
            ]
        }
    )  # fmt: skip
    time_zone: str
    items: list[OccurrenceOut]


class MoveDayIn(In):
    """When it is to be instead."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"start_at": "2027-03-02T15:00:00Z"}]})
    start_at: Instant
