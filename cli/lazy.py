"""How does `--help` answer at once? A table holds each command's name and line; its module loads when it is called."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup


@dataclass(frozen=True, slots=True)
class Entry:
    """A command that is not loaded yet."""

    #: ``package.module:function``; the function may be a `typer.Typer` with commands of its own.
    target: str
    #: The line in the list of commands.
    line: str


class LazyGroup(TyperGroup):
    """A group whose commands come from a table, filled in by a subclass."""

    entries: ClassVar[Mapping[str, Entry]]

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the table's order."""
        return list(self.entries)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Load the command's module."""
        entry = self.entries.get(cmd_name)
        return None if entry is None else _load(cmd_name, entry)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list from the table, loading nothing."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.line) for name, entry in self.entries.items()])


def load(target: str) -> Any:
    """Return what ``package.module:name`` names, loading the module now."""
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)


def _load(name: str, entry: Entry) -> Any:
    target = load(entry.target)
    if isinstance(target, typer.Typer):
        command = typer.main.get_command(target)
    else:
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(name)(target)
        command = typer.main.get_command(app)
    command.name = name
    return command
