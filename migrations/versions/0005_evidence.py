"""Evidence: files"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

CLIENT = "NULLIF(current_setting('app.client', true), '')::uuid"
TECHNICIAN = "NULLIF(current_setting('app.technician', true), '')::uuid"
COMPANY = "NULLIF(current_setting('app.company', true), '')::uuid"

#: A technician, or their company, who has or had the work: not whoever was only asked, nor whoever gave it back.
ON_THE_JOB = (
    "EXISTS (SELECT FROM assignments a WHERE a.state IN ('live', 'finished')"
    f" AND (a.technician_id = {TECHNICIAN} OR a.company_id = {COMPANY}) AND a.job_id = {{table}}.job_id)"
)
AT_THE_SITE = (
    "EXISTS (SELECT FROM assignments a JOIN jobs j ON j.id = a.job_id WHERE a.state = 'live'"
    f" AND (a.technician_id = {TECHNICIAN} OR a.company_id = {COMPANY}) AND j.site_id = files.site_id)"
)
SENT_TO_THEM = (
    f"job_id IS NULL AND (technician_id = {TECHNICIAN} OR EXISTS (SELECT FROM technicians t"
    f" WHERE t.id = files.technician_id AND t.company_id = {COMPANY}))"
)


def upgrade() -> None:
    op.create_table(
        "files",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("visit_id", sa.Uuid(), nullable=True),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("technician_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("content_type", sa.String(length=64), nullable=False),
        sa.Column("num_bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("claimed_taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uploaded_by_kind", sa.String(length=64), nullable=False),
        sa.Column("uploaded_by", sa.Uuid(), nullable=True),
        _one_of("files", "kind", ("photo", "document", "signature", "attachment")),
        _one_of("files", "content_type", ("image/jpeg", "image/png", "image/webp", "application/pdf", "text/plain")),
        sa.CheckConstraint("num_bytes BETWEEN 1 AND 50000000", name=op.f("ck_files_num_bytes_size")),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_files_sha256_whole")),
        sa.CheckConstraint(
            "(width IS NULL) = (height IS NULL) AND width > 0 AND height > 0", name=op.f("ck_files_picture_size")
        ),
        sa.CheckConstraint("isfinite(claimed_taken_at)", name=op.f("ck_files_claimed_finite")),
        sa.CheckConstraint("visit_id IS NULL OR job_id IS NOT NULL", name=op.f("ck_files_visit_has_job")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_files_client_id")),
        sa.ForeignKeyConstraint(["technician_id"], ["technicians.id"], name=op.f("fk_files_technician_id")),
        _tenant_fk("files", "job_id", "jobs"),
        _tenant_fk("files", "visit_id", "visits"),
        _tenant_fk("files", "site_id", "sites"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_files")),
        sa.UniqueConstraint("client_id", "id", name=op.f("uq_files_client_id_id")),
    )
    op.create_index("ix_files_client_id_job_id", "files", ["client_id", "job_id"])
    op.create_index("ix_files_client_id_site_id", "files", ["client_id", "site_id"])
    op.create_index(op.f("ix_files_technician_id"), "files", ["technician_id"])
    asked = f"{ON_THE_JOB.format(table='files')} OR {AT_THE_SITE} OR ({SENT_TO_THEM})"
    _guard("files", asked)


def _one_of(table: str, column: str, words: tuple[str, ...]) -> sa.CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in words)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"ck_{table}_{column}_known"))


def _tenant_fk(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_client_id_{column}")
    return sa.ForeignKeyConstraint(["client_id", column], [f"{target}.client_id", f"{target}.id"], name=name)


def _guard(table: str, asked: str) -> None:
    """Read by the client and by whoever is on the job; written by the engine alone, whose use cases check who asks."""
    op.execute(f"GRANT SELECT ON {table} TO truckroll_app")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO truckroll_engine")
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY {table}_whole ON {table} TO truckroll_engine, truckroll_migrate USING (true)")
    op.execute(f"CREATE POLICY {table}_client ON {table} TO truckroll_app USING (client_id = {CLIENT})")
    op.execute(f"CREATE POLICY {table}_asked ON {table} FOR SELECT TO truckroll_app USING ({asked})")


def downgrade() -> None:
    op.drop_table("files")
