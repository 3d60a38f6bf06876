"""A block says why, on either side; the word that clears has a last day; a final removal says what was weighed"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0030"
branch_labels = None
depends_on = None

MARKS = ("client_marks", "technician_marks")
NOT_ASKED = "'No reason was asked for when this was set'"
NOT_WRITTEN = "'What was weighed was not written down when this was decided'"

#: By their proofs; of a word, a year from when it was given.
ENDS = """
UPDATE technicians t SET clearance_until = coalesce(
    (SELECT max(c.valid_until) FROM credentials c JOIN credential_kinds k ON k.code = c.kind
        WHERE c.technician_id = t.id AND c.for_client_id IS NULL AND c.state IN ('verified', 'expiring')
        AND k.family = 'clearance'),
    (coalesce(
        (SELECT max(e.at) FROM events e WHERE e.subject_kind = 'technician' AND e.subject_id = t.id
            AND e.kind = 'updated' AND e.data -> 'fields' ? 'clearance'),
        t.created_at
    ) + interval '365 days')::date)
WHERE t.clearance = 'us_person'
"""
# A day more than the program allows: its day may have begun elsewhere.
WORD_ENDS = """
CREATE FUNCTION technicians_word_ends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM credentials c JOIN credential_kinds k ON k.code = c.kind
        WHERE c.technician_id = NEW.id AND c.for_client_id IS NULL AND c.state IN ('verified', 'expiring')
            AND k.family = 'clearance' AND c.valid_until >= NEW.clearance_until
    ) THEN
        RAISE EXCEPTION 'a word clears nobody for longer than a year, only a proof does'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER technicians_word_ends BEFORE INSERT OR UPDATE OF clearance_until ON technicians FOR EACH ROW
    WHEN (NEW.clearance_until > CURRENT_DATE + 366) EXECUTE FUNCTION technicians_word_ends();
"""
IS_FINITE = "isfinite(clearance_until)"
HAS_END = "(clearance = 'us_person') = (clearance_until IS NOT NULL)"


def upgrade() -> None:
    """Where no reason was given so far, and nothing written down, the row says that."""
    for table in MARKS:
        op.execute(f"UPDATE {table} SET reason = {NOT_ASKED} WHERE kind = 'block' AND btrim(coalesce(reason, '')) = ''")
        op.create_check_constraint(
            op.f(f"ck_{table}_block_has_reason"), table, "kind <> 'block' OR btrim(coalesce(reason, '')) <> ''"
        )
    op.add_column("technicians", sa.Column("clearance_until", sa.Date(), nullable=True))
    op.execute(ENDS)
    op.create_check_constraint(op.f("ck_technicians_clearance_until_finite"), "technicians", IS_FINITE)
    op.create_check_constraint(op.f("ck_technicians_clearance_has_end"), "technicians", HAS_END)
    has_end = sa.text("clearance_until IS NOT NULL")
    op.create_index("ix_technicians_clearance_until", "technicians", ["clearance_until"], postgresql_where=has_end)
    op.get_bind().connection.cursor().execute(WORD_ENDS)
    op.add_column("removals", sa.Column("weighed", sa.Text(), nullable=True))
    op.execute(f"UPDATE removals SET weighed = {NOT_WRITTEN} WHERE state = 'final'")
    op.create_check_constraint(
        op.f("ck_removals_final_was_weighed"), "removals", "state <> 'final' OR btrim(coalesce(weighed, '')) <> ''"
    )


def downgrade() -> None:
    """What was said stays; a word holds without an end again."""
    op.drop_column("removals", "weighed")
    op.execute("DROP TRIGGER technicians_word_ends ON technicians")
    op.execute("DROP FUNCTION technicians_word_ends()")
    op.drop_column("technicians", "clearance_until")
    for table in MARKS:
        op.drop_constraint(op.f(f"ck_{table}_block_has_reason"), table)
