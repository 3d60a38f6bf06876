"""Where are the packs of limits? In `packs/*.toml`, one version a file; and in a folder that the operator names.

Packs of one's own join those that ship and replace none of them: a client turns a shipped one off, by its id.
"""

import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path

from matching.errors import PackError
from matching.packs import Pack, check_timelines, parse_pack


@cache
def shipped_packs() -> tuple[Pack, ...]:
    """The packs that come with Truckroll, by id and day."""
    found = [each for each in files("dispatch.talent").joinpath("packs").iterdir() if each.name.endswith(".toml")]
    return check_timelines(_parsed([(each.name, each.read_text("utf-8")) for each in found]))


def known_packs() -> tuple[Pack, ...]:
    """The packs that this process goes by, as `go_by` was told last: the shipped ones unless it was."""
    return _joined(_Chosen.folder)


def go_by(folder: Path | None) -> tuple[Pack, ...]:
    """Have this process go by the shipped packs and those of a folder; said once, where a process begins.

    Raises
    ------
    PackError
        When a file is no pack, has the id and version of a shipped one, or versions overlap or leave a gap; they are
        named, and the process goes by what it went by before.
    """
    packs = _joined(folder)
    _Chosen.folder = folder
    return packs


def packs_in(folder: Path) -> tuple[Pack, ...]:
    """The packs of a folder, by id and day.

    Raises
    ------
    PackError
        When a file is no pack, or versions overlap or leave a gap; the file or the versions are named.
    """
    return check_timelines(_read(folder))


class _Chosen:
    """The folder of the packs of one's own, of this process."""

    folder: Path | None = None


@cache
def _joined(folder: Path | None) -> tuple[Pack, ...]:
    shipped = shipped_packs()
    if folder is None:
        return shipped
    taken = {(pack.id, pack.version) for pack in shipped}
    own = _read(folder)
    for pack in own:
        if (pack.id, pack.version) in taken:
            raise PackError(
                f"{folder}: pack {pack.id} version {pack.version} is shipped with Truckroll, and yours replaces none:"
                " give yours an id of its own, and turn the shipped one off with the clients that don't go by it"
            )
    return check_timelines([*shipped, *own])


def _read(folder: Path) -> list[Pack]:
    try:
        texts = [(each.name, each.read_text("utf-8")) for each in sorted(folder.glob("*.toml"))]
    except (OSError, UnicodeDecodeError) as error:
        raise PackError(f"{folder} cannot be read: {error}") from error
    if not texts:
        raise PackError(f"{folder} holds no packs: files named *.toml")
    return _parsed(texts)


def _parsed(texts: list[tuple[str, str]]) -> list[Pack]:
    packs = []
    for name, text in texts:
        try:
            packs.append(parse_pack(tomllib.loads(text), name))
        except tomllib.TOMLDecodeError as error:
            raise PackError(f"{name}: {error}") from error
    return packs
