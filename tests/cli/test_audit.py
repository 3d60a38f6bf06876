"""`truckroll audit`: chains verified, a job exported and verified elsewhere, what was changed named."""

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import Result
from sqlalchemy import create_engine, text
from typer.testing import CliRunner
from worlds import World, small_world

from cli.audit import audit
from dispatch.errors import BadInput, NotFound
from dispatch.jobs.acceptance import accept_offer
from dispatch.record.chain import seal

SECRET = "7f" * 32


@pytest.fixture
def world(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("TRUCKROLL_DATABASE_URL", database_url)
    monkeypatch.setenv("TRUCKROLL_REDIS_URL", "redis://127.0.0.1:1")
    monkeypatch.setenv("TRUCKROLL_AUDIT_KEY", SECRET)
    with small_world(database_url) as made:
        yield made


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(audit, list(map(str, words)))


def assigned(world: World) -> UUID:
    """A job that was posted, offered and taken."""
    offer = world.offered()[0]
    with world.as_engine() as (session, now):
        accept_offer(session, world.actor_of(offer), world.yes(offer), now=now)
    return offer.job_id


def test_the_history_is_whole_until_somebody_changes_it(world: World, postgres, database_name: str) -> None:
    job = assigned(world)
    with world.as_engine() as (session, now):
        seal(session, now)
    whole = run("verify", "--json")
    assert whole.exit_code == 0, whole.output
    (acme,) = [each for each in json.loads(whole.stdout)["chains"] if each["client"] == str(world.client)]
    assert acme["first_break"] is None
    assert acme["num_events"] > 3
    admin = create_engine(postgres.url(database_name, user="postgres"))
    with admin.begin() as superuser:
        superuser.execute(text("SET LOCAL session_replication_role = replica"))
        superuser.execute(
            text("UPDATE events SET kind = 'cancelled' WHERE subject_id = :job AND seq = 1"), {"job": job}
        )
    admin.dispose()
    broken = run("verify")
    assert broken.exit_code == 1
    assert f"Acme service: {acme['num_events']} events" in broken.stdout
    assert f"BROKEN at job {job} event 1" in broken.stdout


def test_a_job_is_exported_and_verified_without_a_database(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = assigned(world)
    path = tmp_path / "dispute.jsonl"
    written = run("export", job, "--out", path)
    assert written.exit_code == 0, written.output
    monkeypatch.setenv("TRUCKROLL_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    verified = run("verify-bundle", path, "--json")
    told = json.loads(verified.stdout)
    assert verified.exit_code == 0
    assert told["is_whole"]
    assert told["num_events"] > 3
    assert not told["is_key_checked"]
    assert run("verify-bundle", path, "--key", told["key"]).exit_code == 0
    assert run("verify-bundle", path, "--key", "00" * 32).exit_code == 1
    path.write_bytes(path.read_bytes().replace(b'"state":"assigned"', b'"state":"approved"', 1))
    changed = run("verify-bundle", path)
    assert changed.exit_code == 1
    assert f"line 1 (job {job}) is not what was signed" in changed.stdout


def test_a_bundle_tells_the_whole_story_and_nothing_of_persons(world: World, tmp_path: Path) -> None:
    job, path = assigned(world), tmp_path / "b.jsonl"
    run("export", job, "--out", path)
    records = [json.loads(line) for line in path.read_text().splitlines()]
    assert {"job", "event", "visit", "offer", "assignment", "decision", "terms", "signature"} <= {
        each["what"] for each in records
    }
    kinds = {each["kind"] for each in records if each["what"] == "event"}
    assert {"posted", "wave_sent", "accepted"} <= kinds
    for personal in ("Technician 0", "t0@example.com", "106 N 5th St", "Rosa Marsh", "30.3585", "Replace drive"):
        assert personal not in path.read_text()


def test_what_is_not_there_is_said(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(run("export", "WO-NONE").exception, NotFound)
    assert isinstance(run("verify-bundle", tmp_path / "none").exception, BadInput)
    job = assigned(world)
    assert isinstance(run("export", job, "--out", tmp_path / "no" / "b").exception, BadInput)
    monkeypatch.delenv("TRUCKROLL_AUDIT_KEY")
    assert "TRUCKROLL_AUDIT_KEY" in str(run("export", job).exception)
