"""What a job's people say yes to counts together: in parts nobody approves more than at once"""

from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

BODY = """
CREATE OR REPLACE FUNCTION payments_approved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
DECLARE
    said jsonb := NEW.approvals -> -1;
    sum_ numeric := (said ->> 'amount')::numeric;
    limits jsonb := NEW.terms -> 'rules' -> 'limits';
    total numeric;
    num_people integer;
    is_within boolean;
BEGIN
    IF sum_ > 0 AND said ->> 'role' IN ('technician', 'company') THEN
        RAISE EXCEPTION 'payment % is approved by whom it pays', NEW.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    IF sum_ > 0 AND said ->> 'why' IN ('approved', 'part_approved', 'conceded') THEN
        SELECT sum((yes ->> 'amount')::numeric) INTO total
        FROM payments p CROSS JOIN jsonb_array_elements(p.approvals) AS yes
        WHERE p.client_id = NEW.client_id AND p.job_id = NEW.job_id
            AND yes ->> 'why' IN ('approved', 'part_approved', 'conceded');
        SELECT
            count(DISTINCT yes ->> 'by') FILTER (WHERE NOT EXISTS (
                SELECT FROM api_keys k WHERE k.id = (yes ->> 'by')::uuid
            )),
            bool_or((limits ->> (yes ->> 'role'))::numeric >= total)
        INTO num_people, is_within
        FROM payments p CROSS JOIN jsonb_array_elements(p.approvals) AS yes
        WHERE p.client_id = NEW.client_id AND p.job_id = NEW.job_id
            AND (yes = said OR yes ->> 'why' = 'signed' AND (yes ->> 'amount')::numeric >= total);
        IF total > (NEW.terms -> 'rules' ->> 'second_above')::numeric AND num_people < 2 THEN
            RAISE EXCEPTION 'payment % takes two people', NEW.id
                USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
        END IF;
        IF limits IS NOT NULL AND is_within IS NOT TRUE THEN
            RAISE EXCEPTION 'payment % is more than anybody who said yes may approve', NEW.id
                USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
        END IF;
    END IF;
    RETURN NULL;
END $$;
"""


def upgrade() -> None:
    """What was approved in parts before stays approved; what is approved next counts with it."""
    op.execute(BODY)


def downgrade() -> None:
    """Each part counts alone again."""
    op.execute(WAS)


WAS = """
CREATE OR REPLACE FUNCTION payments_approved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
DECLARE
    said jsonb := NEW.approvals -> -1;
    sum_ numeric := (said ->> 'amount')::numeric;
    num_people integer;
BEGIN
    IF sum_ > 0 AND said ->> 'role' IN ('technician', 'company') THEN
        RAISE EXCEPTION 'payment % is approved by whom it pays', NEW.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    IF said ->> 'why' IN ('approved', 'part_approved')
        AND sum_ > (NEW.terms -> 'rules' ->> 'second_above')::numeric THEN
        SELECT count(DISTINCT yes ->> 'by') INTO num_people
        FROM payments p CROSS JOIN jsonb_array_elements(p.approvals) AS yes
        WHERE p.client_id = NEW.client_id AND p.job_id = NEW.job_id
            AND (yes = said OR yes ->> 'why' = 'signed' AND (yes ->> 'amount')::numeric >= sum_)
            AND NOT EXISTS (SELECT FROM api_keys k WHERE k.id = (yes ->> 'by')::uuid);
        IF num_people < 2 THEN
            RAISE EXCEPTION 'payment % takes two people', NEW.id
                USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
        END IF;
    END IF;
    RETURN NULL;
END $$;
"""
