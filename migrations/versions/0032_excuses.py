"""A hand-back that is said to lie with the client or with safety waits for a person before it is excused"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

SUBJECTS = (
    "job", "visit", "offer", "assignment", "technician", "credential", "client", "proposal", "part", "alarm", "message",
    "webhook", "series", "admission", "agreement", "removal", "transaction", "payout", "dispute", "appeal", "review",
)  # fmt: skip

FUNCTION = """
CREATE FUNCTION excuse_has_review() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM slots WHERE id = NEW.slot_id AND is_observer)
        AND NOT EXISTS (SELECT FROM reviews WHERE assignment_id = NEW.id AND about = 'excuse')
    THEN
        RAISE EXCEPTION 'assignment % was handed back as %: nobody is asked to look at it', NEW.id, NEW.ended_why
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$
"""
TRIGGER = """
CREATE CONSTRAINT TRIGGER assignments_excused AFTER UPDATE OF state ON assignments
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (OLD.state <> 'released' AND NEW.state = 'released'
        AND NEW.ended_by IN ('technician', 'company', 'gateway')
        AND NEW.ended_why IN ('unsafe', 'no_access', 'not_ready', 'site_closed', 'customer_closed', 'client_changed')
        AND (NEW.hand_back_until IS NULL OR NEW.ended_at > NEW.hand_back_until))
    EXECUTE FUNCTION excuse_has_review()
"""


def upgrade() -> None:
    """What was handed back before stays excused as it was."""
    _know_subjects((*SUBJECTS, "excuse"))
    _allow("'outcome', 'decision', 'lapse', 'excuse'", "'open', 'upheld', 'rejected', 'unanswered'")
    op.add_column("reviews", sa.Column("passed_on_at", sa.DateTime(timezone=True), nullable=True))
    _one_each("assignment_id", "event_id", "about")
    for name, check in (
        ("only_excuses_pass_on", "passed_on_at IS NULL OR about = 'excuse'"),
        ("only_excuses_go_unanswered", "state <> 'unanswered' OR about = 'excuse'"),
        (
            "excuses_answered_in_time",
            "about <> 'excuse' OR state NOT IN ('upheld', 'rejected') OR decided_at <= due_at",
        ),
    ):
        op.create_check_constraint(op.f(f"ck_reviews_{name}"), "reviews", check)
    op.execute(FUNCTION)
    op.execute(TRIGGER)


def downgrade() -> None:
    """Where one waits or was answered, it is refused: nothing is thrown away."""
    op.execute("DROP TRIGGER assignments_excused ON assignments")
    op.execute("DROP FUNCTION excuse_has_review()")
    for name in ("excuses_answered_in_time", "only_excuses_go_unanswered", "only_excuses_pass_on"):
        op.drop_constraint(op.f(f"ck_reviews_{name}"), "reviews")
    _one_each("assignment_id", "event_id")
    op.drop_column("reviews", "passed_on_at")
    _allow("'outcome', 'decision', 'lapse'", "'open', 'upheld', 'rejected'")
    _know_subjects(SUBJECTS)


def _know_subjects(subjects: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{subject}'" for subject in subjects)
    op.drop_constraint(op.f("ck_events_subject_kind_known"), "events")
    op.create_check_constraint(op.f("ck_events_subject_kind_known"), "events", f"subject_kind IN ({listed})")


def _allow(abouts: str, states: str) -> None:
    for name, check in (("about_known", f"about IN ({abouts})"), ("state_known", f"state IN ({states})")):
        op.drop_constraint(op.f(f"ck_reviews_{name}"), "reviews")
        op.create_check_constraint(op.f(f"ck_reviews_{name}"), "reviews", check)


def _one_each(*columns: str) -> None:
    for name in ("uq_reviews_assignment_id_event_id", "uq_reviews_assignment_id_event_id_about"):
        op.execute(f"ALTER TABLE reviews DROP CONSTRAINT IF EXISTS {name}")
    op.create_unique_constraint(op.f(f"uq_reviews_{'_'.join(columns)}"), "reviews", list(columns))
