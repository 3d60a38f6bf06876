"""How do tests let the dispatcher work? As its process does, in threads of the test, on the same servers."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from town import Town

from dispatch import worker


@contextmanager
def dispatching(town: Town) -> Iterator[None]:
    """Waves are sent, offers end and the board's log is kept, until the block ends."""
    stop = threading.Event()
    where = (town.settings.database_url, town.settings.redis_url, stop)
    thread = threading.Thread(target=worker.run, args=where, name="dispatcher", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive(), "the dispatcher did not end"
