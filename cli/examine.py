"""What is there, which version, and what about it is unsafe? Looks only; starts and changes nothing."""

from __future__ import annotations

import contextlib
import importlib.metadata
import platform
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, cast

import psycopg2
import redis
from alembic.script import ScriptDirectory
from psycopg2.extensions import connection as Connection

from dispatch import postgres_programs, private_postgres, private_valkey
from dispatch.bootstrap import EXTENSIONS, LOGIN_ROLE, ROLES
from dispatch.errors import BadInput, MissingService
from dispatch.record.datakeys import read_ring
from dispatch.services import alembic_config
from dispatch.settings import ServiceSettings, without_driver

Word = Literal["ok", "warning", "broken", "not running"]

_BOOTSTRAP = "run, as its administrator, what truckroll doctor --print-bootstrap-sql prints"
_OLDEST_POSTGRES = 150000
_UNSAFE = {"fsync": "a power cut destroys the database", "full_page_writes": "a power cut destroys pages"} | {
    "synchronous_commit": "an acknowledged acceptance can be lost"
}
_STARTED_WHEN_NEEDED = "will be started when needed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    word: Word
    seen: str
    #: How to mend it; empty where nothing needs it.
    mend: str = ""


def examine(settings: ServiceSettings) -> list[Finding]:
    """Look at this machine and at the servers that the settings name, or the private ones if they run."""
    findings = [_python(), _time_zones()]
    findings += _database(settings)
    findings.append(_redis(settings))
    findings.append(_data_keys(settings))
    return findings


def _python() -> Finding:
    seen = f"{platform.python_version()}, truckroll {importlib.metadata.version('truckroll')}"
    return Finding("Python", "ok", seen)


def _time_zones() -> Finding:
    try:
        zoneinfo.ZoneInfo("America/Indiana/Knox")
    except zoneinfo.ZoneInfoNotFoundError:
        return Finding("time zones", "broken", "no data", "scripts/setup")
    return Finding("time zones", "ok", f"tzdata {importlib.metadata.version('tzdata')}")


def _database(settings: ServiceSettings) -> Iterator[Finding]:
    url = settings.database_url
    if url is None:
        try:
            versions = postgres_programs.installed_versions()
            url = private_postgres.answering(settings.data_dir / "postgres")
        except MissingService as error:
            yield Finding("PostgreSQL", "broken", error.problem, error.way_out)
            return
        if url is None:
            yield Finding("PostgreSQL", "not running", f"private, version {versions[0]}; {_STARTED_WHEN_NEEDED}")
            return
    try:
        connection = psycopg2.connect(without_driver(url), connect_timeout=5)
    except psycopg2.OperationalError as error:
        way_out = "start it, or mend or unset TRUCKROLL_DATABASE_URL"
        yield Finding("PostgreSQL", "broken", str(error).strip().splitlines()[0], way_out)
        return
    with contextlib.closing(connection):
        yield from _server(connection)
        yield from _extensions(connection)
        yield from _roles(connection)
        yield _migrations(connection, url)
        yield from _erasures(connection)


def _server(connection: Connection) -> Iterator[Finding]:
    version = connection.server_version
    seen = str(_rows(connection, "SHOW server_version")[0][0])
    if version >= _OLDEST_POSTGRES:
        yield Finding("PostgreSQL", "ok", seen)
    else:
        yield Finding("PostgreSQL", "broken", seen, "move to PostgreSQL 15 or newer")
    for name, danger in _UNSAFE.items():
        value = str(_rows(connection, f"SHOW {name}")[0][0])
        if value == "off" or (name == "synchronous_commit" and value == "local"):
            yield Finding(name, "warning", f"{value}: {danger}", f"set {name} = on and reload the server")
        else:
            yield Finding(name, "ok", value)
    if not _rows(connection, "SELECT FROM pg_timezone_names WHERE name = 'America/Indiana/Knox'"):
        yield Finding("PostgreSQL's time zones", "broken", "no data", "apt-get install -y tzdata")


def _extensions(connection: Connection) -> Iterator[Finding]:
    installed = dict(_rows(connection, "SELECT extname, extversion FROM pg_extension"))
    for name in EXTENSIONS:
        if name in installed:
            yield Finding(name, "ok", installed[name])
        else:
            yield Finding(name, "broken", "not installed in this database", _BOOTSTRAP)


def _roles(connection: Connection) -> Iterator[Finding]:
    rows = _rows(connection, "SELECT rolname, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = ANY (%s)", ROLES)
    found = dict(rows)
    if missing := [role for role in ROLES if role not in found]:
        yield Finding("roles", "broken", f"missing: {', '.join(missing)}", _BOOTSTRAP)
        return
    (me, is_unbound), *_ = _rows(
        connection, "SELECT rolname, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
    )
    unbound = [role for role in ROLES if found[role]] + ([me] if is_unbound else [])
    apart = [role for role in ROLES if not _rows(connection, "SELECT pg_has_role(%s, 'MEMBER')", role)[0][0]]
    if unbound:
        mend = f"log in as {LOGIN_ROLE}; take SUPERUSER and BYPASSRLS from the roles"
        yield Finding("roles", "broken", f"row-level security does not bind {', '.join(unbound)}", mend)
    elif apart:
        yield Finding("roles", "broken", f"{me} may not take on {', '.join(apart)}", _BOOTSTRAP)
    else:
        yield Finding("roles", "ok", f"{me} takes on {', '.join(ROLES)}")


def _migrations(connection: Connection, url: str) -> Finding:
    newest = ScriptDirectory.from_config(alembic_config(url)).get_current_head()
    mend = "truckroll up migrates by itself; or: alembic -c migrations/alembic.ini upgrade head"
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE truckroll_migrate; SELECT version_num FROM alembic_version")
            revision = cursor.fetchone()
    except psycopg2.ProgrammingError:
        return Finding("migrations", "warning", f"none yet; the newest is {newest}", mend)
    if revision == (newest,):
        return Finding("migrations", "ok", f"{newest}, the newest")
    return Finding("migrations", "warning", f"at {revision[0] if revision else None}; the newest is {newest}", mend)


def _erasures(connection: Connection) -> Iterator[Finding]:
    """People who wait to be erased: for a person's word beyond its date, or for keys that are not there."""
    counted = (
        "SET LOCAL ROLE truckroll_engine; SELECT count(*) FILTER (WHERE state = 'asked' AND decide_by <= now()),"
        " count(*) FILTER (WHERE state = 'granted' AND blocked_by @> '[{\"code\": \"no_data_keys\"}]'),"
        " coalesce(min(decide_by) FILTER (WHERE state = 'asked' AND decide_by <= now())::date::text, '') FROM erasures"
    )
    try:
        ((late, keyless, since),) = _rows(connection, counted)
    except psycopg2.ProgrammingError:
        # Not migrated yet: the line before says so.
        return
    if late:
        mend = "an operator grants or refuses: GET /v1/erasures?late=true"
        yield Finding("erasures", "warning", f"{late} not decided in time, the oldest by {since}", mend)
    if keyless:
        seen = f"{keyless} granted, and waiting for data keys"
        yield Finding("erasures", "warning", seen, "set TRUCKROLL_DATA_KEYS (truckroll datakeys make)")
    if not late and not keyless:
        yield Finding("erasures", "ok", "none is late")


def _redis(settings: ServiceSettings) -> Finding:
    url = settings.redis_url
    if url is None:
        try:
            program = private_valkey.find_program()
        except MissingService as error:
            return Finding("Redis", "broken", error.problem, error.way_out)
        url = private_valkey.answering(settings.data_dir / "valkey")
        if url is None:
            return Finding("Redis", "not running", f"private, {program.name}; {_STARTED_WHEN_NEEDED}")
    try:
        with redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5) as client:
            facts = cast(dict[str, Any], client.info())
    except redis.RedisError as error:
        return Finding("Redis", "broken", str(error), "start it, or mend or unset TRUCKROLL_REDIS_URL")
    version = f"Valkey {facts['valkey_version']}" if "valkey_version" in facts else f"Redis {facts['redis_version']}"
    policy = facts.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        mend = "set maxmemory-policy noeviction: streams and rate limits would vanish silently"
        return Finding("Redis", "warning", f"{version}, {policy}", mend)
    return Finding("Redis", "ok", version)


def _data_keys(settings: ServiceSettings) -> Finding:
    try:
        ids = read_ring(settings.data_keys, settings.data_dir).ids
    except BadInput as error:
        return Finding("data keys", "broken", f"{error.field} cannot be used", error.way_out)
    if ids:
        return Finding("data keys", "ok", f"{', '.join(ids)}; the first seals")
    if settings.database_url is None:
        return Finding("data keys", "not running", "private, made at the first start")
    return Finding("data keys", "warning", "none: cleared texts cannot be posted", "truckroll datakeys make")


def _rows(connection: Connection, query: str, *arguments: object) -> list[tuple[Any, ...]]:
    values = tuple(list(argument) if isinstance(argument, tuple) else argument for argument in arguments)
    with connection, connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchall()
