"""How does a command reach the record? Through the servers that the settings name, or the private ones."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from dispatch.record.session import ENGINE, connect, transaction
from dispatch.services import services
from dispatch.settings import read_settings
from dispatch.talent.packfiles import go_by


@contextmanager
def engine_session(*, deadline_s: float = 4.0) -> Iterator[Session]:
    """One transaction as the engine, for a command of the operator.

    Raises
    ------
    MissingService
        When no database was named and none can be started.
    """
    settings = read_settings()
    go_by(settings.packs_dir)
    with services(settings) as there:
        engine = connect(there.database_url, pool_size=1, deadline_s=deadline_s, name="truckroll command")
        try:
            with transaction(engine, ENGINE, role="engine") as session:
                yield session
        finally:
            engine.dispose()
