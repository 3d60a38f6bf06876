"""How does a command of the operator change the record? Brought up to the newest schema first."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from dispatch.record.datakeys import read_ring
from dispatch.record.session import Actor, connect
from dispatch.services import migrate, services
from dispatch.settings import read_settings
from dispatch.talent.packfiles import go_by

#: Whoever may run commands against the record runs the network.
OPERATOR = Actor("operator")


@contextmanager
def operated(*, deadline_s: float) -> Iterator[Engine]:
    """Connections to the record; no transaction of theirs outlives `deadline_s`.

    Raises
    ------
    MissingService
        When no database was named and none can be started, or the one that was named does not answer.
    """
    settings = read_settings()
    go_by(settings.packs_dir)
    with services(settings) as there:
        migrate(there.database_url)
        ring = read_ring(settings.data_keys, settings.data_dir)
        name = "truckroll command"
        engine = connect(there.database_url, pool_size=1, deadline_s=deadline_s, name=name, ring=ring)
        try:
            yield engine
        finally:
            engine.dispose()
