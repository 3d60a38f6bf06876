"""`truckroll call`: one request to a real API, answered as JSON; refusals in the API's own words."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from click.testing import Result
from town import Town
from town import small_town as _small_town
from typer import Typer
from typer.testing import CliRunner

from cli.call import call
from cli.main import exit_code

app = Typer()
app.command()(call)


@pytest.fixture
def town(database_url: str, redis_url: str) -> Iterator[Town]:
    with _small_town(database_url, redis_url) as made:
        yield made


@pytest.fixture
def url(town: Town) -> Iterator[str]:
    """The town's application, listening."""
    server = uvicorn.Server(uvicorn.Config(town.app, port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def test_a_job_is_posted_read_and_changed_from_the_command_line(town: Town, url: str) -> None:
    there = ("--url", url, "--key", town.staff.secret)
    posted = run("POST", "/v1/jobs", json.dumps(town.job_body(number="WO-1")), *there, "--pick", "id")
    assert posted.exit_code == 0, posted.output
    job = posted.stdout.strip()
    assert run("GET", f"/v1/jobs/{job}", *there, "--pick", "visits[0].state").stdout.strip() == "planned"
    changed = run("PATCH", f"/v1/jobs/{job}", "title=Replace two drives", "priority:=2", "pay.amount=150.00", *there)
    told = json.loads(changed.stdout)
    assert (told["title"], told["priority"]) == ("Replace two drives", 2)
    assert told["visits"][0]["slots"][0]["pay"]["amount"] == "150.00"


def test_a_refusal_is_told_in_the_apis_words_and_ends_with_2(town: Town, url: str) -> None:
    there = ("--url", url, "--key", town.staff.secret)
    refused = run("POST", "/v1/jobs", json.dumps(town.job_body(priority=9)), *there)
    assert refused.exception is not None
    assert "422" in str(refused.exception)
    assert "/priority" in str(refused.exception)
    assert exit_code(refused.exception) == 2  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("FETCH", "/v1/jobs"), "METHOD"),
        (("POST", "/v1/files", "@nowhere.jpg"), "nowhere.jpg"),
        (("POST", "/v1/jobs", "title"), "name=text"),
        (("POST", "/v1/jobs", "priority:=high"), "JSON"),
        (("GET", "/v1/jobs", "--pick", "things"), "--pick"),
    ],
)
def test_bad_usage_names_what_was_wrong(town: Town, url: str, words: tuple[str, ...], named: str) -> None:
    refused = run(*words, "--url", url, "--key", town.staff.secret)
    assert named in str(refused.exception)
    assert exit_code(refused.exception) == 2  # type: ignore[arg-type]


def test_nobody_listening_is_a_missing_service(tmp_path: Path) -> None:
    refused = run("GET", "/v1/jobs", "--url", "http://127.0.0.1:1")
    assert exit_code(refused.exception) == 3  # type: ignore[arg-type]
