"""A payment keeps how its technician worked for the client, and the payroll partner that is paid for employees"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

UP = """
CREATE FUNCTION payments_keep_whose() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'whose a payment is, and how they worked for it, stays as it was at the yes'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
END $$;

CREATE TRIGGER payments_keep_whose BEFORE UPDATE ON payments FOR EACH ROW
    WHEN ((NEW.technician_id, NEW.company_id, NEW.payroll_id, NEW.engaged_as)
        IS DISTINCT FROM (OLD.technician_id, OLD.company_id, OLD.payroll_id, OLD.engaged_as))
    EXECUTE FUNCTION payments_keep_whose();

-- Both sides hold the client's row: whoever takes the partner away waits for whoever engages somebody through it.
CREATE FUNCTION usage_has_payroll() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    lacks boolean;
BEGIN
    SELECT money IS NOT NULL AND payroll_id IS NULL INTO lacks FROM clients WHERE id = NEW.client_id FOR SHARE;
    IF lacks THEN
        RAISE EXCEPTION 'who is employed through a payroll partner is paid by one'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER usage_born_with_payroll BEFORE INSERT ON usage FOR EACH ROW
    WHEN (NEW.engaged_as = 'w2') EXECUTE FUNCTION usage_has_payroll();
CREATE TRIGGER usage_has_payroll BEFORE UPDATE OF engaged_as ON usage FOR EACH ROW
    WHEN (NEW.engaged_as = 'w2' AND OLD.engaged_as <> 'w2') EXECUTE FUNCTION usage_has_payroll();

CREATE FUNCTION clients_keep_payroll() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM usage WHERE client_id = NEW.id AND engaged_as = 'w2') THEN
        RAISE EXCEPTION 'employees are paid through the partner'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER clients_keep_payroll BEFORE UPDATE ON clients FOR EACH ROW
    WHEN (NEW.money IS NOT NULL AND NEW.payroll_id IS NULL AND (OLD.payroll_id IS NOT NULL OR OLD.money IS NULL))
    EXECUTE FUNCTION clients_keep_payroll();
"""


def upgrade() -> None:
    """Payments that are there take the way as it is today: none was kept with them."""
    op.add_column("clients", sa.Column("payroll_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_clients_payroll_id"), "clients", "companies", ["payroll_id"], ["id"])
    op.add_column(
        "payments", sa.Column("engaged_as", sa.String(length=64), server_default="contractor", nullable=False)
    )
    op.add_column("payments", sa.Column("payroll_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_payments_payroll_id"), "payments", "companies", ["payroll_id"], ["id"])
    op.execute(
        "UPDATE payments p SET engaged_as = CASE WHEN p.company_id IS NOT NULL THEN 'company' ELSE u.engaged_as END"
        " FROM usage u WHERE u.client_id = p.client_id AND u.technician_id = p.technician_id"
    )
    op.create_check_constraint(
        op.f("ck_payments_engaged_as_known"), "payments", "engaged_as IN ('contractor', 'w2', 'company')"
    )
    op.create_check_constraint(
        op.f("ck_payments_payroll_of_employees"), "payments", "payroll_id IS NULL OR engaged_as = 'w2'"
    )
    op.get_bind().connection.cursor().execute(UP)


def downgrade() -> None:
    """Everybody is paid themselves again, or through their company."""
    for name, table in (
        ("clients_keep_payroll", "clients"),
        ("usage_has_payroll", "usage"),
        ("usage_born_with_payroll", "usage"),
        ("payments_keep_whose", "payments"),
    ):
        op.execute(f"DROP TRIGGER {name} ON {table}")
    for name in ("clients_keep_payroll", "usage_has_payroll", "payments_keep_whose"):
        op.execute(f"DROP FUNCTION {name}()")
    op.drop_column("payments", "payroll_id")
    op.drop_column("payments", "engaged_as")
    op.drop_column("clients", "payroll_id")
