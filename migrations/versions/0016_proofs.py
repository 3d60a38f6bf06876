"""Proofs: their facts, families and reviews, screenings, what clients ask of them, agreements, removals"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

CLIENT = "NULLIF(current_setting('app.client', true), '')::uuid"
TECHNICIAN = "NULLIF(current_setting('app.technician', true), '')::uuid"

STATES = ("claimed", "submitted", "verified", "expired", "revoked", "rejected")
ALL_STATES = ("claimed", "submitted", "verified", "expiring", "expired", "revoked", "rejected")
FAMILIES = (
    "background_check",
    "drug_screen",
    "insurance",
    "agreement",
    "licence",
    "certificate",
    "clearance",
    "data_access",
    "tax_form",
)


def upgrade() -> None:
    _kinds()
    _credentials()
    op.add_column("clients", _document("proof_policy"))
    op.add_column("technicians", _time("proofs_due_at"))
    op.create_check_constraint(op.f("ck_technicians_proofs_due_finite"), "technicians", "isfinite(proofs_due_at)")
    is_due = sa.text("proofs_due_at IS NOT NULL")
    op.create_index("ix_technicians_proofs_due_at", "technicians", ["proofs_due_at"], postgresql_where=is_due)
    _agreements()
    _removals()


def _document(name: str) -> sa.Column:
    return sa.Column(name, postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False)


def _time(name: str, *, nullable: bool = True) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _code(name: str, **more: object) -> sa.Column:
    return sa.Column(name, sa.String(length=64), **more)


def _listed(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def _kinds() -> None:
    op.add_column("credential_kinds", _code("family", server_default="certificate", nullable=False))
    op.add_column("credential_kinds", _code("verified_by", server_default="operator", nullable=False))
    for name, values in (("family", FAMILIES), ("verified_by", ("operator", "client"))):
        op.create_check_constraint(
            op.f(f"ck_credential_kinds_{name}_known"), "credential_kinds", f"{name} IN ({_listed(values)})"
        )


def _credentials() -> None:
    op.add_column("credentials", sa.Column("for_client_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_credentials_for_client_id"), "credentials", "clients", ["for_client_id"], ["id"])
    op.add_column("credentials", _document("facts"))
    op.add_column("credentials", _time("due_at"))
    for name in ("vendor", "vendor_ref"):
        op.add_column("credentials", _code(name, nullable=True))
    op.add_column("credentials", sa.Column("vendor_seq", sa.Integer(), nullable=True))
    _know_states(ALL_STATES)
    for name, condition in (
        ("facts_object", "jsonb_typeof(facts) = 'object'"),
        ("vendor_whole", "num_nulls(vendor, vendor_ref, vendor_seq) IN (0, 3)"),
        ("due_while_submitted", "due_at IS NULL OR state = 'submitted'"),
    ):
        op.create_check_constraint(op.f(f"ck_credentials_{name}"), "credentials", condition)
    op.create_unique_constraint(op.f("uq_credentials_vendor_vendor_ref"), "credentials", ["vendor", "vendor_ref"])
    op.create_index("ix_credentials_due_at", "credentials", ["due_at"], postgresql_where=sa.text("due_at IS NOT NULL"))
    op.create_index(
        "ix_credentials_valid_until",
        "credentials",
        ["valid_until"],
        postgresql_where=sa.text("state IN ('verified', 'expiring')"),
    )


def _know_states(states: tuple[str, ...]) -> None:
    op.drop_constraint("ck_credentials_state_known", "credentials")
    op.create_check_constraint(op.f("ck_credentials_state_known"), "credentials", f"state IN ({_listed(states)})")


def _agreements() -> None:
    op.create_table(
        "agreements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        _code("kind", nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("sign_again_from", sa.Date(), nullable=True),
        _time("published_at", nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("ck_agreements_version_size")),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_agreements_sha256_whole")),
        sa.CheckConstraint("isfinite(sign_again_from)", name=op.f("ck_agreements_sign_again_finite")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_agreements_client_id")),
        sa.ForeignKeyConstraint(["kind"], ["credential_kinds.code"], name=op.f("fk_agreements_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreements")),
        sa.UniqueConstraint("client_id", "id", name=op.f("uq_agreements_client_id_id")),
        sa.UniqueConstraint("client_id", "kind", "version", name=op.f("uq_agreements_version")),
    )
    op.execute(
        "CREATE TRIGGER agreements_kept BEFORE UPDATE OR DELETE ON agreements"
        " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    _guard("agreements", "SELECT, INSERT", "SELECT, INSERT")
    op.execute(f"CREATE POLICY agreements_client ON agreements TO truckroll_app USING (client_id = {CLIENT})")


def _removals() -> None:
    states = ("noticed", "answered", "under_review", "withdrawn", "final")
    op.create_table(
        "removals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("technician_id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.Uuid(), nullable=False),
        _code("state", server_default="noticed", nullable=False),
        _code("held_before", nullable=False),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("steps", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        _time("respond_by", nullable=False),
        _time("ended_at"),
        _time("created_at", nullable=False),
        sa.CheckConstraint(f"state IN ({_listed(states)})", name=op.f("ck_removals_state_known")),
        sa.CheckConstraint("isfinite(respond_by)", name=op.f("ck_removals_respond_by_finite")),
        sa.CheckConstraint(
            "(state IN ('withdrawn', 'final')) = (ended_at IS NOT NULL)", name=op.f("ck_removals_ended_has_time")
        ),
        sa.ForeignKeyConstraint(["technician_id"], ["technicians.id"], name=op.f("fk_removals_technician_id")),
        sa.ForeignKeyConstraint(
            ["credential_id"], ["credentials.id"], name=op.f("fk_removals_credential_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_removals")),
    )
    op.create_index("ix_removals_technician_id", "removals", ["technician_id"])
    op.create_index("ix_removals_credential_id", "removals", ["credential_id"])
    op.create_index(
        "uq_removals_open",
        "removals",
        ["technician_id"],
        unique=True,
        postgresql_where=sa.text("state NOT IN ('withdrawn', 'final')"),
    )
    _guard("removals", "SELECT", "SELECT, INSERT, UPDATE, DELETE")
    op.execute(
        f"CREATE POLICY removals_self ON removals FOR SELECT TO truckroll_app USING (technician_id = {TECHNICIAN})"
    )


def _guard(table: str, app: str, engine: str) -> None:
    op.execute(f"GRANT {app} ON {table} TO truckroll_app")
    op.execute(f"GRANT {engine} ON {table} TO truckroll_engine")
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY {table}_whole ON {table} TO truckroll_engine, truckroll_migrate USING (true)")


def downgrade() -> None:
    op.drop_table("removals")
    op.drop_table("agreements")
    op.drop_column("technicians", "proofs_due_at")
    op.drop_column("clients", "proof_policy")
    _know_states(STATES)
    for name in ("for_client_id", "facts", "due_at", "vendor", "vendor_ref", "vendor_seq"):
        op.drop_column("credentials", name)
    for name in ("family", "verified_by"):
        op.drop_column("credential_kinds", name)
