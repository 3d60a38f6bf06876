"""`truckroll webhooks`: how endpoints fare, what was delivered, told again."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hooks import Hooks, hooks_in
from processes import until
from typer.testing import CliRunner

from cli.webhooks import webhooks
from dispatch.errors import BadInput, NotFound
from dispatch.record.tables import new_id


@pytest.fixture
def hooks(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hooks]:
    monkeypatch.setenv("TRUCKROLL_DATABASE_URL", database_url)
    monkeypatch.setenv("TRUCKROLL_REDIS_URL", "redis://127.0.0.1:1")
    with hooks_in(database_url) as found:
        yield found


def run(*words: str) -> str:
    result = CliRunner().invoke(webhooks, list(words))
    if result.exception is not None:
        raise result.exception
    return result.stdout


def document(*words: str) -> Any:
    return json.loads(run(*words, "--json"))


def test_the_operator_sees_endpoints_and_deliveries_of_all_clients_and_tells_them_again(hooks: Hooks) -> None:
    assert run("list") == "There are no webhooks.\n"
    for path in ("/a", "/b"):
        hooks.endpoint(hooks.client(), path, "job.*")
        hooks.happen(hooks.clients[-1], new_id(), new_id())
    webhook = str(hooks.ids["/a"])
    assert run("deliveries", webhook) == "Nothing was delivered.\n"
    with hooks.courier():
        until(lambda: len(hooks.heard("/a").taken) == 2, "told")
        until(lambda: set(hooks.states("/a")) == {"delivered"}, "and noted")
        listed = {each["id"]: each for each in document("list")["webhooks"]}
        assert set(listed) == set(map(str, hooks.ids.values()))
        assert (listed[webhook]["state"], listed[webhook]["lane"], listed[webhook]["waiting"]) == ("active", "quick", 0)
        assert hooks.heard("/a").secrets[0] not in run("list")
        assert webhook in run("list")
        newest = document("deliveries", webhook, "--state", "delivered")["deliveries"]
        assert [(each["type"], each["code"], each["tries"]) for each in newest] == [("job.noted", "ok", 1)] * 2
        assert newest[0]["seq"] > newest[1]["seq"]
        hooks.heard("/a").taken.clear()
        assert document("replay", webhook, "--after-seq", "0")["num_frames"] == newest[0]["seq"]
        until(lambda: len(hooks.heard("/a").taken) == 2, "told again")


def test_an_endpoint_that_is_none_and_a_place_not_reached_are_said(hooks: Hooks) -> None:
    hooks.endpoint(hooks.client(), "/a")
    for words in (("deliveries", str(new_id())), ("replay", str(new_id()), "--after-seq", "0")):
        with pytest.raises(NotFound):
            run(*words)
    with pytest.raises(BadInput):
        run("replay", str(hooks.ids["/a"]), "--after-seq", "99")
