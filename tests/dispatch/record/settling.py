"""When is everything that happened settled? Once no transaction older than it runs, in any database of the server."""

import time

from sqlalchemy import Engine, text

_OLDER_ELSEWHERE = text("""
SELECT count(*) FROM pg_stat_activity
WHERE (datname IS DISTINCT FROM current_database() OR backend_type <> 'client backend')
    AND backend_xid\\:\\:text\\:\\:bigint <= (SELECT max(xid\\:\\:text\\:\\:bigint) FROM events)
""")


def settle(admin: Engine) -> None:
    """Wait for the transactions of other tests, whose databases share the server and its transaction numbers.

    Those of this test's own connections are left as they are: holding them open is what some tests are about.
    """
    with admin.connect() as connection:
        while connection.execute(_OLDER_ELSEWHERE).scalar_one():
            connection.rollback()
            time.sleep(0.005)
