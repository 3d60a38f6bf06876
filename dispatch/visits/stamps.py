"""When was it, and who says so? A stamp as it was claimed and as it was received, with its position."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dispatch.errors import BadInput
from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow, JobRow, SiteRow, TimeEntryRow
from dispatch.visits.positions import Fix, LastKnown, compare

#: A phone's clock may be this far ahead of ours.
_SKEW = timedelta(minutes=2)
#: For so long a phone keeps what it could not send.
_KEPT = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What was sent: `claimed_at` is the phone's time where it had no signal, None: now. `source` None: by the actor.

    No signal is never lateness: what was claimed holds, what was received is kept beside it.
    """

    claimed_at: datetime | None = None
    fix: Fix | None = None
    source: str | None = None

    def source_of(self, actor: Actor) -> str:
        """By which way it came: app, sms, voice, gateway, or a dispatcher on behalf."""
        if self.source is not None:
            return self.source
        return {"technician": "app", "company": "app", "gateway": "gateway"}.get(actor.kind, "dispatcher")

    def holds_at(self, now: datetime) -> datetime:
        """The instant that counts.

        Raises
        ------
        BadInput
            When the claim lies in the future, or is older than any phone keeps.
        """
        if self.claimed_at is None:
            return now
        if self.claimed_at > now + _SKEW:
            raise BadInput("at", self.claimed_at.isoformat(), f"send a time that has passed: it is {now.isoformat()}")
        if self.claimed_at < now - _KEPT:
            raise BadInput("at", self.claimed_at.isoformat(), f"send a time of the last {_KEPT.days} days")
        return min(self.claimed_at, now)


def prove(session: Session, assignment: AssignmentRow, stamp: Stamp, at: datetime) -> dict[str, Any] | None:
    """The stamp's position compared with the site and with where the technician was before; None without one."""
    if stamp.fix is None:
        return None
    site = session.scalars(
        select(SiteRow).join(JobRow, JobRow.site_id == SiteRow.id).where(JobRow.id == assignment.job_id)
    ).one()
    return compare(stamp.fix, site, site.geofence_m, at=at, last=_last_known(session, assignment, at))


def told_of(proof: dict[str, Any] | None) -> dict[str, Any]:
    """What an event says of a position: how far and how sure, never where."""
    return {} if proof is None else {name: proof[name] for name in ("distance_m", "accuracy_m", "is_within", "signs")}


def _last_known(session: Session, assignment: AssignmentRow, at: datetime) -> LastKnown | None:
    seen_at = func.coalesce(TimeEntryRow.ended_at, TimeEntryRow.started_at)
    row = session.execute(
        select(TimeEntryRow)
        .where(
            TimeEntryRow.technician_id == assignment.technician_id,
            TimeEntryRow.state == "current",
            func.coalesce(TimeEntryRow.proof_out, TimeEntryRow.proof_in).has_key("lat"),
            seen_at <= at,
        )
        .order_by(seen_at.desc())
        .limit(1)
    ).scalar_one_or_none()
    if row is None:
        return None
    proof = row.proof_out or row.proof_in
    when = row.ended_at if row.proof_out and row.ended_at else row.started_at
    return LastKnown(proof["lat"], proof["lng"], when) if proof else None
