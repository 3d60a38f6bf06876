"""Either side of a payment may have a dispute open, about money that the other's is not about"""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _one_open("payment_id", "opened_by")


def downgrade() -> None:
    """Where both sides have one open, it is refused: nothing is thrown away."""
    _one_open("payment_id")


def _one_open(*columns: str) -> None:
    op.drop_index("uq_disputes_open", "disputes")
    is_open = sa.text("state = 'open'")
    op.create_index("uq_disputes_open", "disputes", list(columns), unique=True, postgresql_where=is_open)
