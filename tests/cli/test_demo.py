"""The demo runs the main job on real processes, and its figures are those of the database."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg2

from cli.demo.players import behave

ROOT = Path(__file__).resolve().parents[2]


def truckroll(data_dir: Path, *words: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRUCKROLL_")}
    environment = kept | {"TRUCKROLL_DATA_DIR": str(data_dir)}
    command = [sys.executable, "-m", "cli.main", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False)


def trust_is_as_recorded(told: dict[str, Any], cursor: Any) -> None:
    """Three clients that differ, proofs that ended, an appeal, a dispute: each told as it stands in the database."""
    assert [each["name"].split()[0] for each in told["clients"]] == ["Lone", "Harborlight", "Pinecrest"]
    assert sum(each["jobs"] for each in told["clients"]) == 8
    for each in told["clients"]:
        assert each["jobs"] == 0 or 0 < max(each["removed_by_rule"].values()) <= each["in_reach"]
        assert each["amber"] + each["red"] == len(each["near_a_limit"])
    cursor.execute(
        "SELECT c.name, count(*) FILTER (WHERE level = 'amber'), count(*) FILTER (WHERE level = 'red') FROM usage u"
        " JOIN clients c ON c.id = u.client_id GROUP BY 1"
    )
    levels = {name: counts for name, *counts in cursor.fetchall()}
    assert {each["name"]: [each["amber"], each["red"]] for each in told["clients"] if each["name"] in levels} == levels
    assert {"red", "amber"} <= {near["level"] for each in told["clients"] for near in each["near_a_limit"]}
    assert told["cascades"], "somebody has work that needs a proof"
    assert all(each["fell"] for each in told["cascades"])
    cursor.execute("SELECT count(*) FROM assignments WHERE state = 'released' AND ended_why = 'proof_lapsed'")
    assert cursor.fetchone() == (sum(len(each["fell"]) for each in told["cascades"]),)
    cursor.execute("SELECT count(*) FROM disputes WHERE state = 'decided'")
    assert cursor.fetchone() == (1,)
    assert told["dispute_pack"]["is_whole"]
    assert told["dispute_pack"]["events"] > 5
    cursor.execute("SELECT state FROM reviews WHERE about = 'outcome'")
    assert [state for (state,) in cursor.fetchall()] == ([told["appeal"]["verdict"]] if told["appeal"] else [])


def test_every_job_ends_and_what_is_said_is_what_is_recorded(tmp_path: Path) -> None:
    data_dir = tmp_path / "demo"
    try:
        ran = truckroll(data_dir, "demo", "--once", "--json", "--technicians", "2000", "--jobs", "8")
        assert ran.returncode == 0, ran.stderr[-2000:]
        told = json.loads(ran.stdout)
        assert (told["jobs"], told["technicians"], told["double_assignments"]) == (8, 2000, 0)
        assert told["assigned"] + told["unfilled"] == 8
        with psycopg2.connect(told["database_url"]) as connection, connection.cursor() as cursor:
            posted = "SELECT id FROM jobs WHERE posted_at IS NOT NULL"
            given = f"SELECT count(DISTINCT job_id) FROM assignments WHERE job_id IN ({posted})"
            cursor.execute(f"SELECT count(*), ({given}) FROM ({posted}) AS posted")
            assert cursor.fetchone() == (8, told["assigned"])
            cursor.execute("SELECT count(*) FROM offers o JOIN visits v ON v.id = o.visit_id WHERE v.num = 1")
            assert cursor.fetchone() == (told["offers"] + sum(each["asked"] for each in told["cascades"]),)
            ended = "count(*) FILTER (WHERE outcome = 'complete'), count(*) FILTER (WHERE v.state = 'missed')"
            cursor.execute(f"SELECT {ended} FROM visits v WHERE v.job_id IN ({posted})")
            assert cursor.fetchone() == (told["visits"]["complete"], told["visits"]["missed"])
            trust_is_as_recorded(told, cursor)
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
