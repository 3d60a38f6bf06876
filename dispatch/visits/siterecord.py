"""What must one know of the site to go there? When it is open on the day, its holidays, its documents."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.record.tables import FileRow, SiteRow
from dispatch.talent.sites import calendar_of
from geo.restdays import rest_days
from geo.timezones import local_day, zone
from matching.sitecalendar import SiteCalendar

#: A site has a handful of documents; more than this is nobody's reading on the way.
_MAX_DOCUMENTS = 50


@dataclass(frozen=True, slots=True)
class SiteDay:
    """A day at a site, by its own clock: `spans` as `08:00-12:00`, none where it is closed; the holiday's name."""

    day: date
    spans: tuple[str, ...]
    holiday: str | None


def site_day(site: SiteRow, at: datetime) -> SiteDay:
    """The local day of an instant at the site."""
    calendar = calendar_of(site)
    day = local_day(at, zone(site.time_zone))
    spans = tuple(f"{_clock(begin)}-{_clock(end)}" for begin, end in calendar.spans_on(day))
    return SiteDay(day, spans, _holiday(calendar, day))


def documents_of(session: Session, site_id: UUID) -> list[FileRow]:
    """The files that belong to the site itself, the newest first."""
    wanted = select(FileRow).where(FileRow.site_id == site_id, FileRow.job_id.is_(None)).order_by(FileRow.id.desc())
    return list(session.scalars(wanted.limit(_MAX_DOCUMENTS)))


def _holiday(calendar: SiteCalendar, day: date) -> str | None:
    return rest_days(calendar.region, day.year).get(day)


def _clock(minute: int) -> str:
    """Minutes from midnight as a clock shows them; 24:00 ends a day, later ones are of the next."""
    if minute > 24 * 60:
        minute -= 24 * 60
    return f"{minute // 60:02d}:{minute % 60:02d}"
