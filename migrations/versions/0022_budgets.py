"""Budgets, refused beyond by the payments' trigger; erasures that nobody decided in time are marked"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

CLIENT = "NULLIF(current_setting('app.client', true), '')::uuid"

FUNCTION = """
-- What a payment commits follows it into its budget. One statement compares and adds, under the budget's lock, so that
-- two yeses at once are two after each other. What is owed by terms that both sides agreed to (silence, a decided
-- dispute, an early end) is added whatever the budget says; what the client decides is not.
CREATE FUNCTION payments_budget() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
DECLARE
    total numeric := NEW.held + NEW.beyond + NEW.due + NEW.paid + NEW.fee;
    spent_now numeric := NEW.due + NEW.paid + NEW.fee;
    total_before numeric := 0;
    spent_before numeric := 0;
    is_owed boolean := false;
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.budget_id IS NOT NULL THEN
        total_before := OLD.held + OLD.beyond + OLD.due + OLD.paid + OLD.fee;
        spent_before := OLD.due + OLD.paid + OLD.fee;
        IF OLD.budget_id IS DISTINCT FROM NEW.budget_id THEN
            UPDATE budgets SET committed = committed - total_before, spent = spent - spent_before
            WHERE id = OLD.budget_id;
            total_before := 0;
            spent_before := 0;
        ELSE
            is_owed := OLD.state IN ('due', 'paid', 'released') OR NEW.approvals <> OLD.approvals
                AND NEW.approvals -> -1 ->> 'why' NOT IN ('approved', 'part_approved');
        END IF;
    END IF;
    IF NEW.budget_id IS NULL OR (total, spent_now) = (total_before, spent_before) THEN
        RETURN NULL;
    END IF;
    UPDATE budgets SET committed = committed + total - total_before, spent = spent + spent_now - spent_before
    WHERE id = NEW.budget_id AND (is_owed OR total <= total_before OR currency = NEW.currency
        AND (NOT is_hard OR committed + total - total_before <= amount)
        AND (TG_OP = 'UPDATE' OR (SELECT (a.start_at AT TIME ZONE c.hours_zone)::date FROM assignments a
            JOIN clients c ON c.id = a.client_id WHERE a.id = NEW.assignment_id)
            BETWEEN from_on AND coalesce(until_on, 'infinity')));
    IF NOT FOUND THEN
        RAISE EXCEPTION 'payment % does not fit into its budget', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payments_budget', TABLE = 'payments';
    END IF;
    RETURN NULL;
END $$;
"""

TRIGGERS = (
    "CREATE TRIGGER payments_budget AFTER INSERT OR UPDATE ON payments FOR EACH ROW EXECUTE FUNCTION payments_budget()",
    # Only a payment moves what is committed; whose a budget is, under which code and in which currency, stays.
    "CREATE TRIGGER budgets_kept BEFORE UPDATE ON budgets FOR EACH ROW"
    " WHEN ((OLD.id, OLD.client_id, OLD.code, OLD.currency) IS DISTINCT FROM"
    " (NEW.id, NEW.client_id, NEW.code, NEW.currency)"
    " OR ((OLD.committed, OLD.spent) IS DISTINCT FROM (NEW.committed, NEW.spent) AND pg_trigger_depth() = 0))"
    " EXECUTE FUNCTION refuse_change()",
)


def upgrade() -> None:
    op.create_table(
        "budgets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount", sa.Numeric(18, 2), nullable=False),
        sa.Column("is_hard", sa.Boolean(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("reason_roles", postgresql.JSONB(), server_default=sa.text("'[\"client_admin\"]'"), nullable=False),
        sa.Column("committed", sa.Numeric(18, 2), server_default="0", nullable=False),
        sa.Column("spent", sa.Numeric(18, 2), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_budgets_currency_code")),
        sa.CheckConstraint("amount >= 0 AND amount <> 'NaN'::numeric", name=op.f("ck_budgets_amount_sum")),
        sa.CheckConstraint(
            "isfinite(from_on) AND isfinite(until_on) AND from_on <= until_on", name=op.f("ck_budgets_days_in_order")
        ),
        sa.CheckConstraint("jsonb_typeof(reason_roles) = 'array'", name=op.f("ck_budgets_reason_roles_list")),
        sa.CheckConstraint(
            "spent BETWEEN 0 AND committed AND committed <> 'NaN'::numeric", name=op.f("ck_budgets_spent_of_committed")
        ),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_budgets_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_budgets")),
        sa.UniqueConstraint("client_id", "id", name=op.f("uq_budgets_client_id_id")),
        sa.UniqueConstraint("client_id", "code", name=op.f("uq_budgets_client_id_code")),
    )
    op.add_column("erasures", sa.Column("is_late", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_index("ix_erasures_decide_by", "erasures", ["decide_by"], postgresql_where=sa.text("state = 'asked'"))
    op.add_column("jobs", sa.Column("budget_id", sa.Uuid(), nullable=True))
    op.add_column("jobs", sa.Column("over_budget", postgresql.JSONB(), nullable=True))
    op.add_column("payments", sa.Column("budget_id", sa.Uuid(), nullable=True))
    op.add_column("payments", sa.Column("beyond", sa.Numeric(18, 2), server_default="0", nullable=False))
    op.create_check_constraint(op.f("ck_payments_beyond_sum"), "payments", "beyond >= 0 AND beyond <> 'NaN'::numeric")
    for table in ("jobs", "payments"):
        op.create_foreign_key(
            op.f(f"fk_{table}_client_id_budget_id"),
            table,
            "budgets",
            ["client_id", "budget_id"],
            ["client_id", "id"],
        )
        op.create_index(
            f"ix_{table}_budget_id", table, ["budget_id"], postgresql_where=sa.text("budget_id IS NOT NULL")
        )
    op.execute("GRANT SELECT ON budgets TO truckroll_app")
    op.execute("GRANT SELECT, INSERT, UPDATE ON budgets TO truckroll_engine")
    op.execute("ALTER TABLE budgets ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE budgets FORCE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY budgets_whole ON budgets TO truckroll_engine, truckroll_migrate USING (true)")
    op.execute(f"CREATE POLICY budgets_client ON budgets FOR SELECT TO truckroll_app USING (client_id = {CLIENT})")
    op.execute(FUNCTION)
    for trigger in TRIGGERS:
        op.execute(trigger)


def downgrade() -> None:
    op.execute("DROP TRIGGER payments_budget ON payments")
    op.execute("DROP FUNCTION payments_budget")
    for table, columns in (("jobs", ("budget_id", "over_budget")), ("payments", ("budget_id", "beyond"))):
        for column in columns:
            op.drop_column(table, column)
    op.drop_table("budgets")
    op.drop_column("erasures", "is_late")
    op.drop_index("ix_erasures_decide_by", "erasures")
