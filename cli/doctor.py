"""Is everything there that Truckroll needs, and safe? Says so line by line, each with a word and the way to mend it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from cli.examine import Finding, examine
from cli.options import Json
from dispatch.bootstrap import LOGIN_ROLE, bootstrap_sql
from dispatch.services import services
from dispatch.settings import read_settings

_SOMETHING_MISSING = 3
_COLOURS = {"ok": typer.colors.GREEN, "warning": typer.colors.YELLOW, "broken": typer.colors.RED}


def doctor(
    start: Annotated[bool, typer.Option("--start", help="Start the private servers to look at them too.")] = False,
    as_json: Json = False,
    print_bootstrap_sql: Annotated[
        bool, typer.Option("--print-bootstrap-sql", help="Print what an administrator runs once on a database.")
    ] = False,
) -> None:
    """Say what is there, which version, which setting is unsafe, and how to mend it.

    Leaves with 3 when something is broken.

    For example: truckroll doctor --start
    """
    if print_bootstrap_sql:
        typer.echo(
            f"-- As a superuser, connected to the database that Truckroll shall use; then: \\password {LOGIN_ROLE}"
        )
        typer.echo(bootstrap_sql(), nl=False)
        return
    settings = read_settings()
    if start:
        with services(settings):
            findings = examine(settings)
    else:
        findings = examine(settings)
    is_whole = all(finding.word != "broken" for finding in findings)
    if as_json:
        typer.echo(json.dumps({"ok": is_whole, "findings": [asdict(finding) for finding in findings]}))
    else:
        _show(findings)
    if not is_whole:
        raise typer.Exit(_SOMETHING_MISSING)


def _show(findings: Sequence[Finding]) -> None:
    for finding in findings:
        word = typer.style(f"{finding.word:<11}", fg=_COLOURS.get(finding.word))
        typer.echo(f"{word} {finding.subject}: {finding.seen}")
        if finding.mend:
            typer.echo(f"{'':<11} mend it: {finding.mend}")
