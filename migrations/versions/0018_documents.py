"""Documents of proofs, page by page; whoever was given notice stays held until a person ends it"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TYPES = ("image/jpeg", "image/png", "image/webp", "application/pdf")

HELD = """
CREATE FUNCTION technicians_held() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
BEGIN
    IF EXISTS (SELECT FROM removals r WHERE r.technician_id = NEW.id AND r.state NOT IN ('withdrawn', 'final')) THEN
        RAISE EXCEPTION 'notice was given: nobody lets them work again before the removal ends'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER technicians_held BEFORE UPDATE OF state ON technicians FOR EACH ROW
    WHEN (OLD.state IN ('suspended', 'left') AND NEW.state NOT IN ('suspended', 'left', 'erased'))
    EXECUTE FUNCTION technicians_held();
"""


def upgrade() -> None:
    op.execute(HELD)
    listed = ", ".join(f"'{each}'" for each in TYPES)
    op.create_table(
        "documents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.Uuid(), nullable=False),
        sa.Column("num", sa.SmallInteger(), nullable=False),
        sa.Column("content_type", sa.String(length=64), nullable=False),
        sa.Column("num_bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("num BETWEEN 1 AND 20", name=op.f("ck_documents_num_range")),
        sa.CheckConstraint(f"content_type IN ({listed})", name=op.f("ck_documents_content_type_known")),
        sa.CheckConstraint("num_bytes BETWEEN 1 AND 50000000", name=op.f("ck_documents_num_bytes_size")),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_documents_sha256_whole")),
        sa.CheckConstraint(
            "(width IS NULL) = (height IS NULL) AND width > 0 AND height > 0", name=op.f("ck_documents_picture_size")
        ),
        sa.ForeignKeyConstraint(
            ["credential_id"], ["credentials.id"], name=op.f("fk_documents_credential_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
        sa.UniqueConstraint("credential_id", "num", name=op.f("uq_documents_credential_id_num")),
    )
    op.execute("GRANT SELECT ON documents TO truckroll_app")
    op.execute("GRANT SELECT, INSERT, DELETE ON documents TO truckroll_engine")
    op.execute("ALTER TABLE documents ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE documents FORCE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY documents_whole ON documents TO truckroll_engine, truckroll_migrate USING (true)")
    # Whose the proof is, the proof's own policy says.
    op.execute(
        "CREATE POLICY documents_self ON documents FOR SELECT TO truckroll_app"
        " USING (EXISTS (SELECT FROM credentials c WHERE c.id = documents.credential_id))"
    )


def downgrade() -> None:
    op.drop_table("documents")
    op.execute("DROP TRIGGER technicians_held ON technicians")
    op.execute("DROP FUNCTION technicians_held()")
