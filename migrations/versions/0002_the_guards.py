"""The guards: what each role may do, whose rows it sees, and the triggers.

Three roles: `truckroll_app` works for one client, technician or company, named by settings of the transaction;
`truckroll_engine` is the dispatcher, which must see all bookings to keep them apart; `truckroll_migrate` owns the
tables and, since row-level security is forced, needs the same policy to move data.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

CLIENT = "NULLIF(current_setting('app.client', true), '')::uuid"
TECHNICIAN = "NULLIF(current_setting('app.technician', true), '')::uuid"
COMPANY = "NULLIF(current_setting('app.company', true), '')::uuid"
KEY = "NULLIF(current_setting('app.key', true), '')::uuid"

OWN_OFFER = f"(technician_id = {TECHNICIAN} OR company_id = {COMPANY})"
ASKED_ABOUT_JOB = (
    "EXISTS (SELECT FROM offers o WHERE o.job_id = {job} AND (o.technician_id = {t} OR o.company_id = {c}))"
)
OWN_PERSON = (
    f"(technician_id = {TECHNICIAN} OR EXISTS (SELECT FROM technicians t"
    f" WHERE t.id = technician_id AND t.company_id = {COMPANY}))"
)


def _asked_about(job: str) -> str:
    return ASKED_ABOUT_JOB.format(job=job, t=TECHNICIAN, c=COMPANY)


#: table -> what the application may do with it, where a policy lets it. What the rules read of a technician is
#: changed by the engine alone: nobody raises their own reputation or verifies their own proof.
RIGHTS = {
    "clients": "SELECT, UPDATE",
    "staff": "SELECT, INSERT, UPDATE",
    "sites": "SELECT, INSERT, UPDATE",
    "pools": "SELECT, INSERT, UPDATE",
    "pool_members": "SELECT, INSERT, DELETE",
    "client_marks": "SELECT, INSERT, UPDATE, DELETE",
    "technician_marks": "SELECT, INSERT, UPDATE, DELETE",
    "bundles": "SELECT, INSERT",
    "jobs": "SELECT, INSERT, UPDATE",
    "terms": "SELECT, INSERT",
    "visits": "SELECT, INSERT, UPDATE",
    "slots": "SELECT, INSERT, UPDATE",
    "rounds": "SELECT, INSERT, UPDATE",
    "waves": "SELECT",
    "offers": "SELECT, UPDATE",
    "counters": "SELECT, UPDATE",
    "assignments": "SELECT, UPDATE",
    "decisions": "SELECT",
    "events": "SELECT, INSERT",
    "seals": "SELECT",
    "board_frames": "SELECT",
    "technicians": "SELECT",
    "technician_skills": "SELECT",
    "credentials": "SELECT",
    "working_hours": "SELECT, INSERT, UPDATE, DELETE",
    "time_off": "SELECT, INSERT, UPDATE, DELETE",
    "bookings": "SELECT",
    "day_asks": "SELECT",
    "api_keys": "SELECT",
    "idempotency_keys": "SELECT, INSERT",
}
#: The catalogues of the network belong to nobody: readable by all, without policies.
COMMON = ("companies", "skills", "credential_kinds", "cursors")

CLIENTS_OWN = (
    "staff",
    "sites",
    "pools",
    "pool_members",
    "client_marks",
    "bundles",
    "jobs",
    "terms",
    "visits",
    "slots",
    "rounds",
    "waves",
    "offers",
    "counters",
    "assignments",
    "decisions",
    "events",
    "seals",
    "board_frames",
    "api_keys",
)
PERSONS_OWN = ("technician_skills", "credentials", "working_hours", "time_off", "bookings", "day_asks")

#: (table, name, command, condition): more that the application may see
MORE = (
    ("clients", "client", "ALL", f"id = {CLIENT}"),
    (
        "clients",
        "asked",
        "SELECT",
        f"EXISTS (SELECT FROM offers o WHERE o.client_id = clients.id"
        f" AND (o.technician_id = {TECHNICIAN} OR o.company_id = {COMPANY}))",
    ),
    ("offers", "asked", "SELECT", OWN_OFFER),
    ("assignments", "asked", "SELECT", OWN_OFFER),
    (
        "counters",
        "asked",
        "SELECT",
        "EXISTS (SELECT FROM offers o WHERE o.id = offer_id AND o.client_id = counters.client_id)",
    ),
    ("jobs", "asked", "SELECT", _asked_about("jobs.id")),
    ("terms", "asked", "SELECT", _asked_about("terms.job_id")),
    ("visits", "asked", "SELECT", _asked_about("visits.job_id")),
    ("slots", "asked", "SELECT", _asked_about("slots.job_id")),
    (
        "sites",
        "asked",
        "SELECT",
        "EXISTS (SELECT FROM jobs j WHERE j.site_id = sites.id AND " + _asked_about("j.id") + ")",
    ),
    ("technicians", "self", "ALL", f"(id = {TECHNICIAN} OR company_id = {COMPANY})"),
    (
        "technicians",
        "client",
        "SELECT",
        f"{CLIENT} IS NOT NULL AND (in_market OR EXISTS (SELECT FROM pool_members m WHERE m.technician_id = technicians.id))",
    ),
    ("technician_marks", "self", "ALL", f"technician_id = {TECHNICIAN}"),
    ("api_keys", "self", "SELECT", f"technician_id = {TECHNICIAN}"),
    ("idempotency_keys", "self", "ALL", f"api_key_id = {KEY}"),
    *((table, "self", "ALL", OWN_PERSON) for table in PERSONS_OWN),
)

#: Tables whose change moves the technician's version, which is how the index learns of it.
TOUCHING = (
    "technician_skills",
    "credentials",
    "working_hours",
    "time_off",
    "pool_members",
    "client_marks",
    "technician_marks",
)

FUNCTIONS = """
CREATE FUNCTION technicians_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.changed_xid := pg_current_xact_id();
    RETURN NEW;
END $$;

CREATE FUNCTION touch_technicians() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
BEGIN
    UPDATE technicians SET version = version + 1
    WHERE id IN (SELECT technician_id FROM changed) AND changed_xid <> pg_current_xact_id();
    RETURN NULL;
END $$;

CREATE FUNCTION row_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_xid := pg_current_xact_id();
    RETURN NEW;
END $$;

CREATE FUNCTION event_text(e events) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT concat_ws('|', e.id, e.client_id, e.subject_kind, e.subject_id, e.seq, e.kind, e.actor_kind, e.actor_id,
        to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), e.data)
$$;

CREATE FUNCTION events_chain() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
DECLARE
    last record;
BEGIN
    -- One writer a subject at a time; under READ COMMITTED the next statement sees what the one before committed.
    PERFORM pg_advisory_xact_lock(hashtextextended(NEW.subject_kind || NEW.subject_id, 0));
    SELECT seq, hash INTO last FROM events
    WHERE subject_kind = NEW.subject_kind AND subject_id = NEW.subject_id ORDER BY seq DESC LIMIT 1;
    NEW.seq := coalesce(last.seq, 0) + 1;
    NEW.xid := pg_current_xact_id();
    NEW.prev_hash := last.hash;
    NEW.hash := sha256(coalesce(last.hash, ''::bytea) || convert_to(event_text(NEW), 'UTF8'));
    RETURN NEW;
END $$;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% rows are kept as they were written', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
END $$;

CREATE FUNCTION refuse_revival() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'this % ended as %: it cannot become %', rtrim(TG_TABLE_NAME, 's'), OLD.state, NEW.state
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
END $$;

CREATE FUNCTION find_api_key(secret_hash bytea)
RETURNS TABLE (id uuid, role varchar, client_id uuid, staff_id uuid, technician_id uuid, company_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT k.id, k.role, k.client_id, k.staff_id, k.technician_id, k.company_id FROM api_keys k
    WHERE k.hash = secret_hash AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp())
$$;
REVOKE ALL ON FUNCTION find_api_key(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_api_key(bytea) TO truckroll_app, truckroll_engine;
"""

TRIGGERS = """
CREATE TRIGGER technicians_version BEFORE UPDATE ON technicians FOR EACH ROW EXECUTE FUNCTION technicians_version();
CREATE TRIGGER bookings_changed BEFORE UPDATE ON bookings FOR EACH ROW EXECUTE FUNCTION row_changed();
CREATE TRIGGER day_asks_changed BEFORE UPDATE ON day_asks FOR EACH ROW EXECUTE FUNCTION row_changed();
CREATE TRIGGER events_chain BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION events_chain();
CREATE TRIGGER events_kept BEFORE UPDATE OR DELETE ON events FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER events_kept_whole BEFORE TRUNCATE ON events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER seals_kept BEFORE UPDATE OR DELETE ON seals FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER decisions_kept BEFORE UPDATE OR DELETE ON decisions FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER terms_kept BEFORE UPDATE OR DELETE ON terms FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER offers_end_once BEFORE UPDATE OF state ON offers FOR EACH ROW
    WHEN (OLD.state NOT IN ('sent', 'viewed', 'requested', 'countered') AND NEW.state <> OLD.state)
    EXECUTE FUNCTION refuse_revival();
CREATE TRIGGER assignments_end_once BEFORE UPDATE OF state ON assignments FOR EACH ROW
    WHEN (OLD.state <> 'live' AND NEW.state <> OLD.state) EXECUTE FUNCTION refuse_revival();
"""


def upgrade() -> None:
    op.execute(FUNCTIONS)
    op.execute(TRIGGERS)
    for table in TOUCHING:
        for event, rows in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
            op.execute(
                f"CREATE TRIGGER {table}_touch_{event.lower()} AFTER {event} ON {table}"
                f" REFERENCING {rows} TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION touch_technicians()"
            )
    op.execute("GRANT USAGE ON SCHEMA public TO truckroll_app, truckroll_engine")
    for table in COMMON:
        op.execute(f"GRANT SELECT ON {table} TO truckroll_app")
        op.execute(f"GRANT SELECT, INSERT, UPDATE ON {table} TO truckroll_engine")
    for table, rights in RIGHTS.items():
        op.execute(f"GRANT {rights} ON {table} TO truckroll_app")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO truckroll_engine")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY {table}_whole ON {table} TO truckroll_engine, truckroll_migrate USING (true)")
    op.execute("REVOKE UPDATE, DELETE ON events, seals, decisions, terms FROM truckroll_engine")
    for table in CLIENTS_OWN:
        op.execute(f"CREATE POLICY {table}_client ON {table} TO truckroll_app USING (client_id = {CLIENT})")
    for table, name, command, condition in MORE:
        op.execute(f"CREATE POLICY {table}_{name} ON {table} FOR {command} TO truckroll_app USING ({condition})")


def downgrade() -> None:
    for table in RIGHTS:
        op.execute(
            f"DO $$ DECLARE p record; BEGIN FOR p IN SELECT policyname FROM pg_policies WHERE tablename = '{table}'"
            f" LOOP EXECUTE format('DROP POLICY %I ON {table}', p.policyname); END LOOP; END $$"
        )
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        op.execute(f"REVOKE ALL ON {table} FROM truckroll_app, truckroll_engine")
    for table in COMMON:
        op.execute(f"REVOKE ALL ON {table} FROM truckroll_app, truckroll_engine")
    op.execute(
        "DROP FUNCTION technicians_version, touch_technicians, row_changed, events_chain, event_text,"
        " refuse_change, refuse_revival, find_api_key CASCADE"
    )
