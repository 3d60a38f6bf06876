"""A company has the tax classification of its W-9, with its day"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0032"
branch_labels = None
depends_on = None

CLASSES = (
    "'sole_owner', 'partnership', 'trust', 'c_corporation', 's_corporation', 'llc_sole_owner', 'llc_partnership',"
    " 'llc_c_corporation', 'llc_s_corporation'"
)


def upgrade() -> None:
    """Nothing is known of those that are there: their year says so."""
    op.add_column("companies", sa.Column("tax_class", sa.String(64), nullable=True))
    op.add_column("companies", sa.Column("tax_class_on", sa.Date(), nullable=True))
    op.create_check_constraint(op.f("ck_companies_tax_class_known"), "companies", f"tax_class IN ({CLASSES})")
    op.create_check_constraint(
        op.f("ck_companies_tax_class_has_day"), "companies", "(tax_class IS NULL) = (tax_class_on IS NULL)"
    )


def downgrade() -> None:
    """The events still say who was classified as what."""
    op.drop_constraint(op.f("ck_companies_tax_class_has_day"), "companies")
    op.drop_constraint(op.f("ck_companies_tax_class_known"), "companies")
    op.drop_column("companies", "tax_class_on")
    op.drop_column("companies", "tax_class")
