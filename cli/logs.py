"""What does the log look like? One line an event on standard error: for a person, or JSON for a machine."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from dispatch.errors import BadInput

#: What every record has; anything else on it was said with ``extra=``.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

_LEVELS = ("debug", "info", "warning", "error")


def log_to_stderr(form: str, level: str = "info") -> None:
    """Send all logs of `level` and above to standard error, in the form ``human`` or ``json``.

    Raises
    ------
    BadInput
        There is no such form or level.
    """
    formatters = {"human": logging.Formatter("%(levelname)s: %(message)s"), "json": JsonLines()}
    if form not in formatters:
        raise BadInput("TRUCKROLL_LOG", form, "set it to human or json")
    if level not in _LEVELS:
        raise BadInput("TRUCKROLL_LOG_LEVEL", level, f"set it to one of {', '.join(_LEVELS)}")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatters[form])
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    # One tells of each of its plugins whenever it is loaded, the other of each request.
    for talkative in ("alembic", "httpx2"):
        logging.getLogger(talkative).setLevel(logging.WARNING)


class JsonLines(logging.Formatter):
    """One JSON object a line; what was said with ``extra=`` stands beside the message."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)
