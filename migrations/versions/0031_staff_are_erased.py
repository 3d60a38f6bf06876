"""Staff are erased as technicians are: a key of their own, erasures, holds on them, and never the last admin"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0033"
branch_labels = None
depends_on = None

STAFF = """
CREATE FUNCTION staff_is_held(staff uuid, client uuid) RETURNS boolean LANGUAGE sql
SET search_path = pg_catalog, public AS $$
    SELECT EXISTS (
        SELECT FROM legal_holds h WHERE h.lifted_at IS NULL AND (h.until_at IS NULL OR h.until_at > clock_timestamp())
        AND (h.staff_id = staff OR h.client_id = client)
    )
$$;

CREATE FUNCTION staff_free() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtext('truckroll legal holds'));
    IF staff_is_held(OLD.id, OLD.client_id) THEN
        RAISE EXCEPTION 'a legal hold keeps this person'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    -- One after another: of the last two at once, each would see the other there.
    PERFORM pg_advisory_xact_lock(hashtext('truckroll last of the staff'));
    IF OLD.left_at IS NULL AND OLD.role IN ('operator', 'client_admin') AND NOT EXISTS (
        SELECT FROM staff s WHERE s.id <> OLD.id AND s.role = OLD.role AND s.left_at IS NULL
            AND s.client_id IS NOT DISTINCT FROM OLD.client_id
    ) THEN
        RAISE EXCEPTION 'nobody else of role % is there', OLD.role
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER staff_free BEFORE UPDATE ON staff FOR EACH ROW
    WHEN (OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL) EXECUTE FUNCTION staff_free();
CREATE TRIGGER staff_erased BEFORE UPDATE OF client_id, role, name, email, phone, preferences, left_at, erased_at
    ON staff FOR EACH ROW WHEN (OLD.erased_at IS NOT NULL) EXECUTE FUNCTION refuse_change();

DROP TRIGGER legal_holds_kept ON legal_holds;
CREATE TRIGGER legal_holds_kept BEFORE UPDATE OF about, job_id, client_id, technician_id, staff_id, why, until_at,
    placed_at, placed_by OR DELETE ON legal_holds FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""

KEYS_FREE = """
CREATE OR REPLACE FUNCTION person_keys_free() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtext('truckroll legal holds'));{of_staff}
    IF person_is_held(OLD.technician_id)
        OR EXISTS (SELECT FROM assignments WHERE technician_id = OLD.technician_id AND state = 'live') THEN
        RAISE EXCEPTION 'a legal hold or live work keeps this person'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;
"""
OF_STAFF = """
    -- What keeps somebody of the staff is asked as their row is overwritten; the key goes after it.
    IF OLD.staff_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM staff WHERE id = OLD.staff_id AND erased_at IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'this person is not erased'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;"""

WORDS = """
CREATE OR REPLACE FUNCTION messages_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- The words of somebody whose key is gone may go, and nothing else.
    IF TG_OP = 'UPDATE' AND {of_them} AND NEW.words = '[erased]'
        AND to_jsonb(NEW) - 'words' = to_jsonb(OLD) - 'words'
        AND EXISTS (SELECT FROM person_keys WHERE {key} = OLD.author_id AND destroyed_at IS NOT NULL) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% rows are kept as they were written', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
END $$;

DROP FUNCTION erase_words(uuid);
CREATE FUNCTION erase_words({person} uuid) RETURNS bigint LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
    WITH gone AS (
        UPDATE messages SET words = '[erased]' WHERE {theirs} AND author_id = {person} RETURNING 1
    )
    SELECT count(*) FROM gone
$$;
REVOKE EXECUTE ON FUNCTION erase_words(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_words(uuid) TO truckroll_engine;
"""
BOTH = {
    "of_them": "OLD.author_kind IN ('technician', 'staff')",
    "theirs": "author_kind IN ('technician', 'staff')",
    "key": "CASE OLD.author_kind WHEN 'staff' THEN staff_id ELSE technician_id END",
    "person": "person",
}
ALONE = {
    "of_them": "OLD.author_kind = 'technician'",
    "theirs": "author_kind = 'technician'",
    "key": "technician_id",
    "person": "technician",
}

HOLDS = {
    "about_known": "about IN ('job', 'client', 'technician'{staff})",
    "about_one_thing": "CASE about WHEN 'job' THEN num_nonnulls(job_id, client_id) = 2 AND {persons}"
    " WHEN 'client' THEN client_id IS NOT NULL AND num_nonnulls(job_id, {named}) = 0{of_staff}"
    " ELSE technician_id IS NOT NULL AND num_nonnulls(job_id, client_id{more}) = 0 END",
}
HOLDS_OF_STAFF = {
    "staff": ", 'staff'",
    "persons": "num_nonnulls(technician_id, staff_id) = 0",
    "named": "technician_id, staff_id",
    "of_staff": " WHEN 'staff' THEN staff_id IS NOT NULL AND num_nonnulls(job_id, client_id, technician_id) = 0",
    "more": ", staff_id",
}
HOLDS_BEFORE = {
    "staff": "",
    "persons": "technician_id IS NULL",
    "named": "technician_id",
    "of_staff": "",
    "more": "",
}


def upgrade() -> None:
    """What staff have written by now stays as it is; what they write from now on is sealed with keys of their own."""
    op.add_column("staff", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(op.f("ck_staff_erased_has_left"), "staff", "erased_at IS NULL OR left_at IS NOT NULL")
    _keys_of_both()
    _erasures_of_both()
    _of_staff("legal_holds")
    op.create_index("ix_legal_holds_staff_id", "legal_holds", ["staff_id"])
    _holds(HOLDS_OF_STAFF)
    _alarms_of_the_network()
    # An export reads what somebody did: of a million events in 1 ms, not in 112.
    did = sa.text("actor_id IS NOT NULL")
    op.create_index("ix_events_actor_id", "events", ["actor_id"], postgresql_where=did)
    _run(STAFF + KEYS_FREE.format(of_staff=OF_STAFF) + WORDS.format(**BOTH))


def _of_staff(table: str) -> None:
    op.add_column(table, sa.Column("staff_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f(f"fk_{table}_staff_id"), table, "staff", ["staff_id"], ["id"])


def _keys_of_both() -> None:
    op.add_column("person_keys", sa.Column("person_id", sa.Uuid(), nullable=True))
    op.execute("UPDATE person_keys SET person_id = technician_id")
    op.alter_column("person_keys", "person_id", nullable=False)
    op.drop_constraint("pk_person_keys", "person_keys")
    op.create_primary_key(op.f("pk_person_keys"), "person_keys", ["person_id"])
    op.alter_column("person_keys", "technician_id", nullable=True)
    _of_staff("person_keys")
    op.create_check_constraint(
        op.f("ck_person_keys_one_person"),
        "person_keys",
        "num_nonnulls(technician_id, staff_id) = 1 AND person_id = COALESCE(technician_id, staff_id)",
    )


def _erasures_of_both() -> None:
    op.alter_column("erasures", "technician_id", nullable=True)
    _of_staff("erasures")
    op.create_check_constraint(op.f("ck_erasures_one_person"), "erasures", "num_nonnulls(technician_id, staff_id) = 1")
    is_open = sa.text("state IN ('asked', 'granted')")
    op.create_index("uq_erasures_open_staff", "erasures", ["staff_id"], unique=True, postgresql_where=is_open)
    op.create_index("ix_erasures_staff_id", "erasures", ["staff_id"])


def _alarms_of_the_network() -> None:
    """What the operator alone need look at belongs to no client, and is about no job."""
    op.alter_column("alarms", "client_id", nullable=True)
    op.create_check_constraint(
        op.f("ck_alarms_work_has_client"), "alarms", "client_id IS NOT NULL OR num_nonnulls(job_id, visit_id) = 0"
    )
    _late_while(("asked", "granted"))


def _late_while(states: tuple[str, ...]) -> None:
    op.drop_index("ix_erasures_decide_by", "erasures")
    listed = ", ".join(f"'{state}'" for state in states)
    op.create_index(
        "ix_erasures_decide_by", "erasures", ["decide_by"], postgresql_where=sa.text(f"state IN ({listed})")
    )


def _holds(words: dict[str, str]) -> None:
    for name, condition in HOLDS.items():
        op.drop_constraint(f"ck_legal_holds_{name}", "legal_holds")
        op.create_check_constraint(op.f(f"ck_legal_holds_{name}"), "legal_holds", condition.format(**words))


def _run(statements: str) -> None:
    # With `%` as it stands: it is no parameter.
    op.get_bind().connection.cursor().execute(statements)


def downgrade() -> None:
    """Keys, erasures and holds of staff go; who was erased stays so."""
    op.drop_index("ix_events_actor_id", "events")
    op.execute("DROP TRIGGER staff_free ON staff")
    op.execute("DROP TRIGGER staff_erased ON staff")
    op.execute("DROP TRIGGER legal_holds_kept ON legal_holds")
    op.execute("DROP FUNCTION staff_free()")
    op.execute("DROP FUNCTION staff_is_held(uuid, uuid)")
    _run(KEYS_FREE.format(of_staff="") + WORDS.format(**ALONE))
    op.execute("DELETE FROM alarms WHERE client_id IS NULL")
    op.drop_constraint("ck_alarms_work_has_client", "alarms")
    op.alter_column("alarms", "client_id", nullable=False)
    op.execute("ALTER TABLE legal_holds DISABLE TRIGGER USER")
    op.execute("DELETE FROM legal_holds WHERE about = 'staff'")
    op.execute("ALTER TABLE legal_holds ENABLE TRIGGER USER")
    _holds(HOLDS_BEFORE)
    op.execute("DROP TRIGGER person_keys_kept ON person_keys")
    for table in ("person_keys", "erasures"):
        op.execute(f"DELETE FROM {table} WHERE staff_id IS NOT NULL")
    for table in ("legal_holds", "person_keys", "erasures"):
        op.drop_column(table, "staff_id")
    _late_while(("asked",))
    op.alter_column("erasures", "technician_id", nullable=False)
    op.drop_constraint("pk_person_keys", "person_keys")
    op.drop_column("person_keys", "person_id")
    op.alter_column("person_keys", "technician_id", nullable=False)
    op.create_primary_key(op.f("pk_person_keys"), "person_keys", ["technician_id"])
    op.drop_column("staff", "erased_at")
    _run(
        "CREATE TRIGGER person_keys_kept BEFORE DELETE ON person_keys FOR EACH ROW EXECUTE FUNCTION refuse_change();"
        "CREATE TRIGGER legal_holds_kept BEFORE UPDATE OF about, job_id, client_id, technician_id, why, until_at,"
        " placed_at, placed_by OR DELETE ON legal_holds FOR EACH ROW EXECUTE FUNCTION refuse_change();"
    )
