"""Sign-in: sessions, links and passwords; an answered request is kept for a key or for a person"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TABLES = ("passwords", "sessions", "sign_ins")


def upgrade() -> None:
    _sessions()
    _sign_ins()
    op.create_table(
        "passwords",
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_passwords_email_lower")),
        sa.PrimaryKeyConstraint("email", name=op.f("pk_passwords")),
    )
    for table in TABLES:
        # Nothing for the application's own role: who asks is found before it is known on whose behalf.
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO truckroll_engine")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY {table}_whole ON {table} TO truckroll_engine, truckroll_migrate USING (true)")
    op.create_index("ix_staff_email", "staff", [sa.text("lower(email)")])
    op.create_index("ix_technicians_email", "technicians", [sa.text("lower(email)")])
    op.drop_constraint("fk_idempotency_keys_api_key_id", "idempotency_keys")
    op.alter_column("idempotency_keys", "api_key_id", new_column_name="asker_id")


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("technician_id", sa.Uuid(), nullable=True),
        sa.Column("method", sa.String(length=64), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("idle_s", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("method IN ('link', 'password', 'oidc')", name=op.f("ck_sessions_method_known")),
        sa.CheckConstraint("num_nonnulls(staff_id, technician_id) = 1", name=op.f("ck_sessions_one_person")),
        sa.CheckConstraint("idle_s BETWEEN 60 AND 31622400", name=op.f("ck_sessions_idle_s_size")),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_sessions_email_lower")),
        sa.CheckConstraint(
            "isfinite(opened_at) AND expires_at > opened_at AND isfinite(expires_at)", name=op.f("ck_sessions_ends")
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_sessions_staff_id")),
        sa.ForeignKeyConstraint(["technician_id"], ["technicians.id"], name=op.f("fk_sessions_technician_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("hash", name=op.f("uq_sessions_hash")),
    )
    for column in ("email", "staff_id", "technician_id", "expires_at"):
        op.create_index(f"ix_sessions_{column}", "sessions", [column])


def _sign_ins() -> None:
    op.create_table(
        "sign_ins",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("more", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('link', 'oidc')", name=op.f("ck_sign_ins_kind_known")),
        sa.CheckConstraint("(kind = 'link') = (email IS NOT NULL)", name=op.f("ck_sign_ins_link_has_email")),
        sa.CheckConstraint("(kind = 'oidc') = (more IS NOT NULL)", name=op.f("ck_sign_ins_oidc_has_more")),
        sa.CheckConstraint("kind = 'link' OR hash IS NOT NULL", name=op.f("ck_sign_ins_oidc_has_hash")),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_sign_ins_email_lower")),
        sa.CheckConstraint(
            "isfinite(asked_at) AND expires_at > asked_at AND isfinite(expires_at)", name=op.f("ck_sign_ins_ends")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_ins")),
        sa.UniqueConstraint("hash", name=op.f("uq_sign_ins_hash")),
    )
    op.create_index("ix_sign_ins_expires_at", "sign_ins", ["expires_at"])


def downgrade() -> None:
    op.execute("DELETE FROM idempotency_keys WHERE asker_id NOT IN (SELECT id FROM api_keys)")
    op.alter_column("idempotency_keys", "asker_id", new_column_name="api_key_id")
    op.create_foreign_key(
        "fk_idempotency_keys_api_key_id", "idempotency_keys", "api_keys", ["api_key_id"], ["id"], ondelete="CASCADE"
    )
    op.drop_index("ix_technicians_email", "technicians")
    op.drop_index("ix_staff_email", "staff")
    for table in TABLES:
        op.drop_table(table)
