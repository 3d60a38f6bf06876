"""The ledger's three functions keep one plan a connection, whatever the values

Each of their statements finds by keys. Thinking about a plan for just these values, again and again, was a ninth of
what the database did for a transaction.
"""

from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

FUNCTIONS = ("ledger_post", "ledger_move", "ledger_balanced")


def upgrade() -> None:
    """Plans for any values, of these functions alone."""
    for each in FUNCTIONS:
        op.execute(f"ALTER FUNCTION {each} SET plan_cache_mode = force_generic_plan")


def downgrade() -> None:
    """The server chooses."""
    for each in FUNCTIONS:
        op.execute(f"ALTER FUNCTION {each} RESET plan_cache_mode")
