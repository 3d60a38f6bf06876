"""What leaves an installation that has no carrier? Every message is a line in a file that its operator can read."""

import json
import logging
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dispatch.messages.adapters.protocol import Message, Outcome, Sent

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FileAdapter:
    """Appends JSON lines to `path`, in whole: several processes may write. The log says that, not what or to whom."""

    path: Path

    def send(self, message: Message) -> Outcome:
        """Write the line; it counts as sent."""
        document = {
            "id": str(message.id),
            "at": datetime.now(UTC).isoformat(),
            "channel": message.channel,
            "to": message.address,
            "answer_to": message.alias,
            "language": message.language,
            "subject": message.subject,
            "body": message.body,
        }
        line = json.dumps(document, ensure_ascii=False).encode() + b"\n"
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, line)
        finally:
            os.close(file)
        _log.info("message %s by %s: written to %s", message.id, message.channel, self.path.name)
        return Sent("file")
