"""A job's bonuses beyond the offer count together, whoever they are for, as its other pay does"""

from alembic import op

revision = "0046"
down_revision = "0042"
branch_labels = None
depends_on = None

BODY = """
CREATE OR REPLACE FUNCTION payments_bonus() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
BEGIN
    IF EXISTS (SELECT FROM bonuses_given(OLD.extras, NEW.extras) WHERE num_people < 2)
        -- In parts nobody gives more than at once.
        AND (SELECT sum((each ->> 'amount')::numeric) FROM {of_whom}
            WHERE {more}each ->> 'code' = 'extra_bonus' AND each ->> 'state' = 'approved')
            > (NEW.terms -> 'rules' ->> 'second_above')::numeric THEN
        RAISE EXCEPTION 'a bonus of payment % takes two people', NEW.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;
"""


def upgrade() -> None:
    """What was given before stays given; what is given next counts with it."""
    of_job = "p.client_id = NEW.client_id AND p.job_id = NEW.job_id\n                AND "
    op.execute(BODY.format(of_whom="payments p CROSS JOIN jsonb_array_elements(p.extras) AS each", more=of_job))


def downgrade() -> None:
    """The bonuses of each person count alone again."""
    op.execute(BODY.format(of_whom="jsonb_array_elements(NEW.extras) AS each", more=""))
