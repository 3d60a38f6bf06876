"""Whom and what an answer is about that is kept to be repeated: by that an erasure finds it"""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0039"
branch_labels = None
depends_on = None

#: Of answers from before: what stands in them. What their address named is known no more; they are kept for a day.
NAMED = """
UPDATE idempotency_keys SET named = ARRAY(
    SELECT DISTINCT found[1]::uuid
    FROM regexp_matches(convert_from(body, 'UTF8') || headers::text,
        '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}', 'gi') AS found)
"""


def upgrade() -> None:
    """Nobody stores an answer without saying whom and what it names."""
    op.add_column("idempotency_keys", sa.Column("named", sa.ARRAY(sa.Uuid()), nullable=True))
    op.execute(NAMED)
    op.alter_column("idempotency_keys", "named", nullable=False)


def downgrade() -> None:
    """Answers are found by their text again."""
    op.drop_column("idempotency_keys", "named")
