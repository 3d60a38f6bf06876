"""`truckroll packs`: sets of limits checked and compared, with whom and what other ones would touch.

Technician 0 has two hours' work promised to the one client of the small world.
"""

import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from packsofown import MINE, goes_by_packs
from typer.testing import CliRunner
from worlds import World, small_world

from api.app import create_app
from cli.packs import packs
from cli.processes import dispatcher
from dispatch.errors import BadInput
from dispatch.jobs.acceptance import Won, accept_offer
from dispatch.settings import Settings
from dispatch.talent.packfiles import known_packs, shipped_packs
from matching.errors import PackError

SHIPPED = Path(str(files("dispatch.talent").joinpath("packs")))
NOWHERE = {"database_url": "postgresql://nobody@localhost/none", "redis_url": "redis://localhost:1/0"}
HOURS = "us-erisa-1000-hours.1.toml"


@pytest.fixture
def world(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("TRUCKROLL_DATABASE_URL", database_url)
    monkeypatch.setenv("TRUCKROLL_REDIS_URL", "redis://127.0.0.1:1")
    with small_world(database_url) as made:
        offer = made.offered()[0]
        with made.as_engine() as (session, now):
            assert isinstance(accept_offer(session, made.actor_of(offer), made.yes(offer), now=now), Won)
        yield made


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A copy of the shipped packs."""
    folder = tmp_path / "packs"
    shutil.copytree(SHIPPED, folder)
    return folder


def run(*words: str) -> str:
    result = CliRunner().invoke(packs, list(words))
    if result.exception is not None:
        raise result.exception
    return result.stdout


def document(*words: str) -> Any:
    return json.loads(run(*words, "--json"))


def change(folder: Path, name: str, before: str, after: str) -> None:
    text = (folder / name).read_text()
    assert before in text
    (folder / name).write_text(text.replace(before, after))


def test_a_check_lists_what_is_good_and_refuses_by_name_what_is_not(other: Path) -> None:
    assert document("check") == document("check", str(other))
    assert "us-1099-nec 2: Form 1099-NEC from 2,000 USD in a year (soft, 2026-01-01 on)" in run("check")
    change(other, "us-1099-nec.1.toml", "2025-12-31", "2025-12-30")
    with pytest.raises(PackError, match="us-1099-nec: version 1 and version 2 leave a gap"):
        run("check", str(other))
    change(other, "us-1099-nec.1.toml", "2025-12-30", "2026-01-01")
    with pytest.raises(PackError, match="us-1099-nec: version 1 and version 2 overlap"):
        run("check", str(other))
    (other / "bad.toml").write_text("id = ")
    with pytest.raises(PackError, match=r"bad\.toml"):
        run("check", str(other))
    with pytest.raises(PackError, match="holds no packs"):
        run("check", str(other / "nowhere"))


def test_a_comparison_names_the_versions_the_pairs_and_the_promised_jobs(world: World, other: Path) -> None:
    assert document("diff", "shipped", str(other)) == {"packs": [], "pairs": []}
    change(other, HOURS, "hours = 1000", "hours = 2")
    (other / "income-share.1.toml").unlink()
    found = document("diff", "shipped", str(other))
    assert [(each["pack"], each["kind"]) for each in found["packs"]] == [
        ("income-share", "removed"),
        ("us-erisa-1000-hours", "changed"),
    ]
    before, after = found["packs"][1]["fields"]["thresholds"]
    assert (before["hours"], after["hours"]) == (1000, 2)
    (pair,) = found["pairs"]
    assert (pair["before"], pair["after"], pair["pack"]) == ("green", "red", "us-erisa-1000-hours")
    assert pair["client_id"] == str(world.client)
    assert len(pair["jobs"]) == 1
    told = run("diff", "shipped", str(other))
    assert f"technician {pair['technician_id']} with client {pair['client_id']}: green to red" in told
    assert pair["jobs"][0] in told
    assert document("diff", "shipped", str(other), "--files-only")["pairs"] == []


def test_a_comparison_looks_at_the_day_on_which_the_new_version_begins_and_names_only_what_breaks(
    world: World, other: Path
) -> None:
    with world.as_engine() as (_, now):
        today = now.date()
    begins, day_before = (today + timedelta(days=days) for days in (200, 199))
    new = (other / HOURS).read_text().replace("version = 1", "version = 2").replace("hours = 1000", "hours = 3")
    (other / "later.toml").write_text(new.replace("valid_from = 1976-01-01", f"valid_from = {begins}"))
    change(other, HOURS, "valid_from = 1976-01-01", f"valid_from = 1976-01-01\nvalid_to = {day_before}")
    late = world.post(start_at=world.start + timedelta(days=210))
    world.send_waves()
    (offer, *_) = [each for each in world.offers(late) if each.technician_id == world.technicians[0]]
    (pair,) = document("diff", "shipped", str(other))["pairs"]
    assert (pair["before"], pair["after"], pair["jobs"]) == ("green", "green", []), "two of three hours: nothing breaks"
    assert pair["offers"] == [str(offer.id)], "with these two it would be four"
    assert f"breaks open offers: {offer.id}" in run("diff", "shipped", str(other))
    assert document("diff", "shipped", str(other), "--on", today.isoformat())["pairs"][0]["offers"] == [str(offer.id)]


def test_a_limit_that_only_warned_and_would_refuse_names_who_is_above_it_and_what_is_open(
    world: World, other: Path, tmp_path: Path
) -> None:
    change(other, HOURS, "hours = 1000", "hours = 2")
    hard = tmp_path / "hard"
    shutil.copytree(other, hard)
    change(hard, HOURS, 'binding = "soft"', 'binding = "hard"')
    job = world.post(start_at=world.start + timedelta(days=2))
    world.send_waves()
    (offer, *_) = [each for each in world.offers(job) if each.technician_id == world.technicians[0]]
    (pair,) = [each for each in document("diff", str(other), str(hard))["pairs"] if each["offers"] == [str(offer.id)]]
    assert (pair["before"], pair["after"], pair["is_hard"], pair["jobs"]) == ("red", "red", True, [])
    assert f"red as before under {pair['pack']}" in run("diff", str(other), str(hard))
    (back,) = [each for each in document("diff", str(hard), str(other))["pairs"]]
    assert (back["before"], back["after"], back["is_hard"], back["offers"]) == ("red", "red", False, [])


def test_packs_of_ones_own_join_the_shipped_ones_and_replace_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "ours.toml").write_text(MINE)
    with goes_by_packs(None):
        shipped = {each["id"] for each in document("check")["packs"]}
        monkeypatch.setenv("TRUCKROLL_PACKS_DIR", str(mine))
        assert {each["id"] for each in document("check")["packs"]} - shipped == {"house-hours"}
        (added,) = document("diff", "shipped", "current", "--files-only")["packs"]
        assert (added["pack"], added["version"], added["kind"]) == ("house-hours", 1, "added")
        app = create_app(Settings(**NOWHERE))
        assert app
        assert "house-hours" in {pack.id for pack in known_packs()}, "the API goes by them"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"house-hours": "us-1099-nec"}, "pack us-1099-nec version 1 is shipped with Truckroll"),
        (
            {"house-hours": "us-1099-nec", "version = 1": "version = 3"},
            "version 1 and version 3 overlap",
        ),
        (
            {"house-hours": "us-long-term-part-time", "version = 1": "version = 0"},
            "version 0, kind 'hours' are no pack's",
        ),
        ({"valid_from = 2020-01-01": "valid_from = 2020-01-01\nvalid_to = 2020-12-31"}, "leave a gap"),
        ({"hours = 3": "hours = 0"}, "ours.toml: hours 0 is outside"),
    ],
)
def test_packs_of_ones_own_that_cannot_be_used_stop_the_start_by_name(
    changes: dict[str, str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "gap" in words:
        later = MINE.replace("version = 1", "version = 2").replace("2020-01-01", "2021-06-01")
        (tmp_path / "next.toml").write_text(later)
    text = MINE
    for before, after in changes.items():
        text = text.replace(before, after)
    (tmp_path / "ours.toml").write_text(text)
    monkeypatch.setenv("TRUCKROLL_PACKS_DIR", str(tmp_path))
    for begins in (
        lambda: run("check"),
        lambda: create_app(Settings(**NOWHERE)),
        dispatcher,
    ):
        with pytest.raises(PackError, match=words):
            begins()
    assert known_packs() == shipped_packs(), "what it went by before stays"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUCKROLL_PACKS_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(BadInput, match="TRUCKROLL_PACKS_DIR"):
        run("check")
