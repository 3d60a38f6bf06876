"""What happened that rules were to keep from happening? The first page of whoever answers for compliance at a client.

Nothing of other clients, and nothing of screenings: what a client may not read of a technician is not counted either.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import Date, String, Subquery, and_, cast, func, or_, select, true
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, aliased

from dispatch.mornings.service import MOST_LISTED, Span
from dispatch.record.tables import (
    AssignmentRow,
    ClientRow,
    CredentialKindRow,
    CredentialRow,
    EventRow,
    JobRow,
    OfferRow,
    PoolOverrideRow,
    PoolRow,
    SiteRow,
    SlotRow,
    StaffRow,
    TechnicianRow,
    UsageRow,
)
from dispatch.record.tables.talent import LIVE_PROOFS
from dispatch.talent.packfiles import known_packs
from dispatch.talent.paydays import PayDay, pay_days
from matching.packs import LimitsPolicy, Pack
from matching.standing import Level

#: How far ahead the end of a proof is looked at.
LOOKS_AHEAD = timedelta(days=30)
#: How long before the last day for its pay work is told of.
PAY_IS_NEAR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Override:
    """An exception of a pool: for whom, by whom, why, and until when."""

    id: UUID
    pool_id: UUID
    pool: str
    technician_id: UUID
    technician: str
    is_member: bool
    reason: str
    by: str | None
    made_at: datetime
    until_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class SetAside:
    """Rules that a dispatcher set aside to ask somebody by name: which, why, for which job, by whom."""

    id: UUID
    job_id: UUID
    number: str
    technician_id: UUID
    technician: str
    time_zone: str
    rules: Sequence[str]
    why: str
    by: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Near:
    """A limit that was come near to; `title` and `version` are None of a client's own one that it has taken away since.

    They are those of the version that held on that day.
    """

    pack: str
    level: str
    title: str | None
    version: int | None


@dataclass(frozen=True, slots=True)
class Pair:
    """A technician who came nearer to a limit: from which level to which, when, and how they stand now."""

    technician_id: UUID
    technician: str
    was: str
    level: str
    limits: Sequence[Near]
    at: datetime
    level_now: str


@dataclass(frozen=True, slots=True)
class Expiry:
    """A proof that ends soon while work that needs it is booked: how many visits, how many of them after its end."""

    technician_id: UUID
    technician: str
    kind: str
    valid_until: date
    num_visits: int
    num_after: int
    next_at: datetime
    time_zone: str
    job_id: UUID
    number: str


@dataclass(frozen=True, slots=True)
class Reading:
    """Who read which cleared texts of a job."""

    id: UUID
    job_id: UUID
    number: str
    time_zone: str
    reader: str | None
    reader_kind: str
    names: Sequence[str]
    at: datetime


@dataclass(frozen=True, slots=True)
class NearPayDay(PayDay):
    """Pay that a law asks for: `red`: the day has passed, `amber`: it is near, or will be missed as planned."""

    level: Level


@dataclass(frozen=True, slots=True)
class ComplianceMorning:
    """The counts, and what is behind each: the newest first, of proofs the one that ends first."""

    num_overrides: int
    overrides: Sequence[Override]
    num_set_aside: int
    set_aside: Sequence[SetAside]
    num_pairs: int
    pairs: Sequence[Pair]
    num_expiries: int
    expiries: Sequence[Expiry]
    num_readings: int
    readings: Sequence[Reading]
    num_pay_days: int
    pay_days: Sequence[NearPayDay]


def compliance_morning(session: Session, span: Span) -> ComplianceMorning:
    """All of it for one client and one span. Runs as the engine."""
    return ComplianceMorning(
        *_overrides(session, span),
        *_set_aside(session, span),
        *_pairs(session, span),
        *_expiries(session, span),
        *_readings(session, span),
        *_pay_days(session, span),
    )


def _overrides(session: Session, span: Span) -> tuple[int, list[Override]]:
    """Those made in these days, and older ones that still hold."""
    holds = and_(PoolOverrideRow.ended_at.is_(None), PoolOverrideRow.until_at > span.until)
    rows = session.execute(
        select(PoolOverrideRow, PoolRow.name, TechnicianRow.name, StaffRow.name, func.count().over())
        .join(PoolRow, PoolRow.id == PoolOverrideRow.pool_id)
        .join(TechnicianRow, TechnicianRow.id == PoolOverrideRow.technician_id)
        .outerjoin(StaffRow, StaffRow.id == PoolOverrideRow.made_by)
        .where(PoolOverrideRow.client_id == span.client_id, or_(span.has(PoolOverrideRow.made_at), holds))
        .order_by(PoolOverrideRow.made_at.desc(), PoolOverrideRow.id)
        .limit(MOST_LISTED)
    ).all()
    same = ("id", "pool_id", "technician_id", "is_member", "reason", "made_at", "until_at", "ended_at")
    found = [
        Override(pool=pool, technician=name, by=by, **{each: getattr(row, each) for each in same})
        for row, pool, name, by, _ in rows
    ]
    return (rows[0][-1] if rows else 0), found


def _set_aside(session: Session, span: Span) -> tuple[int, list[SetAside]]:
    """What stands on the offers by name of these days, with who sent them by the event."""
    told = and_(
        EventRow.subject_kind == "job",
        EventRow.subject_id == OfferRow.job_id,
        EventRow.kind == "asked_by_name",
        EventRow.data["offer"].as_string() == cast(OfferRow.id, String),
    )
    rows = session.execute(
        select(
            OfferRow, JobRow.number, TechnicianRow.name, SiteRow.time_zone, StaffRow.name, EventRow.data, EventRow.at,
            func.count().over(),
        )
        .join(JobRow, JobRow.id == OfferRow.job_id)
        .join(SiteRow, SiteRow.id == JobRow.site_id)
        .join(TechnicianRow, TechnicianRow.id == OfferRow.technician_id)
        .join(EventRow, told)
        .outerjoin(StaffRow, StaffRow.id == EventRow.actor_id)
        .where(OfferRow.client_id == span.client_id, OfferRow.waived_why.is_not(None), span.has(EventRow.at))
        .order_by(EventRow.at.desc(), OfferRow.id)
        .limit(MOST_LISTED)
    ).all()  # fmt: skip
    found = [
        SetAside(each.id, each.job_id, number, each.technician_id, name, zone, said["waived"], said["why"], by, at)
        for each, number, name, zone, by, said, at, _ in rows
    ]
    return (rows[0][-1] if rows else 0), found


def _pairs(session: Session, span: Span) -> tuple[int, list[Pair]]:
    """Technicians whose level rose in these days: by the last change that made it worse."""
    was, level = (EventRow.data[name].as_string() for name in ("was", "level"))
    worse = or_(and_(level == "amber", was == "green"), and_(level == "red", was != "red"))
    last = (
        select(EventRow)
        .where(
            EventRow.client_id == span.client_id,
            EventRow.subject_kind == "technician",
            # Found by the chains of the client's own technicians, of which there are fewer than events.
            EventRow.subject_id.in_(select(UsageRow.technician_id).where(UsageRow.client_id == span.client_id)),
            EventRow.kind.in_(("hours_level_changed", "pay_sign_changed")),
            span.has(EventRow.at),
            worse,
        )
        .ext(distinct_on(EventRow.subject_id))
        .order_by(EventRow.subject_id, EventRow.at.desc(), EventRow.id.desc())
        .subquery()
    )
    event = aliased(EventRow, last)
    rows = session.execute(
        select(event, TechnicianRow.name, UsageRow.level, func.count().over())
        .join(TechnicianRow, TechnicianRow.id == event.subject_id)
        .join(UsageRow, and_(UsageRow.technician_id == TechnicianRow.id, UsageRow.client_id == span.client_id))
        .order_by(event.at.desc(), event.id)
        .limit(MOST_LISTED)
    ).all()
    packs = _packs_of(session, span.client_id)
    found = [
        Pair(
            each.subject_id, name, each.data["was"], each.data["level"],
            [_near(packs, pack, level, each.at.date()) for pack, level in each.data["levels"].items()],
            each.at, now_level,
        )
        for each, name, now_level, _ in rows
    ]  # fmt: skip
    return (rows[0][-1] if rows else 0), found


def _packs_of(session: Session, client_id: UUID) -> list[Pack]:
    """All that the client may go by: its own limits, too."""
    known = known_packs()
    return [*known, *LimitsPolicy.of_stored(session.get_one(ClientRow, client_id).limits, known).own]


def _near(packs: Sequence[Pack], pack_id: str, level: str, day: date) -> Near:
    pack = _version_on(packs, pack_id, day)
    return Near(pack_id, level, None, None) if pack is None else Near(pack_id, level, pack.title, pack.version)


def _version_on(packs: Sequence[Pack], pack_id: str, day: date) -> Pack | None:
    """The version that holds that day; of one that begins later its first, of one that is over its last."""
    versions = sorted((each for each in packs if each.id == pack_id), key=lambda each: each.valid_from)
    begun = [each for each in versions if each.valid_from <= day] or versions[:1]
    return begun[-1] if begun else None


def _expiries(session: Session, span: Span) -> tuple[int, list[Expiry]]:
    """By technician and kind, what booked visits need and what ends within `LOOKS_AHEAD`, with the first it leaves."""
    booked = _booked(span)
    which = (booked.c.technician_id, booked.c.kind)
    is_after = booked.c.day > booked.c.valid_until
    ranked = select(
        booked,
        func.count().over(partition_by=which).label("num_visits"),
        func.count().filter(is_after).over(partition_by=which).label("num_after"),
        func.row_number().over(partition_by=which, order_by=(is_after.desc(), booked.c.start_at)).label("place"),
    ).subquery()
    rows = session.execute(
        select(ranked, TechnicianRow.name, func.count().over().label("num"))
        .join(TechnicianRow, TechnicianRow.id == ranked.c.technician_id)
        .where(ranked.c.place == 1)
        .order_by(ranked.c.num_after == 0, ranked.c.valid_until, ranked.c.technician_id)
        .limit(MOST_LISTED)
    ).all()
    same = ("technician_id", "kind", "valid_until", "num_visits", "num_after", "time_zone", "job_id", "number")
    found = [
        Expiry(technician=row.name, next_at=row.start_at, **{each: getattr(row, each) for each in same}) for row in rows
    ]
    return (rows[0].num if rows else 0), found


def _booked(span: Span) -> Subquery:
    """Work to come whose technician's proof ends soon or has ended: a row for each assignment and kind it needs."""
    proofs = (
        select(CredentialRow.technician_id, CredentialRow.kind, func.max(CredentialRow.valid_until).label("until"))
        .join(CredentialKindRow, CredentialKindRow.code == CredentialRow.kind)
        .where(
            CredentialRow.state.in_((*LIVE_PROOFS, "expired")),
            or_(CredentialRow.for_client_id.is_(None), CredentialRow.for_client_id == span.client_id),
            CredentialKindRow.is_screening.is_(False),
        )
        .group_by(CredentialRow.technician_id, CredentialRow.kind)
        .subquery()
    )
    needed = func.jsonb_array_elements_text(SlotRow.needs["credentials"]).table_valued("kind").render_derived()
    day = cast(func.timezone(SiteRow.time_zone, AssignmentRow.end_at), Date)
    return (
        select(
            AssignmentRow.technician_id, AssignmentRow.start_at, JobRow.id.label("job_id"), JobRow.number,
            SiteRow.time_zone, day.label("day"), proofs.c.kind, proofs.c.until.label("valid_until"),
        )
        .join(SlotRow, SlotRow.id == AssignmentRow.slot_id)
        .join(JobRow, JobRow.id == AssignmentRow.job_id)
        .join(SiteRow, SiteRow.id == JobRow.site_id)
        .join(needed, true())
        .join(proofs, and_(proofs.c.technician_id == AssignmentRow.technician_id, proofs.c.kind == needed.c.kind))
        .where(
            AssignmentRow.client_id == span.client_id,
            AssignmentRow.state == "live",
            AssignmentRow.checked_in_at.is_(None),
            proofs.c.until < (span.until + LOOKS_AHEAD).date(),
        )
        .subquery()
    )  # fmt: skip


def _pay_days(session: Session, span: Span) -> tuple[int, list[NearPayDay]]:
    """What is late, near its last day, or planned for later than that."""
    today = span.until.date()
    found = [
        NearPayDay(**{name: getattr(each, name) for name in PayDay.__slots__}, level="red" if is_late else "amber")
        for each in pay_days(session, span.client_id)
        if (is_late := each.pay_by < today)
        or each.pay_by <= today + PAY_IS_NEAR
        or (each.planned_on is None or each.planned_on > each.pay_by)
    ]
    return len(found), found[:MOST_LISTED]


def _readings(session: Session, span: Span) -> tuple[int, list[Reading]]:
    name = func.coalesce(StaffRow.name, TechnicianRow.name)
    rows = session.execute(
        select(EventRow, JobRow.number, SiteRow.time_zone, name, func.count().over())
        .join(JobRow, JobRow.id == EventRow.subject_id)
        .join(SiteRow, SiteRow.id == JobRow.site_id)
        .outerjoin(StaffRow, StaffRow.id == EventRow.actor_id)
        .outerjoin(TechnicianRow, TechnicianRow.id == EventRow.actor_id)
        .where(EventRow.client_id == span.client_id, EventRow.kind == "cleared_read", span.has(EventRow.at))
        .order_by(EventRow.id.desc())
        .limit(MOST_LISTED)
    ).all()
    found = [
        Reading(event.id, event.subject_id, number, zone, reader, event.actor_kind, event.data["names"], event.at)
        for event, number, zone, reader, _ in rows
    ]
    return (rows[0][-1] if rows else 0), found
