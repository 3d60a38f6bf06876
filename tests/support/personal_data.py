"""Do events and decisions hold ids, codes, numbers and times only? Erasing a person must leave them whole.

Two nets: the shape of every value (words with spaces, addresses of mail, numbers of telephones are none of these), and
the personal data that stand in the database right now, in whatever shape. Any test that made things happen may call
`assert_no_personal_data` at its end.
"""

import re
import zlib
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.record.tables import Base, DecisionRow, EventRow

#: table -> columns that are about a person or a place, or that people write freely
PERSONAL = {
    "webhooks": ("url", "secret"),
    "technicians": ("name", "email", "phone"),
    "staff": ("name", "email", "phone"),
    "sites": (
        "name",
        "address",
        "contact_name",
        "contact_phone",
        "contact_email",
        "access",
        "parking",
        "contacts",
        "hazards",
    ),
    "visits": ("outcome_note",),
    "time_entries": ("note",),
    "companies": ("name",),
    "clients": ("name", "agreement"),
    "jobs": ("title", "description"),
    "templates": ("name",),
    "series": ("name",),
    "counters": ("note",),
    "parts": ("item", "carrier", "tracking", "note"),
    "deliverables": ("caption", "written", "judged_note"),
    "site_requests": ("item", "note"),
    "messages": ("words",),
    "reviews": ("words", "answer"),
    "client_marks": ("reason",),
    "technician_marks": ("reason",),
    "admissions": ("given_name", "given_email"),
    "pool_overrides": ("reason",),
    "credentials": ("evidence", "facts"),
    "removals": ("notice", "answer", "weighed"),
    "positions": ("lat", "lng"),
    "agreements": ("words",),
    "duty_shifts": ("contact_name", "contact_email", "contact_phone"),
    "proposals": ("note", "description"),
    "incidents": ("note",),
    "sessions": ("email", "device"),
    "sign_ins": ("email",),
    "passwords": ("email", "hash"),
    "usage": ("answers",),
    "disputes": ("note", "decided_note"),
}
#: Shorter words are parts of codes by chance.
SHORTEST = 5

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/+-]{0,63}")
_DIGEST = re.compile(r"[0-9a-f]{40,128}")
_TELEPHONE = re.compile(r"\+?[0-9][0-9().-]{6,}")
_DECIMAL = re.compile(r"-?[0-9]{1,10}(\.[0-9]{1,6})?")


def assert_no_personal_data(session: Session) -> None:
    """Every value in the data of events and the outcomes of decisions is an id, a code, a number or a time.

    `session` sees all rows (the engine, the superuser).
    """
    personal = personal_values(session)
    assert_events_impersonal(session)
    for decision_id, outcome, inputs in session.execute(
        select(DecisionRow.id, DecisionRow.outcome, DecisionRow.inputs)
    ):
        _assert_impersonal(f"outcome of decision {decision_id}", outcome, personal)
        plain = zlib.decompress(inputs).decode("latin-1").lower() if inputs else ""
        found = [value for value in personal if len(value) > SHORTEST and value in plain]
        assert not found, f"the inputs of decision {decision_id} hold {found[0]!r}"


def assert_events_impersonal(session: Session) -> None:
    """The same for events alone."""
    personal = personal_values(session)
    for event_id, kind, data in session.execute(select(EventRow.id, EventRow.kind, EventRow.data)):
        _assert_impersonal(f"event {kind} {event_id}", data, personal)


def personal_values(session: Session) -> set[str]:
    """What people are called, how they are reached, what they wrote: as it stands in the database, in lower case."""
    values: set[str] = set()
    for table, columns in PERSONAL.items():
        for row in session.execute(select(*(Base.metadata.tables[table].c[column] for column in columns))):
            said = [value for path, value in _leaves(list(row)) if not path.endswith(" key")]
            values.update(value.lower() for value in said if isinstance(value, str) and len(value) >= SHORTEST)
    return values


def is_impersonal(value: Any) -> bool:
    """Whether a value has the shape of an id, a code, a number or a time; nothing and a truth are such, too."""
    if value is None or isinstance(value, (bool, int, float)):
        return True
    if not isinstance(value, str):
        return False
    if _is_time(value) or _DIGEST.fullmatch(value) or _DECIMAL.fullmatch(value):
        return True
    return bool(_CODE.fullmatch(value)) and not _TELEPHONE.fullmatch(value)


def _is_time(value: str) -> bool:
    for read in (datetime.fromisoformat, date.fromisoformat):
        try:
            read(value)
        except ValueError:
            continue
        # The short forms without marks are numbers as well as days: 20260302.
        return "-" in value[4:5] and "-" in value[7:8]
    return False


def _assert_impersonal(where: str, document: Any, personal: set[str]) -> None:
    for path, value in _leaves(document):
        assert is_impersonal(value), f"{where}: {path} = {value!r} is no id, code, number or time"
        if isinstance(value, str):
            assert value.lower() not in personal, f"{where}: {path} = {value!r} is somebody's"


def _leaves(document: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every key and every value that is no document itself, with where it stands."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield f"{path} key", key
            yield from _leaves(value, f"{path}.{key}")
    elif isinstance(document, list):
        for number, value in enumerate(document):
            yield from _leaves(value, f"{path}[{number}]")
    else:
        yield path, document
