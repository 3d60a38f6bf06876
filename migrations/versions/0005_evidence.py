"""Evidence: files, parts, checklists, what was handed in, requests from the site"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

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
    _parts()
    _deliverables()
    _site_requests()


def _parts() -> None:
    states = ("wanted", "ordered", "shipped", "received", "lost", "not_needed", "to_return", "returned")
    op.create_table(
        "parts",
        *_of_a_job("parts", has_visit=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), server_default="1", nullable=False),
        sa.Column("carrier", sa.Text(), nullable=True),
        sa.Column("tracking", sa.Text(), nullable=True),
        sa.Column("ship_to", sa.String(length=64), server_default="site", nullable=False),
        sa.Column("expected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=64), server_default="wanted", nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("label_file_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        _one_of("parts", "state", states),
        _one_of("parts", "ship_to", ("site", "technician", "depot")),
        sa.CheckConstraint("quantity BETWEEN 1 AND 10000", name=op.f("ck_parts_quantity_size")),
        sa.CheckConstraint("isfinite(expected_at)", name=op.f("ck_parts_expected_finite")),
        sa.CheckConstraint("state <> 'received' OR received_at IS NOT NULL", name=op.f("ck_parts_received_has_time")),
        _tenant_fk("parts", "label_file_id", "files"),
    )
    op.create_index("ix_parts_client_id_job_id", "parts", ["client_id", "job_id"])
    is_missing = sa.text("state IN ('wanted', 'ordered', 'shipped', 'lost')")
    op.create_index("ix_parts_missing", "parts", ["job_id"], postgresql_where=is_missing)
    _guard("parts", ON_THE_JOB.format(table="parts"))


def _deliverables() -> None:
    items = sa.Column("deliverables", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False)
    op.add_column("jobs", items)
    op.create_table(
        "deliverable_templates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("job_type", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("items", postgresql.JSONB(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_deliverable_templates_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliverable_templates")),
        sa.UniqueConstraint("client_id", "id", name=op.f("uq_deliverable_templates_client_id_id")),
        sa.UniqueConstraint(
            "client_id", "job_type", "version", name=op.f("uq_deliverable_templates_client_id_job_type_version")
        ),
    )
    _guard("deliverable_templates", None)
    kinds = ("photo", "serial", "reading", "release_code", "file", "signature", "check", "return_label")
    op.create_table(
        "deliverables",
        *_of_a_job("deliverables"),
        sa.Column("item", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("num", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("version", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("state", sa.String(length=64), server_default="submitted", nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.Column("caption", sa.Text(), nullable=True),
        sa.Column("written", sa.Text(), nullable=True),
        sa.Column("number", sa.Float(), nullable=True),
        sa.Column("is_ok", sa.Boolean(), nullable=True),
        sa.Column("outcome", sa.String(length=64), nullable=True),
        sa.Column("why", sa.String(length=64), nullable=True),
        sa.Column("handed_in_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handed_in_by_kind", sa.String(length=64), nullable=False),
        sa.Column("handed_in_by", sa.Uuid(), nullable=True),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("judged_by", sa.Uuid(), nullable=True),
        sa.Column("judged_why", sa.String(length=64), nullable=True),
        sa.Column("judged_note", sa.Text(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.UniqueConstraint("job_id", "item", "num", "version", name=op.f("uq_deliverables_job_id_item_num_version")),
        _one_of("deliverables", "state", ("submitted", "passed", "sent_back")),
        _one_of("deliverables", "kind", kinds),
        _one_of("deliverables", "outcome", ("refused", "nobody_there")),
        sa.CheckConstraint(
            "num_nonnulls(file_id, written, number, is_ok, outcome) > 0", name=op.f("ck_deliverables_holds_something")
        ),
        sa.CheckConstraint("(outcome IS NULL) = (why IS NULL)", name=op.f("ck_deliverables_outcome_has_why")),
        sa.CheckConstraint("number > '-Infinity' AND number < 'Infinity'", name=op.f("ck_deliverables_number_finite")),
        sa.CheckConstraint("(state = 'submitted') = (judged_at IS NULL)", name=op.f("ck_deliverables_judged_has_time")),
        sa.CheckConstraint(
            "(state = 'sent_back') = (judged_why IS NOT NULL)", name=op.f("ck_deliverables_sent_back_has_why")
        ),
        sa.CheckConstraint("isfinite(due_at)", name=op.f("ck_deliverables_due_finite")),
        _tenant_fk("deliverables", "file_id", "files"),
    )
    op.create_index("ix_deliverables_client_id_job_id", "deliverables", ["client_id", "job_id"])
    _guard("deliverables", ON_THE_JOB.format(table="deliverables"))


def _site_requests() -> None:
    op.create_table(
        "site_requests",
        *_of_a_job("site_requests"),
        sa.Column("technician_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("item", sa.Text(), nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=True),
        sa.Column("skill", sa.String(length=64), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), server_default="waiting", nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("why", sa.String(length=64), nullable=True),
        sa.Column("granted_minutes", sa.Integer(), nullable=True),
        sa.Column("granted_amount", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("is_return", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("part_id", sa.Uuid(), nullable=True),
        sa.Column("slot_id", sa.Uuid(), nullable=True),
        _one_of("site_requests", "state", ("waiting", "granted", "refused", "unanswered", "withdrawn")),
        _one_of("site_requests", "kind", ("more_time", "part", "second_person", "different_skill")),
        sa.CheckConstraint("minutes BETWEEN 1 AND 1440", name=op.f("ck_site_requests_minutes_size")),
        sa.CheckConstraint("quantity BETWEEN 1 AND 10000", name=op.f("ck_site_requests_quantity_size")),
        sa.CheckConstraint(
            "CASE kind WHEN 'more_time' THEN minutes IS NOT NULL WHEN 'part' THEN item IS NOT NULL AND quantity IS NOT"
            " NULL WHEN 'different_skill' THEN skill IS NOT NULL ELSE true END",
            name=op.f("ck_site_requests_says_what"),
        ),
        sa.CheckConstraint("granted_minutes BETWEEN 1 AND 1440", name=op.f("ck_site_requests_granted_minutes_size")),
        sa.CheckConstraint(
            "granted_amount >= 0 AND granted_amount <> 'NaN'::numeric", name=op.f("ck_site_requests_granted_amount_sum")
        ),
        sa.CheckConstraint(
            "(state = 'waiting') = (answered_at IS NULL)", name=op.f("ck_site_requests_answered_has_time")
        ),
        sa.CheckConstraint(
            "answer_by > made_at AND isfinite(answer_by)", name=op.f("ck_site_requests_answer_after_made")
        ),
        sa.ForeignKeyConstraint(["technician_id"], ["technicians.id"], name=op.f("fk_site_requests_technician_id")),
        sa.ForeignKeyConstraint(["skill"], ["skills.code"], name=op.f("fk_site_requests_skill")),
        _tenant_fk("site_requests", "part_id", "parts"),
        _tenant_fk("site_requests", "slot_id", "slots"),
    )
    is_waiting = sa.text("state = 'waiting'")
    key = ["visit_id", "technician_id", "kind"]
    op.create_index("uq_site_requests_waiting", "site_requests", key, unique=True, postgresql_where=is_waiting)
    op.create_index("ix_site_requests_answer_by", "site_requests", ["answer_by"], postgresql_where=is_waiting)
    op.create_index("ix_site_requests_client_id_job_id", "site_requests", ["client_id", "job_id"])
    op.create_index(op.f("ix_site_requests_technician_id"), "site_requests", ["technician_id"])
    _guard("site_requests", ON_THE_JOB.format(table="site_requests"))


def _of_a_job(table: str, *, has_visit: bool = True) -> list[Any]:
    """Id, client, job and visit, with the keys that keep them together."""
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=not has_visit),
        _tenant_fk(table, "job_id", "jobs"),
        _tenant_fk(table, "visit_id", "visits"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("client_id", "id", name=op.f(f"uq_{table}_client_id_id")),
    ]


def _one_of(table: str, column: str, words: tuple[str, ...]) -> sa.CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in words)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"ck_{table}_{column}_known"))


def _tenant_fk(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_client_id_{column}")
    return sa.ForeignKeyConstraint(["client_id", column], [f"{target}.client_id", f"{target}.id"], name=name)


def _guard(table: str, asked: str | None) -> None:
    """Read by the client and by whoever is on the job; written by the engine alone, whose use cases check who asks."""
    op.execute(f"GRANT SELECT ON {table} TO truckroll_app")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO truckroll_engine")
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY {table}_whole ON {table} TO truckroll_engine, truckroll_migrate USING (true)")
    op.execute(f"CREATE POLICY {table}_client ON {table} TO truckroll_app USING (client_id = {CLIENT})")
    if asked is not None:
        op.execute(f"CREATE POLICY {table}_asked ON {table} FOR SELECT TO truckroll_app USING ({asked})")


def downgrade() -> None:
    for table in ("site_requests", "deliverables", "deliverable_templates", "parts", "files"):
        op.drop_table(table)
    op.drop_column("jobs", "deliverables")
