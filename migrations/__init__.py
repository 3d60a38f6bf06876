"""The record's schema, version by version (Alembic)."""
