"""A person looks again at a lapse too: what became of work whose proofs no longer hold"""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

DECISIONS = "num_nonnulls(assignment_id, event_id) = 0 AND decision_id IS NOT NULL"
OUTCOMES = "num_nonnulls(assignment_id, event_id) = 2 AND decision_id IS NULL"


def upgrade() -> None:
    """By the event that tells its technician of it."""
    _allow("'outcome', 'decision', 'lapse'", f"CASE about WHEN 'decision' THEN {DECISIONS} ELSE {OUTCOMES} END")


def downgrade() -> None:
    """Where one was asked for, it is refused: nothing is thrown away."""
    _allow("'outcome', 'decision'", f"CASE about WHEN 'outcome' THEN {OUTCOMES} ELSE {DECISIONS} END")


def _allow(abouts: str, something: str) -> None:
    for name, check in (("about_known", f"about IN ({abouts})"), ("about_something", something)):
        op.drop_constraint(op.f(f"ck_reviews_{name}"), "reviews")
        op.create_check_constraint(op.f(f"ck_reviews_{name}"), "reviews", check)
