"""The demo runs the main job on real processes, and its figures are those of the database."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import Any

import httpx2
import psycopg2
from signing import token_in

from cli.demo.players import behave

ROOT = Path(__file__).resolve().parents[2]
#: Only what hangs meets it, on a machine that does much else too.
FOREVER_S = 600.0


def environment(data_dir: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRUCKROLL_")}
    return kept | {"TRUCKROLL_DATA_DIR": str(data_dir)}


def truckroll(data_dir: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command, env = [sys.executable, "-m", "cli.main", *words], environment(data_dir)
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=FOREVER_S, check=False)


@contextmanager
def demo(data_dir: Path, *words: str) -> Iterator[dict[str, Any]]:
    """The demo as it goes on serving, by what it printed; told to end, it ends with the block and without a fault.

    By SIGTERM: Ctrl-C's SIGINT is ignored by whatever a shell starts in the background, these tests among it.
    """
    command, faults = [sys.executable, "-m", "cli.main", "demo", "--json", *words], data_dir.with_suffix(".log")
    with (
        faults.open("w") as said,
        subprocess.Popen(
            command, cwd=ROOT, env=environment(data_dir), stdout=subprocess.PIPE, stderr=said, text=True
        ) as process,
    ):
        assert process.stdout is not None
        watch = Timer(FOREVER_S, process.kill)
        watch.start()
        try:
            line = process.stdout.readline()
            assert line, faults.read_text()[-2000:]
            yield json.loads(line)
            process.terminate()
            assert process.wait() == 0, faults.read_text()[-2000:]
        finally:
            watch.cancel()
            process.terminate()


def each_link_lets_its_role_in(told: dict[str, Any]) -> None:
    """And shows the faces, where they are built."""
    roles = []
    for each in told["visitors"]:
        base_url = each["link"].partition("/sign-in#")[0]
        with httpx2.Client(base_url=base_url, headers={"Truckroll-Web": "1", "Origin": base_url}) as browser:
            opened = browser.post("/v1/sign-in/link/open", json={"token": token_in(each["link"])})
            assert opened.status_code == 201, opened.text
            roles.append(opened.json()["role"])
            assert (roles[-1], each["name"].split(",")[0]) == (each["role"], opened.json()["name"])
            assert browser.get("/v1/me").json()["role"] == each["role"]
            if each["role"] == "requester":
                assert browser.get("/v1/templates").json()["items"], "work that was posted before, to choose from"
            face = browser.get("/sign-in")
            assert face.status_code == (200 if (ROOT / "web" / "dist" / "index.html").exists() else 404)
    assert roles == ["operator", "client_admin", "requester", "dispatcher", "technician"]


def trust_is_as_recorded(told: dict[str, Any], cursor: Any) -> None:
    """Three clients that differ, proofs that ended, an appeal, a dispute: each told as it stands in the database."""
    assert [each["name"].split()[0] for each in told["clients"]] == ["Lone", "Harborlight", "Pinecrest"]
    assert sum(each["jobs"] for each in told["clients"]) == told["jobs"]
    for each in told["clients"]:
        assert each["jobs"] == 0 or 0 < max(each["removed_by_rule"].values()) <= each["in_reach"]
        assert {"green", "amber", "red"} <= set(each)
        assert each["amber"] + each["red"] == len(each["near_a_limit"])
    cursor.execute(
        "SELECT c.name, count(*) FILTER (WHERE level = 'amber'), count(*) FILTER (WHERE level = 'red') FROM usage u"
        " JOIN clients c ON c.id = u.client_id GROUP BY 1"
    )
    levels = {name: counts for name, *counts in cursor.fetchall()}
    assert {each["name"]: [each["amber"], each["red"]] for each in told["clients"] if each["name"] in levels} == levels
    assert {"red", "amber"} <= {near["level"] for each in told["clients"] for near in each["near_a_limit"]}
    proofs_end_and_somebody_else_comes(told["cascades"], cursor)
    cursor.execute("SELECT count(*) FROM disputes WHERE state = 'decided'")
    assert cursor.fetchone() == (1,)
    assert told["dispute_pack"]["is_whole"]
    assert told["dispute_pack"]["events"] > 5
    cursor.execute("SELECT state FROM reviews WHERE about = 'outcome'")
    assert cursor.fetchall() == [("upheld",)] == [(told["appeal"]["verdict"],)]


def proofs_end_and_somebody_else_comes(cascades: list[dict[str, Any]], cursor: Any) -> None:
    """Two, of two clients: one taken back, one run out; all that fell has somebody else, who holds the proof."""
    assert [(each["proof"], each["how"]) for each in cascades] == [
        ("general_liability", "revoked"),
        ("background_check", "expired"),
    ]
    assert len({each["client"] for each in cascades}) == len({each["lost_by"] for each in cascades}) == 2
    for each in cascades:
        assert each["fell"] == each["rescued"] != []
        assert each["rescued_by"] not in (None, each["lost_by"])
        assert each["asked"] >= 1
    cursor.execute("SELECT count(*) FROM assignments WHERE state = 'released' AND ended_why = 'proof_lapsed'")
    assert cursor.fetchone() == (sum(len(each["fell"]) for each in cascades),)
    saved = (
        "SELECT j.number, t.name, c.kind FROM assignments lost JOIN jobs j ON j.id = lost.job_id"
        " JOIN assignments a ON a.visit_id = lost.visit_id AND a.technician_id <> lost.technician_id"
        " JOIN technicians t ON t.id = a.technician_id"
        " JOIN credentials c ON c.technician_id = t.id AND c.state IN ('verified', 'expiring')"
        " WHERE lost.ended_why = 'proof_lapsed'"
    )
    cursor.execute(saved)
    found = set(cursor.fetchall())
    assert {(each["rescued"][0], each["rescued_by"], each["proof"]) for each in cascades} <= found


def test_every_job_ends_and_what_is_said_is_what_is_recorded(tmp_path: Path) -> None:
    data_dir = tmp_path / "demo"
    try:
        with demo(data_dir, "--technicians", "2000", "--jobs", "8") as told:
            each_link_lets_its_role_in(told)
        assert (told["technicians"], told["double_assignments"]) == (2000, 0)
        assert told["jobs"] == told["assigned"] + told["unfilled"] >= 8 + len(told["cascades"])
        with psycopg2.connect(told["database_url"]) as connection, connection.cursor() as cursor:
            posted = "SELECT id FROM jobs WHERE posted_at IS NOT NULL"
            given = f"SELECT count(DISTINCT job_id) FROM assignments WHERE job_id IN ({posted})"
            cursor.execute(f"SELECT count(*), ({given}) FROM ({posted}) AS posted")
            assert cursor.fetchone() == (told["jobs"], told["assigned"])
            cursor.execute("SELECT count(*) FROM offers o JOIN visits v ON v.id = o.visit_id WHERE v.num = 1")
            assert cursor.fetchone() == (told["offers"],)
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
