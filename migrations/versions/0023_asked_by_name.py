"""Somebody is asked by name: again in a round, and with the rules that the dispatcher set aside"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

OVERRIDABLE = "ARRAY['pool', 'skill', 'level', 'area', 'asked']::varchar[]"
LIVE = "state IN ('sent', 'viewed', 'requested', 'countered')"


def upgrade() -> None:
    """The columns, their checks, and who may be asked twice."""
    op.add_column("offers", sa.Column("is_by_name", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column(
        "offers", sa.Column("waived", sa.ARRAY(sa.String(64)), server_default=sa.text("'{}'"), nullable=False)
    )
    op.add_column("offers", sa.Column("waived_why", sa.String(64)))
    op.create_check_constraint(op.f("ck_offers_waived_may_be"), "offers", f"waived <@ {OVERRIDABLE}")
    op.create_check_constraint(
        op.f("ck_offers_waived_has_reason"),
        "offers",
        "CASE WHEN waived = '{}' THEN waived_why IS NULL ELSE is_by_name AND waived_why IS NOT NULL END",
    )
    op.drop_constraint("uq_offers_round_id_technician_id", "offers")
    for name, condition in (("uq_offers_asked", "NOT is_by_name"), ("uq_offers_live", LIVE)):
        op.create_index(name, "offers", ["round_id", "technician_id"], unique=True, postgresql_where=sa.text(condition))


def downgrade() -> None:
    """Whoever was asked again is kept by the newest of their offers."""
    op.execute(
        "DELETE FROM counters WHERE offer_id IN (SELECT o.id FROM offers o JOIN offers n ON n.round_id = o.round_id"
        " AND n.technician_id = o.technician_id AND n.id > o.id)"
    )
    op.execute(
        "DELETE FROM offers o USING offers n WHERE n.round_id = o.round_id AND n.technician_id = o.technician_id"
        " AND n.id > o.id"
    )
    for name in ("uq_offers_live", "uq_offers_asked"):
        op.drop_index(name, "offers")
    op.create_unique_constraint(op.f("uq_offers_round_id_technician_id"), "offers", ["round_id", "technician_id"])
    for name in ("waived_has_reason", "waived_may_be"):
        op.drop_constraint(op.f(f"ck_offers_{name}"), "offers")
    for column in ("waived_why", "waived", "is_by_name"):
        op.drop_column("offers", column)
