"""Was the work filled, on time and done, and what did it cost? The first page of a head of service.

Every figure is two counts of the same client's rows, so that a share can be checked by hand; each list holds what is
behind one of them, the newest first, at most `MOST_LISTED`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Float, Select, and_, case, cast, extract, func, literal, or_, select
from sqlalchemy.orm import Session

from dispatch.record.tables import AssignmentRow, JobRow, PaymentRow, SiteRow, VisitRow
from matching.eligibility import Rule
from matching.reasons import reading
from matching.reputation import ReputationPolicy

MOST_LISTED = 20

#: Of what was posted: what is filled, what is still asked for, what nobody took. What was cancelled is none of these.
FILLED = ("assigned", "in_progress", "done", "approved", "paid", "sent_back", "disputed")
ASKING = ("open", "on_hold")
#: Why nobody took it, beside the rules: no money for it, nobody near, nobody who said yes.
OTHER_REASONS = ("unfunded", "nobody_in_reach", "nobody_said_yes")

#: A technician is in time until so long after the agreed start, as their reputation counts it.
_GRACE = timedelta(minutes=ReputationPolicy().late_min)


@dataclass(frozen=True, slots=True)
class Span:
    """The client, and from when to when."""

    client_id: UUID
    since: datetime
    until: datetime

    def has(self, moment: Any) -> ColumnElement[bool]:
        """Whether a column lies in it."""
        return and_(moment >= self.since, moment < self.until)


@dataclass(frozen=True, slots=True)
class Listed:
    """A job behind a figure: why it counts, and when that was."""

    id: UUID
    number: str
    title: str
    why: str
    at: datetime | None
    time_zone: str


@dataclass(frozen=True, slots=True)
class Cost:
    """In one currency: pay agreed for work of these days, and what of any work was approved in them, with our fee."""

    currency: str
    agreed: Decimal
    approved: Decimal


@dataclass(frozen=True, slots=True)
class ServiceMorning:
    """The counts; `unfilled_by` are jobs by the reason that weighed most, in the words that a client may read."""

    num_posted: int
    num_filled: int
    num_asking: int
    num_unfilled: int
    num_cancelled: int
    unfilled_by: Mapping[str, int]
    unfilled: Sequence[Listed]
    num_begun: int
    num_in_time: int
    late: Sequence[Listed]
    num_first_visits: int
    num_first_complete: int
    returns: Sequence[Listed]
    num_due: int
    num_no_shows: int
    no_shows: Sequence[Listed]
    num_assigned: int
    assign_median_s: int | None
    assign_slow_s: int | None
    costs: Sequence[Cost]


def service_morning(session: Session, span: Span) -> ServiceMorning:
    """All of it for one client and one span. Runs as the engine."""
    posted = _posted(session, span)
    begun, in_time = _begun(session, span)
    first, complete = _first_visits(session, span)
    due, missed = _due(session, span)
    assigned, median_s, slow_s = time_to_assign(session, span)
    return ServiceMorning(
        num_posted=sum(posted.values()),
        num_filled=sum(posted.get(each, 0) for each in FILLED),
        num_asking=sum(posted.get(each, 0) for each in ASKING),
        num_unfilled=posted.get("unfilled", 0),
        num_cancelled=posted.get("cancelled", 0),
        unfilled_by=_unfilled_by(session, span),
        unfilled=_unfilled(session, span),
        num_begun=begun,
        num_in_time=in_time,
        late=_late(session, span),
        num_first_visits=first,
        num_first_complete=complete,
        returns=_returns(session, span),
        num_due=due,
        num_no_shows=missed,
        no_shows=_no_shows(session, span),
        num_assigned=assigned,
        assign_median_s=median_s,
        assign_slow_s=slow_s,
        costs=_costs(session, span),
    )


def _posted(session: Session, span: Span) -> dict[str, int]:
    """Jobs posted in these days, by the state in which they are now."""
    rows = session.execute(
        select(JobRow.state, func.count())
        .where(JobRow.client_id == span.client_id, span.has(JobRow.posted_at))
        .group_by(JobRow.state)
    )
    return {state: num for state, num in rows if state != "draft"}


def _is_unfilled(span: Span) -> ColumnElement[bool]:
    return and_(JobRow.state == "unfilled", span.has(JobRow.posted_at))


def _top_rule() -> Any:
    """The rule that took most people."""
    each = func.jsonb_each_text(JobRow.unfilled["counts"]).table_valued("key", "value", name="of_rule")
    num = cast(each.c.value, Float)
    return select(each.c.key).where(num > 0).order_by(num.desc(), each.c.key).limit(1).scalar_subquery()


_WHY = case(
    (JobRow.unfilled["is_unfunded"].as_boolean().is_(True), literal("unfunded")),
    (JobRow.unfilled["num_may"].as_integer() > 0, literal("nobody_said_yes")),
    (JobRow.unfilled["num_in_reach"].as_integer() == 0, literal("nobody_in_reach")),
    else_=func.coalesce(_top_rule(), literal("nobody_in_reach")),
)


def _unfilled_by(session: Session, span: Span) -> dict[str, int]:
    rows = session.execute(
        select(_WHY, func.count()).where(JobRow.client_id == span.client_id, _is_unfilled(span)).group_by(_WHY)
    )
    found: dict[str, int] = {}
    for why, num in rows:
        found[_told(why)] = found.get(_told(why), 0) + num
    return dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))


def _unfilled(session: Session, span: Span) -> list[Listed]:
    found = _jobs(session, span, _WHY, JobRow.posted_at, _is_unfilled(span))
    return [replace(each, why=_told(each.why)) for each in found]


def _told(why: str) -> str:
    """A reason as a client may read it: a hidden rule reads as what it is part of."""
    return why if why in OTHER_REASONS else reading(Rule[why.upper()], "client")[0]


def _begun(session: Session, span: Span) -> tuple[int, int]:
    in_time = AssignmentRow.checked_in_at <= AssignmentRow.start_at + _GRACE
    row = session.execute(
        select(func.count(), func.count().filter(in_time)).where(
            AssignmentRow.client_id == span.client_id, span.has(AssignmentRow.checked_in_at)
        )
    ).one()
    return row[0], row[1]


def _late(session: Session, span: Span) -> list[Listed]:
    is_late = and_(span.has(AssignmentRow.checked_in_at), AssignmentRow.checked_in_at > AssignmentRow.start_at + _GRACE)
    late_min = func.round(extract("epoch", AssignmentRow.checked_in_at - AssignmentRow.start_at) / 60)
    return _jobs(session, span, cast(late_min, JobRow.number.type), AssignmentRow.checked_in_at, is_late, AssignmentRow)


def _first_visits(session: Session, span: Span) -> tuple[int, int]:
    row = session.execute(
        select(func.count(), func.count().filter(VisitRow.outcome == "complete")).where(
            VisitRow.client_id == span.client_id, VisitRow.num == 1, span.has(VisitRow.checked_out_at)
        )
    ).one()
    return row[0], row[1]


def _returns(session: Session, span: Span) -> list[Listed]:
    is_return = and_(
        VisitRow.num == 1, span.has(VisitRow.checked_out_at), VisitRow.outcome.is_distinct_from("complete")
    )
    why = func.coalesce(VisitRow.outcome_why, VisitRow.outcome, "")
    return _jobs(session, span, why, VisitRow.checked_out_at, is_return, VisitRow)


def _is_no_show(span: Span) -> ColumnElement[bool]:
    return and_(AssignmentRow.ended_why == "no_show", span.has(AssignmentRow.start_at))


def _due(session: Session, span: Span) -> tuple[int, int]:
    """Whoever was to come in these days: who was still to when it began, and of them those who did not."""
    stood = or_(AssignmentRow.state.in_(("live", "finished")), _is_no_show(span))
    row = session.execute(
        select(func.count(), func.count().filter(_is_no_show(span))).where(
            AssignmentRow.client_id == span.client_id, span.has(AssignmentRow.start_at), stood
        )
    ).one()
    return row[0], row[1]


def _no_shows(session: Session, span: Span) -> list[Listed]:
    return _jobs(session, span, literal("no_show"), AssignmentRow.start_at, _is_no_show(span), AssignmentRow)


def time_to_assign(session: Session, span: Span) -> tuple[int, int | None, int | None]:
    """From posting to the first yes, where that was in these days: how many, the median, the slowest tenth."""
    first = (
        select(AssignmentRow.job_id, func.min(AssignmentRow.assigned_at).label("at"))
        .where(AssignmentRow.client_id == span.client_id)
        .group_by(AssignmentRow.job_id)
        .subquery()
    )
    took_s = extract("epoch", first.c.at - JobRow.posted_at)
    row = session.execute(
        select(
            func.count(),
            func.percentile_cont(0.5).within_group(took_s),
            func.percentile_cont(0.9).within_group(took_s),
        )
        .join(first, first.c.job_id == JobRow.id)
        .where(JobRow.client_id == span.client_id, span.has(first.c.at), JobRow.posted_at.is_not(None))
    ).one()
    return row[0], *(None if each is None else round(each) for each in row[1:])


def _costs(session: Session, span: Span) -> list[Cost]:
    hours = extract("epoch", AssignmentRow.end_at - AssignmentRow.start_at) / 3600
    pay = case((AssignmentRow.pay_kind == "hourly", AssignmentRow.pay_amount * hours), else_=AssignmentRow.pay_amount)
    agreed = select(AssignmentRow.currency, func.round(func.sum(pay), 2)).where(
        AssignmentRow.client_id == span.client_id,
        AssignmentRow.state.in_(("live", "finished")),
        span.has(AssignmentRow.start_at),
    )
    given = PaymentRow.due + PaymentRow.paid + PaymentRow.fee
    approved = select(PaymentRow.currency, func.sum(given)).where(
        PaymentRow.client_id == span.client_id, span.has(PaymentRow.approved_at)
    )
    sums = [_by_currency(session, each) for each in (agreed, approved)]
    zero = Decimal(0)
    return [Cost(each, *(found.get(each, zero) for found in sums)) for each in sorted(sums[0].keys() | sums[1].keys())]


def _by_currency(session: Session, wanted: Select[str, Decimal]) -> dict[str, Decimal]:
    return {currency: amount for currency, amount in session.execute(wanted.group_by(wanted.selected_columns[0]))}


def _jobs(
    session: Session, span: Span, why: Any, at: Any, condition: ColumnElement[bool], of: Any = None
) -> list[Listed]:
    """The jobs behind a figure: by their own rows, or by those of their visits or assignments."""
    wanted = select(JobRow.id, JobRow.number, JobRow.title, why, at, SiteRow.time_zone)
    wanted = wanted.join(SiteRow, SiteRow.id == JobRow.site_id).where(JobRow.client_id == span.client_id, condition)
    if of is not None:
        wanted = wanted.join(of, of.job_id == JobRow.id)
    rows = session.execute(wanted.order_by(at.desc(), JobRow.id).limit(MOST_LISTED))
    return [Listed(id_, number, title, str(said), when, zone) for id_, number, title, said, when, zone in rows]
