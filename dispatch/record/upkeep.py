"""What does the server have to be told after much came in at once?"""

from sqlalchemy import Engine, text

from dispatch.record.session import ENGINE, transaction

_OWN_TABLES = text(
    "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND pg_get_userbyid(relowner) = current_user"
)
_WITHIN_S = 60.0


def analyze(engine: Engine) -> None:
    """Have the planner look at every table.

    By itself it does so about a minute after an import, and until then plans for the tables as they were: while the
    first 200 jobs were posted in a record with 20,000 new technicians, each of these was read 562 times.
    """
    with transaction(engine, ENGINE, role="migrate", deadline_s=_WITHIN_S) as session:
        session.execute(text(f"SET LOCAL statement_timeout = '{_WITHIN_S:.0f}s'"))
        session.execute(text(f"ANALYZE {', '.join(sorted(session.scalars(_OWN_TABLES)))}"))
