"""First pages of the day: service, compliance, and what waits for approval."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field

from api.schemas.budgets import BudgetOut
from api.schemas.money import PaymentOut, Signed
from api.schemas.usage import Level
from api.schemas.values import Code, Currency, Instant, Out


class ListedJob(Out):
    """A job behind a figure: why it counts, and when that was."""

    id: UUID
    number: str
    title: str
    why: str = Field(description="A code; of one who came late, minutes.")
    at: Instant | None
    time_zone: str = Field(description="Of the site.")


class CostOut(Out):
    """In one currency: pay agreed for work of these days, and what was approved in them, with our fee."""

    currency: Currency
    agreed: Signed
    approved: Signed


class WaitingSum(Out):
    """What is claimed and waits for your yes, in one currency; null: paid outside of this platform."""

    currency: Currency | None
    num_jobs: int
    claimed: Signed
    first_by: Instant | None = Field(description="When nobody's word is the first yes.")


class ServiceMorningOut(Out):
    """Figures of one client and of the days before now. Each share is two counts; each list at most 20, newest first.

    Filled of what was posted: `num_filled / (num_filled + num_unfilled)`. On time: begun at most 15 minutes after the
    agreed start. First visit: of first visits that ended. Missed: of those who were to come.
    """

    since: Instant
    until: Instant
    num_posted: int
    num_filled: int
    num_asking: int
    num_unfilled: int
    num_cancelled: int
    unfilled_by: dict[str, int] = Field(description="Jobs by the reason that weighed most, as a code.")
    unfilled: list[ListedJob]
    num_begun: int
    num_in_time: int
    late: list[ListedJob]
    num_first_visits: int
    num_first_complete: int
    returns: list[ListedJob]
    num_due: int
    num_no_shows: int
    no_shows: list[ListedJob]
    num_assigned: int
    assign_median_s: int | None = Field(description="From posting to the first yes.")
    assign_slow_s: int | None = Field(description="One in ten took longer.")
    costs: list[CostOut]
    waiting: list[WaitingSum]
    budgets: list[BudgetOut] = Field(description="Those in force in these days, the one with the least left first.")


class AssigningOut(Out):
    """From posting to the first yes, where that was in the days before now."""

    since: Instant
    until: Instant
    num_assigned: int
    assign_median_s: int | None
    assign_slow_s: int | None = Field(description="One in ten took longer.")


class MadeOverride(Out):
    """An exception of a pool."""

    id: UUID
    pool_id: UUID
    pool: str
    technician_id: UUID
    technician: str
    is_member: bool
    reason: str
    by: str | None = Field(description="Whose word it was; null: not a member of staff.")
    made_at: Instant
    until_at: Instant
    ended_at: Instant | None


class RulesSetAside(Out):
    """Somebody was asked by name against rules of yours: which, and why."""

    id: UUID = Field(description="The offer's.")
    job_id: UUID
    number: str
    technician_id: UUID
    technician: str
    time_zone: str = Field(description="Of the site.")
    rules: list[Code]
    why: Code
    by: str | None = Field(description="Whose word it was; null: not a member of staff.")
    at: Instant


class NearLimit(Out):
    """A limit that somebody came near to, with the level then; `title` as its pack, or you, named it on that day."""

    pack: Code
    level: Level
    title: str | None = Field(description="Null: a limit of your own that you have taken away since.")
    version: int | None


class RisenPair(Out):
    """A technician who came nearer to a limit with you, and which limits that were."""

    technician_id: UUID
    technician: str
    was: Level
    level: Level
    limits: list[NearLimit]
    at: Instant
    level_now: Level


class ProofEnding(Out):
    """A proof that ends within 30 days, or has, while work that needs it is booked: `num_after` visits lie after it."""

    technician_id: UUID
    technician: str
    kind: Code
    valid_until: date
    num_visits: int
    num_after: int
    next_at: Instant = Field(description="Of the first visit that it leaves uncovered, else of the first one.")
    time_zone: str = Field(description="Of the site.")
    job_id: UUID
    number: str


class ReadingOut(Out):
    """Who read cleared texts of a job."""

    id: UUID
    job_id: UUID
    number: str
    time_zone: str = Field(description="Of the site.")
    reader: str | None
    reader_kind: str
    names: list[str]
    at: Instant


class PayDayOut(Out):
    """Work that is done and not paid, and by when a law asks for its pay: `red`: that day has passed.

    `amber`: it is near, or nothing brings the pay in time as it stands: `planned_on` is by silence and your own days.
    """

    job_id: UUID
    number: str
    technician_id: UUID
    technician: str
    pack: Code = Field(description="The pack of the law.", examples=["us-ny-freelance"])
    version: int
    title: str = Field(description="What that version calls itself.")
    pay_by: date
    planned_on: date | None = Field(description="When it is paid if nobody says anything; null: never.")
    level: Level


class ComplianceMorningOut(Out):
    """What rules were to keep from happening, of one client: counts, and at most 20 of each, the newest first."""

    since: Instant
    until: Instant
    num_overrides: int
    overrides: list[MadeOverride] = Field(description="Made in these days, and older ones that still hold.")
    num_set_aside: int
    set_aside: list[RulesSetAside]
    num_pairs: int
    pairs: list[RisenPair]
    num_expiries: int
    expiries: list[ProofEnding] = Field(description="Those that leave visits uncovered first.")
    num_readings: int
    readings: list[ReadingOut]
    num_pay_days: int
    pay_days: list[PayDayOut] = Field(description="The first last day first.")


class ApprovalPart(Out):
    """One technician's work of a job, and its payment; null: you pay outside of this platform."""

    technician_id: UUID
    technician: str
    claimed: Signed
    payment: PaymentOut | None


class ApprovalOut(Out):
    """A job that is done and waits for your yes. `missing`: what it would lack with your own yes.

    `answers`: an extra that nobody answered, state `asked` in its payment; `limit`: more than your role may approve;
    `second`: another person signs too; `budget`: a hard budget is used up.
    """

    job_id: UUID
    number: str
    title: str
    town: str
    time_zone: str
    done_at: Instant | None
    parts: list[ApprovalPart]
    claimed: Signed
    currency: Currency | None
    approve_by: Instant | None = Field(description="When nobody's word is a yes.")
    pay_by: date | None = Field(description="The last day for the pay by the law of the site's state, if it says one.")
    num_signatures: int
    is_signed_by_me: bool
    signed_by: list[str] = Field(description="Names of those who signed.", examples=[["Rosa Marsh"]])
    missing: Literal["answers", "limit", "second", "budget"] | None
    limit: Signed | None = Field(description="Up to how much your role may approve.", examples=["2000.00"])
    roles: list[str] = Field(description="Whose role may approve all of it.", examples=[["client_admin"]])
