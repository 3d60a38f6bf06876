"""Somebody is asked by name: again in a round, and with the rules that the dispatcher set aside"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

OVERRIDABLE = "ARRAY['pool', 'skill', 'level', 'area', 'asked']::varchar[]"
ASKED_AGAIN = "SELECT id FROM offers WHERE ask_num > 0"


def upgrade() -> None:
    """The columns, their checks, and who may be asked twice."""
    none, whole = sa.text("'{}'"), {"nullable": False}
    op.add_column("offers", sa.Column("ask_num", sa.SmallInteger(), server_default="0", **whole))
    op.add_column("offers", sa.Column("is_by_name", sa.Boolean(), server_default=sa.text("false"), **whole))
    op.add_column("offers", sa.Column("waived", sa.ARRAY(sa.String(64)), server_default=none, **whole))
    op.add_column("offers", sa.Column("waived_why", sa.String(64)))
    op.create_check_constraint(op.f("ck_offers_waived_may_be"), "offers", f"waived <@ {OVERRIDABLE}")
    op.create_check_constraint(
        op.f("ck_offers_waived_has_reason"),
        "offers",
        "CASE WHEN waived = '{}' THEN waived_why IS NULL ELSE is_by_name AND waived_why IS NOT NULL END",
    )
    op.drop_constraint("uq_offers_round_id_technician_id", "offers")
    op.create_unique_constraint(
        op.f("uq_offers_round_id_technician_id_ask_num"), "offers", ["round_id", "technician_id", "ask_num"]
    )


def downgrade() -> None:
    """Whoever was asked again is kept by the first of their offers."""
    op.execute(f"UPDATE assignments SET offer_id = NULL WHERE offer_id IN ({ASKED_AGAIN})")
    op.execute(f"DELETE FROM counters WHERE offer_id IN ({ASKED_AGAIN})")
    op.execute(f"DELETE FROM offers WHERE id IN ({ASKED_AGAIN})")
    op.drop_constraint(op.f("uq_offers_round_id_technician_id_ask_num"), "offers")
    op.create_unique_constraint(op.f("uq_offers_round_id_technician_id"), "offers", ["round_id", "technician_id"])
    for name in ("waived_has_reason", "waived_may_be"):
        op.drop_constraint(op.f(f"ck_offers_{name}"), "offers")
    for column in ("waived_why", "waived", "is_by_name", "ask_num"):
        op.drop_column("offers", column)
