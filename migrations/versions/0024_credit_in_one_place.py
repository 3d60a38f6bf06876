"""A client's credit is kept in its money rules alone; nobody is approved without an agreement and a way to pay"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

#: Whoever was let in before: what the record does not have is said so, and not made up.
LET_IN = "state IN ('approved', 'suspended')"
UNRECORDED = """jsonb_build_object('version', 'unrecorded', 'sha256', repeat('0', 64), 'accepted_by', 'not recorded',
    'accepted_at', to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"'))"""


def upgrade() -> None:
    """Of a client without money rules the sum was compared with nothing: it pays elsewhere, as before, and says so."""
    op.add_column("clients", sa.Column("pays_outside", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.execute(f"UPDATE clients SET pays_outside = true WHERE {LET_IN} AND money IS NULL")
    op.execute(f"UPDATE clients SET agreement = {UNRECORDED} WHERE {LET_IN} AND agreement IS NULL")
    op.drop_constraint(op.f("ck_clients_credit_limit_sum"), "clients")
    op.drop_column("clients", "credit_limit")
    op.alter_column("clients", "state", server_default="applied")
    for name, condition in (
        ("let_in_has_agreement", "state IN ('applied', 'declined') OR agreement IS NOT NULL"),
        ("let_in_pays", "state IN ('applied', 'declined') OR pays_outside OR money IS NOT NULL"),
        ("pays_one_way", "NOT (pays_outside AND money IS NOT NULL)"),
    ):
        op.create_check_constraint(op.f(f"ck_clients_{name}"), "clients", condition)


def downgrade() -> None:
    """The sum is copied from the rules again."""
    for name in ("pays_one_way", "let_in_pays", "let_in_has_agreement"):
        op.drop_constraint(op.f(f"ck_clients_{name}"), "clients")
    op.alter_column("clients", "state", server_default="approved")
    op.add_column("clients", sa.Column("credit_limit", sa.Numeric(12, 2), nullable=True))
    op.execute("UPDATE clients SET credit_limit = (money ->> 'credit_limit')::numeric")
    op.create_check_constraint(
        op.f("ck_clients_credit_limit_sum"), "clients", "credit_limit >= 0 AND credit_limit <> 'NaN'::numeric"
    )
    op.drop_column("clients", "pays_outside")
