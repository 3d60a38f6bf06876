"""What would somebody find who has the whole database? Every row of every table, as its owner reads it."""

from typing import Any

from sqlalchemy import NullPool, create_engine, text

_TABLES = text(
    "SELECT c.oid::regclass::text, array(SELECT quote_ident(attname) FROM pg_attribute"
    " WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND atttypid = 'bytea'::regtype)"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_t'"
)


def dumped(admin_url: str) -> str:
    """All of it as text, bytes both in hexadecimal and as the characters that they may be."""
    engine = create_engine(admin_url, poolclass=NullPool)
    with engine.connect() as connection:
        tables = connection.execute(_TABLES).all()
        return "\n".join(line for table, of_bytes in tables for line in _rows(connection, table, of_bytes))


def _rows(connection: Any, table: str, of_bytes: list[str]) -> list[str]:
    as_text = "".join(f" || ' ' || coalesce(encode({name}, 'escape'), '')" for name in of_bytes)
    return list(connection.execute(text(f"SELECT CAST(t AS text){as_text} FROM {table} AS t")).scalars())
