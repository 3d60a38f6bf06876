"""The queue: procrastinate's tables in a schema of their own, and the one function by which work is left in it.

Its schema is kept here as text and not read from the installed package: a database made today and one that was
upgraded must come out the same. A newer procrastinate brings its own steps (`procrastinate/sql/migrations`), which
become a migration of ours; `tests/dispatch/test_queue.py` compares the outcome with what the package would make.
"""

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SCHEMA = Path(__file__).parents[1] / "sql" / "procrastinate_3_10.sql"

#: Of two wishes with the same queueing lock that wait, the earlier time counts. Procrastinate rings only for new rows.
FUNCTION = """
CREATE FUNCTION enqueue(task text, args jsonb, lock text, queueing_lock text, queue text, at timestamptz)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, queue AS $$
#variable_conflict use_column
DECLARE
    found bigint;
    is_new boolean;
BEGIN
    INSERT INTO procrastinate_jobs AS j (queue_name, task_name, lock, queueing_lock, args, scheduled_at)
    VALUES ($5, $1, $3, $4, $2, $6)
    ON CONFLICT (queueing_lock) WHERE status = 'todo' DO UPDATE SET scheduled_at = excluded.scheduled_at
    WHERE j.scheduled_at > coalesce(excluded.scheduled_at, '-infinity')
    RETURNING j.id, j.xmax = 0 INTO found, is_new;
    IF NOT is_new AND ($6 IS NULL OR $6 <= clock_timestamp()) THEN
        PERFORM pg_notify('procrastinate_queue_v1#' || $5,
            json_build_object('type', 'job_inserted', 'job_id', found)::text);
    END IF;
    RETURN found;
END $$;
REVOKE ALL ON FUNCTION enqueue(text, jsonb, text, text, text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION enqueue(text, jsonb, text, text, text, timestamptz) TO truckroll_app, truckroll_engine;
"""


def upgrade() -> None:
    # A raw cursor: the text has signs that a driver would take for parameters.
    with op.get_bind().connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA queue; SET LOCAL search_path = queue, public")
        cursor.execute(SCHEMA.read_text(encoding="utf-8"))
        cursor.execute("SET LOCAL search_path TO DEFAULT")
        cursor.execute(FUNCTION)
        cursor.execute(
            "GRANT USAGE ON SCHEMA queue TO truckroll_engine;"
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA queue TO truckroll_engine;"
            "GRANT USAGE ON ALL SEQUENCES IN SCHEMA queue TO truckroll_engine"
        )


def downgrade() -> None:
    op.execute("DROP FUNCTION enqueue")
    op.execute("DROP SCHEMA queue CASCADE")
