"""A block says why, on either side"""

from alembic import op

revision = "0033"
down_revision = "0030"
branch_labels = None
depends_on = None

MARKS = ("client_marks", "technician_marks")
NOT_ASKED = "'No reason was asked for when this was set'"


def upgrade() -> None:
    """Where none was given so far, the row says that."""
    for table in MARKS:
        op.execute(f"UPDATE {table} SET reason = {NOT_ASKED} WHERE kind = 'block' AND btrim(coalesce(reason, '')) = ''")
        op.create_check_constraint(
            op.f(f"ck_{table}_block_has_reason"), table, "kind <> 'block' OR btrim(coalesce(reason, '')) <> ''"
        )


def downgrade() -> None:
    """What was said stays."""
    for table in MARKS:
        op.drop_constraint(op.f(f"ck_{table}_block_has_reason"), table)
