"""Changes after assignment: proposals, charges, incidents"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

CLIENT = "NULLIF(current_setting('app.client', true), '')::uuid"
TECHNICIAN = "NULLIF(current_setting('app.technician', true), '')::uuid"
COMPANY = "NULLIF(current_setting('app.company', true), '')::uuid"
OWN = ("ALL", f"client_id = {CLIENT}")
ASKED = ("SELECT", f"(technician_id = {TECHNICIAN} OR company_id = {COMPANY})")

TRIGGERS = """
CREATE TRIGGER proposals_end_once BEFORE UPDATE OF state ON proposals FOR EACH ROW
    WHEN (OLD.state <> 'open' AND NEW.state <> OLD.state) EXECUTE FUNCTION refuse_revival();
CREATE TRIGGER charges_kept BEFORE UPDATE OR DELETE ON charges FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    is_open = sa.text("state = 'open'")
    op.create_table(
        "proposals",
        *_of_work("proposals"),
        *_of_person("proposals"),
        sa.Column("by_side", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("payload", postgresql.JSONB(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("terms_version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=64), server_default="open", nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("by_side IN ('client', 'technician')", name=op.f("ck_proposals_by_side_known")),
        sa.CheckConstraint(
            "kind IN ('time', 'place', 'scope', 'pay', 'several')", name=op.f("ck_proposals_kind_known")
        ),
        sa.CheckConstraint(
            "state IN ('open', 'accepted', 'refused', 'withdrawn', 'expired', 'overtaken')",
            name=op.f("ck_proposals_state_known"),
        ),
        sa.CheckConstraint("made_at <= expires_at", name=op.f("ck_proposals_expires_after_made")),
        sa.CheckConstraint("isfinite(expires_at)", name=op.f("ck_proposals_expires_finite")),
        sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name=op.f("ck_proposals_decided_has_time")),
    )
    op.create_index(
        "uq_proposals_open", "proposals", ["assignment_id", "by_side"], unique=True, postgresql_where=is_open
    )
    op.create_index("ix_proposals_expires_at", "proposals", ["expires_at"], postgresql_where=is_open)
    op.create_index("ix_proposals_client_id_visit_id", "proposals", ["client_id", "visit_id"])
    op.create_index("ix_proposals_technician_id", "proposals", ["technician_id"])
    op.create_table(
        "charges",
        *_of_work("charges"),
        *_of_person("charges"),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("why", sa.String(length=64), nullable=False),
        sa.Column("terms_version", sa.Integer(), nullable=False),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('cancellation_fee', 'trip_charge', 'minimum_hours', 'stand_by')",
            name=op.f("ck_charges_kind_known"),
        ),
        sa.CheckConstraint("amount >= 0 AND amount <> 'NaN'::numeric", name=op.f("ck_charges_amount_sum")),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_charges_currency_code")),
        sa.UniqueConstraint("assignment_id", "kind", name=op.f("uq_charges_assignment_id_kind")),
    )
    op.create_index("ix_charges_client_id_job_id", "charges", ["client_id", "job_id"])
    op.create_index("ix_charges_technician_id", "charges", ["technician_id"])
    op.create_table(
        "incidents",
        *_of_work("incidents", may_lack_assignment=True),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("files", postgresql.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("by_kind", sa.String(length=64), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decision", sa.String(length=64), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('unnamed_person', 'damage', 'unsafe', 'theft_suspected')", name=op.f("ck_incidents_kind_known")
        ),
        sa.CheckConstraint("decision IN ('confirmed', 'dismissed')", name=op.f("ck_incidents_decision_known")),
        sa.CheckConstraint("(decision IS NULL) = (decided_at IS NULL)", name=op.f("ck_incidents_decided_has_time")),
    )
    op.create_index("ix_incidents_client_id_visit_id", "incidents", ["client_id", "visit_id"])
    op.execute(TRIGGERS)
    _guard("proposals", client=OWN, asked=ASKED)
    _guard("charges", client=OWN, asked=ASKED)
    _guard("incidents", client=OWN)
    op.execute("REVOKE UPDATE, DELETE ON charges FROM truckroll_engine")


def _of_work(table: str, *, may_lack_assignment: bool = False) -> list[sa.schema.SchemaItem]:
    """The row's key, and the work of a client that it is about."""
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("assignment_id", sa.Uuid(), nullable=may_lack_assignment),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("client_id", "id", name=op.f(f"uq_{table}_client_id_id")),
        *(
            sa.ForeignKeyConstraint(
                ["client_id", f"{noun}_id"],
                [f"{noun}s.client_id", f"{noun}s.id"],
                name=op.f(f"fk_{table}_client_id_{noun}_id"),
            )
            for noun in ("job", "visit", "assignment")
        ),
    ]


def _of_person(table: str) -> list[sa.schema.SchemaItem]:
    """Whose work it is."""
    return [
        sa.Column("technician_id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["technician_id"], ["technicians.id"], name=op.f(f"fk_{table}_technician_id")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f(f"fk_{table}_company_id")),
    ]


def _guard(table: str, **policies: tuple[str, str]) -> None:
    """Row-level security, forced; the application reads, the engine writes."""
    op.execute(f"GRANT SELECT ON {table} TO truckroll_app")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO truckroll_engine")
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY {table}_whole ON {table} TO truckroll_engine, truckroll_migrate USING (true)")
    for name, (command, rows) in policies.items():
        op.execute(f"CREATE POLICY {table}_{name} ON {table} FOR {command} TO truckroll_app USING ({rows})")


def downgrade() -> None:
    for table in ("incidents", "charges", "proposals"):
        op.drop_table(table)
