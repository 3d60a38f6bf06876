"""From which day on a company is taxed as what: each entry stays, and a year's pay goes by the day of each payment"""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0045"
branch_labels = None
depends_on = None

CLASSES = (
    "'sole_owner', 'partnership', 'trust', 'c_corporation', 's_corporation', 'llc_sole_owner', 'llc_partnership',"
    " 'llc_c_corporation', 'llc_s_corporation'"
)
# Nobody is paid through a company before it is there, wherever on earth its day has begun.
KEEP = """
INSERT INTO tax_classes (id, company_id, tax_class, signed_on, counts_from, said_at)
SELECT gen_random_uuid(), c.id, c.tax_class, c.tax_class_on, (c.created_at AT TIME ZONE 'Etc/GMT+12')::date, coalesce(
    (SELECT max(e.at) FROM events e WHERE e.kind = 'company_classified' AND e.data ->> 'company' = c.id::text),
    c.created_at)
FROM companies c WHERE c.tax_class IS NOT NULL
"""
NEWEST = """
UPDATE companies c SET tax_class = t.tax_class, tax_class_on = t.signed_on
FROM (SELECT DISTINCT ON (company_id) * FROM tax_classes ORDER BY company_id, counts_from DESC, said_at DESC, id DESC) t
WHERE t.company_id = c.id
"""


def upgrade() -> None:
    """What is known of a company counts from the day on which it was added: no year's report changes by it."""
    op.create_table(
        "tax_classes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("tax_class", sa.String(length=64), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("counts_from", sa.Date(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"tax_class IN ({CLASSES})", name=op.f("ck_tax_classes_tax_class_known")),
        sa.CheckConstraint("isfinite(signed_on) AND isfinite(counts_from)", name=op.f("ck_tax_classes_days_finite")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_tax_classes_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tax_classes")),
    )
    op.create_index("ix_tax_classes_company_id_counts_from", "tax_classes", ["company_id", "counts_from"])
    op.execute(KEEP)
    for name in ("tax_class_known", "tax_class_has_day"):
        op.drop_constraint(op.f(f"ck_companies_{name}"), "companies")
    op.drop_column("companies", "tax_class_on")
    op.drop_column("companies", "tax_class")
    op.execute("GRANT SELECT, INSERT ON tax_classes TO truckroll_engine")
    op.execute("ALTER TABLE tax_classes ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE tax_classes FORCE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY tax_classes_whole ON tax_classes TO truckroll_engine, truckroll_migrate USING (true)")
    op.execute(
        "CREATE TRIGGER tax_classes_kept BEFORE UPDATE OR DELETE ON tax_classes"
        " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    """Of each company the newest is known, for every year; the events still say the others."""
    op.add_column("companies", sa.Column("tax_class", sa.String(64), nullable=True))
    op.add_column("companies", sa.Column("tax_class_on", sa.Date(), nullable=True))
    op.execute(NEWEST)
    op.create_check_constraint(op.f("ck_companies_tax_class_known"), "companies", f"tax_class IN ({CLASSES})")
    op.create_check_constraint(
        op.f("ck_companies_tax_class_has_day"), "companies", "(tax_class IS NULL) = (tax_class_on IS NULL)"
    )
    op.drop_table("tax_classes")
