"""What is there, which version, and what about it is unsafe?"""

import contextlib
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg2
from worlds import small_world

from cli.examine import Finding, examine
from dispatch.private_postgres import PrivatePostgres
from dispatch.record.datakeys import keep_ring
from dispatch.record.tables import ErasureRow, new_id
from dispatch.settings import Settings, without_driver

NOWHERE = {"TRUCKROLL_DATABASE_URL": "postgresql://127.0.0.1:1/none", "TRUCKROLL_REDIS_URL": "redis://127.0.0.1:1"}


def doctor(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli.main", "doctor", *words]
    environment = {**os.environ, **environment}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=60)


def by_subject(settings: Settings) -> dict[str, Finding]:
    return {finding.subject: finding for finding in examine(settings)}


def administer(url: str, statement: str) -> None:
    with contextlib.closing(psycopg2.connect(without_driver(url))) as connection:
        connection.autocommit = True
        connection.cursor().execute(statement)


def test_looking_starts_nothing_and_says_that_it_will_be_started(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    done = doctor("--json", TRUCKROLL_DATA_DIR=str(folder), TRUCKROLL_DATABASE_URL="", TRUCKROLL_REDIS_URL="")
    words = {finding["subject"]: finding["word"] for finding in json.loads(done.stdout)["findings"]}
    assert (words["PostgreSQL"], words["Redis"]) == ("not running", "not running")
    assert done.returncode == 0
    assert not folder.exists()


def test_a_whole_system_is_ok_in_every_line_and_in_words(database_url: str, redis_url: str) -> None:
    done = doctor(TRUCKROLL_DATABASE_URL=database_url, TRUCKROLL_REDIS_URL=redis_url)
    assert done.returncode == 0
    for subject in ("postgis", "btree_gist", "roles", "migrations", "Redis", "synchronous_commit"):
        assert any(line.startswith("ok ") and f" {subject}: " in line for line in done.stdout.splitlines())


def test_what_does_not_answer_is_broken_and_leaves_with_3() -> None:
    done = doctor("--json", **NOWHERE)
    broken = [finding for finding in json.loads(done.stdout)["findings"] if finding["word"] == "broken"]
    assert {finding["subject"] for finding in broken} == {"PostgreSQL", "Redis"}
    assert all(finding["mend"] for finding in broken)
    assert done.returncode == 3


def test_settings_that_lose_data_are_named_with_the_danger(
    database_name: str, admin_url: str, database_url: str, redis_url: str
) -> None:
    administer(admin_url, f"ALTER DATABASE {database_name} SET synchronous_commit = off")
    found = by_subject(Settings(database_url=database_url, redis_url=redis_url))
    assert found["synchronous_commit"].word == "warning"
    assert "acceptance can be lost" in found["synchronous_commit"].seen
    # The tests' own cluster runs without it.
    assert found["fsync"].word == "warning"


def test_a_login_above_row_level_security_is_broken(admin_url: str, redis_url: str) -> None:
    roles = by_subject(Settings(database_url=admin_url, redis_url=redis_url))["roles"]
    assert roles.word == "broken"
    assert "row-level security does not bind postgres" in roles.seen


def test_a_database_that_nobody_prepared_says_how_to_mend_it_and_that_mends_it(
    postgres: PrivatePostgres, database_name: str, admin_url: str, redis_url: str
) -> None:
    name = f"{database_name}_bare"
    administer(admin_url, f"CREATE DATABASE {name} TEMPLATE template0")
    try:
        settings = Settings(database_url=postgres.url(name), redis_url=redis_url)
        found = by_subject(settings)
        assert (found["postgis"].word, found["btree_gist"].word) == ("broken", "broken")
        assert "--print-bootstrap-sql" in found["postgis"].mend
        assert found["migrations"].word == "warning"
        administer(postgres.url(name, user="postgres"), doctor("--print-bootstrap-sql").stdout)
        mended = by_subject(settings)
        assert (mended["postgis"].word, mended["btree_gist"].word, mended["roles"].word) == ("ok", "ok", "ok")
    finally:
        administer(admin_url, f"DROP DATABASE {name} WITH (FORCE)")


def test_people_who_wait_to_be_erased_are_counted_and_keys_that_they_wait_for_named(database_url: str, redis_url: str):
    settings = Settings(database_url=database_url, redis_url=redis_url)
    with small_world(database_url, 3) as world:
        assert by_subject(settings)["erasures"].seen == "none is late"
        with world.as_engine() as (session, now):
            month = timedelta(days=30)
            for num, (state, ago) in enumerate((("asked", 31), ("asked", 1), ("granted", 1))):
                asked_at = now - timedelta(days=ago)
                granted = {"decided_at": now, "next_at": now} if state == "granted" else {}
                keyless = [{"code": "no_data_keys", "num": 1, "until": None}]
                session.add(
                    ErasureRow(
                        id=new_id(), technician_id=world.technicians[num], state=state, blocked_by=keyless,
                        asked_at=asked_at, decide_by=asked_at + month, **granted,
                    )
                )  # fmt: skip
            oldest = (now - timedelta(days=1)).date()
        found = [each for each in examine(settings) if each.subject == "erasures"]
    assert [(each.word, each.seen) for each in found] == [
        ("warning", f"1 not decided in time, the oldest by {oldest}"),
        ("warning", "1 granted, and waiting for data keys"),
    ]
    assert found[1].mend == "set TRUCKROLL_DATA_KEYS (truckroll datakeys make)"


def test_data_keys_are_named_and_a_file_that_others_read_is_broken(database_url: str, redis_url: str, tmp_path: Path):
    settings = Settings(database_url=database_url, redis_url=redis_url, data_dir=tmp_path)
    assert by_subject(settings)["data keys"].word == "warning"
    made = keep_ring(tmp_path, datetime(2026, 11, 26, tzinfo=UTC))
    assert made is not None
    assert by_subject(settings)["data keys"].seen == "20261126-1; the first seals"
    made.chmod(0o644)
    found = by_subject(settings)["data keys"]
    assert (found.word, found.mend) == ("broken", f"let nobody else read it: chmod 600 {made}")
