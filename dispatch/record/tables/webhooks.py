"""Who is told of what happens, and what became of it? Endpoints of clients, and one row a message to one of them."""

from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.record.tables.base import Base, Code, Id, Instant, Words, one_of, tenant_fk, tenant_key

WEBHOOK_STATES = ("active", "paused")
PAUSED_WHY = ("asked", "failing", "gone")
DELIVERY_STATES = ("waiting", "delivered", "failed")


class WebhookRow(Base):
    """An address of a client's that wants to hear what happens, and how it has fared.

    `after_seq`: frames of the board up to this one were passed on. `served_by` names the serving that holds the
    endpoint now (`dispatch.webhooks.serving`); one that lost it writes nothing any more.
    """

    __tablename__ = "webhooks"
    __table_args__ = (
        tenant_key(),
        one_of("state", WEBHOOK_STATES),
        one_of("paused_why", PAUSED_WHY),
        CheckConstraint("(state = 'paused') = (paused_why IS NOT NULL)", name="paused_has_why"),
        CheckConstraint("(old_secret IS NULL) = (old_secret_until IS NULL)", name="old_secret_ends"),
        CheckConstraint("(num_failures = 0) = (failing_since IS NULL)", name="failing_has_time"),
        CheckConstraint("after_seq >= 0 AND num_failures >= 0 AND trouble >= 0", name="counts_size"),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.id"))
    url: Mapped[Words]
    #: Kinds of events as `subject.kind` or `subject.*`; none: all.
    kinds: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'"))
    state: Mapped[Code] = mapped_column(server_default="active")
    paused_why: Mapped[Code | None]
    secret: Mapped[Words] = mapped_column(deferred=True)
    old_secret: Mapped[Words | None] = mapped_column(deferred=True)
    old_secret_until: Mapped[Instant | None]
    after_seq: Mapped[int] = mapped_column(BigInteger, server_default="0")
    num_failures: Mapped[int] = mapped_column(server_default="0")
    failing_since: Mapped[Instant | None]
    trouble: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    is_troubled: Mapped[bool] = mapped_column(server_default=text("false"))
    next_try_at: Mapped[Instant | None]
    served_by: Mapped[UUID | None]
    created_at: Mapped[Instant]
    version: Mapped[int] = mapped_column(server_default="1")


class WebhookDeliveryRow(Base):
    """An event on its way to one endpoint. `about_id` is its job, else its subject: what is told in order."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        tenant_key(),
        tenant_fk("webhook_id", "webhooks", ondelete="CASCADE"),
        UniqueConstraint("webhook_id", "seq"),
        one_of("state", DELIVERY_STATES),
        CheckConstraint("num_tries >= 0 AND last_ms >= 0 AND seq > 0", name="counts_size"),
        CheckConstraint("state = 'waiting' OR next_try_at IS NULL", name="ended_has_no_timer"),
        Index("ix_webhook_deliveries_waiting", "webhook_id", "seq", postgresql_where=text("state = 'waiting'")),
        Index(
            "ix_webhook_deliveries_held",
            "webhook_id",
            "about_id",
            "seq",
            postgresql_where=text("state = 'waiting' AND next_try_at IS NOT NULL"),
        ),
        Index("ix_webhook_deliveries_tried_at", "tried_at", postgresql_where=text("state <> 'waiting'")),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID]
    webhook_id: Mapped[UUID]
    seq: Mapped[int] = mapped_column(BigInteger)
    event_id: Mapped[UUID] = mapped_column(ForeignKey("events.id"))
    about_id: Mapped[UUID]
    state: Mapped[Code] = mapped_column(server_default="waiting")
    num_tries: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    next_try_at: Mapped[Instant | None]
    tried_at: Mapped[Instant | None]
    last_status: Mapped[int | None] = mapped_column(SmallInteger)
    last_code: Mapped[Code | None]
    last_ms: Mapped[int | None]
    created_at: Mapped[Instant]
