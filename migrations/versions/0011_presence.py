"""Presence: how far each technician is, the time log, how a visit ended, what a site has"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

CLIENT = "NULLIF(current_setting('app.client', true), '')::uuid"
TECHNICIAN = "NULLIF(current_setting('app.technician', true), '')::uuid"
COMPANY = "NULLIF(current_setting('app.company', true), '')::uuid"

REPLY_CODE = "lpad((('x' || left(gen_random_uuid()::text, 8))::bit(32)::bigint % 1000000)::text, 6, '0')"
ROUND_REASONS = ("posted", "terms_changed", "backed_out", "resumed", "named")


def upgrade() -> None:
    _assignments()
    _visits()
    op.add_column("jobs", sa.Column("sent_back", postgresql.JSONB(none_as_null=True), nullable=True))
    for name in ("contacts", "hazards"):
        op.add_column("sites", sa.Column(name, postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False))
    _know_rounds((*ROUND_REASONS, "next_visit"))
    _time_entries()
    _phone_words()


def _assignments() -> None:
    for name in ("confirm_by", "reminded_at", "confirmed_at", "left_at", "eta_at", "checked_in_at", "checked_out_at"):
        op.add_column("assignments", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    presence = sa.Column("presence", sa.String(length=64), server_default="assigned", nullable=False)
    watch = sa.Column(
        "watch_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=True
    )
    code = sa.Column("reply_code", sa.String(length=64), server_default=sa.text(REPLY_CODE), nullable=False)
    for column in (presence, watch, code):
        op.add_column("assignments", column)
    op.create_check_constraint(
        op.f("ck_assignments_presence_known"),
        "assignments",
        "presence IN ('assigned', 'confirmed', 'on_the_way', 'checked_in', 'stepped_out', 'checked_out')",
    )
    op.create_check_constraint(op.f("ck_assignments_reply_code_digits"), "assignments", "reply_code ~ '^[0-9]{6}$'")
    op.create_index("ix_assignments_visit_id", "assignments", ["visit_id"])
    is_live = sa.text("state = 'live'")
    op.create_index("ix_assignments_reply_code", "assignments", ["reply_code"], postgresql_where=is_live)
    op.create_index(
        "ix_assignments_watch_at",
        "assignments",
        ["watch_at"],
        postgresql_where=sa.text("state = 'live' AND watch_at IS NOT NULL"),
    )


def _visits() -> None:
    for column in (
        sa.Column("outcome_why", sa.String(length=64), nullable=True),
        sa.Column("outcome_note", sa.Text(), server_default="", nullable=False),
        sa.Column("evidence", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
    ):
        op.add_column("visits", column)
    op.create_check_constraint(
        op.f("ck_visits_outcome_known"),
        "visits",
        "outcome IN ('complete', 'return_needed', 'could_not_start', 'cancelled')",
    )


def _time_entries() -> None:
    op.create_table(
        "time_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column("technician_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("state", sa.String(length=64), server_default="current", nullable=False),
        sa.Column("kind", sa.String(length=64), server_default="work", nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("in_claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("in_received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("out_claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("out_received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("out_source", sa.String(length=64), nullable=True),
        sa.Column("proof_in", postgresql.JSONB(), nullable=True),
        sa.Column("proof_out", postgresql.JSONB(), nullable=True),
        sa.Column("proposed_by", sa.String(length=64), nullable=False),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('work', 'wait', 'break')", name=op.f("ck_time_entries_kind_known")),
        sa.CheckConstraint(
            "state IN ('current', 'proposed', 'superseded', 'refused')", name=op.f("ck_time_entries_state_known")
        ),
        sa.CheckConstraint(
            "source IN ('app', 'sms', 'voice', 'dispatcher', 'gateway')", name=op.f("ck_time_entries_source_known")
        ),
        sa.CheckConstraint("proposed_by IN ('technician', 'client')", name=op.f("ck_time_entries_proposed_by_known")),
        sa.CheckConstraint(
            "isfinite(started_at) AND (ended_at IS NULL OR isfinite(ended_at))",
            name=op.f("ck_time_entries_span_finite"),
        ),
        sa.CheckConstraint("started_at < ended_at", name=op.f("ck_time_entries_span_order")),
        sa.CheckConstraint(
            "ended_at - started_at <= interval '14 days'", name=op.f("ck_time_entries_span_at_most_14_days")
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_time_entries_version_size")),
        sa.CheckConstraint(
            "agreed_at IS NULL OR (state = 'current' AND ended_at IS NOT NULL)",
            name=op.f("ck_time_entries_agreed_is_whole"),
        ),
        sa.ForeignKeyConstraint(
            ["client_id", "job_id"], ["jobs.client_id", "jobs.id"], name=op.f("fk_time_entries_client_id_job_id")
        ),
        sa.ForeignKeyConstraint(
            ["client_id", "visit_id"],
            ["visits.client_id", "visits.id"],
            name=op.f("fk_time_entries_client_id_visit_id"),
        ),
        sa.ForeignKeyConstraint(
            ["client_id", "assignment_id"],
            ["assignments.client_id", "assignments.id"],
            name=op.f("fk_time_entries_client_id_assignment_id"),
        ),
        sa.ForeignKeyConstraint(["technician_id"], ["technicians.id"], name=op.f("fk_time_entries_technician_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_time_entries")),
        sa.UniqueConstraint("client_id", "id", name=op.f("uq_time_entries_client_id_id")),
        sa.UniqueConstraint("entry_id", "version", name=op.f("uq_time_entries_entry_id_version")),
        postgresql.ExcludeConstraint(
            (sa.column("technician_id"), "="),
            (sa.text("tstzrange(started_at, ended_at, '[)')"), "&&"),
            where=sa.text("state = 'current'"),
            using="gist",
            name="ex_time_entries_no_overlap",
        ),
    )
    op.create_index(
        "uq_time_entries_open",
        "time_entries",
        ["entry_id", "state"],
        unique=True,
        postgresql_where=sa.text("state IN ('current', 'proposed')"),
    )
    op.create_index("ix_time_entries_client_id_visit_id", "time_entries", ["client_id", "visit_id"])
    op.create_index("ix_time_entries_assignment_id", "time_entries", ["assignment_id"])
    _guard("time_entries")
    op.execute(f"CREATE POLICY time_entries_client ON time_entries TO truckroll_app USING (client_id = {CLIENT})")
    own = (
        "EXISTS (SELECT FROM assignments a WHERE a.id = assignment_id AND a.client_id = time_entries.client_id"
        f" AND (a.technician_id = {TECHNICIAN} OR a.company_id = {COMPANY}))"
    )
    op.execute(f"CREATE POLICY time_entries_asked ON time_entries FOR SELECT TO truckroll_app USING ({own})")


def _phone_words() -> None:
    op.create_table(
        "phone_words",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("sender_hash", sa.LargeBinary(), nullable=False),
        sa.Column("is_miss", sa.Boolean(), nullable=False),
        sa.Column("answer", postgresql.JSONB(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("channel IN ('sms', 'voice')", name=op.f("ck_phone_words_channel_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone_words")),
        sa.UniqueConstraint("channel", "message_id", name=op.f("uq_phone_words_channel_message_id")),
    )
    op.create_index("ix_phone_words_sender_hash_received_at", "phone_words", ["sender_hash", "received_at"])
    _guard("phone_words")


def _guard(table: str) -> None:
    op.execute(f"GRANT SELECT ON {table} TO truckroll_app")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO truckroll_engine")
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY {table}_whole ON {table} TO truckroll_engine, truckroll_migrate USING (true)")


def _know_rounds(reasons: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{reason}'" for reason in reasons)
    op.drop_constraint("ck_rounds_opened_why_known", "rounds")
    op.create_check_constraint(op.f("ck_rounds_opened_why_known"), "rounds", f"opened_why IN ({listed})")


def downgrade() -> None:
    op.drop_table("phone_words")
    op.drop_table("time_entries")
    _know_rounds(ROUND_REASONS)
    for name in ("contacts", "hazards"):
        op.drop_column("sites", name)
    op.drop_column("jobs", "sent_back")
    op.drop_constraint("ck_visits_outcome_known", "visits")
    for name in ("outcome_why", "outcome_note", "evidence"):
        op.drop_column("visits", name)
    op.drop_index("ix_assignments_watch_at", "assignments")
    op.drop_index("ix_assignments_reply_code", "assignments")
    op.drop_index("ix_assignments_visit_id", "assignments")
    op.drop_constraint("ck_assignments_reply_code_digits", "assignments")
    op.drop_constraint("ck_assignments_presence_known", "assignments")
    for name in (
        "confirm_by", "reminded_at", "confirmed_at", "left_at", "eta_at", "checked_in_at", "checked_out_at", "presence",
        "watch_at", "reply_code",
    ):  # fmt: skip
        op.drop_column("assignments", name)
