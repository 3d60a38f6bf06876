"""No account is kept in a currency of thousandths: the ledger's sums have two digits"""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

THOUSANDTHS = "('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND')"


def upgrade() -> None:
    """Fails where such an account was opened: its sums were cut, which somebody has to mend first."""
    name = op.f("ck_ledger_accounts_currency_fits")
    op.create_check_constraint(name, "ledger_accounts", f"currency NOT IN {THOUSANDTHS}")


def downgrade() -> None:
    """They are let in again."""
    op.drop_constraint(op.f("ck_ledger_accounts_currency_fits"), "ledger_accounts")
