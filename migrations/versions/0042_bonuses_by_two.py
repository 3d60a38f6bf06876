"""A bonus beyond the offer takes two people above the sum of the rules: one proposes it, another signs"""

from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

UP = """
-- Bonuses that no offer listed and that count from now on, each with how many people signed it: whoever proposed this
-- very sum before, and whoever says yes to it now. A key that names nobody signs with its own id, and is no person.
CREATE FUNCTION bonuses_given(before jsonb, after jsonb) RETURNS TABLE (amount numeric, num_people bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT (given ->> 'amount')::numeric, (
        SELECT count(DISTINCT who.id) FROM (VALUES (was -> 'signed' ->> 0), (given -> 'second' ->> 0)) AS who (id)
        WHERE NOT EXISTS (SELECT FROM api_keys k WHERE k.id = who.id::uuid))
    FROM jsonb_array_elements(after) AS given LEFT JOIN jsonb_array_elements(before) AS was
        ON (was ->> 'id', was ->> 'amount', was ->> 'state') = (given ->> 'id', given ->> 'amount', 'proposed')
    WHERE given ->> 'code' = 'extra_bonus' AND given ->> 'state' = 'approved' AND NOT EXISTS (
        SELECT FROM jsonb_array_elements(before) AS had
        WHERE (had ->> 'id', had ->> 'amount', had ->> 'state') = (given ->> 'id', given ->> 'amount', 'approved'))
$$;

CREATE FUNCTION payments_bonus() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
BEGIN
    IF EXISTS (SELECT FROM bonuses_given(OLD.extras, NEW.extras) WHERE num_people < 2)
        -- In parts nobody gives more than at once.
        AND (SELECT sum((each ->> 'amount')::numeric) FROM jsonb_array_elements(NEW.extras) AS each
            WHERE each ->> 'code' = 'extra_bonus' AND each ->> 'state' = 'approved')
            > (NEW.terms -> 'rules' ->> 'second_above')::numeric THEN
        RAISE EXCEPTION 'a bonus of payment % takes two people', NEW.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER payments_bonus AFTER UPDATE OF extras ON payments FOR EACH ROW
    WHEN (NEW.extras <> OLD.extras) EXECUTE FUNCTION payments_bonus();
"""


def upgrade() -> None:
    """What was given before stays given; a bonus that waits is signed by its second person as any."""
    op.execute(UP)


def downgrade() -> None:
    """The program alone asks for the second person of a bonus."""
    op.execute("DROP TRIGGER payments_bonus ON payments")
    op.execute("DROP FUNCTION payments_bonus()")
    op.execute("DROP FUNCTION bonuses_given(jsonb, jsonb)")
