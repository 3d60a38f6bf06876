"""What if every text that somebody wrote were meant to do harm? Here it is, and says where it stands and whose it is.

For a browser it is markup with a script; for a spreadsheet a formula; for the eye it turns the line round and has a
character of four bytes. The database's own checks still hold: nothing stands here that a person could not have written.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg2
from personal_data import PERSONAL
from sqlalchemy import String

from dispatch.record.tables import Base
from dispatch.settings import without_driver

#: What a browser that takes it for markup does.
MARKUP = "<img src=x onerror=\"document.title='owned'\">"
HARM = f"=1+1|\u202e\U0001f9e8{MARKUP}"
#: What has a form of its own, or is kept where nobody reads it.
_NO_WORDS = {"email", "phone", "url", "secret", "hash", "device", "given_email", "lat", "lng", "sealed"}
_NO_WORDS |= {"contact_email", "contact_phone"}
#: Names that people give to things, beside what is personal.
_NAMES = {
    "budgets": ("name",),
    "bundles": ("name",),
    "pools": ("name",),
    "sites": ("town",),
    "api_keys": ("label",),
}
#: Documents, and the keys in them under which words stand that somebody wrote.
_DOCUMENTS = {
    "sites": {"contacts": ("name", "role"), "hazards": ("note",)},
    "jobs": {"deliverables": ("label", "unit"), "sent_back": ("what",)},
    "deliverable_templates": {"items": ("label", "unit")},
    "disputes": {"positions": ("note",)},
    "series": {"document": ("title", "description", "label")},
    "templates": {"document": ("title", "description", "label")},
}
_SIGNED = re.compile(r"\{([a-z_]+\.[a-z_]+) ([0-9a-f-]*) ([0-9a-f-]*)\}")


@dataclass(frozen=True, slots=True)
class Canary:
    """A text that was seen: the column that it stands in, and the ids of whose row that is, as far as it has any."""

    column: str
    client: str
    technician: str


def texts() -> dict[str, tuple[str, ...]]:
    """table -> columns that hold what somebody wrote."""
    found = {}
    for table in {**PERSONAL, **_NAMES}:
        columns = Base.metadata.tables[table].c
        wanted = (*PERSONAL.get(table, ()), *_NAMES.get(table, ()))
        found[table] = tuple(
            each for each in wanted if each not in _NO_WORDS and isinstance(columns[each].type, String)
        )
    return found


def write_everywhere(admin_url: str, harm: str = HARM) -> None:
    """Every text that somebody wrote is harm now, or begins with other words; what was empty stays so."""
    connection = psycopg2.connect(without_driver(admin_url))
    with connection, connection.cursor() as cursor:
        # Some of these rows may be written once only.
        cursor.execute("SET session_replication_role = replica")
        for table, columns in texts().items():
            owner = f"{_id_of(table, 'client')} || ' ' || {_id_of(table, 'technician')}"
            for column in columns:
                signed = f"%s || '{{{table}.{column} ' || {owner} || '}}' || substring(ctid::text, 2)"
                cursor.execute(f'UPDATE "{table}" SET "{column}" = {signed} WHERE "{column}" <> %s', (harm, ""))
        for table, documents in _DOCUMENTS.items():
            owner = f"{_id_of(table, 'client')} || ' ' || {_id_of(table, 'technician')}"
            for column, keys in documents.items():
                cursor.execute(f'SELECT id, {owner}, "{column}" FROM "{table}" WHERE "{column}" IS NOT NULL')
                for id_, whose, document in cursor.fetchall():
                    harmed = _harmed(document, keys, f"{harm}{{{table}.{column} {whose}}}")
                    cursor.execute(f'UPDATE "{table}" SET "{column}" = %s WHERE id = %s', (json.dumps(harmed), id_))
    connection.close()


def _harmed(document: Any, keys: tuple[str, ...], harm: str) -> Any:
    """The same document, with harm under these keys wherever somebody wrote something."""
    if isinstance(document, list):
        return [_harmed(each, keys, harm) for each in document]
    if not isinstance(document, dict):
        return document
    return {
        key: harm if key in keys and isinstance(value, str) and value else _harmed(value, keys, harm)
        for key, value in document.items()
    }


def found_in(words: str) -> set[Canary]:
    """The canaries in what somebody was shown."""
    return {Canary(*each) for each in _SIGNED.findall(words)}


def columns_of(canaries: set[Canary]) -> set[str]:
    """Where they stand."""
    return {each.column for each in canaries}


def _id_of(table: str, kind: str) -> str:
    own: Mapping[str, str] = {"clients": "client", "technicians": "technician"}
    if own.get(table) == kind:
        return "id::text"
    return f"coalesce({kind}_id::text, '')" if f"{kind}_id" in Base.metadata.tables[table].c else "''"
