"""Privacy: positions of the day, legal holds, a key per person, erasures"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

CLIENT = "NULLIF(current_setting('app.client', true), '')::uuid"
TECHNICIAN = "NULLIF(current_setting('app.technician', true), '')::uuid"

STATES = ("invited", "active", "paused", "suspended", "left")

#: Whoever deletes holds this lock with others, whoever places a hold alone: so a hold that is placed is either seen by
#: a deletion or waits for its end.
FUNCTIONS = """
CREATE FUNCTION is_held(technician uuid, client uuid, job uuid) RETURNS boolean LANGUAGE sql
SET search_path = pg_catalog, public AS $$
    SELECT EXISTS (
        SELECT FROM legal_holds h WHERE h.lifted_at IS NULL AND (h.until_at IS NULL OR h.until_at > clock_timestamp())
        AND CASE h.about WHEN 'job' THEN h.job_id = job WHEN 'client' THEN h.client_id = client
            ELSE h.technician_id = technician END
    )
$$;

CREATE FUNCTION person_is_held(technician uuid) RETURNS boolean LANGUAGE sql
SET search_path = pg_catalog, public AS $$
    SELECT is_held(technician, NULL, NULL)
        OR EXISTS (SELECT FROM assignments a WHERE a.technician_id = technician
            AND is_held(NULL, a.client_id, a.job_id))
$$;

CREATE FUNCTION holds_wait() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('truckroll legal holds'));
    RETURN NEW;
END $$;

CREATE FUNCTION refuse_held() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtext('truckroll legal holds'));
    IF is_held(OLD.technician_id, OLD.client_id, OLD.job_id) THEN
        RAISE EXCEPTION 'a legal hold keeps this row of %', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION positions_underway() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Shared with other positions; a check-out waits for it, or is seen by it.
    PERFORM FROM assignments a WHERE a.id = NEW.assignment_id AND a.technician_id = NEW.technician_id
        AND a.visit_id = NEW.visit_id AND a.state = 'live'
        AND a.presence IN ('on_the_way', 'checked_in', 'stepped_out') FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a position is kept from "on my way" to the check-out only'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION person_keys_free() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtext('truckroll legal holds'));
    IF person_is_held(OLD.technician_id)
        OR EXISTS (SELECT FROM assignments WHERE technician_id = OLD.technician_id AND state = 'live') THEN
        RAISE EXCEPTION 'a legal hold or live work keeps this person'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION messages_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- The words of somebody whose key is gone may go, and nothing else.
    IF TG_OP = 'UPDATE' AND OLD.author_kind = 'technician' AND NEW.words = '[erased]'
        AND to_jsonb(NEW) - 'words' = to_jsonb(OLD) - 'words'
        AND EXISTS (SELECT FROM person_keys WHERE technician_id = OLD.author_id AND destroyed_at IS NOT NULL) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% rows are kept as they were written', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
END $$;

-- The one way in which words go: the program itself may change none.
CREATE FUNCTION erase_words(technician uuid) RETURNS bigint LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
    WITH gone AS (
        UPDATE messages SET words = '[erased]' WHERE author_kind = 'technician' AND author_id = technician RETURNING 1
    )
    SELECT count(*) FROM gone
$$;
REVOKE EXECUTE ON FUNCTION erase_words(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_words(uuid) TO truckroll_engine;
"""

TRIGGERS = """
CREATE TRIGGER positions_underway BEFORE INSERT ON positions FOR EACH ROW EXECUTE FUNCTION positions_underway();
CREATE TRIGGER positions_held BEFORE DELETE ON positions FOR EACH ROW EXECUTE FUNCTION refuse_held();
CREATE TRIGGER time_entries_held BEFORE UPDATE OF proof_in, proof_out ON time_entries FOR EACH ROW
    WHEN ((OLD.proof_in ? 'lat' AND (NEW.proof_in ? 'lat') IS NOT TRUE)
        OR (OLD.proof_out ? 'lat' AND (NEW.proof_out ? 'lat') IS NOT TRUE))
    EXECUTE FUNCTION refuse_held();
CREATE TRIGGER legal_holds_wait BEFORE INSERT ON legal_holds FOR EACH ROW EXECUTE FUNCTION holds_wait();
CREATE TRIGGER legal_holds_kept BEFORE UPDATE OF about, job_id, client_id, technician_id, why, until_at, placed_at,
    placed_by OR DELETE ON legal_holds FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER person_keys_kept BEFORE DELETE ON person_keys FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER person_keys_destroyed BEFORE UPDATE OF sealed, destroyed_at ON person_keys FOR EACH ROW
    WHEN (OLD.destroyed_at IS NOT NULL) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER person_keys_free BEFORE UPDATE ON person_keys FOR EACH ROW
    WHEN (OLD.destroyed_at IS NULL AND NEW.destroyed_at IS NOT NULL) EXECUTE FUNCTION person_keys_free();
CREATE TRIGGER technicians_erased BEFORE UPDATE OF state, name, email, phone, number, lat, lng, area, preferences
    ON technicians FOR EACH ROW WHEN (OLD.state = 'erased') EXECUTE FUNCTION refuse_change();
DROP TRIGGER messages_kept ON messages;
CREATE TRIGGER messages_kept BEFORE UPDATE OR DELETE ON messages FOR EACH ROW EXECUTE FUNCTION messages_kept();
"""


def upgrade() -> None:
    _positions()
    _legal_holds()
    _person_keys()
    _erasures()
    _know_states((*STATES, "erased"))
    op.add_column("files", _time("erased_at"))
    is_placed = sa.text("proof_in ? 'lat' OR proof_out ? 'lat'")
    op.create_index("ix_time_entries_placed", "time_entries", ["in_received_at"], postgresql_where=is_placed)
    # Sealed words are longer than what was written.
    _words_of(60_000)
    # With `%` and `?` as they stand: they are no parameters.
    op.get_bind().connection.cursor().execute(FUNCTIONS + TRIGGERS)


def _code(name: str, **more: object) -> sa.Column:
    return sa.Column(name, sa.String(length=64), nullable=more.pop("nullable", False), **more)


def _time(name: str, *, nullable: bool = True) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _uuid(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _document(name: str, default: str) -> sa.Column:
    return sa.Column(name, postgresql.JSONB(), server_default=sa.text(default), nullable=False)


def _of_tenant(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["client_id", column], [f"{target}.client_id", f"{target}.id"], name=op.f(f"fk_{table}_client_id_{column}")
    )


def _of(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def _positions() -> None:
    op.create_table(
        "positions",
        *(_uuid(name) for name in ("id", "client_id", "job_id", "visit_id", "assignment_id", "technician_id")),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.Column("lng", sa.Double(), nullable=False),
        sa.Column("accuracy_m", sa.Integer(), nullable=True),
        _time("at", nullable=False),
        _check("positions", "place_on_earth", "lat BETWEEN -90 AND 90 AND lng BETWEEN -180 AND 180"),
        _check("positions", "accuracy_size", "accuracy_m >= 0"),
        *(_of_tenant("positions", f"{each}_id", f"{each}s") for each in ("job", "visit", "assignment")),
        _of("positions", "technician_id", "technicians"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_positions")),
        sa.UniqueConstraint("client_id", "id", name=op.f("uq_positions_client_id_id")),
    )
    op.create_index("ix_positions_at", "positions", ["at"])
    op.create_index("ix_positions_assignment_id_at", "positions", ["assignment_id", "at"])
    op.create_index("ix_positions_technician_id", "positions", ["technician_id"])
    op.create_index("ix_positions_client_id_visit_id", "positions", ["client_id", "visit_id"])
    _guard("positions", "SELECT, INSERT, DELETE")
    op.execute("GRANT SELECT ON positions TO truckroll_app")
    for kind, whose in (("client", f"client_id = {CLIENT}"), ("asked", f"technician_id = {TECHNICIAN}")):
        op.execute(f"CREATE POLICY positions_{kind} ON positions FOR SELECT TO truckroll_app USING ({whose})")


def _legal_holds() -> None:
    op.create_table(
        "legal_holds",
        _uuid("id"),
        _code("about"),
        *(_uuid(name, nullable=True) for name in ("job_id", "client_id", "technician_id")),
        _code("why"),
        _time("until_at"),
        _time("placed_at", nullable=False),
        _uuid("placed_by", nullable=True),
        _time("lifted_at"),
        _uuid("lifted_by", nullable=True),
        _check("legal_holds", "about_known", "about IN ('job', 'client', 'technician')"),
        _check(
            "legal_holds",
            "about_one_thing",
            "CASE about WHEN 'job' THEN num_nonnulls(job_id, client_id) = 2 AND technician_id IS NULL"
            " WHEN 'client' THEN client_id IS NOT NULL AND num_nonnulls(job_id, technician_id) = 0"
            " ELSE technician_id IS NOT NULL AND num_nonnulls(job_id, client_id) = 0 END",
        ),
        _check("legal_holds", "until_after_placed", "until_at > placed_at AND isfinite(until_at)"),
        _of_tenant("legal_holds", "job_id", "jobs"),
        _of("legal_holds", "client_id", "clients"),
        _of("legal_holds", "technician_id", "technicians"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_holds")),
    )
    op.create_index("ix_legal_holds_client_id_job_id", "legal_holds", ["client_id", "job_id"])
    op.create_index("ix_legal_holds_technician_id", "legal_holds", ["technician_id"])
    _guard("legal_holds", "SELECT, INSERT, UPDATE")


def _person_keys() -> None:
    op.create_table(
        "person_keys",
        _uuid("technician_id"),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("kept", sa.LargeBinary(), nullable=True),
        _time("kept_until"),
        _time("made_at", nullable=False),
        _time("destroyed_at"),
        _check("person_keys", "destroyed_has_time", "(sealed IS NULL) = (destroyed_at IS NOT NULL)"),
        _check("person_keys", "kept_has_end", "(kept IS NULL) = (kept_until IS NULL)"),
        _check("person_keys", "kept_until_finite", "isfinite(kept_until)"),
        _of("person_keys", "technician_id", "technicians"),
        sa.PrimaryKeyConstraint("technician_id", name=op.f("pk_person_keys")),
    )
    is_kept = sa.text("kept_until IS NOT NULL")
    op.create_index("ix_person_keys_kept_until", "person_keys", ["kept_until"], postgresql_where=is_kept)
    _guard("person_keys", "SELECT, INSERT, UPDATE")


def _erasures() -> None:
    op.create_table(
        "erasures",
        _uuid("id"),
        _uuid("technician_id"),
        _code("state", server_default="asked"),
        _code("why", nullable=True),
        _document("blocked_by", "'[]'"),
        _document("progress", "'{}'"),
        _time("asked_at", nullable=False),
        _time("decide_by", nullable=False),
        _time("decided_at"),
        _uuid("decided_by", nullable=True),
        _time("next_at"),
        _time("done_at"),
        _check("erasures", "state_known", "state IN ('asked', 'withdrawn', 'refused', 'granted', 'done')"),
        _check("erasures", "decided_has_time", "(state = 'asked') = (decided_at IS NULL)"),
        _check("erasures", "refused_has_why", "(state = 'refused') <= (why IS NOT NULL)"),
        _check("erasures", "granted_has_timer", "(state = 'granted') = (next_at IS NOT NULL)"),
        _check("erasures", "done_has_time", "(state = 'done') = (done_at IS NOT NULL)"),
        _check("erasures", "decide_after_asked", "isfinite(decide_by) AND decide_by > asked_at"),
        _check("erasures", "blocked_by_list", "jsonb_typeof(blocked_by) = 'array'"),
        _of("erasures", "technician_id", "technicians"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
    )
    is_open = sa.text("state IN ('asked', 'granted')")
    op.create_index("uq_erasures_open", "erasures", ["technician_id"], unique=True, postgresql_where=is_open)
    op.create_index("ix_erasures_technician_id", "erasures", ["technician_id"])
    is_due = sa.text("next_at IS NOT NULL")
    op.create_index("ix_erasures_next_at", "erasures", ["next_at"], postgresql_where=is_due)
    _guard("erasures", "SELECT, INSERT, UPDATE")
    op.execute("GRANT SELECT ON erasures TO truckroll_app")
    op.execute(
        f"CREATE POLICY erasures_self ON erasures FOR SELECT TO truckroll_app USING (technician_id = {TECHNICIAN})"
    )


def _guard(table: str, engine: str) -> None:
    op.execute(f"GRANT {engine} ON {table} TO truckroll_engine")
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY {table}_whole ON {table} TO truckroll_engine, truckroll_migrate USING (true)")


def _know_states(states: tuple[str, ...]) -> None:
    op.drop_constraint("ck_technicians_state_known", "technicians")
    listed = ", ".join(f"'{state}'" for state in states)
    op.create_check_constraint(op.f("ck_technicians_state_known"), "technicians", f"state IN ({listed})")


def _words_of(num_chars: int) -> None:
    op.drop_constraint("ck_messages_words_size", "messages")
    op.create_check_constraint(op.f("ck_messages_words_size"), "messages", f"char_length(words) <= {num_chars}")


def downgrade() -> None:
    op.execute("DROP TRIGGER messages_kept ON messages")
    op.execute(
        "CREATE TRIGGER messages_kept BEFORE UPDATE OR DELETE ON messages FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    for table in ("positions", "legal_holds", "person_keys", "erasures"):
        op.drop_table(table)
    op.execute("DROP TRIGGER time_entries_held ON time_entries")
    op.execute("DROP TRIGGER technicians_erased ON technicians")
    op.execute(
        "DROP FUNCTION is_held, person_is_held, holds_wait, refuse_held, positions_underway, person_keys_free,"
        " messages_kept, erase_words CASCADE"
    )
    _words_of(10_000)
    op.drop_index("ix_time_entries_placed", "time_entries")
    op.drop_column("files", "erased_at")
    _know_states(STATES)
