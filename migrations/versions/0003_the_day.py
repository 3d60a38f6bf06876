"""The day: policies of the day, subjects of its events, alarms"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

CLIENT = "NULLIF(current_setting('app.client', true), '')::uuid"
SUBJECTS = ("job", "visit", "offer", "assignment", "technician", "credential", "client")
MORE_SUBJECTS = ("proposal", "part", "alarm", "message", "webhook", "series")


def upgrade() -> None:
    for table in ("clients", "jobs"):
        column = sa.Column("day_policy", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False)
        op.add_column(table, column)
    _know_subjects((*SUBJECTS, *MORE_SUBJECTS))
    op.create_table(
        "alarms",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("visit_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("level", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("next_climb_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.Uuid(), nullable=True),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cleared_why", sa.String(length=64), nullable=True),
        sa.CheckConstraint("isfinite(due_at)", name=op.f("ck_alarms_due_finite")),
        sa.CheckConstraint("level >= 0", name=op.f("ck_alarms_level_size")),
        sa.CheckConstraint("(cleared_at IS NULL) = (cleared_why IS NULL)", name=op.f("ck_alarms_cleared_has_why")),
        sa.CheckConstraint("cleared_at IS NULL OR next_climb_at IS NULL", name=op.f("ck_alarms_cleared_has_no_timer")),
        sa.ForeignKeyConstraint(
            ["client_id", "job_id"], ["jobs.client_id", "jobs.id"], name=op.f("fk_alarms_client_id_job_id")
        ),
        sa.ForeignKeyConstraint(
            ["client_id", "visit_id"], ["visits.client_id", "visits.id"], name=op.f("fk_alarms_client_id_visit_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarms")),
        sa.UniqueConstraint("client_id", "id", name=op.f("uq_alarms_client_id_id")),
    )
    is_open = sa.text("cleared_at IS NULL")
    op.create_index("uq_alarms_open", "alarms", ["kind", "subject_id"], unique=True, postgresql_where=is_open)
    op.create_index("ix_alarms_client_id_due_at", "alarms", ["client_id", "due_at"], postgresql_where=is_open)
    climbs = sa.text("next_climb_at IS NOT NULL")
    op.create_index("ix_alarms_next_climb_at", "alarms", ["next_climb_at"], postgresql_where=climbs)
    op.create_index("ix_alarms_client_id_job_id", "alarms", ["client_id", "job_id"])
    guard("alarms", app="SELECT", policies={"client": ("ALL", f"client_id = {CLIENT}")})


def guard(table: str, *, app: str, policies: dict[str, tuple[str, str]]) -> None:
    """Row-level security, forced; the rights of the application, and which rows it sees: name -> (command, rows)."""
    op.execute(f"GRANT {app} ON {table} TO truckroll_app")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO truckroll_engine")
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY {table}_whole ON {table} TO truckroll_engine, truckroll_migrate USING (true)")
    for name, (command, rows) in policies.items():
        op.execute(f"CREATE POLICY {table}_{name} ON {table} FOR {command} TO truckroll_app USING ({rows})")


def _know_subjects(subjects: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{subject}'" for subject in subjects)
    op.drop_constraint("ck_events_subject_kind_known", "events")
    op.create_check_constraint(op.f("ck_events_subject_kind_known"), "events", f"subject_kind IN ({listed})")


def downgrade() -> None:
    op.drop_table("alarms")
    _know_subjects(SUBJECTS)
    for table in ("jobs", "clients"):
        op.drop_column(table, "day_policy")
