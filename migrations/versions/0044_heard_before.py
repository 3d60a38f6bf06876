"""A screening ends nothing before its holder was heard; a kind of proof stays what it is; no star came by a file"""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

GROUNDS = ("forged", "wrong_person", "unreadable", "incomplete")
UP = """
-- A screening ends by a removal that went all its way, or for what is wrong with its paper, if no result is adverse.
CREATE FUNCTION credentials_heard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
BEGIN
    IF (NEW.ground IS NULL OR NEW.facts ->> 'result' = 'adverse')
        AND EXISTS (SELECT FROM credential_kinds k WHERE k.code = NEW.kind AND k.is_screening)
        AND NOT EXISTS (SELECT FROM removals r WHERE r.credential_id = NEW.id AND r.state = 'final') THEN
        RAISE EXCEPTION 'screening % ends before its holder was heard', NEW.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER credentials_heard BEFORE UPDATE OF state ON credentials FOR EACH ROW
    WHEN (NEW.state IN ('rejected', 'revoked') AND NEW.state <> OLD.state) EXECUTE FUNCTION credentials_heard();

-- Nobody is put out of work over an adverse result of which they were never told.
CREATE FUNCTION technicians_heard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
BEGIN
    IF EXISTS (
        SELECT FROM credentials c
        WHERE c.technician_id = NEW.id AND c.facts ->> 'result' = 'adverse'
            AND c.state IN ('claimed', 'submitted', 'verified', 'expiring')
            AND NOT EXISTS (SELECT FROM removals r WHERE r.credential_id = c.id)
    ) AND NOT EXISTS (
        -- Notice over one of them holds all of their work.
        SELECT FROM removals r WHERE r.technician_id = NEW.id AND r.state NOT IN ('withdrawn', 'final')
    ) THEN
        RAISE EXCEPTION 'technician % is suspended over a result of which they were not told', NEW.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER technicians_heard BEFORE UPDATE OF state ON technicians FOR EACH ROW
    WHEN (NEW.state = 'suspended' AND OLD.state <> 'suspended') EXECUTE FUNCTION technicians_heard();

-- Proofs were asked for, read and shown by what their kind is: it asks for no less, and shows no more, from then on.
CREATE FUNCTION credential_kinds_kept() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
BEGIN
    IF EXISTS (SELECT FROM credentials c WHERE c.kind = NEW.code) THEN
        RAISE EXCEPTION 'there are proofs of kind %: it stays what it is', NEW.code
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER credential_kinds_kept BEFORE UPDATE OF family, is_screening ON credential_kinds FOR EACH ROW
    WHEN (OLD.family <> 'certificate' AND NEW.family <> OLD.family OR OLD.is_screening AND NOT NEW.is_screening)
    EXECUTE FUNCTION credential_kinds_kept();
"""
DOWN = """
DROP TRIGGER credential_kinds_kept ON credential_kinds;
DROP FUNCTION credential_kinds_kept;
DROP TRIGGER technicians_heard ON technicians;
DROP FUNCTION technicians_heard;
DROP TRIGGER credentials_heard ON credentials;
DROP FUNCTION credentials_heard;
"""


def upgrade() -> None:
    """Background checks and drug screens that were kept as anything else are screenings from now on.

    Who has no outcome yet starts as the network is, whatever a file said of them.
    """
    op.add_column("credentials", sa.Column("ground", sa.String(64), nullable=True))
    listed = ", ".join(f"'{each}'" for each in GROUNDS)
    op.create_check_constraint(op.f("ck_credentials_ground_known"), "credentials", f"ground IN ({listed})")
    op.execute("UPDATE credential_kinds SET is_screening = true WHERE family IN ('background_check', 'drug_screen')")
    op.create_check_constraint(
        op.f("ck_credential_kinds_screened"),
        "credential_kinds",
        "is_screening OR family NOT IN ('background_check', 'drug_screen')",
    )
    op.execute("UPDATE technicians SET reputation = DEFAULT WHERE reputation_at IS NULL AND reputation <> 0.5")
    op.execute(UP)


def downgrade() -> None:
    """On which ground a proof ended is known from its event alone."""
    op.execute(DOWN)
    op.drop_constraint(op.f("ck_credential_kinds_screened"), "credential_kinds")
    op.drop_constraint(op.f("ck_credentials_ground_known"), "credentials")
    op.drop_column("credentials", "ground")
