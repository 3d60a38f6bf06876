"""What is due by a yes is due by the client's: nobody approves their own pay, and one person is not two"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0036"
branch_labels = None
depends_on = None

UP = """
-- The last word on a payment: whose it is, and above the sum that takes two, whether two members of staff gave theirs.
-- A key that names nobody signs with its own id, and is no person.
CREATE FUNCTION payments_approved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
DECLARE
    said jsonb := NEW.approvals -> -1;
    sum_ numeric := (said ->> 'amount')::numeric;
    num_people integer;
BEGIN
    IF sum_ > 0 AND said ->> 'role' IN ('technician', 'company') THEN
        RAISE EXCEPTION 'payment % is approved by whom it pays', NEW.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    IF said ->> 'why' IN ('approved', 'part_approved')
        AND sum_ > (NEW.terms -> 'rules' ->> 'second_above')::numeric THEN
        SELECT count(DISTINCT yes ->> 'by') INTO num_people
        FROM payments p CROSS JOIN jsonb_array_elements(p.approvals) AS yes
        WHERE p.client_id = NEW.client_id AND p.job_id = NEW.job_id
            AND (yes = said OR yes ->> 'why' = 'signed' AND (yes ->> 'amount')::numeric >= sum_)
            AND NOT EXISTS (SELECT FROM api_keys k WHERE k.id = (yes ->> 'by')::uuid);
        IF num_people < 2 THEN
            RAISE EXCEPTION 'payment % takes two people', NEW.id
                USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
        END IF;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER payments_approved AFTER UPDATE OF approvals ON payments FOR EACH ROW
    WHEN (NEW.approvals <> OLD.approvals) EXECUTE FUNCTION payments_approved();
"""


def upgrade() -> None:
    """Disputes that are open took the rest of their claim along: it was due when they were opened."""
    op.add_column("disputes", sa.Column("of_claim", sa.Numeric(18, 2), nullable=True))
    op.create_check_constraint(
        op.f("ck_disputes_of_claim_sum"), "disputes", "of_claim >= 0 AND of_claim <> 'NaN'::numeric"
    )
    op.create_check_constraint(op.f("ck_disputes_of_claim_within_amount"), "disputes", "of_claim <= amount")
    op.execute(UP)


def downgrade() -> None:
    """What waits for a yes beside an open dispute goes on waiting; how much of it is disputed is known no more."""
    op.execute("DROP TRIGGER payments_approved ON payments")
    op.execute("DROP FUNCTION payments_approved")
    op.drop_constraint(op.f("ck_disputes_of_claim_within_amount"), "disputes")
    op.drop_constraint(op.f("ck_disputes_of_claim_sum"), "disputes")
    op.drop_column("disputes", "of_claim")
