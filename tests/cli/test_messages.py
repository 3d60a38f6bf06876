"""`truckroll messages`: fates listed without addresses, and what did not arrive sent again."""

import json
from collections.abc import Iterator

import pytest
from click.testing import Result
from outboxes import Post
from typer.testing import CliRunner
from worlds import World, small_world

from cli.messages import messages
from dispatch.errors import BadInput, Conflict, NotFound
from dispatch.messages.adapters import Failed
from dispatch.record.tables import new_id


@pytest.fixture
def world(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("TRUCKROLL_DATABASE_URL", database_url)
    monkeypatch.setenv("TRUCKROLL_REDIS_URL", "redis://127.0.0.1:1")
    with small_world(database_url, num_technicians=1) as made:
        yield made


def run(*words: str) -> Result:
    return CliRunner().invoke(messages, list(words))


def test_what_did_not_arrive_is_listed_without_an_address_and_sent_again(world: World) -> None:
    post = Post(world)
    world.offered()
    post.carrier.fails = Failed("gateway_404", retry=False)
    post.goes_out()
    listed = run("list", "--state", "given_up", "--json")
    assert listed.exit_code == 0, listed.output
    found = json.loads(listed.stdout)
    assert found["counts"] == {"given_up": 1}
    ((lost,),) = (found["messages"],)
    assert (lost["occasion"], lost["reason"]) == ("offer_sent", "gateway_404")
    assert "+1432555" not in listed.output
    assert "@" not in listed.output
    assert lost["id"] in run("list").stdout
    assert run("resend", lost["id"]).exit_code == 0
    post.carrier.fails = None
    assert len(post.goes_out()) == 1
    assert isinstance(run("resend", lost["id"]).exception, Conflict)
    assert isinstance(run("resend", str(new_id())).exception, NotFound)
    assert isinstance(run("list", "--state", "lost").exception, BadInput)
