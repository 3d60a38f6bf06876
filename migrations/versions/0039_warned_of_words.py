"""Of the end of which word on a clearance its people were warned"""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Whoever's word ends within the month is warned at the next look."""
    op.add_column("technicians", sa.Column("clearance_warned", sa.Date(), nullable=True))
    op.create_check_constraint(
        op.f("ck_technicians_clearance_warned_finite"), "technicians", "isfinite(clearance_warned)"
    )


def downgrade() -> None:
    """They are warned once more after the next upgrade."""
    op.drop_constraint(op.f("ck_technicians_clearance_warned_finite"), "technicians")
    op.drop_column("technicians", "clearance_warned")
