"""How do technicians or jobs come in from a file? All of them, or none and every bad row named."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from cli.jobfiles import Posted, import_jobs, read_job_file
from cli.keys import find_client
from cli.operating import OPERATOR, operated
from cli.options import Json
from cli.technicianfiles import import_technicians, read_technician_file
from dispatch.errors import BadInput
from dispatch.record.session import Actor, database_now, transaction
from dispatch.record.upkeep import analyze
from dispatch.talent.loading import Loaded

_DEADLINE_S = 900.0

Tell = Callable[[str], None]


class What(StrEnum):
    """What is in the file."""

    technicians = "technicians"
    jobs = "jobs"


def load(
    what: Annotated[What, typer.Argument(help="What is in the file.")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="CSV, UTF-8.")],
    client: Annotated[str | None, typer.Option(help="Whose jobs: the client's name or id.")] = None,
    add_missing: Annotated[
        bool, typer.Option("--add-missing", help="Add skills, kinds of credentials and companies that are not known.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Bring technicians or jobs of a CSV file into the record: all rows, or none and every bad row named.

    Technicians need id,name,lat,lng; and may have email, phone, postcode, time_zone, skills, credentials, radius_km,
    capacity, rate, currency, rating, hours, quiet, market, clearance, clearance_until, company, pools. Whose id is
    known is changed, by the columns that are there; an empty cell empties. Skills are written hvac:3;wifi, credentials
    background_check@2027-05-31, hours mon-fri 08:00-18:00;sat 09:00-13:00, quiet hours 22:00-06:00, market yes or no.
    A postcode is not kept: the place must lie within 200 km of it.

    Jobs need id,site,title,type,start,end,duration_min,pay, and --client; a site is named by its store number. A
    number that is known already is left as it is.

    For example: truckroll import technicians T.csv --add-missing
    """
    if (what is What.jobs) != (client is not None):
        way_out = (
            "name the client whose jobs these are" if what is What.jobs else "leave it out: technicians are of all"
        )
        raise BadInput("--client", client or "", way_out)
    started = time.monotonic()
    with _progress() as tell:
        done = _technicians(file, add_missing, tell) if client is None else _jobs(file, client, tell)
    seconds = round(time.monotonic() - started, 1)
    if as_json:
        typer.echo(json.dumps({what.value: asdict(done), "seconds": seconds}))
    else:
        counts = ", ".join(f"{number:,} {name}" for name, number in asdict(done).items())
        typer.echo(f"{what.value}: {counts}; {seconds} s")


def _technicians(file: Path, add_missing: bool, tell: Tell) -> Loaded:
    checked = read_technician_file(file, tell=tell)
    tell(f"writing {len(checked.entries):,} technicians")
    with operated(deadline_s=_DEADLINE_S) as engine:
        with transaction(engine, OPERATOR, role="engine") as session:
            done = import_technicians(session, OPERATOR, checked, add_missing=add_missing, now=database_now(session))
        analyze(engine)
        return done


def _jobs(file: Path, client: str, tell: Tell) -> Posted:
    rows = read_job_file(file, tell=tell)
    tell(f"posting {len(rows):,} jobs")
    with operated(deadline_s=_DEADLINE_S) as engine:
        with transaction(engine, OPERATOR, role="engine") as session:
            actor = Actor(OPERATOR.kind, client_id=find_client(session, client))
        with transaction(engine, actor) as session:
            return import_jobs(session, actor, file.name, rows, now=database_now(session))


@contextmanager
def _progress() -> Iterator[Tell]:
    """What is being done, on standard error."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("starting", total=None)
        yield lambda words: progress.update(task, description=words)
