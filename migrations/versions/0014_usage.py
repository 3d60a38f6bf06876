"""Usage: the hours of each technician with each client, counted as they are promised and worked"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from dispatch.record.tables.base import Xid8

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

CLIENT = "NULLIF(current_setting('app.client', true), '')::uuid"
TECHNICIAN = "NULLIF(current_setting('app.technician', true), '')::uuid"
COMPANY = "NULLIF(current_setting('app.company', true), '')::uuid"

FUNCTIONS = """
-- Whole seconds of a time on each day of a zone; the same as matching.usage.by_day.
CREATE FUNCTION usage_by_day(begins timestamptz, ends timestamptz, zone text)
RETURNS TABLE (day date, seconds bigint) LANGUAGE sql STABLE AS $$
    SELECT d::date, floor(extract(epoch FROM least(ends, (d + interval '1 day') AT TIME ZONE zone)))::bigint
        - floor(extract(epoch FROM greatest(begins, d AT TIME ZONE zone)))::bigint
    FROM generate_series(date_trunc('day', begins AT TIME ZONE zone),
        date_trunc('day', (ends - interval '1 microsecond') AT TIME ZONE zone), interval '1 day') AS d
$$;

CREATE FUNCTION usage_is_promise(state text, presence text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT state = 'live' AND presence <> 'checked_out'
$$;

CREATE FUNCTION usage_of_entry(client uuid, state text, kind text, begins timestamptz, ends timestamptz)
RETURNS TABLE (day date, worked_s bigint, promised_s bigint) LANGUAGE sql STABLE AS $$
    SELECT d.day, d.seconds, 0::bigint FROM clients c, usage_by_day(begins, ends, c.hours_zone) AS d
    WHERE c.id = client AND usage_of_entry.state = 'current' AND usage_of_entry.kind IN ('work', 'wait')
        AND ends IS NOT NULL
$$;

-- What one assignment counts for: its agreed time while it is a promise, then its log.
CREATE FUNCTION usage_of_assignment(
    assignment uuid, client uuid, state text, presence text, begins timestamptz, ends timestamptz
) RETURNS TABLE (day date, worked_s bigint, promised_s bigint) LANGUAGE sql STABLE AS $$
    SELECT d.day, 0::bigint, d.seconds FROM clients c, usage_by_day(begins, ends, c.hours_zone) AS d
    WHERE c.id = client AND usage_is_promise(usage_of_assignment.state, usage_of_assignment.presence)
    UNION ALL
    SELECT u.* FROM time_entries e, usage_of_entry(e.client_id, e.state, e.kind, e.started_at, e.ended_at) AS u
    WHERE e.assignment_id = assignment AND NOT usage_is_promise(usage_of_assignment.state, usage_of_assignment.presence)
$$;

-- Adds to the days of one technician with one client; days that come to nothing are left out.
CREATE FUNCTION usage_add(client uuid, technician uuid, more jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    held jsonb;
BEGIN
    INSERT INTO usage (client_id, technician_id) VALUES (client, technician) ON CONFLICT DO NOTHING;
    SELECT u.days INTO held FROM usage u WHERE u.client_id = client AND u.technician_id = technician FOR UPDATE;
    UPDATE usage u SET days = t.days, worked_s = t.worked_s, promised_s = t.promised_s, version = u.version + 1,
        judge_at = clock_timestamp()
    FROM (
        SELECT coalesce(jsonb_object_agg(day, jsonb_build_array(w, p)), '{}') AS days,
            coalesce(sum(w), 0) AS worked_s, coalesce(sum(p), 0) AS promised_s
        FROM (
            SELECT key AS day, sum((value ->> 0)::bigint)::bigint AS w, sum((value ->> 1)::bigint)::bigint AS p
            FROM (SELECT * FROM jsonb_each(held) UNION ALL SELECT * FROM jsonb_each(more)) AS held_and_more
            GROUP BY key
        ) AS summed WHERE w <> 0 OR p <> 0
    ) AS t
    WHERE u.client_id = client AND u.technician_id = technician;
END $$;

-- Ascending by client and technician: two statements that touch the same people never wait for each other in a ring.
CREATE FUNCTION assignments_usage() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT client_id, technician_id, jsonb_object_agg(day, jsonb_build_array(w, p)) AS more FROM (
            SELECT a.client_id, a.technician_id, u.day, sum(u.worked_s) AS w, sum(u.promised_s) AS p
            FROM after a, usage_of_assignment(a.id, a.client_id, a.state, a.presence, a.start_at, a.end_at) AS u
            GROUP BY 1, 2, 3
        ) AS summed GROUP BY 1, 2 ORDER BY 1, 2
    LOOP
        PERFORM usage_add(one.client_id, one.technician_id, one.more);
    END LOOP;
    RETURN NULL;
END $$;

CREATE FUNCTION assignments_usage_moved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
DECLARE
    one record;
BEGIN
    FOR one IN
        WITH moved AS (
            SELECT b.id FROM before b JOIN after a ON a.id = b.id
            WHERE usage_is_promise(a.state, a.presence) <> usage_is_promise(b.state, b.presence)
                OR usage_is_promise(a.state, a.presence) AND (a.start_at, a.end_at) <> (b.start_at, b.end_at)
        ), moves AS (
            SELECT a.client_id, a.technician_id, u.day, u.worked_s, u.promised_s FROM moved m JOIN after a USING (id),
                usage_of_assignment(a.id, a.client_id, a.state, a.presence, a.start_at, a.end_at) AS u
            UNION ALL
            SELECT b.client_id, b.technician_id, u.day, -u.worked_s, -u.promised_s
            FROM moved m JOIN before b USING (id),
                usage_of_assignment(b.id, b.client_id, b.state, b.presence, b.start_at, b.end_at) AS u
        ), summed AS (
            SELECT client_id, technician_id, day, sum(worked_s) AS w, sum(promised_s) AS p FROM moves GROUP BY 1, 2, 3
        )
        SELECT client_id, technician_id, jsonb_object_agg(day, jsonb_build_array(w, p)) AS more
        FROM summed GROUP BY 1, 2 ORDER BY 1, 2
    LOOP
        PERFORM usage_add(one.client_id, one.technician_id, one.more);
    END LOOP;
    RETURN NULL;
END $$;

CREATE FUNCTION time_entries_usage() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT client_id, technician_id, jsonb_object_agg(day, jsonb_build_array(w, 0)) AS more FROM (
            SELECT e.client_id, e.technician_id, u.day, sum(u.worked_s) AS w FROM after e
            JOIN assignments a ON a.id = e.assignment_id AND NOT usage_is_promise(a.state, a.presence),
                usage_of_entry(e.client_id, e.state, e.kind, e.started_at, e.ended_at) AS u
            GROUP BY 1, 2, 3
        ) AS summed GROUP BY 1, 2 ORDER BY 1, 2
    LOOP
        PERFORM usage_add(one.client_id, one.technician_id, one.more);
    END LOOP;
    RETURN NULL;
END $$;

CREATE FUNCTION time_entries_usage_moved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
DECLARE
    one record;
BEGIN
    FOR one IN
        WITH versions AS (
            SELECT *, 1 AS sign FROM after UNION ALL SELECT *, -1 FROM before
        ), summed AS (
            SELECT e.client_id, e.technician_id, u.day, sum(e.sign * u.worked_s) AS w FROM versions e
            JOIN assignments a ON a.id = e.assignment_id AND NOT usage_is_promise(a.state, a.presence),
                usage_of_entry(e.client_id, e.state, e.kind, e.started_at, e.ended_at) AS u
            GROUP BY 1, 2, 3 HAVING sum(e.sign * u.worked_s) <> 0
        )
        SELECT client_id, technician_id, jsonb_object_agg(day, jsonb_build_array(w, 0)) AS more
        FROM summed GROUP BY 1, 2 ORDER BY 1, 2
    LOOP
        PERFORM usage_add(one.client_id, one.technician_id, one.more);
    END LOOP;
    RETURN NULL;
END $$;
"""


def upgrade() -> None:
    op.add_column("clients", sa.Column("limits", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False))
    op.add_column("clients", sa.Column("hours_zone", sa.String(length=64), server_default="UTC", nullable=False))
    _usage()
    op.execute(FUNCTIONS)
    op.execute("CREATE TRIGGER usage_changed BEFORE UPDATE ON usage FOR EACH ROW EXECUTE FUNCTION row_changed()")
    for table in ("assignments", "time_entries"):
        op.execute(
            f"CREATE TRIGGER {table}_usage AFTER INSERT ON {table} REFERENCING NEW TABLE AS after"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {table}_usage()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_usage_moved AFTER UPDATE ON {table} REFERENCING OLD TABLE AS before"
            f" NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION {table}_usage_moved()"
        )
    _count_what_is_there()


def _usage() -> None:
    op.create_table(
        "usage",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("technician_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("worked_s", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("promised_s", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("days", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("level", sa.String(length=64), server_default="green", nullable=False),
        sa.Column("levels", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("engaged_as", sa.String(length=64), server_default="contractor", nullable=False),
        sa.Column("answers", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("judge_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=True),
        sa.Column("changed_xid", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.CheckConstraint("level IN ('green', 'amber', 'red')", name=op.f("ck_usage_level_known")),
        sa.CheckConstraint("engaged_as IN ('contractor', 'w2', 'company')", name=op.f("ck_usage_engaged_as_known")),
        sa.CheckConstraint("worked_s >= 0 AND promised_s >= 0", name=op.f("ck_usage_seconds_not_negative")),
        sa.CheckConstraint("jsonb_typeof(days) = 'object'", name=op.f("ck_usage_days_by_day")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_usage_client_id")),
        sa.ForeignKeyConstraint(["technician_id"], ["technicians.id"], name=op.f("fk_usage_technician_id")),
        sa.PrimaryKeyConstraint("client_id", "technician_id", name=op.f("pk_usage")),
    )
    op.create_index("ix_usage_technician_id", "usage", ["technician_id"])
    op.create_index("ix_usage_changed_xid", "usage", ["changed_xid"])
    op.create_index("ix_usage_judge_at", "usage", ["judge_at"], postgresql_where=sa.text("judge_at IS NOT NULL"))
    op.execute("GRANT SELECT ON usage TO truckroll_app")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON usage TO truckroll_engine")
    op.execute("ALTER TABLE usage ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE usage FORCE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY usage_whole ON usage TO truckroll_engine, truckroll_migrate USING (true)")
    op.execute(f"CREATE POLICY usage_client ON usage FOR SELECT TO truckroll_app USING (client_id = {CLIENT})")
    own = (
        f"(technician_id = {TECHNICIAN} OR EXISTS (SELECT FROM technicians t"
        f" WHERE t.id = technician_id AND t.company_id = {COMPANY}))"
    )
    op.execute(f"CREATE POLICY usage_asked ON usage FOR SELECT TO truckroll_app USING ({own})")


def _count_what_is_there() -> None:
    op.execute(
        "SELECT usage_add(client_id, technician_id, jsonb_object_agg(day, jsonb_build_array(w, p))) FROM ("
        " SELECT a.client_id, a.technician_id, u.day, sum(u.worked_s) AS w, sum(u.promised_s) AS p FROM assignments a,"
        " usage_of_assignment(a.id, a.client_id, a.state, a.presence, a.start_at, a.end_at) AS u GROUP BY 1, 2, 3"
        ") AS summed GROUP BY client_id, technician_id"
    )


def downgrade() -> None:
    for table in ("assignments", "time_entries"):
        op.execute(f"DROP TRIGGER {table}_usage ON {table}")
        op.execute(f"DROP TRIGGER {table}_usage_moved ON {table}")
    op.execute(
        "DROP FUNCTION assignments_usage, assignments_usage_moved, time_entries_usage, time_entries_usage_moved,"
        " usage_add, usage_of_assignment, usage_of_entry, usage_is_promise"
    )
    op.execute("DROP FUNCTION usage_by_day")
    op.drop_table("usage")
    for column in ("hours_zone", "limits"):
        op.drop_column("clients", column)
