"""Which jobs are in a file of `truckroll import jobs`? The columns stand in docs/import.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from cli.csvcells import levels, names, text, whole
from cli.csvfiles import BadRows, Column, Flaw, Row, read_csv
from cli.loadcells import listed, moment, money, yes_or_no
from dispatch.errors import BadInput, Conflict, Refused
from dispatch.jobs.posting import post_job
from dispatch.jobs.wishes import JobWish, SlotWish
from dispatch.record.session import Actor
from dispatch.record.tables import PoolRow, SiteRow
from dispatch.talent.profiles import checked_currency, checked_skills
from matching.job import Needs, Pay

#: Each job's chain of events stays locked until all are posted, and the server's table of locks has an end.
MAX_JOBS = 2000


def short(cell: str) -> str:
    """A number or code of the client's."""
    if len(cell) > 64:
        raise ValueError("shorten it to 64 characters")
    return cell


def one_of(*words: str) -> Callable[[str], str]:
    """A parser of one of these words."""

    def parse(cell: str) -> str:
        if cell not in words:
            raise ValueError(f"write one of {', '.join(words)}")
        return cell

    return parse


COLUMNS = {
    "id": Column(short, is_filled=True),
    "site": Column(text, is_filled=True),
    "title": Column(text, is_filled=True),
    "type": Column(short, is_filled=True),
    "start": Column(moment, is_filled=True),
    "end": Column(moment, is_filled=True),
    "duration_min": Column(whole(1, 20_160), is_filled=True),
    "pay": Column(money, is_filled=True),
    "pay_kind": Column(one_of("fixed", "hourly"), empty="fixed", is_needed=False),
    "currency": Column(text, empty="USD", is_needed=False),
    "skills": Column(levels, empty={}, is_needed=False),
    "credentials": Column(names, empty=(), is_needed=False),
    "clearance": Column(yes_or_no, empty=False, is_needed=False),
    "pools": Column(listed, empty=(), is_needed=False),
    "market": Column(yes_or_no, empty=True, is_needed=False),
    "time": Column(one_of("exact", "window", "asap"), empty="window", is_needed=False),
    "technicians": Column(whole(1, 50), empty=1, is_needed=False),
    "priority": Column(whole(1, 5), empty=3, is_needed=False),
    "mode": Column(one_of("auto", "first", "manual"), is_needed=False),
    "description": Column(text, empty="", is_needed=False),
    "purchase_order": Column(short, is_needed=False),
    "project": Column(short, is_needed=False),
    "budget": Column(short, is_needed=False),
}


@dataclass(frozen=True, slots=True)
class Posted:
    """How many jobs were posted, and how many of the file's numbers were known already."""

    created: int
    known: int


def read_job_file(path: Path, *, tell: Callable[[str], None] = lambda _: None) -> list[Row]:
    """Read all jobs of a file; `tell` hears what is being done.

    Raises
    ------
    BadRows
        Some rows can't be used: all of them, by line, field and value.
    BadInput
        The file can't be read at all, or has more than `MAX_JOBS` rows.
    """
    tell("reading the file")
    rows, flaws = read_csv(path, COLUMNS)
    if flaws:
        raise BadRows(sorted(flaws, key=lambda flaw: flaw.line))
    if len(rows) > MAX_JOBS:
        raise BadInput(path.name, f"{len(rows)} rows", f"split it into files of at most {MAX_JOBS} jobs")
    return rows


def import_jobs(session: Session, actor: Actor, file: str, rows: Sequence[Row], *, now: datetime) -> Posted:
    """Post all jobs for the actor's client, or none; runs as the application, under the client's setting.

    Raises
    ------
    BadRows
        Some rows can't be used: all of them, by line of `file`, field and value.
    """
    sites = dict(session.execute(select(SiteRow.store_number, SiteRow.id)).all())
    pools = dict(session.execute(select(PoolRow.name, PoolRow.id)).all())
    num_new, flaws = 0, []
    for row in rows:
        try:
            # One bad row ends the import, but all of them are to be named: each is tried by itself.
            with session.begin_nested():
                num_new += post_job(session, actor, _wish(row, sites, pools), now=now)[1]
        except (BadInput, Conflict, Refused) as error:
            flaws.append(_flaw(file, row, error))
    if flaws:
        raise BadRows(flaws)
    return Posted(num_new, len(rows) - num_new)


def _wish(row: Row, sites: Mapping[str, UUID], pools: Mapping[str, UUID]) -> JobWish:
    of = row.values
    if of["site"] not in sites:
        raise BadInput("site", of["site"], "give the store number of one of the client's sites, or add it first")
    if unknown := [name for name in of["pools"] if name not in pools]:
        raise BadInput("pools", unknown[0], "name pools of the client")
    _check_window(of["time"], of["end"] - of["start"], timedelta(minutes=of["duration_min"]))
    needs = Needs(
        skills=checked_skills(of["skills"]),
        credentials=of["credentials"],
        clearance=of["clearance"],
        pools=frozenset(pools[name] for name in of["pools"]),
        market=of["market"],
    )
    currency = checked_currency("currency", of["currency"])
    return JobWish(
        number=of["id"],
        site_id=sites[of["site"]],
        title=of["title"],
        job_type=of["type"],
        start_at=of["start"],
        end_at=of["end"],
        duration_min=of["duration_min"],
        slots=(SlotWish(needs, Pay(of["pay_kind"], of["pay"], currency), count=of["technicians"]),),
        asked_time=of["time"],
        description=of["description"],
        purchase_order=of["purchase_order"],
        project=of["project"],
        budget=of["budget"],
        priority=of["priority"],
        mode=of["mode"],
    )


def _check_window(time: str, window: timedelta, work: timedelta) -> None:
    minutes = work // timedelta(minutes=1)
    if window < work:
        raise BadInput("end", minutes, f"leave at least the {minutes} minutes of work after the start")
    if time == "exact" and window != work:
        raise BadInput("end", minutes, f"an exact job ends {minutes} minutes after its start: correct it, or the time")


def _flaw(file: str, row: Row, error: BadInput | Conflict | Refused) -> Flaw:
    if isinstance(error, Refused):
        column = "budget" if any("budget" in each or "reason" in each for each in error.reasons) else "site"
        return Flaw(file, row.line, column, row.raw.get(column, ""), str(error))
    if isinstance(error, Conflict):
        return Flaw(file, row.line, "id", row.raw["id"], str(error))
    column = _column(error.field)
    return Flaw(file, row.line, column, row.raw.get(column, str(error.value)), error.way_out)


def _column(field: str) -> str:
    """The column of a field that `post_job` names, such as `slots[0].needs.skills`."""
    renamed = {"site_id": "site", "window": "end", "slots[0]": "pay"}
    parts = field.split(".")
    return next((part for part in reversed(parts) if part in COLUMNS), renamed.get(parts[0], parts[0]))
