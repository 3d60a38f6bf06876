"""What comes again by a rule, and how is that changed? Series: made, changed, paused, ended; single days left out."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, NotFound
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import JobRow, SeriesRow, SiteRow, new_id
from dispatch.standing.occurrences import Occurrence, OnClosedDay, Plan, is_named, occurrences
from dispatch.standing.recurrence import read_rule
from dispatch.standing.templates import use_template
from dispatch.standing.works import check_document
from dispatch.talent.sites import calendar_of
from geo.restdays import region_of, rest_days
from geo.timezones import local_day, zone

#: A rule that names no day within this time is refused, and a series that has none left ends.
HORIZON = timedelta(days=9 * 366)
#: How far a single day may be moved.
MAX_MOVE = timedelta(days=31)
_PLACEHOLDER = re.compile(r"\{(date|num)\}")
_PATTERN_CHARS = 48


@dataclass(frozen=True, slots=True)
class SeriesWish:
    """What is to come again. `document` is the work, or what differs from the template's.

    `start_time` and the days are those of the clocks at the site; work may begin within `window_min` from then.
    """

    name: str
    site_id: UUID
    document: Mapping[str, Any]
    rule: str
    first_day: date
    start_time: time
    window_min: int
    number_pattern: str
    template_id: UUID | None = None
    on_closed_day: OnClosedDay = "skip"
    make_ahead_days: int = 28


def create_series(session: Session, actor: Actor, wish: SeriesWish, *, now: datetime) -> UUID:
    """Begin a series: its id. Its days so far are past, whatever its first day. Runs as the application.

    Raises
    ------
    BadInput
        When the rule is none, names no day to come, or posting would refuse the work.
    NotFound, Conflict
        When the template is not the client's; when it was archived.
    """
    assert actor.client_id is not None, "series are a client's"
    site = session.scalars(select(SiteRow).where(SiteRow.id == wish.site_id)).one_or_none()
    if site is None:
        raise BadInput("site_id", wish.site_id, "name one of your sites (GET /v1/sites), or add it first")
    template = use_template(session, actor, wish.template_id) if wish.template_id else None
    check_pattern(wish.number_pattern)
    _check_own(wish.document)
    work = {**(template.document if template else {}), **wish.document}
    _check_work(session, actor, work, wish.window_min, now)
    columns = {name: getattr(wish, name) for name in _OWN}
    row = SeriesRow(**columns | {"rule": read_rule(wish.rule).text, "document": dict(wish.document)})
    row.id, row.client_id, row.created_at, row.exceptions, row.num_made, row.version = (
        new_id(), actor.client_id, now, {}, 0, 1,
    )  # fmt: skip
    row.state, row.made_through = "active", local_day(now, zone(site.time_zone)) - timedelta(days=1)
    row.due_at = _checked_timer(row, plan_of(row, site), now)
    session.add(row)
    session.flush()
    told = {"site": str(site.id), "template": str(wish.template_id) if wish.template_id else None}
    record(session, actor, ("series", row.id), "created", told, client_id=row.client_id, now=now)
    return row.id


def find_series(session: Session, actor: Actor, series_id: UUID, *, lock: bool = False) -> SeriesRow:
    """The client's series; with `lock` nobody else changes it, or makes its jobs, until the transaction ends.

    Raises
    ------
    NotFound
        When there is none for this actor.
    """
    wanted = select(SeriesRow).where(SeriesRow.id == series_id).execution_options(populate_existing=True)
    row = session.scalars(wanted.with_for_update() if lock else wanted).one_or_none()
    if row is None or actor.client_id not in (None, row.client_id):
        raise NotFound("series", series_id)
    return row


def plan_of(row: SeriesRow, site: SiteRow) -> Plan:
    """The days of a series, by the rule, the site's zone and its calendar as they are now."""
    moved = {date.fromisoformat(day): datetime.fromisoformat(at) if at else None for day, at in row.exceptions.items()}
    return Plan(
        read_rule(row.rule),
        row.first_day,
        row.start_time,
        zone(site.time_zone),
        row.on_closed_day,  # type: ignore[arg-type]
        _why_closed(site),
        moved,
    )


def change_series(session: Session, actor: Actor, row: SeriesRow, changes: Mapping[str, Any], *, now: datetime) -> None:
    """Change what is named, for the jobs that are still to be made; the caller holds the row. As the application.

    What was decided about single days is kept where the rule still names them.

    Raises
    ------
    Conflict
        When the series has ended.
    BadInput
        As `create_series`.
    """
    if row.state == "ended":
        raise Conflict("ended", "change it", ("begin a new one",))
    _check_own(changes.get("document", {}))
    for name, value in changes.items():
        setattr(row, name, value)
    row.rule = read_rule(row.rule).text
    check_pattern(row.number_pattern)
    site = _site(session, row)
    _check_work(session, actor, work_of(session, actor, row), row.window_min, now)
    plan = plan_of(row, site)
    row.exceptions = {day: at for day, at in row.exceptions.items() if is_named(plan, date.fromisoformat(day))}
    timer = _checked_timer(row, plan_of(row, site), now)
    row.due_at = timer if row.state == "active" else None
    _changed(session, actor, row, "changed", {"fields": sorted(changes)}, now)


def pause_series(session: Session, actor: Actor, series_id: UUID, *, now: datetime) -> None:
    """Make no jobs until it is resumed; those that were made stay.

    Raises
    ------
    NotFound, Conflict
        When there is none for this actor; when it is not active.
    """
    row = _held(session, actor, series_id, "pause", "active")
    row.state, row.due_at = "paused", None
    _changed(session, actor, row, "paused", {}, now)


def resume_series(session: Session, actor: Actor, series_id: UUID, *, now: datetime) -> None:
    """Go on: what is still to come is made, what passed meanwhile is told as passed.

    Raises
    ------
    NotFound, Conflict
        When there is none for this actor; when it is not paused.
    """
    row = _held(session, actor, series_id, "resume", "paused")
    row.state, row.stopped_why = "active", None
    row.due_at = timer_of(row, plan_of(row, _site(session, row)), now) or now
    _changed(session, actor, row, "resumed", {}, now)


def end_series(session: Session, actor: Actor, series_id: UUID, *, now: datetime) -> None:
    """Make no jobs any more; those that were made stay.

    Raises
    ------
    NotFound, Conflict
        When there is none for this actor; when it has ended.
    """
    row = _held(session, actor, series_id, "end", "active", "paused")
    row.state, row.due_at, row.stopped_why = "ended", None, None
    _changed(session, actor, row, "ended", {"why": "asked"}, now)


def except_day(
    session: Session, actor: Actor, series_id: UUID, day: date, *, now: datetime, start_at: datetime | None = None
) -> None:
    """Move one day of the rule to `start_at`, or leave it out. Only one whose job was not made.

    Raises
    ------
    NotFound, Conflict
        When there is none for this actor; when it has ended, the day's job was made, or the day has passed.
    BadInput
        When the rule does not name the day, or the start has passed or is more than 31 days away from it.
    """
    row, plan = _unmade(session, actor, series_id, day, "move" if start_at else "skip")
    if start_at is not None:
        if start_at <= now:
            raise BadInput("start_at", start_at.isoformat(), "choose a time that has not passed")
        if abs(local_day(start_at, plan.zone) - day) > MAX_MOVE:
            raise BadInput("start_at", start_at.isoformat(), f"move it by {MAX_MOVE.days} days at most")
    row.exceptions = {**row.exceptions, day.isoformat(): start_at.astimezone(UTC).isoformat() if start_at else None}
    _set_timer(session, row, now)
    more = {"day": day.isoformat()} | ({"start_at": start_at.isoformat()} if start_at else {})
    _changed(session, actor, row, "day_moved" if start_at else "day_skipped", more, now)


def restore_day(session: Session, actor: Actor, series_id: UUID, day: date, *, now: datetime) -> None:
    """Let one day be again as the rule has it.

    Raises
    ------
    NotFound, Conflict, BadInput
        As `except_day`; and when nothing was decided about the day.
    """
    row, _ = _unmade(session, actor, series_id, day, "restore")
    if day.isoformat() not in row.exceptions:
        raise Conflict("as the rule has it", "restore", ("skip", "move"))
    row.exceptions = {other: at for other, at in row.exceptions.items() if other != day.isoformat()}
    _set_timer(session, row, now)
    _changed(session, actor, row, "day_restored", {"day": day.isoformat()}, now)


def preview(session: Session, row: SeriesRow, num: int, *, now: datetime) -> list[tuple[Occurrence, UUID | None]]:
    """The next days of the rule from today on, with what becomes of each and the job that was made for it."""
    plan = plan_of(row, _site(session, row))
    today = local_day(now, plan.zone)
    coming = list(islice(occurrences(plan, after=today - timedelta(days=1), until=today + HORIZON), num))
    rows = session.execute(
        select(JobRow.series_day, JobRow.id).where(JobRow.series_id == row.id, JobRow.series_day >= today)
    )
    made = {day: job_id for day, job_id in rows}
    return [(each, made.get(each.day)) for each in coming]


def timer_of(row: SeriesRow, plan: Plan, now: datetime) -> datetime | None:
    """When the next job is to be made: None where there is none left to make."""
    ahead = timedelta(days=row.make_ahead_days)
    until = local_day(now, plan.zone) + HORIZON
    coming = (
        each for each in occurrences(plan, after=row.made_through, until=until) if each.day not in plan.exceptions
    )
    waiting = [at for at in plan.exceptions.values() if at is not None]
    first = next((each.nominal_at for each in coming), None)
    return min((at - ahead for at in (*waiting, *([first] if first else []))), default=None)


def check_pattern(pattern: str) -> None:
    """A pattern of numbers must make another number each time.

    Raises
    ------
    BadInput
        When it does not, or it has other braces.
    """
    rest = _PLACEHOLDER.sub("", pattern)
    if rest == pattern or set("{}") & set(rest) or len(pattern) > _PATTERN_CHARS:
        way_out = f"write at most {_PATTERN_CHARS} characters with {{date}} or {{num}}, such as PM-1042-{{date}}"
        raise BadInput("number_pattern", pattern, way_out)


def work_of(session: Session, actor: Actor, row: SeriesRow) -> dict[str, Any]:
    """The whole work of a series: the template's document, with what differs."""
    template = use_template(session, actor, row.template_id).document if row.template_id else {}
    return {**template, **row.document}


_OWN = (
    "name", "site_id", "template_id", "document", "rule", "first_day", "start_time", "window_min", "on_closed_day",
    "number_pattern", "make_ahead_days",
)  # fmt: skip


def _check_own(document: Mapping[str, Any]) -> None:
    """What a series has of its own is kept in plain words: cleared texts are a template's."""
    if document.get("cleared"):
        raise BadInput("job.cleared", None, "store it with a template, which keeps it sealed, and name the template")


def _check_work(session: Session, actor: Actor, work: Mapping[str, Any], window_min: int, now: datetime) -> None:
    if window_min < work["duration_min"]:
        raise BadInput("window_min", window_min, f"leave room for {work['duration_min']} minutes of work")
    check_document(session, actor, work, "job", now=now)


def _site(session: Session, row: SeriesRow) -> SiteRow:
    return session.scalars(select(SiteRow).where(SiteRow.id == row.site_id)).one()


def _why_closed(site: SiteRow) -> Callable[[date], str | None]:
    """Where nobody stated hours, the site is closed on the holidays of its region, and open on all other days."""
    calendar = calendar_of(site)
    region = site.holiday_region or region_of(site.country, site.region)
    holidays_of = region if site.opening_hours is None else calendar.region

    def why(day: date) -> str | None:
        is_holiday = day in rest_days(holidays_of, day.year)
        if site.opening_hours is not None and calendar.spans_on(day):
            return None
        if is_holiday:
            return "holiday"
        return None if site.opening_hours is None else "closed_day"

    return why


def _checked_timer(row: SeriesRow, plan: Plan, now: datetime) -> datetime:
    timer = timer_of(row, plan, now)
    if timer is None:
        raise BadInput("rule", row.rule, "name a rule with a day to come: this one has none within nine years")
    return timer


def _set_timer(session: Session, row: SeriesRow, now: datetime) -> None:
    if row.state == "active":
        row.due_at = timer_of(row, plan_of(row, _site(session, row)), now) or now


def _held(session: Session, actor: Actor, series_id: UUID, wish: str, *states: str) -> SeriesRow:
    row = find_series(session, actor, series_id, lock=True)
    if row.state not in states:
        moves = {"active": ("pause", "end"), "paused": ("resume", "end"), "ended": ()}[row.state]
        raise Conflict(row.state, wish, moves)
    return row


def _unmade(session: Session, actor: Actor, series_id: UUID, day: date, wish: str) -> tuple[SeriesRow, Plan]:
    row = _held(session, actor, series_id, wish, "active", "paused")
    plan = plan_of(row, _site(session, row))
    if not is_named(plan, day):
        raise BadInput("day", day.isoformat(), f"name a day of the rule: GET /v1/series/{series_id}/preview")
    made = select(JobRow.id).where(JobRow.series_id == series_id, JobRow.series_day == day)
    if (job_id := session.scalar(made)) is not None:
        raise Conflict("made", f"{wish} that day", (f"change or cancel job {job_id}",))
    is_waiting = plan.exceptions.get(day) is not None
    if row.made_through is not None and day <= row.made_through and not is_waiting:
        raise Conflict("passed", f"{wish} that day", ("post a job of its own",))
    return row, plan


def _changed(session: Session, actor: Actor, row: SeriesRow, kind: str, more: Mapping[str, Any], now: datetime) -> None:
    row.version += 1
    session.flush()
    record(session, actor, ("series", row.id), kind, dict(more), client_id=row.client_id, now=now)
