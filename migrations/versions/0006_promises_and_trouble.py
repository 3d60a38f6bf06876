"""Promises and trouble: deadlines of jobs, alarms that are put off, shifts of duty"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

CLIENT = "NULLIF(current_setting('app.client', true), '')::uuid"
INSTANT = sa.DateTime(timezone=True)

LOOK = """
CREATE FUNCTION jobs_look() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.look_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER jobs_look BEFORE UPDATE ON jobs FOR EACH ROW WHEN (NEW.version <> OLD.version)
    EXECUTE FUNCTION jobs_look();
"""


def upgrade() -> None:
    _promises()
    _alarms()
    op.create_unique_constraint(op.f("uq_staff_client_id_id"), "staff", ["client_id", "id"])
    _duty()


def _promises() -> None:
    for name in ("respond_by", "fix_by", "respond_broken_at", "fix_broken_at", "sla_paused_at"):
        op.add_column("jobs", sa.Column(name, INSTANT, nullable=True))
    op.add_column("jobs", sa.Column("sla_paused_why", sa.String(length=64), nullable=True))
    op.add_column("jobs", sa.Column("sla", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False))
    now = sa.text("clock_timestamp()")
    op.add_column("jobs", sa.Column("look_at", INSTANT, server_default=now, nullable=True))
    op.create_check_constraint(op.f("ck_jobs_deadlines_finite"), "jobs", "isfinite(respond_by) AND isfinite(fix_by)")
    op.create_check_constraint(
        op.f("ck_jobs_pause_has_why_and_deadline"),
        "jobs",
        "(sla_paused_at IS NULL) = (sla_paused_why IS NULL)"
        " AND (sla_paused_at IS NULL OR num_nonnulls(respond_by, fix_by) > 0)",
    )
    due = sa.text("look_at IS NOT NULL")
    op.create_index("ix_jobs_look_at", "jobs", ["look_at"], postgresql_where=due)
    op.execute(LOOK)


def _alarms() -> None:
    op.add_column("alarms", sa.Column("snoozed_until", INSTANT, nullable=True))
    op.add_column("alarms", sa.Column("snoozed_why", sa.String(length=64), nullable=True))
    op.add_column("alarms", sa.Column("told", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False))
    op.add_column("alarms", sa.Column("cleared_by", sa.Uuid(), nullable=True))
    op.create_check_constraint(
        op.f("ck_alarms_snoozed_by_somebody"),
        "alarms",
        "(snoozed_until IS NULL) = (snoozed_why IS NULL) AND isfinite(snoozed_until)"
        " AND (snoozed_until IS NULL OR acknowledged_at IS NOT NULL)",
    )


def _duty() -> None:
    op.create_table(
        "duty_shifts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("contact_name", sa.Text(), nullable=True),
        sa.Column("contact_email", sa.Text(), nullable=True),
        sa.Column("contact_phone", sa.Text(), nullable=True),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("client_id"), "="),
            (sa.column("level"), "="),
            (sa.column("during"), "&&"),
            using="gist",
            name="ex_duty_shifts_one_at_a_time",
        ),
        sa.CheckConstraint(
            "CASE WHEN contact_name IS NULL THEN num_nonnulls(contact_email, contact_phone) = 0"
            " ELSE num_nonnulls(contact_email, contact_phone) > 0 END",
            name=op.f("ck_duty_shifts_contact_reachable"),
        ),
        sa.CheckConstraint(
            "upper(during) - lower(during) <= interval '31 days'", name=op.f("ck_duty_shifts_during_at_most_31_days")
        ),
        sa.CheckConstraint(
            "NOT isempty(during) AND NOT lower_inf(during) AND NOT upper_inf(during)"
            " AND isfinite(lower(during)) AND isfinite(upper(during)) AND lower_inc(during) AND NOT upper_inc(during)",
            name=op.f("ck_duty_shifts_during_finite"),
        ),
        sa.CheckConstraint("level BETWEEN 1 AND 9", name=op.f("ck_duty_shifts_level_range")),
        sa.CheckConstraint("num_nonnulls(staff_id, contact_name) = 1", name=op.f("ck_duty_shifts_somebody")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_duty_shifts_client_id")),
        sa.ForeignKeyConstraint(
            ["client_id", "staff_id"], ["staff.client_id", "staff.id"], name=op.f("fk_duty_shifts_client_id_staff_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_shifts")),
        sa.UniqueConstraint("client_id", "id", name=op.f("uq_duty_shifts_client_id_id")),
    )
    op.execute("GRANT SELECT ON duty_shifts TO truckroll_app")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON duty_shifts TO truckroll_engine")
    op.execute("ALTER TABLE duty_shifts ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE duty_shifts FORCE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY duty_shifts_whole ON duty_shifts TO truckroll_engine, truckroll_migrate USING (true)")
    op.execute(f"CREATE POLICY duty_shifts_client ON duty_shifts TO truckroll_app USING (client_id = {CLIENT})")


def downgrade() -> None:
    op.drop_table("duty_shifts")
    op.drop_constraint("uq_staff_client_id_id", "staff")
    op.drop_constraint("ck_alarms_snoozed_by_somebody", "alarms")
    for name in ("snoozed_until", "snoozed_why", "told", "cleared_by"):
        op.drop_column("alarms", name)
    op.execute("DROP TRIGGER jobs_look ON jobs")
    op.execute("DROP FUNCTION jobs_look")
    op.drop_index("ix_jobs_look_at", table_name="jobs")
    for name in (
        "respond_by",
        "fix_by",
        "respond_broken_at",
        "fix_broken_at",
        "sla_paused_at",
        "sla_paused_why",
        "sla",
        "look_at",
    ):
        op.drop_column("jobs", name)
