"""Where are the packs of limits? In `packs/*.toml`, one version a file; or in a folder that somebody names."""

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
    return _parsed([(each.name, each.read_text("utf-8")) for each in found])


def packs_in(folder: Path) -> tuple[Pack, ...]:
    """The packs of a folder, by id and day.

    Raises
    ------
    PackError
        When a file is no pack, or versions overlap or leave a gap; the file or the versions are named.
    """
    try:
        texts = [(each.name, each.read_text("utf-8")) for each in sorted(folder.glob("*.toml"))]
    except (OSError, UnicodeDecodeError) as error:
        raise PackError(f"{folder} cannot be read: {error}") from error
    if not texts:
        raise PackError(f"{folder} holds no packs: files named *.toml")
    return _parsed(texts)


def _parsed(texts: list[tuple[str, str]]) -> tuple[Pack, ...]:
    packs = []
    for name, text in texts:
        try:
            packs.append(parse_pack(tomllib.loads(text), name))
        except tomllib.TOMLDecodeError as error:
            raise PackError(f"{name}: {error}") from error
    return check_timelines(packs)
