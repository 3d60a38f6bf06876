"""Stories of a client's own program that wants to hear what happens, as it happens."""

from collections.abc import Iterator
from typing import Any

import pytest
from hooks import Hooks, hooks_in
from processes import until
from town import Town, small_town

from dispatch.webhooks import health


@pytest.fixture
def town(database_url: str, redis_url: str) -> Iterator[Town]:
    """A private installation, whose webhooks may call programs on the same machine."""
    with small_town(database_url, redis_url, webhook_allow="127.0.0.0/8") as found:
        yield found


@pytest.fixture
def hooks(town: Town, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hooks]:
    """The client's program, a courier, and a board that is kept up to date."""
    monkeypatch.setattr(health, "WAITS_S", (0.2,) * 9)
    monkeypatch.setattr(health, "_PAUSES_S", (0.3,))
    with hooks_in(database_url) as found, found.board(), found.courier():
        yield found


def listens(town: Town, hooks: Hooks, path: str, *kinds: str) -> dict[str, Any]:
    """The client's admin adds the program's address, and gives the program the secret."""
    admin = town.key("client_admin", client_id=town.world.client)
    wish = {"url": hooks.receiver.add(path), "kinds": list(kinds)}
    made = admin.post("/v1/webhooks", wish, key=f"add-{path}")
    assert made.status_code == 201, made.text
    # Whoever repeats the request gets the same endpoint, and not its secret.
    again = admin.post("/v1/webhooks", wish, key=f"add-{path}")
    assert (again.json()["id"], again.json()["secret"]) == (made.json()["id"], None)
    hooks.receiver.trust(path, made.json()["secret"])
    return made.json()


def log_of(town: Town, webhook: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
    """The log of deliveries, oldest first."""
    items = town.staff.get(f"/v1/webhooks/{webhook['id']}/deliveries", params=query).json()["items"]
    return items[::-1]


def test_the_clients_program_hears_of_its_job_step_by_step_signed_and_in_order(story, town: Town, hooks: Hooks):
    webhook = listens(town, hooks, "/program", "job.*", "visit.*")
    given = story.assigned()
    given.does("confirm", "leave", "check-in", "check-out")

    told = hooks.heard("/program")
    until(lambda: told.kinds["visit.checked_out"] == 1, "the end of the visit is told")
    assert (told.out_of_order, told.num_bad_signatures) == (0, 0)
    assert set(told.last) == {given.job["id"]}
    kinds = [each["type"] for each in log_of(town, webhook)]
    steps = ["job.posted", "job.slot_filled", "visit.confirmed", "visit.left", "visit.checked_in"]
    assert [kind for kind in kinds if kind in steps] == steps

    # Nobody is shown the secret a second time, and the neighbours see nothing at all.
    shown = town.staff.get(f"/v1/webhooks/{webhook['id']}")
    assert "secret" not in shown.json()
    assert webhook["secret"] not in town.staff.get("/v1/webhooks").text + shown.text
    assert town.stranger.get(f"/v1/webhooks/{webhook['id']}").status_code == 404
    assert town.stranger.get("/v1/webhooks").json()["items"] == []


def test_the_program_is_down_for_a_while_and_misses_nothing_and_a_bad_day_is_told_again(
    story, town: Town, hooks: Hooks
):
    webhook = listens(town, hooks, "/program", "job.*")
    told, url = hooks.heard("/program"), f"/v1/webhooks/{webhook['id']}"
    told.fails = 1.0
    for _ in range(6):
        town.posted()
    until(lambda: town.staff.get(url).json()["num_failures"] > 5, "it is found to be down")
    waiting = log_of(town, webhook, state="waiting")
    assert {(each["last_code"], each["last_status"]) for each in waiting} <= {("http_500", 500), (None, None)}

    told.fails = 0.0
    until(lambda: told.kinds["job.posted"] == 6, "all is told")
    until(lambda: not log_of(town, webhook, state="waiting"), "and noted")
    assert told.out_of_order == 0
    assert town.staff.get(url).json()["num_failures"] == 0

    # The program lost its data since noon: everything after the last thing that it knows, once more.
    known = sorted(told.taken.values())[2]
    told.taken.clear()
    told.last.clear()
    assert town.staff.post(f"{url}/replay", {"after_seq": known}).status_code == 202
    until(lambda: told.kinds["job.posted"] == 9, "three are told again")
    one = log_of(town, webhook)[0]
    assert town.staff.post(f"{url}/deliveries/{one['id']}/redeliver").json()["state"] == "waiting"
    until(lambda: told.kinds["job.posted"] == 10, "and one more by itself")
    too_far = town.staff.post(f"{url}/replay", {"after_seq": 10**6})
    assert (too_far.status_code, too_far.json()["errors"][0]["path"]) == (422, "/after_seq")


def test_addresses_are_refused_that_lead_inside_and_a_program_is_tested_paused_and_moved(
    story, town: Town, hooks: Hooks
):
    for url in (
        "http://10.0.0.1/",
        "https://169.254.169.254/latest",
        "https://[64:ff9b::a00:1]/",
        "https://a@8.8.8.8/",
    ):
        refused = town.staff.post("/v1/webhooks", {"url": url})
        assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, "/url"), url
    wrong = town.staff.post("/v1/webhooks", {"url": hooks.receiver.add("/program"), "kinds": ["jobs.posted"]})
    assert (wrong.status_code, wrong.json()["errors"][0]["path"]) == (422, "/kinds")

    webhook = listens(town, hooks, "/program", "visit.*")
    url, told = f"/v1/webhooks/{webhook['id']}", hooks.heard("/program")
    assert town.staff.post(f"{url}/ping").status_code == 202
    until(lambda: told.kinds["webhook.pinged"] == 1, "the test arrives")

    assert town.staff.patch(url, {"is_paused": True}).status_code == 428
    paused = town.staff.patch(url, {"is_paused": True}, '"v1"')
    assert (paused.json()["state"], paused.json()["paused_why"]) == ("paused", "asked")
    assert town.staff.patch(url, {"is_paused": False}, '"v1"').status_code == 412
    assert town.staff.post(f"{url}/ping").json()["code"] == "conflict"
    given = story.assigned()
    given.does("confirm")
    moved = hooks.receiver.add("/moved")
    rotated = town.staff.post(f"{url}/rotate").json()
    assert rotated["secret"] != webhook["secret"]
    hooks.receiver.trust("/moved", rotated["secret"])
    resumed = town.staff.patch(url, {"is_paused": False, "url": moved}, f'"v{rotated["version"]}"')
    assert resumed.status_code == 200, resumed.text
    until(lambda: hooks.heard("/moved").kinds["visit.confirmed"] == 1, "what was missed is told at the new address")
    assert (told.kinds.total(), hooks.heard("/moved").num_bad_signatures) == (1, 0)

    assert town.staff.call("DELETE", url).status_code == 204
    assert town.staff.get(url).status_code == 404
