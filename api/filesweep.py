"""Who removes the bytes that belong to nobody? Each process that keeps files looks now and then, in a thread."""

import logging
import threading
from collections.abc import Callable

from api.parts import Parts
from dispatch.files.orphans import sweep_orphans
from dispatch.record.session import ENGINE, database_now, transaction

_log = logging.getLogger(__name__)

#: Seconds between two looks, and the time that one may take.
SWEEP_S = 3600.0
_WITHIN_S = 300.0


def keep_swept(parts: Parts) -> Callable[[], None]:
    """Look again and again, in a thread of its own; returns what ends it."""
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(SWEEP_S):
            try:
                with transaction(parts.engine, ENGINE, role="engine", deadline_s=_WITHIN_S) as session:
                    sweep_orphans(session, parts.files, now=database_now(session))
            except Exception as error:
                parts.num_faults += 1
                _log.warning("files could not be swept (%s): trying again in an hour", type(error).__name__)

    thread = threading.Thread(target=look, name="file sweep", daemon=True)
    thread.start()

    def end() -> None:
        stop.set()
        thread.join(timeout=5)

    return end
