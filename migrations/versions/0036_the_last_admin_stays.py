"""The last operator, and the last admin of a client, do not leave, change their role, or go"""

from alembic import op

revision = "0036"
down_revision = "0040"
branch_labels = None
depends_on = None

LAST_STAYS = """
CREATE FUNCTION staff_last_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- One after another: of the last two at once, each would see the other there.
    PERFORM pg_advisory_xact_lock(hashtext('truckroll last of the staff'));
    IF NOT EXISTS (
        SELECT FROM staff s WHERE s.id <> OLD.id AND s.role = OLD.role AND s.left_at IS NULL
            AND s.client_id IS NOT DISTINCT FROM OLD.client_id
    ) THEN
        RAISE EXCEPTION 'nobody else of role % is there', OLD.role
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER staff_last_stays BEFORE UPDATE OF left_at, role, client_id ON staff FOR EACH ROW
    WHEN (OLD.left_at IS NULL AND OLD.role IN ('operator', 'client_admin') AND (NEW.left_at IS NOT NULL
        OR NEW.role <> OLD.role OR NEW.client_id IS DISTINCT FROM OLD.client_id))
    EXECUTE FUNCTION staff_last_stays();
CREATE TRIGGER staff_last_kept BEFORE DELETE ON staff FOR EACH ROW
    WHEN (OLD.left_at IS NULL AND OLD.role IN ('operator', 'client_admin')) EXECUTE FUNCTION staff_last_stays();
"""


def upgrade() -> None:
    """A client whose last admin has left before stays without one until one is added."""
    op.get_bind().connection.cursor().execute(LAST_STAYS)


def downgrade() -> None:
    """Whoever is there stays."""
    op.execute("DROP TRIGGER staff_last_stays ON staff")
    op.execute("DROP TRIGGER staff_last_kept ON staff")
    op.execute("DROP FUNCTION staff_last_stays()")
