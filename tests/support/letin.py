"""What the record needs of a client that is let in: the agreement that it accepted, and how it pays."""

from typing import Any

AGREEMENT: dict[str, Any] = {
    "version": "2026-01",
    "sha256": "ab" * 32,
    "accepted_by": "Wanda Ortiz",
    "accepted_at": "2026-11-20T15:00:00+00:00",
}
#: Columns of a client without money here.
LET_IN: dict[str, Any] = {"state": "approved", "agreement": AGREEMENT, "pays_outside": True}
