"""What does the work need, and what proves it? Parts, checklists, what was handed in, requests from the site."""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.record.tables.base import Base, Code, Id, Instant, Money, Words, money, one_of, tenant_fk, tenant_key

PART_STATES = ("wanted", "ordered", "shipped", "received", "lost", "not_needed", "to_return", "returned")
SHIP_TO = ("site", "technician", "depot")
ITEM_KINDS = ("photo", "serial", "reading", "release_code", "file", "signature", "check", "return_label")
DELIVERABLE_STATES = ("submitted", "passed", "sent_back")
#: Why there is no signature.
UNSIGNED = ("refused", "nobody_there")
SITE_REQUEST_KINDS = ("more_time", "part", "second_person", "different_skill")
SITE_REQUEST_STATES = ("waiting", "granted", "refused", "unanswered", "withdrawn")


class PartRow(Base):
    """A part that a job needs, or that goes back. `visit_id` is the visit it is for; empty: the job's next one."""

    __tablename__ = "parts"
    __table_args__ = (
        tenant_key(),
        tenant_fk("job_id", "jobs"),
        tenant_fk("visit_id", "visits"),
        tenant_fk("label_file_id", "files"),
        one_of("state", PART_STATES),
        one_of("ship_to", SHIP_TO),
        CheckConstraint("quantity BETWEEN 1 AND 10000", name="quantity_size"),
        CheckConstraint("isfinite(expected_at)", name="expected_finite"),
        CheckConstraint("state <> 'received' OR received_at IS NOT NULL", name="received_has_time"),
        Index("ix_parts_client_id_job_id", "client_id", "job_id"),
        Index("ix_parts_missing", "job_id", postgresql_where=text("state IN ('wanted', 'ordered', 'shipped', 'lost')")),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID]
    job_id: Mapped[UUID]
    visit_id: Mapped[UUID | None]
    item: Mapped[Words]
    quantity: Mapped[int] = mapped_column(server_default="1")
    carrier: Mapped[Words | None]
    tracking: Mapped[Words | None]
    ship_to: Mapped[Code] = mapped_column(server_default="site")
    expected_at: Mapped[Instant | None]
    state: Mapped[Code] = mapped_column(server_default="wanted")
    received_at: Mapped[Instant | None]
    label_file_id: Mapped[UUID | None]
    note: Mapped[Words] = mapped_column(server_default="")
    created_at: Mapped[Instant]
    version: Mapped[int] = mapped_column(server_default="1")


class DeliverableTemplateRow(Base):
    """What a client wants handed in for a type of job, version by version; a posted job keeps its own copy."""

    __tablename__ = "deliverable_templates"
    __table_args__ = (tenant_key(), UniqueConstraint("client_id", "job_type", "version"))
    id: Mapped[Id]
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.id"))
    job_type: Mapped[Code]
    version: Mapped[int]
    items: Mapped[list[Any]] = mapped_column(JSONB)
    made_at: Mapped[Instant]


class DeliverableRow(Base):
    """Something handed in for an item of the job's checklist: copy `num` of it, in versions, each judged singly.

    `written` is a serial number, a release code or the signer's name; `outcome` and `why` say why there is no
    signature. `handed_in_by` and `judged_by` are actors' ids, as in events.
    """

    __tablename__ = "deliverables"
    __table_args__ = (
        tenant_key(),
        UniqueConstraint("job_id", "item", "num", "version"),
        tenant_fk("job_id", "jobs"),
        tenant_fk("visit_id", "visits"),
        tenant_fk("file_id", "files"),
        one_of("state", DELIVERABLE_STATES),
        one_of("kind", ITEM_KINDS),
        one_of("outcome", UNSIGNED),
        CheckConstraint("num_nonnulls(file_id, written, number, is_ok, outcome) > 0", name="holds_something"),
        CheckConstraint("(outcome IS NULL) = (why IS NULL)", name="outcome_has_why"),
        CheckConstraint("number > '-Infinity' AND number < 'Infinity'", name="number_finite"),
        CheckConstraint("(state = 'submitted') = (judged_at IS NULL)", name="judged_has_time"),
        CheckConstraint("(state = 'sent_back') = (judged_why IS NOT NULL)", name="sent_back_has_why"),
        CheckConstraint("isfinite(due_at)", name="due_finite"),
        Index("ix_deliverables_client_id_job_id", "client_id", "job_id"),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID]
    job_id: Mapped[UUID]
    visit_id: Mapped[UUID]
    item: Mapped[Code]
    kind: Mapped[Code]
    num: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    version: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    state: Mapped[Code] = mapped_column(server_default="submitted")
    file_id: Mapped[UUID | None]
    caption: Mapped[Words | None]
    written: Mapped[Words | None]
    number: Mapped[float | None]
    is_ok: Mapped[bool | None]
    outcome: Mapped[Code | None]
    why: Mapped[Code | None]
    handed_in_at: Mapped[Instant]
    handed_in_by_kind: Mapped[Code]
    handed_in_by: Mapped[UUID | None]
    judged_at: Mapped[Instant | None]
    judged_by: Mapped[UUID | None]
    judged_why: Mapped[Code | None]
    judged_note: Mapped[Words | None]
    due_at: Mapped[Instant | None]


class SiteRequestRow(Base):
    """What a technician on site needs to go on; `answer_by` is its timer. Of a kind one at a time waits.

    `rule` holds if nobody answers; `granted_*`, `part_id` and `slot_id` are what was granted.
    """

    __tablename__ = "site_requests"
    __table_args__ = (
        tenant_key(),
        tenant_fk("job_id", "jobs"),
        tenant_fk("visit_id", "visits"),
        tenant_fk("part_id", "parts"),
        tenant_fk("slot_id", "slots"),
        one_of("state", SITE_REQUEST_STATES),
        one_of("kind", SITE_REQUEST_KINDS),
        CheckConstraint("minutes BETWEEN 1 AND 1440", name="minutes_size"),
        CheckConstraint("quantity BETWEEN 1 AND 10000", name="quantity_size"),
        CheckConstraint(
            "CASE kind WHEN 'more_time' THEN minutes IS NOT NULL WHEN 'part' THEN item IS NOT NULL AND quantity IS NOT"
            " NULL WHEN 'different_skill' THEN skill IS NOT NULL ELSE true END",
            name="says_what",
        ),
        CheckConstraint("granted_minutes BETWEEN 1 AND 1440", name="granted_minutes_size"),
        money("granted_amount"),
        CheckConstraint("(state = 'waiting') = (answered_at IS NULL)", name="answered_has_time"),
        CheckConstraint("answer_by > made_at AND isfinite(answer_by)", name="answer_after_made"),
        Index(
            "uq_site_requests_waiting",
            "visit_id",
            "technician_id",
            "kind",
            unique=True,
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_site_requests_answer_by", "answer_by", postgresql_where=text("state = 'waiting'")),
        Index("ix_site_requests_client_id_job_id", "client_id", "job_id"),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID]
    job_id: Mapped[UUID]
    visit_id: Mapped[UUID]
    technician_id: Mapped[UUID] = mapped_column(ForeignKey("technicians.id"), index=True)
    kind: Mapped[Code]
    minutes: Mapped[int | None]
    item: Mapped[Words | None]
    quantity: Mapped[int | None]
    skill: Mapped[Code | None] = mapped_column(ForeignKey("skills.code"))
    note: Mapped[Words] = mapped_column(server_default="")
    rule: Mapped[Code]
    state: Mapped[Code] = mapped_column(server_default="waiting")
    made_at: Mapped[Instant]
    answer_by: Mapped[Instant]
    answered_at: Mapped[Instant | None]
    answered_by: Mapped[UUID | None]
    why: Mapped[Code | None]
    granted_minutes: Mapped[int | None]
    granted_amount: Mapped[Money | None]
    is_return: Mapped[bool] = mapped_column(server_default=text("false"))
    part_id: Mapped[UUID | None]
    slot_id: Mapped[UUID | None]
