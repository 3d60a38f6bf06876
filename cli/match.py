"""Who should do which job of these two files? Offline: no server, no network, no database."""

from __future__ import annotations

import csv
import json
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from cli.matchfiles import read_match_files
from cli.options import Json
from dispatch.errors import BadInput
from matching.offline import Matched, Objective
from matching.offline import match as match_lines
from matching.offline_rules import MICRO

#: How many rows of a table are shown; all of them are in `--json` and `--out`.
MAX_ROWS = 40

#: A cell that begins so would be run as a formula by a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def match(
    technicians: Annotated[
        Path,
        typer.Option(
            exists=True,
            dir_okay=False,
            readable=True,
            help="CSV: id,lat,lng,skills,credentials,radius_km,capacity,max_hours,rate,rating",
        ),
    ],
    jobs: Annotated[
        Path,
        typer.Option(
            exists=True,
            dir_okay=False,
            readable=True,
            help="CSV: id,lat,lng,skills,credentials,start,end,duration_min,priority,budget",
        ),
    ],
    objective: Annotated[
        Objective, typer.Option(help="Among the choices with the most priority: best scores, or least metres.")
    ] = "policy",
    reach_km: Annotated[
        float, typer.Option(help="Great-circle kilometres; who lives further away isn't judged.")
    ] = 160,
    out: Annotated[Path | None, typer.Option(dir_okay=False, help="Write the assignments to this CSV file.")] = None,
    seed: Annotated[int, typer.Option(help="Decides among equally good answers.")] = 0,
    seconds: Annotated[float, typer.Option(help="Deadline; then the best answer so far, with its gap.")] = 60,
    as_json: Json = False,
) -> None:
    """Match technicians and jobs of two CSV files, all jobs together, and say why the rest stays open.

    The largest sum of priorities served; then the best sum of scores (policy) or the smallest sum of distances,
    proved. Nobody has two jobs at once, more jobs than their capacity or more hours than max_hours; an empty cell is
    no limit. Skills are written hvac:3;wifi, credentials background_check@2027-05-31, times with their offset from
    UTC. The reasons of an open job count, rule by rule, everyone in reach who fails that rule: skill, level,
    credential, radius, budget, overlap, capacity, max_hours; and under taken_by_other_jobs those who could do it but
    for the jobs that they got.

    For example: truckroll match --technicians T.csv --jobs J.csv --objective distance --json
    """
    _check_options(reach_km=reach_km, seconds=seconds, out=out, inputs=(technicians, jobs))
    started = time.monotonic()
    with _progress() as tell:
        tell("reading the files")
        people, work = read_match_files(technicians, jobs)
        matched = match_lines(
            people,
            work,
            objective=objective,
            reach_km=reach_km,
            seed=seed,
            seconds=seconds,
            clock=time.monotonic,
            tell=tell,
        )
    if out is not None:
        _write(out, matched)
    took_s = round(time.monotonic() - started, 3)
    if as_json:
        typer.echo(json.dumps(_document(matched, objective, took_s)))
    else:
        _show(matched, took_s)


def _check_options(*, reach_km: float, seconds: float, out: Path | None, inputs: tuple[Path, Path]) -> None:
    if not 0 <= reach_km <= 40_000:
        raise BadInput("--reach-km", reach_km, "give kilometres from 0 to 40000")
    if not (seconds >= 0 and math.isfinite(seconds)):
        raise BadInput("--seconds", seconds, "give seconds, 0 or more")
    if out is not None and not out.absolute().parent.is_dir():
        raise BadInput("--out", str(out), "give a file in a folder that exists")
    if out is not None and any(out.exists() and out.samefile(path) for path in inputs):
        raise BadInput("--out", str(out), "give another file than those that are read")


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """What is being done and for how long, on standard error, if somebody watches it."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("")
        yield lambda what: progress.update(task, description=what)


def _document(matched: Matched, objective: Objective, took_s: float) -> dict[str, Any]:
    """The answer as plain JSON values; `gap` only where the best isn't proved."""
    document: dict[str, Any] = {
        "assignments": [
            {"job": pair.job, "technician": pair.technician, "distance_m": pair.distance_m, "score": pair.score}
            for pair in matched.pairs
        ],
        "unassigned": [{"job": line.job, "reasons": dict(line.reasons)} for line in matched.unserved],
        "objective": {"priority_served": matched.priority_served, "distance_m": matched.distance_m},
        "optimal": matched.is_optimal,
        "seconds": took_s,
    }
    if not matched.is_optimal:
        document["gap"] = _gap(matched, objective)
    return document


def _gap(matched: Matched, objective: Objective) -> Mapping[str, int | float | None]:
    """How much better a choice might be at most; the second is None while the first isn't 0."""
    cost = matched.cost_gap
    if objective == "distance":
        return {"priority_served": matched.priority_gap, "distance_m": cost}
    return {"priority_served": matched.priority_gap, "score": None if cost is None else cost / MICRO}


def _write(path: Path, matched: Matched) -> None:
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("job", "technician", "distance_m", "score"))
            for pair in matched.pairs:
                writer.writerow((_harmless(pair.job), _harmless(pair.technician), pair.distance_m, pair.score))
    except OSError as error:
        raise BadInput("--out", str(path), f"give a file that can be written ({error.strerror})") from error


def _harmless(text: str) -> str:
    """The text as a cell that no spreadsheet runs as a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _show(matched: Matched, took_s: float) -> None:
    """The answer for people: who does what, what stays open and why, how good it is."""
    console = Console()
    done = _table(("job", "technician", "km", "score"), "assigned")
    for pair in matched.pairs[:MAX_ROWS]:
        done.add_row(Text(pair.job), Text(pair.technician), f"{pair.distance_m / 1000:.1f}", f"{pair.score:.3f}")
    left = _table(("job", "technicians in reach who fail, by rule"), "left open")
    for line in matched.unserved[:MAX_ROWS]:
        left.add_row(Text(line.job), _words(line.reasons))
    for table, count in ((done, len(matched.pairs)), (left, len(matched.unserved))):
        if count:
            console.print(table)
        if count > MAX_ROWS:
            console.print(f"and {count - MAX_ROWS} more: --json has all", highlight=False)
    num_jobs = len(matched.pairs) + len(matched.unserved)
    served = f"{len(matched.pairs)} of {num_jobs} jobs assigned, priority {matched.priority_served}"
    console.print(f"{served}, {matched.distance_m / 1000:,.1f} km in all, {took_s:.2f} s", highlight=False)
    total: Counter[str] = Counter()
    for line in matched.unserved:
        total.update(line.reasons)
    if total:
        console.print(f"why jobs stay open, all together: {_words(total)}", highlight=False)
    console.print(_how_good(matched), highlight=False)


def _how_good(matched: Matched) -> str:
    if matched.is_optimal:
        return "proved to be the best"
    if matched.priority_gap:
        return f"stopped by the deadline: at most {matched.priority_gap} more priority is possible"
    return "stopped by the deadline: the most priority is served, the second goal isn't proved"


def _table(names: tuple[str, ...], title: str) -> Table:
    table = Table(title=title, title_justify="left")
    for name in names:
        table.add_column(name, justify="right" if name in ("km", "score") else "left", overflow="fold")
    return table


def _words(reasons: Mapping[str, int]) -> str:
    return ", ".join(f"{rule} {count}" for rule, count in reasons.items()) or "nobody in reach"
