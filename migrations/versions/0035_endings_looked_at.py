"""An ending that is said to lie elsewhere waits for a person; nobody answers twice about the same where another could"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

# Whose word it was is asked where it is not known: only a side that needs no look at its own word is let through.
ENDING = """
CREATE FUNCTION ending_has_review() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
    work uuid;
BEGIN
    SELECT a.id INTO work FROM assignments a JOIN slots s ON s.id = a.slot_id
    WHERE a.visit_id = NEW.id AND a.checked_in_at IS NOT NULL AND NOT s.is_observer
        AND (s.is_lead OR 1 = (SELECT count(*) FROM slots o WHERE o.visit_id = NEW.id AND NOT o.is_observer))
        AND NOT EXISTS (SELECT FROM reviews r WHERE r.assignment_id = a.id AND r.about = 'excuse')
    ORDER BY a.id LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'visit % ended as % (%): nobody is asked to look at it', NEW.id, NEW.outcome, NEW.outcome_why
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$
"""
ENDING_TRIGGER = """
CREATE CONSTRAINT TRIGGER visits_excused AFTER UPDATE OF state, outcome, outcome_why ON visits
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.state = 'checked_out'
        AND (OLD.state, OLD.outcome, OLD.outcome_why) IS DISTINCT FROM (NEW.state, NEW.outcome, NEW.outcome_why)
        AND (NEW.outcome = 'could_not_start'
            OR NEW.outcome = 'return_needed' AND coalesce(NEW.outcome_why, '') NOT IN ('time', 'other'))
        AND coalesce(NEW.outcome_by, 'technician') IN ('technician', 'company', 'gateway'))
    EXECUTE FUNCTION ending_has_review()
"""
# The lock makes of two answers at once a first and a second: the second sees the first.
ANSWERS = """
CREATE FUNCTION review_by_another() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('truckroll answers ' || NEW.assignment_id || NEW.event_id, 0));
    IF EXISTS (
        SELECT FROM reviews r WHERE r.assignment_id = NEW.assignment_id AND r.event_id = NEW.event_id
            AND r.id <> NEW.id AND r.decided_by = NEW.decided_by AND r.state IN ('upheld', 'rejected')
    ) AND EXISTS (SELECT FROM staff s WHERE s.role = 'operator' AND s.left_at IS NULL AND s.id <> NEW.decided_by)
    THEN
        RAISE EXCEPTION 'review %: % has answered about the same before; somebody else has to', NEW.id, NEW.decided_by
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$
"""
ANSWERS_TRIGGER = """
CREATE TRIGGER reviews_by_another AFTER UPDATE OF state, decided_by ON reviews FOR EACH ROW
    WHEN (NEW.event_id IS NOT NULL AND NEW.decided_by IS NOT NULL AND NEW.state IN ('upheld', 'rejected')
        AND (OLD.state, OLD.decided_by) IS DISTINCT FROM (NEW.state, NEW.decided_by))
    EXECUTE FUNCTION review_by_another()
"""


def upgrade() -> None:
    """Visits that ended before stay excused as they were; by whose word, nobody kept beside them."""
    op.add_column("visits", sa.Column("outcome_by", sa.String(64), nullable=True))
    for statement in (ENDING, ENDING_TRIGGER, ANSWERS, ANSWERS_TRIGGER):
        op.execute(statement)


def downgrade() -> None:
    """What waits stays in the queue."""
    op.execute("DROP TRIGGER reviews_by_another ON reviews")
    op.execute("DROP FUNCTION review_by_another()")
    op.execute("DROP TRIGGER visits_excused ON visits")
    op.execute("DROP FUNCTION ending_has_review()")
    op.drop_column("visits", "outcome_by")
