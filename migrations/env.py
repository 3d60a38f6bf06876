"""How Alembic reaches the database: as the role that owns the schema, under one lock, in one transaction."""

import os

from alembic import context
from geoalchemy2 import alembic_helpers
from sqlalchemy import create_engine, pool, text

from dispatch.record.tables import Base


def run() -> None:
    """Migrate the database of the option `url`, else of TRUCKROLL_DATABASE_URL."""
    url = context.config.attributes.get("url") or os.environ["TRUCKROLL_DATABASE_URL"]
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg2://", 1), poolclass=pool.NullPool)
    with engine.connect() as connection:
        # Two processes that start together migrate one after the other, and the second finds nothing to do.
        connection.execute(text("SELECT pg_advisory_lock(hashtext('truckroll migrations'))"))
        connection.execute(text("SET ROLE truckroll_migrate"))
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            include_object=alembic_helpers.include_object,
            process_revision_directives=alembic_helpers.writer,
            render_item=alembic_helpers.render_item,
            compare_server_default=False,
            transaction_per_migration=False,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.execute(text("SELECT pg_advisory_unlock(hashtext('truckroll migrations'))"))


run()
