"""How does a person want to hear of things, and so when and by what do they hear of this one? Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from dispatch.messages.catalogue import LANGUAGES
from dispatch.messages.occasions import Channel, Group, Urgency

Every = Literal["never", "hourly", "daily"]
EVERY: tuple[Every, ...] = ("never", "hourly", "daily")


@dataclass(frozen=True, slots=True)
class Preferences:
    """A person's wishes; times are local to `zone`.

    `channels` holds, for each group that the person said something about, the channels in their order; none at all
    switches the group off. `quiet` is (begin, end), which may cross midnight.
    """

    zone: ZoneInfo
    language: str = LANGUAGES[0]
    channels: Mapping[Group, tuple[Channel, ...]] = field(default_factory=dict)
    quiet: tuple[time, time] | None = None
    digest: Every = "never"
    digest_at: time = time(7, 30)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to become of a notice: `queued` now, `held` until a time, or `suppressed`; `why` is a code."""

    state: Literal["queued", "held", "suppressed"]
    channels: tuple[Channel, ...] = ()
    until: datetime | None = None
    why: str | None = None


def read_preferences(document: Mapping[str, Any], *, zone: str, quiet: tuple[time, time] | None = None) -> Preferences:
    """The wishes of a stored document, in the person's zone; quiet hours of their own row win over the document's."""
    span = document.get("quiet")
    if quiet is None and span:
        quiet = (time.fromisoformat(span["begin"]), time.fromisoformat(span["end"]))
    return Preferences(
        zone=ZoneInfo(document.get("time_zone") or zone),
        language=document.get("language") or LANGUAGES[0],
        channels={group: tuple(channels) for group, channels in document.get("channels", {}).items()},
        quiet=quiet,
        digest=document.get("digest", "never"),
        digest_at=time.fromisoformat(document.get("digest_at", "07:30")),
    )


def plan(
    wishes: Preferences,
    group: Group,
    urgency: Urgency,
    channels: Sequence[Channel],
    reachable: Iterable[Channel],
    *,
    now: datetime,
    moot_at: datetime | None = None,
) -> Plan:
    """When and by which channels a person hears of something.

    `channels` is the occasion's order, `reachable` where the person has an address. What would come after `moot_at`
    does not come at all.
    """
    wanted = wishes.channels.get(group)
    if wanted is not None and not wanted and urgency != "urgent":
        return Plan("suppressed", why="switched_off")
    can = set(reachable)
    order = tuple(each for each in (wanted or channels) if each in can)
    if not order and urgency == "urgent":
        # A switch may turn a channel off, but not the news.
        order = tuple(each for each in channels if each in can)
    if not order:
        return Plan("suppressed", why="no_address")
    until, why = _wait(wishes, urgency, now)
    if moot_at is not None and max(now, until or now) >= moot_at:
        return Plan("suppressed", why="too_late")
    return Plan("queued", order) if until is None else Plan("held", order, until, why)


def _wait(wishes: Preferences, urgency: Urgency, now: datetime) -> tuple[datetime | None, str | None]:
    if urgency == "urgent":
        return None, None
    if urgency == "calm" and wishes.digest != "never":
        return next_digest(wishes, now), "digest"
    end = quiet_until(wishes.quiet, wishes.zone, now)
    return end, None if end is None else "quiet_hours"


def quiet_until(quiet: tuple[time, time] | None, zone: ZoneInfo, now: datetime) -> datetime | None:
    """When the quiet hours end that it is in now; None outside of them."""
    if quiet is None or quiet[0] == quiet[1]:
        return None
    begin, end = quiet
    today = now.astimezone(zone).date()
    # Yesterday's may still last; on the night of a change of clocks the local times are looked up, not added.
    for day in (today - timedelta(days=1), today):
        last = day if begin < end else day + timedelta(days=1)
        starts, ends = _at(day, begin, zone), _at(last, end, zone)
        if starts <= now < ends:
            return ends
    return None


def next_digest(wishes: Preferences, now: datetime) -> datetime:
    """When the next digest is due, after `now`; one that falls into quiet hours waits for their end."""
    if wishes.digest == "hourly":
        local = now.astimezone(wishes.zone)
        minutes = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        due = now - minutes + timedelta(hours=1)
    else:
        today = now.astimezone(wishes.zone).date()
        due = _at(today, wishes.digest_at, wishes.zone)
        if due <= now:
            due = _at(today + timedelta(days=1), wishes.digest_at, wishes.zone)
    return quiet_until(wishes.quiet, wishes.zone, due) or due


def _at(day: date, local: time, zone: ZoneInfo) -> datetime:
    """The instant of a local time; one that the clocks skip is an hour later, one that they repeat its first."""
    return datetime.combine(day, local, tzinfo=zone).astimezone(UTC)
