"""A payout says for good how much of it pays back expenses"""

from alembic import op

revision = "0040"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of those that are there it is the share by which the years were told so far."""
    op.execute("""
        UPDATE payouts o SET items = (
            SELECT jsonb_agg(item || jsonb_build_object('expenses', coalesce(round(
                (item ->> 'amount')::numeric * least(1, (
                    SELECT sum((x ->> 'amount')::numeric) FROM jsonb_array_elements(p.extras) x
                    WHERE x ->> 'kind' = 'expense' AND x ->> 'state' = 'approved'
                ) / nullif(p.due + p.paid, 0)), 2), 0)::text) ORDER BY num)
            FROM jsonb_array_elements(o.items) WITH ORDINALITY AS items(item, num)
            JOIN payments p ON p.id = (item ->> 'payment')::uuid
        )
    """)
    op.execute("""
        CREATE TRIGGER payouts_kept BEFORE UPDATE ON payouts FOR EACH ROW
            WHEN ((OLD.id, OLD.technician_id, OLD.company_id, OLD.currency, OLD.amount, OLD.items) IS DISTINCT FROM
                (NEW.id, NEW.technician_id, NEW.company_id, NEW.currency, NEW.amount, NEW.items))
            EXECUTE FUNCTION refuse_change()
    """)


def downgrade() -> None:
    """What was written of expenses stays beside each sum; nobody reads it."""
    op.execute("DROP TRIGGER payouts_kept ON payouts")
