"""Admission: approved clients, technicians let in by clients, open pools and their exceptions"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

CLIENT = "NULLIF(current_setting('app.client', true), '')::uuid"
TECHNICIAN = "NULLIF(current_setting('app.technician', true), '')::uuid"
MEMBER = "EXISTS (SELECT FROM pool_members m WHERE m.technician_id = technicians.id)"
LET_IN = (
    "EXISTS (SELECT FROM admissions a WHERE a.technician_id = technicians.id AND a.state IN ('admitted', 'suspended'))"
)

GUARDS = """
CREATE FUNCTION jobs_of_approved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
DECLARE
    client record;
    place record;
BEGIN
    -- Shared with other postings; a suspension waits for it, or is seen by it.
    SELECT state, regions INTO client FROM clients WHERE id = NEW.client_id FOR SHARE;
    IF client.state <> 'approved' THEN
        RAISE EXCEPTION 'the client is %: it cannot post', client.state
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'jobs_of_approved', TABLE = TG_TABLE_NAME;
    END IF;
    SELECT country, region INTO place FROM sites WHERE id = NEW.site_id;
    IF client.regions IS NOT NULL AND NOT (place.country = 'US' AND client.regions ? upper(place.region)) THEN
        RAISE EXCEPTION 'the client does not operate in % %', place.country, place.region
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'jobs_in_regions', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION asked_for_approved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
BEGIN
    IF EXISTS (SELECT FROM added a JOIN clients c ON c.id = a.client_id WHERE c.state <> 'approved') THEN
        RAISE EXCEPTION 'nobody is asked or assigned for a client that is not approved'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER jobs_of_approved BEFORE INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION jobs_of_approved();
CREATE TRIGGER jobs_published BEFORE UPDATE OF state ON jobs FOR EACH ROW
    WHEN (OLD.state = 'draft' AND NEW.state = 'open') EXECUTE FUNCTION jobs_of_approved();
CREATE TRIGGER offers_of_approved AFTER INSERT ON offers REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION asked_for_approved();
CREATE TRIGGER assignments_of_approved AFTER INSERT ON assignments REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION asked_for_approved();
"""


def upgrade() -> None:
    _clients()
    _admissions()
    _pools()
    op.add_column("technician_marks", sa.Column("reason", sa.Text(), nullable=True))
    op.execute(GUARDS)
    op.execute("DROP POLICY technicians_client ON technicians")
    _let_clients_see(f"{MEMBER} OR {LET_IN}")
    op.execute("INSERT INTO cursors (name, below_xid) SELECT 'open_pools', pg_snapshot_xmin(pg_current_snapshot())")


def _clients() -> None:
    for column in (
        sa.Column("state", sa.String(length=64), server_default="approved", nullable=False),
        sa.Column("state_reason", sa.String(length=64), nullable=True),
        sa.Column("credit_limit", sa.Numeric(12, 2), nullable=True),
        sa.Column("regions", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("agreement", postgresql.JSONB(none_as_null=True), nullable=True),
    ):
        op.add_column("clients", column)
    for name, condition in (
        ("state_known", "state IN ('applied', 'approved', 'declined', 'suspended')"),
        ("credit_limit_sum", "credit_limit >= 0 AND credit_limit <> 'NaN'::numeric"),
        ("state_has_reason", "(state IN ('declined', 'suspended')) = (state_reason IS NOT NULL)"),
        ("regions_list", "jsonb_typeof(regions) = 'array'"),
    ):
        op.create_check_constraint(op.f(f"ck_clients_{name}"), "clients", condition)


def _admissions() -> None:
    op.create_table(
        "admissions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("technician_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.Column("pools", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("given_name", sa.Text(), nullable=True),
        sa.Column("given_email", sa.Text(), nullable=True),
        sa.Column("code", sa.String(length=64), nullable=True),
        sa.Column("code_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('invited', 'applied', 'admitted', 'declined', 'suspended', 'ended')",
            name=op.f("ck_admissions_state_known"),
        ),
        sa.CheckConstraint(
            "(state IN ('declined', 'suspended', 'ended')) = (reason IS NOT NULL)",
            name=op.f("ck_admissions_end_has_reason"),
        ),
        sa.CheckConstraint("(code IS NULL) = (code_until IS NULL)", name=op.f("ck_admissions_code_has_end")),
        sa.CheckConstraint("code IS NULL OR state = 'invited'", name=op.f("ck_admissions_code_of_invited")),
        sa.CheckConstraint("jsonb_typeof(pools) = 'array'", name=op.f("ck_admissions_pools_list")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_admissions_version_size")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_admissions_client_id")),
        sa.ForeignKeyConstraint(["technician_id"], ["technicians.id"], name=op.f("fk_admissions_technician_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admissions")),
        sa.UniqueConstraint("client_id", "id", name=op.f("uq_admissions_client_id_id")),
        sa.UniqueConstraint("client_id", "technician_id", name=op.f("uq_admissions_client_id_technician_id")),
        sa.UniqueConstraint("code", name=op.f("uq_admissions_code")),
    )
    op.create_index("ix_admissions_technician_id", "admissions", ["technician_id"])
    _guard("admissions")
    # Not by way of the technicians' company: their own policy looks here.
    own = f"technician_id = {TECHNICIAN}"
    op.execute(f"CREATE POLICY admissions_asked ON admissions FOR SELECT TO truckroll_app USING ({own})")
    for event, rows in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
        op.execute(
            f"CREATE TRIGGER admissions_touch_{event.lower()} AFTER {event} ON admissions"
            f" REFERENCING {rows} TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION touch_technicians()"
        )


def _pools() -> None:
    op.add_column("pools", sa.Column("requirements", postgresql.JSONB(none_as_null=True), nullable=True))
    op.add_column("pools", sa.Column("judged_on", sa.Date(), nullable=True))
    op.add_column("pools", sa.Column("judged_through", sa.Uuid(), nullable=True))
    op.create_check_constraint(op.f("ck_pools_requirements_document"), "pools", "jsonb_typeof(requirements) = 'object'")
    op.create_table(
        "pool_overrides",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("pool_id", sa.Uuid(), nullable=False),
        sa.Column("technician_id", sa.Uuid(), nullable=False),
        sa.Column("is_member", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_pool_overrides_reason_given")),
        sa.CheckConstraint(
            "until_at > made_at AND until_at <= made_at + interval '366 days' AND isfinite(made_at)",
            name=op.f("ck_pool_overrides_until_near"),
        ),
        sa.ForeignKeyConstraint(
            ["client_id", "pool_id"], ["pools.client_id", "pools.id"], name=op.f("fk_pool_overrides_client_id_pool_id")
        ),
        sa.ForeignKeyConstraint(["technician_id"], ["technicians.id"], name=op.f("fk_pool_overrides_technician_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pool_overrides")),
        sa.UniqueConstraint("client_id", "id", name=op.f("uq_pool_overrides_client_id_id")),
    )
    not_ended = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_pool_overrides_open",
        "pool_overrides",
        ["pool_id", "technician_id"],
        unique=True,
        postgresql_where=not_ended,
    )
    op.create_index("ix_pool_overrides_until_at", "pool_overrides", ["until_at"], postgresql_where=not_ended)
    _guard("pool_overrides")


def _guard(table: str) -> None:
    op.execute(f"GRANT SELECT ON {table} TO truckroll_app")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO truckroll_engine")
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY {table}_whole ON {table} TO truckroll_engine, truckroll_migrate USING (true)")
    op.execute(f"CREATE POLICY {table}_client ON {table} TO truckroll_app USING (client_id = {CLIENT})")


def _let_clients_see(relation: str) -> None:
    op.execute(
        f"CREATE POLICY technicians_client ON technicians FOR SELECT TO truckroll_app"
        f" USING ({CLIENT} IS NOT NULL AND (in_market OR {relation}))"
    )


def downgrade() -> None:
    op.execute("DELETE FROM cursors WHERE name = 'open_pools'")
    op.execute("DROP POLICY technicians_client ON technicians")
    _let_clients_see(MEMBER)
    op.execute("DROP FUNCTION jobs_of_approved, asked_for_approved CASCADE")
    op.drop_column("technician_marks", "reason")
    op.drop_table("pool_overrides")
    op.drop_constraint("ck_pools_requirements_document", "pools")
    for name in ("requirements", "judged_on", "judged_through"):
        op.drop_column("pools", name)
    op.drop_table("admissions")
    for name in ("state_known", "credit_limit_sum", "state_has_reason", "regions_list"):
        op.drop_constraint(f"ck_clients_{name}", "clients")
    for name in ("state", "state_reason", "credit_limit", "regions", "agreement"):
        op.drop_column("clients", name)
