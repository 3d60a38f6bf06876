"""Messages: notices and their fate, threads and what is said in them, how people want to hear"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

CLIENT = "NULLIF(current_setting('app.client', true), '')::uuid"
TECHNICIAN = "NULLIF(current_setting('app.technician', true), '')::uuid"
COMPANY = "NULLIF(current_setting('app.company', true), '')::uuid"
OWN_WORK = f"(a.technician_id = {TECHNICIAN} OR a.company_id = {COMPANY})"

NOTICES_SELF = (
    f"reader_kind = 'technician' AND (reader_id = {TECHNICIAN} OR EXISTS (SELECT FROM technicians t"
    f" WHERE t.id = reader_id AND t.company_id = {COMPANY}))"
)
THREADS_ASKED = (
    f"technician_id = {TECHNICIAN} OR EXISTS (SELECT FROM assignments a WHERE a.job_id = threads.job_id AND {OWN_WORK})"
)
#: Of a job's thread a technician reads what was written while they were on it.
MESSAGES_ASKED = (
    f"EXISTS (SELECT FROM threads t WHERE t.id = thread_id AND (t.technician_id = {TECHNICIAN}"
    f" OR EXISTS (SELECT FROM assignments a WHERE a.job_id = t.job_id AND {OWN_WORK} AND messages.sent_at >= a.assigned_at"
    " AND (a.ended_at IS NULL OR messages.sent_at <= a.ended_at))))"
)


def upgrade() -> None:
    json = postgresql.JSONB(astext_type=sa.Text())
    empty = sa.text("'{}'")
    op.add_column("staff", sa.Column("phone", sa.Text(), nullable=True))
    op.add_column("staff", sa.Column("preferences", json, server_default=empty, nullable=False))
    op.add_column("technicians", sa.Column("preferences", json, server_default=empty, nullable=False))
    op.add_column("sites", sa.Column("contact_email", sa.Text(), nullable=True))
    op.add_column("sites", sa.Column("contact_language", sa.String(length=64), nullable=True))
    op.create_table(
        "notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("occasion", sa.String(length=64), nullable=False),
        sa.Column("num", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("reader_kind", sa.String(length=64), nullable=False),
        sa.Column("reader_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("data", json, server_default=empty, nullable=False),
        sa.Column("channels", sa.ARRAY(sa.String(length=64)), server_default=empty, nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.Column("num_attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "reader_kind IN ('technician', 'staff', 'contact', 'duty')", name=op.f("ck_notices_reader_kind_known")
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'held', 'failed', 'sent', 'given_up', 'suppressed', 'gathered')",
            name=op.f("ck_notices_state_known"),
        ),
        sa.CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name=op.f("ck_notices_sent_has_time")),
        sa.CheckConstraint(
            "(state IN ('held', 'failed')) = (until_at IS NOT NULL)", name=op.f("ck_notices_waiting_has_time")
        ),
        sa.CheckConstraint("num_attempts >= 0", name=op.f("ck_notices_num_attempts_size")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_notices_client_id")),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_notices_event_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint(
            "event_id", "occasion", "reader_id", "num", name=op.f("uq_notices_event_id_occasion_reader_id_num")
        ),
    )
    op.create_index("ix_notices_client_id_id", "notices", ["client_id", "id"])
    op.create_index("ix_notices_reader_id_id", "notices", ["reader_id", "id"])
    op.create_index("ix_notices_job_id", "notices", ["job_id"])
    digest = sa.text("state = 'held' AND reason = 'digest'")
    op.create_index("ix_notices_digest", "notices", ["until_at"], postgresql_where=digest)
    op.create_table(
        "threads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("technician_id", sa.Uuid(), nullable=True),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("reads", json, server_default=empty, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("num_nonnulls(job_id, technician_id) = 1", name=op.f("ck_threads_of_job_or_person")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_threads_client_id")),
        sa.ForeignKeyConstraint(
            ["client_id", "job_id"], ["jobs.client_id", "jobs.id"], name=op.f("fk_threads_client_id_job_id")
        ),
        sa.ForeignKeyConstraint(["technician_id"], ["technicians.id"], name=op.f("fk_threads_technician_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_threads")),
        sa.UniqueConstraint("client_id", "id", name=op.f("uq_threads_client_id_id")),
        sa.UniqueConstraint("client_id", "job_id", name=op.f("uq_threads_client_id_job_id")),
        sa.UniqueConstraint("client_id", "technician_id", name=op.f("uq_threads_client_id_technician_id")),
        sa.UniqueConstraint("code", name=op.f("uq_threads_code")),
    )
    op.create_index(op.f("ix_threads_technician_id"), "threads", ["technician_id"])
    _create_messages()
    client = ("ALL", f"client_id = {CLIENT}")
    _guard("notices", {"client": client, "self": ("SELECT", NOTICES_SELF)})
    _guard("threads", {"client": client, "asked": ("SELECT", THREADS_ASKED)})
    _guard("messages", {"client": client, "asked": ("SELECT", MESSAGES_ASKED)})
    op.execute("REVOKE UPDATE, DELETE ON messages FROM truckroll_engine")
    op.execute(
        "CREATE TRIGGER messages_kept BEFORE UPDATE OR DELETE ON messages FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    # Nobody is told what happened before there was anything to tell with.
    op.execute("INSERT INTO cursors (name, below_xid) SELECT 'notices', pg_snapshot_xmin(pg_current_snapshot())")


def _create_messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("thread_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=64), server_default="message", nullable=False),
        sa.Column("about_id", sa.Uuid(), nullable=True),
        sa.Column("author_kind", sa.String(length=64), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=64), nullable=False),
        sa.Column("files", sa.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("via", sa.String(length=64), server_default="app", nullable=False),
        sa.Column("carrier_id", sa.String(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('message', 'correction', 'translation')", name=op.f("ck_messages_kind_known")),
        sa.CheckConstraint(
            "author_kind IN ('technician', 'staff', 'contact', 'company', 'gateway')",
            name=op.f("ck_messages_author_kind_known"),
        ),
        sa.CheckConstraint("via IN ('app', 'sms', 'mail')", name=op.f("ck_messages_via_known")),
        sa.CheckConstraint("(kind = 'message') = (about_id IS NULL)", name=op.f("ck_messages_about_another")),
        sa.CheckConstraint("words <> '' OR cardinality(files) > 0", name=op.f("ck_messages_says_something")),
        sa.CheckConstraint("char_length(words) <= 10000", name=op.f("ck_messages_words_size")),
        sa.ForeignKeyConstraint(
            ["client_id", "thread_id"],
            ["threads.client_id", "threads.id"],
            name=op.f("fk_messages_client_id_thread_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("client_id", "id", name=op.f("uq_messages_client_id_id")),
        sa.UniqueConstraint("via", "carrier_id", name=op.f("uq_messages_via_carrier_id")),
    )
    op.create_index("ix_messages_client_id_thread_id", "messages", ["client_id", "thread_id"])


def _guard(table: str, policies: dict[str, tuple[str, str]]) -> None:
    op.execute(f"GRANT SELECT ON {table} TO truckroll_app")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO truckroll_engine")
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY {table}_whole ON {table} TO truckroll_engine, truckroll_migrate USING (true)")
    for name, (command, rows) in policies.items():
        op.execute(f"CREATE POLICY {table}_{name} ON {table} FOR {command} TO truckroll_app USING ({rows})")


def downgrade() -> None:
    op.execute("DELETE FROM cursors WHERE name = 'notices'")
    for table in ("messages", "threads", "notices"):
        op.drop_table(table)
    for table, column in (
        ("sites", "contact_language"),
        ("sites", "contact_email"),
        ("technicians", "preferences"),
        ("staff", "preferences"),
        ("staff", "phone"),
    ):
        op.drop_column(table, column)
