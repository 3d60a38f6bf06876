"""No proof is verified without the facts that the family of its kind needs, whoever writes the row"""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

UP = """
CREATE FUNCTION credentials_with_facts() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    needed text[];
BEGIN
    SELECT CASE k.family
        WHEN 'background_check' THEN ARRAY['scope', 'issued_on']
        WHEN 'drug_screen' THEN ARRAY['scope', 'issued_on']
        WHEN 'insurance' THEN ARRAY['per_occurrence', 'aggregate', 'currency', 'named_insured']
        WHEN 'agreement' THEN ARRAY['version', 'sha256', 'signed_at', 'address']
        WHEN 'licence' THEN ARRAY['states']
        WHEN 'clearance' THEN ARRAY['evidence']
        WHEN 'tax_form' THEN ARRAY['form', 'signed_on']
        ELSE ARRAY[]::text[] END
    INTO needed FROM credential_kinds k WHERE k.code = NEW.kind;
    IF NOT NEW.facts ?& needed THEN
        RAISE EXCEPTION 'nothing is verified without the facts that its kind needs'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;

-- When it begins to count: an erasure empties the facts of what counted once.
CREATE TRIGGER credentials_born_with_facts BEFORE INSERT ON credentials FOR EACH ROW
    WHEN (NEW.state IN ('verified', 'expiring')) EXECUTE FUNCTION credentials_with_facts();
CREATE TRIGGER credentials_with_facts BEFORE UPDATE OF state ON credentials FOR EACH ROW
    WHEN (NEW.state IN ('verified', 'expiring') AND OLD.state NOT IN ('verified', 'expiring'))
    EXECUTE FUNCTION credentials_with_facts();
"""


def upgrade() -> None:
    """What was verified without them stays as it is; the rules do not count it."""
    op.get_bind().connection.cursor().execute(UP)


def downgrade() -> None:
    """Only the program looks at it again."""
    for name in ("credentials_born_with_facts", "credentials_with_facts"):
        op.execute(f"DROP TRIGGER {name} ON credentials")
    op.execute("DROP FUNCTION credentials_with_facts()")
