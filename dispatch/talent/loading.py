"""How do many technicians come in at once? All of a file or none; who is known by number is updated."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from dispatch.errors import BadInput
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import CompanyRow, CredentialKindRow, PoolRow, SkillRow, new_id
from dispatch.talent.catalogue import Kind, put_credential_kinds, put_skills
from dispatch.talent.clearances import last_day_of_word
from dispatch.talent.companies import create_company
from dispatch.talent.insurance import reopen_insurance
from dispatch.talent.profiles import Profile, checked_skills, columns_of
from dispatch.talent.rights import NETWORK, only
from dispatch.talent.schedules import Span, checked_hours
from dispatch.talent.staging import stage, take_over, unhurried

#: Technicians named by one event: each subject of an event is locked to the transaction's end, and the server's
#: table of locks has no room for a hundred thousand (docs/decisions/0010-one-event-a-batch-of-imports.md).
EVENT_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Entry:
    """One technician of a file, checked; `line` says where. Made by `entry_of`."""

    line: int
    columns: Mapping[str, Any]
    skills: Mapping[str, int]
    hours: Sequence[Span]
    credentials: Mapping[str, date]
    pools: Sequence[str]
    company: str | None


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with an entry: its line, and the field, value and way out."""

    line: int
    error: BadInput


class BadEntries(BadInput):
    """Entries that name what does not exist; nothing was written. `problems` are all of them, by line."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        first = problems[0]
        super().__init__(f"line {first.line}, {first.error.field}", first.error.value, first.error.way_out)
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many technicians were created, changed, and found as the file has them."""

    created: int
    updated: int
    unchanged: int


def entry_of(
    line: int,
    profile: Profile,
    *,
    skills: Mapping[str, int],
    hours: Sequence[Span] = (),
    credentials: Mapping[str, date] | None = None,
    pools: Sequence[str] = (),
    company: str | None = None,
) -> Entry:
    """Check one technician; `credentials` maps kinds to last valid days, `pools` and `company` are names.

    Raises
    ------
    BadInput
        Naming the first field that cannot be kept.
    """
    return Entry(
        line, columns_of(profile), checked_skills(skills), checked_hours(hours), credentials or {}, pools, company
    )


def load_technicians(
    session: Session,
    actor: Actor,
    entries: Sequence[Entry],
    fields: Iterable[str],
    *,
    add_missing: bool = False,
    now: datetime,
) -> Loaded:
    """Create the technicians whose number is new, and change the `fields` of those whose number is known.

    `fields` are columns of the table, and `skills`, `hours`: what the file says of everybody. Credentials come in as
    verified, from today, with the evidence "import"; as expired where the last day is over everywhere; and as handed
    in, to be reviewed, where their family has facts, which a file does not say (an insurance's sums). One that is there
    already in any state, revoked too, stays as it is, and none is taken away; an insurance that names somebody
    else by now is reviewed again. Pools are joined, not left. With `add_missing`, skills, kinds of credentials and
    companies that are not known are added.

    Raises
    ------
    BadEntries
        Some name skills, kinds, pools or companies that do not exist, or a day through which no word holds.
    Conflict
        Somebody else added one of the technicians meanwhile: try again.
    Refused
        The actor is not the operator.
    """
    only(actor, "operator", doing="importing technicians")
    unhurried(session)
    if add_missing:
        _add_missing(session, actor, entries, now)
    pools, companies = _check_names(session, entries)
    _check_words(entries, now.astimezone(UTC).date())
    stage(session, _rows(entries, pools, companies))
    changed = take_over(session, frozenset(fields), now=now)
    _record(session, actor, changed, now)
    reopen_insurance(session, [row.id for row in changed if not row.is_new], now=now)
    created = sum(row.is_new for row in changed)
    return Loaded(created, len(changed) - created, len(entries) - len(changed))


def _add_missing(session: Session, actor: Actor, entries: Sequence[Entry], now: datetime) -> None:
    unknown = _unknown(session, entries)
    put_skills(session, actor, {code: code.replace("_", " ") for code in unknown["skills"]}, now=now)
    kinds = [Kind(code, code.replace("_", " ")) for code in unknown["credentials"]]
    put_credential_kinds(session, actor, kinds, now=now)
    for name in unknown["company"]:
        create_company(session, actor, name, now=now)


def _unknown(session: Session, entries: Sequence[Entry]) -> dict[str, list[str]]:
    """What is named and not known, by field."""
    named = {
        "skills": {code for entry in entries for code in entry.skills},
        "credentials": {code for entry in entries for code in entry.credentials},
        "company": {entry.company for entry in entries if entry.company is not None},
        "pools": {name for entry in entries for name in entry.pools},
    }
    columns = {
        "skills": SkillRow.code,
        "credentials": CredentialKindRow.code,
        "company": CompanyRow.name,
        "pools": PoolRow.name,
    }
    return {field: sorted(names - set(session.scalars(select(columns[field])))) for field, names in named.items()}


def _check_names(session: Session, entries: Sequence[Entry]) -> tuple[dict[str, UUID], dict[str, UUID]]:
    """The ids of pools and companies by name."""
    unknown = {field: set(names) for field, names in _unknown(session, entries).items()}
    pools: dict[str, UUID] = {}
    for name, pool_id in session.execute(select(PoolRow.name, PoolRow.id)):
        if name in pools:
            unknown["pools"].add(name)
        pools[name] = pool_id
    problems = [
        Problem(entry.line, BadInput(field, name, _WAYS_OUT[field]))
        for entry in entries
        for field, named in _named(entry)
        for name in sorted(unknown[field].intersection(named))
    ]
    if problems:
        raise BadEntries(problems)
    return pools, dict(session.execute(select(CompanyRow.name, CompanyRow.id)).all())


def _check_words(entries: Sequence[Entry], today: date) -> None:
    problems = []
    for entry in entries:
        try:
            last_day_of_word(entry.columns["clearance"], entry.columns["clearance_until"], today)
        except BadInput as error:
            problems.append(Problem(entry.line, error))
    if problems:
        raise BadEntries(problems)


def _named(entry: Entry) -> tuple[tuple[str, Iterable[str]], ...]:
    company = () if entry.company is None else (entry.company,)
    return ("skills", entry.skills), ("credentials", entry.credentials), ("pools", entry.pools), ("company", company)


_WAYS_OUT = {
    "skills": "name a skill of the catalogue, or add what is missing with --add-missing",
    "credentials": "name a kind of the catalogue, or add what is missing with --add-missing",
    "company": "name a company of the network, or add what is missing with --add-missing",
    "pools": "name a pool that exists, by a name that only one client's pool has",
}


def _rows(
    entries: Sequence[Entry], pools: Mapping[str, UUID], companies: Mapping[str, UUID]
) -> dict[str, Iterable[Mapping[str, Any]]]:
    """The rows of each staging table."""
    return {
        "staged_technicians": (
            {**e.columns, "line": e.line, "id": new_id(), "company_id": companies.get(e.company or "")} for e in entries
        ),
        "staged_skills": (
            {"line": e.line, "skill": code, "level": level} for e in entries for code, level in e.skills.items()
        ),
        "staged_hours": (
            {"line": e.line, "weekday": weekday, "from_minute": begin, "to_minute": end}
            for e in entries
            for weekday, begin, end in e.hours
        ),
        "staged_credentials": (
            {"line": e.line, "id": new_id(), "kind": kind, "valid_until": day}
            for e in entries
            for kind, day in e.credentials.items()
        ),
        "staged_pools": ({"line": e.line, "pool_id": pools[name]} for e in entries for name in set(e.pools)),
    }


def _record(session: Session, actor: Actor, changed: Sequence[Row[Any]], now: datetime) -> None:
    rest = iter(changed)
    while batch := list(islice(rest, EVENT_BATCH)):
        data = {
            "created": [str(row.id) for row in batch if row.is_new],
            "updated": [str(row.id) for row in batch if not row.is_new],
        }
        record(session, actor, NETWORK, "technicians_imported", data, client_id=None, now=now)
