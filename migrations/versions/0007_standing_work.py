"""Standing work: one lead a visit and observers"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ROUND_REASONS = ("posted", "terms_changed", "backed_out", "resumed")


def upgrade() -> None:
    _one_lead()
    _know_reasons((*ROUND_REASONS, "named"))


def _one_lead() -> None:
    """Until now every slot could lead; the first of each visit that did stays the lead."""
    op.alter_column("slots", "is_lead", server_default=sa.text("false"))
    op.execute(
        "UPDATE slots SET is_lead = false WHERE is_lead AND EXISTS (SELECT FROM slots s"
        " WHERE s.visit_id = slots.visit_id AND s.is_lead AND s.num < slots.num)"
    )
    op.add_column("slots", sa.Column("is_observer", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_check_constraint(op.f("ck_slots_observer_leads_nobody"), "slots", "NOT (is_lead AND is_observer)")
    op.create_index("uq_slots_lead", "slots", ["visit_id"], unique=True, postgresql_where=sa.text("is_lead"))


def _know_reasons(reasons: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{reason}'" for reason in reasons)
    op.drop_constraint("ck_rounds_opened_why_known", "rounds")
    op.create_check_constraint(op.f("ck_rounds_opened_why_known"), "rounds", f"opened_why IN ({listed})")


def downgrade() -> None:
    op.execute("UPDATE rounds SET opened_why = 'resumed' WHERE opened_why = 'named'")
    _know_reasons(ROUND_REASONS)
    op.drop_index("uq_slots_lead", "slots")
    op.drop_constraint("ck_slots_observer_leads_nobody", "slots")
    op.drop_column("slots", "is_observer")
    op.alter_column("slots", "is_lead", server_default=sa.text("true"))
