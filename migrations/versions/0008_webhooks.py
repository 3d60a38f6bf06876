"""Webhooks: endpoints of clients, and the log of what was delivered to them"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

CLIENT = "NULLIF(current_setting('app.client', true), '')::uuid"
WAITING = "state = 'waiting'"


def upgrade() -> None:
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "webhooks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("kinds", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("state", sa.String(length=64), server_default="active", nullable=False),
        sa.Column("paused_why", sa.String(length=64), nullable=True),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("old_secret", sa.Text(), nullable=True),
        sa.Column("old_secret_until", instant, nullable=True),
        sa.Column("after_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("num_failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failing_since", instant, nullable=True),
        sa.Column("trouble", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("is_troubled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("next_try_at", instant, nullable=True),
        sa.Column("served_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("state IN ('active', 'paused')", name=op.f("ck_webhooks_state_known")),
        sa.CheckConstraint("paused_why IN ('asked', 'failing', 'gone')", name=op.f("ck_webhooks_paused_why_known")),
        sa.CheckConstraint("(state = 'paused') = (paused_why IS NOT NULL)", name=op.f("ck_webhooks_paused_has_why")),
        sa.CheckConstraint(
            "(old_secret IS NULL) = (old_secret_until IS NULL)", name=op.f("ck_webhooks_old_secret_ends")
        ),
        sa.CheckConstraint("(num_failures = 0) = (failing_since IS NULL)", name=op.f("ck_webhooks_failing_has_time")),
        sa.CheckConstraint(
            "after_seq >= 0 AND num_failures >= 0 AND trouble >= 0", name=op.f("ck_webhooks_counts_size")
        ),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_webhooks_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
        sa.UniqueConstraint("client_id", "id", name=op.f("uq_webhooks_client_id_id")),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("about_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=64), server_default="waiting", nullable=False),
        sa.Column("num_tries", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("next_try_at", instant, nullable=True),
        sa.Column("tried_at", instant, nullable=True),
        sa.Column("last_status", sa.SmallInteger(), nullable=True),
        sa.Column("last_code", sa.String(length=64), nullable=True),
        sa.Column("last_ms", sa.Integer(), nullable=True),
        sa.Column("created_at", instant, nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'delivered', 'failed')", name=op.f("ck_webhook_deliveries_state_known")
        ),
        sa.CheckConstraint(
            "num_tries >= 0 AND last_ms >= 0 AND seq > 0", name=op.f("ck_webhook_deliveries_counts_size")
        ),
        sa.CheckConstraint(
            "state = 'waiting' OR next_try_at IS NULL", name=op.f("ck_webhook_deliveries_ended_has_no_timer")
        ),
        sa.ForeignKeyConstraint(
            ["client_id", "webhook_id"],
            ["webhooks.client_id", "webhooks.id"],
            name=op.f("fk_webhook_deliveries_client_id_webhook_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_webhook_deliveries_event_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
        sa.UniqueConstraint("client_id", "id", name=op.f("uq_webhook_deliveries_client_id_id")),
        sa.UniqueConstraint("webhook_id", "seq", name=op.f("uq_webhook_deliveries_webhook_id_seq")),
    )
    table = "webhook_deliveries"
    op.create_index("ix_webhook_deliveries_waiting", table, ["webhook_id", "seq"], postgresql_where=sa.text(WAITING))
    held = sa.text(f"{WAITING} AND next_try_at IS NOT NULL")
    op.create_index("ix_webhook_deliveries_held", table, ["webhook_id", "about_id", "seq"], postgresql_where=held)
    ended = sa.text("state <> 'waiting'")
    op.create_index("ix_webhook_deliveries_tried_at", table, ["tried_at"], postgresql_where=ended)
    for table in ("webhooks", "webhook_deliveries"):
        op.execute(f"GRANT SELECT ON {table} TO truckroll_app")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO truckroll_engine")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY {table}_whole ON {table} TO truckroll_engine, truckroll_migrate USING (true)")
        op.execute(f"CREATE POLICY {table}_client ON {table} TO truckroll_app USING (client_id = {CLIENT})")


def downgrade() -> None:
    op.drop_table("webhook_deliveries")
    op.drop_table("webhooks")
