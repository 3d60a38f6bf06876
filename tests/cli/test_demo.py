"""The demo runs the main job on real processes, and its figures are those of the database."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg2

from cli.demo.players import behave

ROOT = Path(__file__).resolve().parents[2]


def truckroll(data_dir: Path, *words: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRUCKROLL_")}
    environment = kept | {"TRUCKROLL_DATA_DIR": str(data_dir)}
    command = [sys.executable, "-m", "cli.main", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False)


def test_every_job_ends_and_what_is_said_is_what_is_recorded(tmp_path: Path) -> None:
    data_dir = tmp_path / "demo"
    try:
        ran = truckroll(data_dir, "demo", "--once", "--json", "--technicians", "2000", "--jobs", "8")
        assert ran.returncode == 0, ran.stderr[-2000:]
        told = json.loads(ran.stdout)
        assert (told["jobs"], told["technicians"], told["double_assignments"]) == (8, 2000, 0)
        assert told["assigned"] + told["unfilled"] == 8
        with psycopg2.connect(told["database_url"]) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT count(*), (SELECT count(DISTINCT job_id) FROM assignments) FROM jobs")
            assert cursor.fetchone() == (8, told["assigned"])
            cursor.execute("SELECT count(*) FROM offers o JOIN visits v ON v.id = o.visit_id WHERE v.num = 1")
            assert cursor.fetchone() == (told["offers"],)
            ended = "count(*) FILTER (WHERE outcome = 'complete'), count(*) FILTER (WHERE state = 'missed')"
            cursor.execute(f"SELECT {ended} FROM visits")
            assert cursor.fetchone() == (told["visits"]["complete"], told["visits"]["missed"])
        assert told["visits"]["complete"] > 0
        assert told["webhooks"]["sent"] > told["webhooks"]["out_of_order"] == 0
        assert told["messages"] > 0
        again = truckroll(data_dir, "replay", "--all", "--json")
        assert again.returncode == 0, again.stderr
        replayed = json.loads(again.stdout)
        assert replayed["decisions"] == replayed["identical"] >= 8
    finally:
        truckroll(data_dir, "hold", "--end")


def test_a_technicians_behaviour_is_the_same_for_the_same_seed_and_differs_between_people() -> None:
    offers = [(f"T-{num}", "WO-1", 20_000.0) for num in range(400)]
    first = [behave(1, *offer, answer_s=4.0) for offer in offers]
    assert first == [behave(1, *offer, answer_s=4.0) for offer in offers]
    answers = [each.answer for each in first]
    assert 0.5 < answers.count(None) / len(answers) < 0.7
    assert {"accept", "decline", None} <= set(answers)
    assert all(each.delay_s <= 4.0 for each in first if each.answer)
