"""Standing work: one lead a visit and observers; templates, series, and the jobs that a series made"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

CLIENT = "NULLIF(current_setting('app.client', true), '')::uuid"
ROUND_REASONS = ("posted", "terms_changed", "backed_out", "resumed")


def upgrade() -> None:
    _one_lead()
    _know_reasons((*ROUND_REASONS, "named"))
    _templates()
    _series()
    _jobs_of_series()
    for table in ("templates", "series"):
        _guard(table)


def _one_lead() -> None:
    """Until now every slot could lead; the first of each visit that did stays the lead."""
    op.alter_column("slots", "is_lead", server_default=sa.text("false"))
    op.execute(
        "UPDATE slots SET is_lead = false WHERE is_lead AND EXISTS (SELECT FROM slots s"
        " WHERE s.visit_id = slots.visit_id AND s.is_lead AND s.num < slots.num)"
    )
    op.add_column("slots", sa.Column("is_observer", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_check_constraint(op.f("ck_slots_observer_leads_nobody"), "slots", "NOT (is_lead AND is_observer)")
    op.create_index("uq_slots_lead", "slots", ["visit_id"], unique=True, postgresql_where=sa.text("is_lead"))


def _templates() -> None:
    op.create_table(
        "templates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("document", postgresql.JSONB(), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_templates_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_templates")),
        sa.UniqueConstraint("client_id", "id", name=op.f("uq_templates_client_id_id")),
    )
    kept = sa.text("archived_at IS NULL")
    op.create_index("uq_templates_name", "templates", ["client_id", "name"], unique=True, postgresql_where=kept)


def _series() -> None:
    op.create_table(
        "series",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("template_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("document", postgresql.JSONB(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("start_time", sa.Time(), nullable=False),
        sa.Column("window_min", sa.Integer(), nullable=False),
        sa.Column("on_closed_day", sa.String(length=64), nullable=False),
        sa.Column("number_pattern", sa.String(length=64), nullable=False),
        sa.Column("make_ahead_days", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.String(length=64), server_default="active", nullable=False),
        sa.Column("stopped_why", sa.String(length=64), nullable=True),
        sa.Column("exceptions", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("made_through", sa.Date(), nullable=True),
        sa.Column("num_made", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("state IN ('active', 'paused', 'ended')", name=op.f("ck_series_state_known")),
        sa.CheckConstraint(
            "on_closed_day IN ('skip', 'next_open_day', 'keep')", name=op.f("ck_series_on_closed_day_known")
        ),
        sa.CheckConstraint("window_min BETWEEN 1 AND 20160", name=op.f("ck_series_window_min_range")),
        sa.CheckConstraint("make_ahead_days BETWEEN 1 AND 180", name=op.f("ck_series_make_ahead_days_range")),
        sa.CheckConstraint("due_at IS NULL OR state = 'active'", name=op.f("ck_series_only_active_is_due")),
        sa.CheckConstraint("stopped_why IS NULL OR state = 'paused'", name=op.f("ck_series_only_paused_has_why")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_series_client_id")),
        sa.ForeignKeyConstraint(
            ["client_id", "site_id"], ["sites.client_id", "sites.id"], name=op.f("fk_series_client_id_site_id")
        ),
        sa.ForeignKeyConstraint(
            ["client_id", "template_id"],
            ["templates.client_id", "templates.id"],
            name=op.f("fk_series_client_id_template_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
        sa.UniqueConstraint("client_id", "id", name=op.f("uq_series_client_id_id")),
    )
    op.create_index("ix_series_due_at", "series", ["due_at"], postgresql_where=sa.text("due_at IS NOT NULL"))
    op.create_index("ix_series_client_id_template_id", "series", ["client_id", "template_id"])


def _jobs_of_series() -> None:
    op.add_column("jobs", sa.Column("series_id", sa.Uuid(), nullable=True))
    op.add_column("jobs", sa.Column("series_day", sa.Date(), nullable=True))
    op.create_check_constraint(
        op.f("ck_jobs_series_with_its_day"), "jobs", "(series_id IS NULL) = (series_day IS NULL)"
    )
    op.create_foreign_key(
        op.f("fk_jobs_client_id_series_id"), "jobs", "series", ["client_id", "series_id"], ["client_id", "id"]
    )
    of_series = sa.text("series_id IS NOT NULL")
    op.create_index("uq_jobs_series_day", "jobs", ["series_id", "series_day"], unique=True, postgresql_where=of_series)


def _guard(table: str) -> None:
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON {table} TO truckroll_app")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO truckroll_engine")
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY {table}_whole ON {table} TO truckroll_engine, truckroll_migrate USING (true)")
    op.execute(f"CREATE POLICY {table}_client ON {table} TO truckroll_app USING (client_id = {CLIENT})")


def _know_reasons(reasons: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{reason}'" for reason in reasons)
    op.drop_constraint("ck_rounds_opened_why_known", "rounds")
    op.create_check_constraint(op.f("ck_rounds_opened_why_known"), "rounds", f"opened_why IN ({listed})")


def downgrade() -> None:
    op.drop_constraint("fk_jobs_client_id_series_id", "jobs")
    op.drop_index("uq_jobs_series_day", "jobs")
    op.drop_constraint("ck_jobs_series_with_its_day", "jobs")
    for column in ("series_id", "series_day"):
        op.drop_column("jobs", column)
    for table in ("series", "templates"):
        op.drop_table(table)
    op.execute("UPDATE rounds SET opened_why = 'resumed' WHERE opened_why = 'named'")
    _know_reasons(ROUND_REASONS)
    op.drop_index("uq_slots_lead", "slots")
    op.drop_constraint("ck_slots_observer_leads_nobody", "slots")
    op.drop_column("slots", "is_observer")
    op.alter_column("slots", "is_lead", server_default=sa.text("true"))
