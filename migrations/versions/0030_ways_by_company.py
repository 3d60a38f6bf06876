"""A company's people work through it for whoever has not said otherwise"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0028"
branch_labels = None
depends_on = None

FUNCTION = """
CREATE FUNCTION usage_way() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
    SELECT CASE WHEN t.company_id IS NULL THEN 'contractor' ELSE 'company' END INTO NEW.engaged_as
    FROM technicians t WHERE t.id = NEW.technician_id;
    RETURN NEW;
END $$
"""

# Where a client said "contractor" of whoever was of a company, it stays said.
NOT_SAID = """
UPDATE usage u SET engaged_as = 'company', version = u.version + 1, judge_at = clock_timestamp()
FROM technicians t
WHERE t.id = u.technician_id AND t.company_id IS NOT NULL AND u.engaged_as = 'contractor' AND NOT EXISTS (
    SELECT FROM events e
    WHERE e.subject_kind = 'technician' AND e.subject_id = t.id AND e.kind = 'engaged' AND e.client_id = u.client_id
        AND e.data ->> 'engaged_as' = 'contractor'
)
"""
AGAIN = "UPDATE technicians SET proofs_due_at = clock_timestamp() WHERE company_id IS NOT NULL"


def upgrade() -> None:
    """What is promised of those people is judged again, by the papers of a company's."""
    op.alter_column("usage", "engaged_as", server_default=None)
    op.execute(FUNCTION)
    op.execute(
        "CREATE TRIGGER usage_way BEFORE INSERT ON usage FOR EACH ROW WHEN (NEW.engaged_as IS NULL)"
        " EXECUTE FUNCTION usage_way()"
    )
    op.execute(NOT_SAID)
    op.execute(AGAIN)


def downgrade() -> None:
    """Who works through a company by now goes on doing so."""
    op.execute("DROP TRIGGER usage_way ON usage")
    op.execute("DROP FUNCTION usage_way()")
    op.alter_column("usage", "engaged_as", server_default=sa.text("'contractor'"))
