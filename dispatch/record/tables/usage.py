"""How much has each technician worked for each client, and how much is promised?"""

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, FetchedValue, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.record.tables.base import Base, Code, Instant, Xid8, one_of
from matching.usage import ENGAGEMENTS

#: How near a limit the two are; see `matching.standing`.
LEVELS = ("green", "amber", "red")


class UsageRow(Base):
    """The hours of one technician with one client, counted by the triggers of `assignments` and `time_entries`.

    `days` maps a day in the client's `hours_zone` ("2026-03-02") to [seconds worked, seconds promised]; the totals
    are their sums. While an assignment lives its agreed time is promised; once the technician has checked out, the
    time log is what was worked. `version` moves with every change, which is what an acceptance compares. At
    `judge_at` the levels are to be judged again. `engaged_as`, left out, is filled by the table: a company's people
    work through it, all others are contractors. `answers` are the client's to the checklists: by pack and question
    the answer, its owner, when, and the evidence.
    """

    __tablename__ = "usage"
    __table_args__ = (
        one_of("level", LEVELS),
        one_of("engaged_as", ENGAGEMENTS),
        CheckConstraint("worked_s >= 0 AND promised_s >= 0", name="seconds_not_negative"),
        CheckConstraint("jsonb_typeof(days) = 'object'", name="days_by_day"),
        Index("ix_usage_technician_id", "technician_id"),
        Index("ix_usage_changed_xid", "changed_xid"),
        Index("ix_usage_judge_at", "judge_at", postgresql_where=text("judge_at IS NOT NULL")),
    )
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.id"), primary_key=True)
    technician_id: Mapped[UUID] = mapped_column(ForeignKey("technicians.id"), primary_key=True)
    version: Mapped[int] = mapped_column(server_default="0")
    worked_s: Mapped[int] = mapped_column(BigInteger, server_default="0")
    promised_s: Mapped[int] = mapped_column(BigInteger, server_default="0")
    days: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    level: Mapped[Code] = mapped_column(server_default="green")
    levels: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    engaged_as: Mapped[Code] = mapped_column(server_default=FetchedValue())
    answers: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    judge_at: Mapped[Instant | None] = mapped_column(server_default=text("clock_timestamp()"))
    changed_xid: Mapped[int] = mapped_column(Xid8, server_default=text("pg_current_xact_id()"))
