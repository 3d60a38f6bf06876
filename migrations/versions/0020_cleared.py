"""Texts that only the cleared may read, sealed; what a client chose of who reads a job's free fields"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

CLIENT = "NULLIF(current_setting('app.client', true), '')::uuid"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("disclosure", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False))
    op.create_check_constraint(op.f("ck_jobs_disclosure_object"), "jobs", "jsonb_typeof(disclosure) = 'object'")
    op.create_table(
        "cleared_texts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("template_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column(
            "key_id",
            sa.String(length=64),
            sa.Computed("encode(substring(sealed FROM 3 FOR get_byte(sealed, 1)), 'escape')", persisted=True),
            nullable=True,
        ),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("num_nonnulls(job_id, template_id) = 1", name=op.f("ck_cleared_texts_one_owner")),
        sa.CheckConstraint("name ~ '^[a-z][a-z0-9_]{0,39}$'", name=op.f("ck_cleared_texts_name_code")),
        sa.CheckConstraint("octet_length(sealed) BETWEEN 52 AND 20000", name=op.f("ck_cleared_texts_sealed_size")),
        sa.ForeignKeyConstraint(
            ["client_id", "job_id"], ["jobs.client_id", "jobs.id"], name=op.f("fk_cleared_texts_client_id_job_id")
        ),
        sa.ForeignKeyConstraint(
            ["client_id", "template_id"],
            ["templates.client_id", "templates.id"],
            name=op.f("fk_cleared_texts_client_id_template_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cleared_texts")),
        sa.UniqueConstraint("client_id", "id", name=op.f("uq_cleared_texts_client_id_id")),
    )
    for name, owner in (("job", "job_id"), ("template", "template_id")):
        op.create_index(
            f"uq_cleared_texts_{name}",
            "cleared_texts",
            [owner, "name"],
            unique=True,
            postgresql_where=sa.text(f"{owner} IS NOT NULL"),
        )
    op.create_index("ix_cleared_texts_key_id", "cleared_texts", ["key_id"])
    op.create_index(
        "ix_events_cleared_read",
        "events",
        ["client_id", "id"],
        postgresql_where=sa.text("kind = 'cleared_read'"),
    )
    op.execute("GRANT SELECT, INSERT, DELETE ON cleared_texts TO truckroll_app")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON cleared_texts TO truckroll_engine")
    op.execute("ALTER TABLE cleared_texts ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE cleared_texts FORCE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY cleared_texts_whole ON cleared_texts TO truckroll_engine, truckroll_migrate USING (true)")
    op.execute(f"CREATE POLICY cleared_texts_client ON cleared_texts TO truckroll_app USING (client_id = {CLIENT})")


def downgrade() -> None:
    op.drop_table("cleared_texts")
    op.drop_index("ix_events_cleared_read", "events")
    op.drop_column("jobs", "disclosure")
