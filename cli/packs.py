"""Are these packs of limits good, and whom would other ones touch? For the operator, before they go live."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.options import Json
from cli.record import engine_session
from dispatch.record.session import database_now
from dispatch.settings import read_settings
from dispatch.talent.packdiff import PackChange, PairChange, changed_pairs, compare_packs
from dispatch.talent.packfiles import go_by, packs_in, shipped_packs
from matching.packs import Pack

_DEADLINE_S = 600.0


_SHOWN = (
    "id", "version", "title", "kind", "jurisdiction", "valid_from", "valid_to", "source", "binding", "engagements",
    "thresholds",
)  # fmt: skip

packs = typer.Typer(
    help="Packs of limits: check them, compare two sets. For example: truckroll packs check",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@packs.command("check")
def check(
    folder: Annotated[
        Path | None, typer.Argument(help="A folder of *.toml; without it, those that this installation goes by.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Read every pack; refuse by name what cannot be used, what overlaps in time and what leaves a gap.

    Without a folder: the shipped ones, joined by those of TRUCKROLL_PACKS_DIR.

    For example: truckroll packs check my-packs
    """
    found = _current() if folder is None else packs_in(folder)
    documents = [_document(pack) for pack in found]
    if as_json:
        typer.echo(json.dumps({"packs": documents}))
        return
    for each in documents:
        until = f"through {each['valid_to']}" if each["valid_to"] else "on"
        typer.echo(f"{each['id']} {each['version']}: {each['title']} ({each['binding']}, {each['valid_from']} {until})")


@packs.command("diff")
def diff(
    old: Annotated[Path, typer.Argument(help="A folder of *.toml, `shipped`, or `current`.")],
    new: Annotated[Path, typer.Argument(help="A folder of *.toml, `shipped`, or `current`.")],
    on: Annotated[
        datetime | None,
        typer.Option("--on", formats=["%Y-%m-%d"], help="As of this day; without it, of the first that differs."),
    ] = None,
    files_only: Annotated[bool, typer.Option("--files-only", help="Compare the files; read no record.")] = False,
    as_json: Json = False,
) -> None:
    """Say what differs, who would stand otherwise with whom, and what would break: promised jobs, open offers.

    `current` are those that this installation goes by: the shipped ones, joined by those of TRUCKROLL_PACKS_DIR.

    For example: truckroll packs diff shipped my-packs
    """
    before, after = _packs(old), _packs(new)
    changes, pairs = compare_packs(before, after), list[PairChange]()
    if not files_only:
        with engine_session(deadline_s=_DEADLINE_S) as session:
            pairs = changed_pairs(session, before, after, on=on.date() if on else None, now=database_now(session))
    if as_json:
        told = [_change_document(each) for each in changes]
        typer.echo(json.dumps({"packs": told, "pairs": [_pair_document(each) for each in pairs]}))
        return
    for change in changes:
        typer.echo(f"{change.pack} {change.version}: {change.kind}{_differences(change)}")
    for pair in pairs:
        typer.echo(_line(pair))
    num_jobs = len({job for pair in pairs for job in pair.jobs})
    num_offers = sum(len(pair.offers) for pair in pairs)
    would = f"{len(pairs)} pairs would change, {num_jobs} promised jobs and {num_offers} open offers would break"
    where = "files only" if files_only else would
    typer.echo(f"{len(changes)} versions differ; {where}", err=True)


def _packs(folder: Path) -> tuple[Pack, ...]:
    if str(folder) == "current":
        return _current()
    return shipped_packs() if str(folder) == "shipped" else packs_in(folder)


def _current() -> tuple[Pack, ...]:
    return go_by(read_settings().packs_dir)


def _differences(change: PackChange) -> str:
    told = [f"{name} {_plain(before)!r} to {_plain(after)!r}" for name, (before, after) in change.fields.items()]
    return f", {'; '.join(told)}" if told else ""


def _line(pair: PairChange) -> str:
    jobs = f"; breaks promised: {', '.join(map(str, pair.jobs))}" if pair.jobs else ""
    jobs += f"; breaks open offers: {', '.join(map(str, pair.offers))}" if pair.offers else ""
    refuses = ", and more work would be refused" if pair.is_hard and pair.after == "red" else ""
    level = f"{pair.before} to {pair.after}" if pair.before != pair.after else f"{pair.after} as before"
    who = f"technician {pair.technician_id} with client {pair.client_id}"
    return f"{who}: {level} under {pair.pack} ({pair.text}){refuses}{jobs}"


def _document(pack: Pack) -> dict[str, Any]:
    names = (
        "id",
        "version",
        "title",
        "kind",
        "jurisdiction",
        "valid_from",
        "valid_to",
        "source",
        "binding",
        "thresholds",
    )
    return {name: _plain(getattr(pack, name)) for name in names}


def _change_document(change: PackChange) -> dict[str, Any]:
    differing = {name: [_plain(before), _plain(after)] for name, (before, after) in change.fields.items()}
    return {"pack": change.pack, "version": change.version, "kind": change.kind, "fields": differing}


def _pair_document(pair: PairChange) -> dict[str, Any]:
    same = {name: getattr(pair, name) for name in ("pack", "before", "after", "is_hard", "text")}
    ids = {"client_id": str(pair.client_id), "technician_id": str(pair.technician_id)}
    return {**ids, **same, "jobs": [str(job) for job in pair.jobs], "offers": [str(each) for each in pair.offers]}


def _plain(value: Any) -> Any:
    """As JSON has it."""
    return value if isinstance(value, str | int | float | bool | dict | list | None) else str(value)
