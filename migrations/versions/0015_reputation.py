"""Reputation: outcomes, ratings, the network's means, reviews; what technicians have"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

CLIENT = "NULLIF(current_setting('app.client', true), '')::uuid"
TECHNICIAN = "NULLIF(current_setting('app.technician', true), '')::uuid"
COMPANY = "NULLIF(current_setting('app.company', true), '')::uuid"
OWN_PERSON = (
    f"(technician_id = {TECHNICIAN} OR EXISTS (SELECT FROM technicians t"
    f" WHERE t.id = technician_id AND t.company_id = {COMPANY}))"
)
INSTANT = sa.DateTime(timezone=True)
CODE = sa.String(length=64)

TRIGGERS = """
CREATE TRIGGER ratings_kept BEFORE UPDATE OF stars, by_side, assignment_id, rated_at OR DELETE ON ratings
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER reviews_end_once BEFORE UPDATE OF state ON reviews FOR EACH ROW
    WHEN (OLD.state <> 'open' AND NEW.state <> OLD.state) EXECUTE FUNCTION refuse_revival();
"""


def upgrade() -> None:
    _technicians()
    _outcomes()
    _ratings()
    _network_means()
    _reviews()
    op.execute(TRIGGERS)
    _guard("outcomes", f"client_id = {CLIENT}", OWN_PERSON)
    _guard(
        "ratings",
        f"client_id = {CLIENT} AND (by_side = 'client' OR shown_at IS NOT NULL)",
        f"{OWN_PERSON} AND (by_side = 'technician' OR shown_at IS NOT NULL)",
    )
    _guard("reviews", f"client_id = {CLIENT}", OWN_PERSON)
    op.execute("GRANT SELECT ON network_means TO truckroll_app")
    op.execute("GRANT SELECT, INSERT, UPDATE ON network_means TO truckroll_engine")


def _technicians() -> None:
    op.add_column("technicians", sa.Column("reputation_high", sa.Double(), nullable=True))
    op.add_column("technicians", sa.Column("reputation_at", INSTANT, nullable=True))
    op.create_check_constraint(
        op.f("ck_technicians_reputation_high_share"), "technicians", "reputation_high BETWEEN 0 AND 1"
    )
    op.create_index("ix_technicians_reputation_at", "technicians", ["reputation_at"])


def _outcomes() -> None:
    op.create_table(
        "outcomes",
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column("part", CODE, nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("technician_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("kind", CODE, nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("severity", sa.Double(), nullable=False),
        sa.Column("why_not", CODE, nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "part IN ('kept', 'on_time', 'completed', 'passed', 'rated')", name=op.f("ck_outcomes_part_known")
        ),
        sa.CheckConstraint("value BETWEEN 0 AND 1", name=op.f("ck_outcomes_value_share")),
        sa.CheckConstraint("severity > 0 AND severity <= 10", name=op.f("ck_outcomes_severity_size")),
        sa.CheckConstraint("isfinite(at)", name=op.f("ck_outcomes_at_finite")),
        _of_assignment("outcomes"),
        sa.ForeignKeyConstraint(["technician_id"], ["technicians.id"], name=op.f("fk_outcomes_technician_id")),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_outcomes_event_id")),
        sa.PrimaryKeyConstraint("assignment_id", "part", name=op.f("pk_outcomes")),
    )
    op.create_index("ix_outcomes_technician_id_at", "outcomes", ["technician_id", "at"])
    op.create_index("ix_outcomes_at", "outcomes", ["at"])


def _ratings() -> None:
    op.create_table(
        "ratings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column("technician_id", sa.Uuid(), nullable=False),
        sa.Column("by_side", CODE, nullable=False),
        sa.Column("stars", sa.SmallInteger(), nullable=False),
        sa.Column("rated_at", INSTANT, nullable=False),
        sa.Column("show_at", INSTANT, nullable=False),
        sa.Column("shown_at", INSTANT, nullable=True),
        sa.CheckConstraint("by_side IN ('technician', 'client')", name=op.f("ck_ratings_by_side_known")),
        sa.CheckConstraint("stars BETWEEN 1 AND 5", name=op.f("ck_ratings_stars_range")),
        _of_assignment("ratings"),
        sa.ForeignKeyConstraint(["technician_id"], ["technicians.id"], name=op.f("fk_ratings_technician_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ratings")),
        sa.UniqueConstraint("client_id", "id", name=op.f("uq_ratings_client_id_id")),
        sa.UniqueConstraint("assignment_id", "by_side", name=op.f("uq_ratings_assignment_id_by_side")),
    )
    hidden = sa.text("shown_at IS NULL")
    op.create_index("ix_ratings_show_at", "ratings", ["show_at"], postgresql_where=hidden)
    op.create_index("ix_ratings_client_id_technician_id", "ratings", ["client_id", "technician_id"])


def _network_means() -> None:
    op.create_table(
        "network_means",
        sa.Column("num", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("means", postgresql.JSONB(), nullable=False),
        sa.Column("measured_at", INSTANT, nullable=False),
        sa.CheckConstraint("num >= 1", name=op.f("ck_network_means_num_size")),
        sa.PrimaryKeyConstraint("num", name=op.f("pk_network_means")),
    )


def _reviews() -> None:
    op.create_table(
        "reviews",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("technician_id", sa.Uuid(), nullable=False),
        sa.Column("about", CODE, nullable=False),
        sa.Column("assignment_id", sa.Uuid(), nullable=True),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("decision_id", sa.Uuid(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("state", CODE, server_default="open", nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_at", INSTANT, nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("about IN ('outcome', 'decision')", name=op.f("ck_reviews_about_known")),
        sa.CheckConstraint("state IN ('open', 'upheld', 'rejected')", name=op.f("ck_reviews_state_known")),
        sa.CheckConstraint(
            "CASE about WHEN 'outcome' THEN num_nonnulls(assignment_id, event_id) = 2 AND decision_id IS NULL"
            " ELSE num_nonnulls(assignment_id, event_id) = 0 AND decision_id IS NOT NULL END",
            name=op.f("ck_reviews_about_something"),
        ),
        sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name=op.f("ck_reviews_decided_has_time")),
        sa.CheckConstraint("isfinite(due_at)", name=op.f("ck_reviews_due_finite")),
        _of_assignment("reviews"),
        sa.ForeignKeyConstraint(
            ["client_id", "decision_id"],
            ["decisions.client_id", "decisions.id"],
            name=op.f("fk_reviews_client_id_decision_id"),
        ),
        sa.ForeignKeyConstraint(["technician_id"], ["technicians.id"], name=op.f("fk_reviews_technician_id")),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_reviews_event_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
        sa.UniqueConstraint("client_id", "id", name=op.f("uq_reviews_client_id_id")),
        sa.UniqueConstraint("assignment_id", "event_id", name=op.f("uq_reviews_assignment_id_event_id")),
        sa.UniqueConstraint("decision_id", "technician_id", name=op.f("uq_reviews_decision_id_technician_id")),
    )
    op.create_index("ix_reviews_technician_id", "reviews", ["technician_id"])
    op.create_index("ix_reviews_due_at", "reviews", ["due_at"], postgresql_where=sa.text("state = 'open'"))


def _of_assignment(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["client_id", "assignment_id"],
        ["assignments.client_id", "assignments.id"],
        name=op.f(f"fk_{table}_client_id_assignment_id"),
    )


def _guard(table: str, client: str, asked: str) -> None:
    """Row-level security, forced; the application reads, the engine writes."""
    op.execute(f"GRANT SELECT ON {table} TO truckroll_app")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO truckroll_engine")
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY {table}_whole ON {table} TO truckroll_engine, truckroll_migrate USING (true)")
    op.execute(f"CREATE POLICY {table}_client ON {table} TO truckroll_app USING ({client})")
    op.execute(f"CREATE POLICY {table}_asked ON {table} FOR SELECT TO truckroll_app USING ({asked})")


def downgrade() -> None:
    for table in ("reviews", "network_means", "ratings", "outcomes"):
        op.drop_table(table)
    op.drop_constraint("ck_technicians_reputation_high_share", "technicians")
    for name in ("reputation_high", "reputation_at"):
        op.drop_column("technicians", name)
