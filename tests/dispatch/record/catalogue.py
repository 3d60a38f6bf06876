"""What guards does a migrated database have? Read from PostgreSQL's catalogue, and compared with a stored list.

`alembic check` sees neither a constraint dropped by hand nor a policy, so the list is kept in `catalogue.json`. After
a wanted change of the schema write it anew, together with `docs/rights.md`, and read the difference before committing:

    TRUCKROLL_RENEW=1 pytest tests/dispatch/record/test_catalogue.py
"""

import json
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

STORED = Path(__file__).with_name("catalogue.json")

_OWN = """c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> 'alembic_version'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')"""

#: section -> query for (table, name, definition)
_SECTIONS = {
    "columns": f"""SELECT c.relname, a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod),
            CASE WHEN a.attnotnull THEN 'NOT NULL' END,
            CASE WHEN a.attgenerated = 's' THEN 'GENERATED' WHEN a.atthasdef THEN 'DEFAULT' END,
            pg_get_expr(f.adbin, f.adrelid))
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef f ON f.adrelid = c.oid AND f.adnum = a.attnum
        WHERE {_OWN} AND a.attnum > 0 AND NOT a.attisdropped""",
    "constraints": f"""SELECT c.relname, k.conname, pg_get_constraintdef(k.oid)
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
        WHERE {_OWN} AND k.contype IN ('c', 'f', 'p', 'u', 'x')""",
    "indexes": f"""SELECT c.relname, i.relname, pg_get_indexdef(x.indexrelid)
        FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid WHERE {_OWN}""",
    "policies": f"""SELECT c.relname, p.policyname, concat_ws(' ', p.permissive, p.cmd, 'TO',
            array_to_string(p.roles, ', '), 'USING', p.qual, 'CHECK ' || p.with_check)
        FROM pg_policies p JOIN pg_class c ON c.relname = p.tablename AND p.schemaname = 'public' WHERE {_OWN}""",
    "row_security": f"""SELECT c.relname, 'row security', concat_ws(', ',
            CASE WHEN c.relrowsecurity THEN 'enabled' END, CASE WHEN c.relforcerowsecurity THEN 'forced' END)
        FROM pg_class c WHERE {_OWN}""",
    "triggers": f"""SELECT c.relname, g.tgname, pg_get_triggerdef(g.oid) || ' enabled ' || g.tgenabled::text
        FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid WHERE {_OWN} AND NOT g.tgisinternal""",
    "rights": f"""SELECT c.relname, a.grantee::regrole::text, string_agg(a.privilege_type, ', ' ORDER BY position(
            a.privilege_type IN 'SELECT INSERT UPDATE DELETE TRUNCATE REFERENCES TRIGGER'))
        FROM pg_class c, aclexplode(c.relacl) a WHERE {_OWN} AND a.grantee <> c.relowner
        GROUP BY c.relname, a.grantee""",
    "owners": f"SELECT c.relname, 'owner', c.relowner::regrole::text FROM pg_class c WHERE {_OWN}",
    "functions": """SELECT p.proname, pg_get_function_identity_arguments(p.oid), concat_ws(' ', md5(p.prosrc),
            CASE WHEN p.prosecdef THEN 'SECURITY DEFINER' END, array_to_string(p.proconfig, ' '),
            (SELECT string_agg(CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END, ', '
                ORDER BY a.grantee::regrole::text) FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a))
        FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
            AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')""",
}

Catalogue = dict[str, dict[str, dict[str, str]]]


def read_catalogue(connection: Connection) -> Catalogue:
    """The guards as they are: section -> table -> name -> definition."""
    found: Catalogue = {}
    for section, query in _SECTIONS.items():
        tables: dict[str, dict[str, str]] = found.setdefault(section, {})
        for table, name, definition in connection.execute(text(query.replace(":", "\\:"))):
            tables.setdefault(table, {})[name] = definition
    return _sorted(found)


def stored() -> Catalogue:
    """The guards as they shall be."""
    catalogue: Catalogue = json.loads(STORED.read_text())
    return catalogue


def store(catalogue: Catalogue) -> None:
    """Make this the list to compare with."""
    STORED.write_text(json.dumps(catalogue, indent=1) + "\n")


def names(section: str, starting: str = "") -> list[tuple[str, str]]:
    """(table, name) of the stored guards of a section whose definition starts with a word."""
    return [
        (table, name)
        for table, guards in stored()[section].items()
        for name, definition in guards.items()
        if definition.startswith(starting)
    ]


def _sorted(value: Any) -> Any:
    return {key: _sorted(each) for key, each in sorted(value.items())} if isinstance(value, dict) else value
