"""What happens is told at least once and in order for each job, whatever the endpoints do to it and to each other."""

import socket
import threading
from datetime import timedelta

import pytest
from hooks import OPERATOR, Hooks
from processes import until
from sqlalchemy import select

from dispatch.errors import Conflict, NotFound, NotKept
from dispatch.record.relay import prune
from dispatch.record.session import Actor
from dispatch.record.tables import AlarmRow, WebhookRow, new_id
from dispatch.webhooks import desk, endpoints, following, health
from dispatch.webhooks.addresses import read_networks
from dispatch.webhooks.desk import Ask
from dispatch.webhooks.endpoints import Calling
from dispatch.webhooks.health import Health

CALLING = Calling(read_networks("127.0.0.0/8"))


def test_every_job_is_told_in_order_while_receivers_fail_at_random_and_two_couriers_carry(
    hooks: Hooks, monkeypatch: pytest.MonkeyPatch
):
    """Three endpoints of one client, one of another; 20 jobs of each with 8 events; a third of all tries fails."""
    monkeypatch.setattr(health, "MAX_TRIES", 50)
    ours, theirs = hooks.client(), hooks.client()
    for path in ("/a", "/b", "/c"):
        hooks.endpoint(ours, path, fails=0.3)
    hooks.endpoint(theirs, "/d", fails=0.3)
    jobs = {client: [new_id() for _ in range(20)] for client in (ours, theirs)}
    with hooks.courier() as first, hooks.courier() as second:
        for _ in range(8):
            for client in (ours, theirs):
                hooks.happen(client, *jobs[client])
        for path in ("/a", "/b", "/c", "/d"):
            until(lambda path=path: len(hooks.heard(path).taken) == 160, f"all at {path}")
        for path in ("/a", "/b", "/c", "/d"):
            heard = hooks.heard(path)
            assert (heard.out_of_order, heard.num_bad_signatures) == (0, 0)
            assert heard.num_refused > 20
            until(lambda path=path: set(hooks.states(path)) == {"delivered"}, f"all noted at {path}")
            tries = sum(each.num_tries for each in hooks.deliveries(path))
            assert tries == heard.num_requests
        assert set(hooks.heard("/d").last) == set(map(str, jobs[theirs]))
        assert first.num_faults + second.num_faults == 0


def test_a_job_that_is_refused_holds_back_only_itself(hooks: Hooks, monkeypatch: pytest.MonkeyPatch):
    client, bad, good = hooks.client(), new_id(), [new_id() for _ in range(6)]
    hooks.endpoint(client, "/a")
    take = hooks.receiver.take

    def refuse(path: str, headers: dict[str, str], body: bytes) -> int:
        return 422 if str(bad).encode() in body else take(path, headers, body)

    monkeypatch.setattr(hooks.receiver, "take", refuse)
    with hooks.courier():
        for _ in range(3):
            hooks.happen(client, bad, *good)
        until(lambda: len(hooks.heard("/a").taken) == 18, "the others")
        # Its first event is tried again and again until it has failed for good; then the next one has its turn.
        until(lambda: "delivery_failed" in hooks.events("/a"), "the first one failed")
        rows = [each for each in hooks.deliveries("/a") if each.about_id == bad]
        assert (rows[0].state, rows[0].num_tries, rows[0].last_code) == ("failed", health.MAX_TRIES, "http_422")
        assert rows[2].num_tries == 0
        monkeypatch.setattr(hooks.receiver, "take", take)
        until(lambda: str(bad) in hooks.heard("/a").last, "it is taken")
        with hooks.writing() as (session, now):
            endpoints.redeliver(session, OPERATOR, hooks.ids["/a"], rows[0].id, now)
        until(lambda: set(hooks.states("/a")) == {"delivered"}, "all delivered")


def test_a_dead_endpoint_waits_apart_costs_one_try_at_a_time_and_loses_nothing(hooks: Hooks):
    client, jobs = hooks.client(), [new_id() for _ in range(40)]
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    dead = hooks.endpoint(client, "/dead", url=f"http://127.0.0.1:{port}/dead")
    hooks.endpoint(client, "/alive")
    with hooks.courier() as courier:
        for _ in range(3):
            hooks.happen(client, *jobs)
        until(lambda: len(hooks.heard("/alive").taken) == 120, "the living one is told")
        broken = until(lambda: (row := hooks.webhook("/dead")).num_failures > 7 and row, "it is found dead")
        assert broken.is_troubled
        tried = sum(each.num_tries for each in hooks.deliveries("/dead"))
        # A few at once before it was known, then one by one: far from 40 jobs that try for themselves.
        assert tried < 20
        assert courier.desk.quick.num_serving <= 1
        with hooks.writing() as (session, now):
            endpoints.change_webhook(
                session, OPERATOR, dead, 1, url=hooks.receiver.add("/dead"), calling=CALLING, now=now
            )
        until(lambda: len(hooks.heard("/dead").taken) == 120, "all is told to it in the end")
    assert hooks.heard("/dead").out_of_order == 0


def test_a_hanging_endpoint_keeps_nobody_else_waiting(hooks: Hooks):
    """Forty endpoints hang at once, more than the troubled lane's hands; the living one hears at once."""
    client, job = hooks.client(), new_id()
    with socket.create_server(("127.0.0.1", 0), backlog=512) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        for num in range(40):
            hooks.endpoint(client, f"/hangs/{num}", url=url)
        hooks.endpoint(client, "/alive")
        with hooks.courier(deadline_s=1.0):
            for _ in range(20):
                hooks.happen(client, job, *[new_id() for _ in range(10)])
            until(lambda: len(hooks.heard("/alive").taken) == 220, "the living one is told")
            until(lambda: hooks.webhook("/hangs/0").is_troubled, "one is known to hang")
            count = len(hooks.heard("/alive").taken)
            hooks.happen(client, job)
            until(lambda: len(hooks.heard("/alive").taken) > count, "told soon", seconds=3.0)
    assert hooks.heard("/alive").out_of_order == 0


def test_failing_raises_an_alarm_after_an_hour_pauses_after_a_day_and_resuming_tells_what_was_missed(hooks: Hooks):
    client, jobs = hooks.client(), [new_id() for _ in range(6)]
    hooks.endpoint(client, "/a", "job.*", fails=1.0)

    def alarms() -> list[AlarmRow]:
        with hooks.writing() as (session, _):
            return list(session.scalars(select(AlarmRow).where(AlarmRow.subject_id == hooks.ids["/a"])))

    with hooks.courier():
        hooks.happen(client, *jobs)
        until(lambda: hooks.webhook("/a").num_failures > 5, "it fails")
        hooks.write("UPDATE webhooks SET served_by = NULL, failing_since = now() - interval '2 hours'")
        with hooks.writing() as (session, _):
            following.wake(session, [hooks.ids["/a"]])
        alarm = until(alarms, "an alarm")[0]
        assert (alarm.kind, alarm.cleared_at) == ("webhook_failing", None)
        hooks.write("UPDATE webhooks SET served_by = NULL, failing_since = now() - interval '25 hours'")
        with hooks.writing() as (session, _):
            following.wake(session, [hooks.ids["/a"]])
        paused = until(lambda: (row := hooks.webhook("/a")).state == "paused" and row, "it is paused")
        assert paused.paused_why == "failing"
        hooks.happen(client, jobs[0])
        with hooks.writing() as (session, now), pytest.raises(Conflict):
            endpoints.ping_webhook(session, OPERATOR, hooks.ids["/a"], now)
        hooks.heard("/a").fails = 0.0
        with hooks.writing() as (session, now):
            endpoints.change_webhook(
                session, OPERATOR, hooks.ids["/a"], paused.version, is_paused=False, calling=CALLING, now=now
            )
        until(lambda: len(hooks.heard("/a").taken) == 7, "told after all")
    assert hooks.heard("/a").out_of_order == 0
    assert hooks.events("/a") == ["added", "paused", "resumed"]
    assert [each.cleared_why for each in alarms()] == ["resumed"]


def test_an_endpoint_that_says_gone_is_paused_at_once(hooks: Hooks, monkeypatch: pytest.MonkeyPatch):
    client = hooks.client()
    hooks.endpoint(client, "/a")
    monkeypatch.setattr(hooks.receiver, "take", lambda *_: 410)
    with hooks.courier():
        hooks.happen(client, new_id())
        paused = until(lambda: (row := hooks.webhook("/a")).state == "paused" and row, "it is paused")
    assert paused.paused_why == "gone"


def test_an_endpoint_hears_the_kinds_it_asked_for_its_own_tests_and_nothing_of_other_clients(hooks: Hooks):
    ours, theirs, job = hooks.client(), hooks.client(), new_id()
    hooks.endpoint(ours, "/some", "job.posted", "visit.*")
    hooks.endpoint(ours, "/all")
    hooks.endpoint(theirs, "/theirs")
    with hooks.courier():
        hooks.happen(ours, job, kind="posted")
        hooks.happen(ours, job, kind="held")
        hooks.happen(ours, new_id(), subject="alarm", kind="raised")
        with hooks.writing() as (session, now):
            endpoints.ping_webhook(session, OPERATOR, hooks.ids["/some"], now)
        hooks.happen(theirs, new_id())
        until(lambda: len(hooks.heard("/theirs").taken) == 1, "theirs")
        until(lambda: sum(hooks.heard("/all").kinds.values()) == 3, "all of ours")
        until(lambda: sum(hooks.heard("/some").kinds.values()) == 2, "some of ours")
    assert dict(hooks.heard("/some").kinds) == {"job.posted": 1, "webhook.pinged": 1}
    assert dict(hooks.heard("/all").kinds) == {"job.posted": 1, "job.held": 1, "alarm.raised": 1}


def test_a_replay_tells_again_from_a_place_in_order_and_says_when_that_is_not_kept(hooks: Hooks):
    client, jobs = hooks.client(), [new_id() for _ in range(5)]
    hooks.endpoint(client, "/a")
    webhook_id = hooks.ids["/a"]
    with hooks.courier():
        for _ in range(4):
            hooks.happen(client, *jobs)
        until(lambda: len(hooks.heard("/a").taken) == 20, "all told")
        first = dict(hooks.heard("/a").taken)
        hooks.heard("/a").taken.clear()
        hooks.heard("/a").last.clear()
        after_seq = sorted(first.values())[7]
        with hooks.writing() as (session, now):
            # The endpoint's own "added" is a frame too, but not one that webhooks tell.
            assert endpoints.replay(session, OPERATOR, webhook_id, after_seq, now) == 12
        until(lambda: len(hooks.heard("/a").taken) == 12, "told again")
    again = hooks.heard("/a").taken
    assert again == {message: seq for message, seq in first.items() if seq > after_seq}
    assert hooks.heard("/a").out_of_order == 0
    with hooks.writing() as (session, now):
        prune(session, now + timedelta(days=1))
    with hooks.writing() as (session, now), pytest.raises(NotKept) as caught:
        endpoints.replay(session, OPERATOR, webhook_id, 0, now)
    assert caught.value.first > 1


def test_a_gap_in_what_is_kept_is_noted_and_passed(hooks: Hooks):
    client, job = hooks.client(), new_id()
    hooks.endpoint(client, "/a")
    for _ in range(3):
        hooks.happen(client, job)
    with hooks.writing() as (session, now):
        prune(session, now + timedelta(days=1))
    with hooks.courier():
        until(lambda: len(hooks.heard("/a").taken) == 1, "the newest is told")
    assert "missed" in hooks.events("/a")


def test_while_a_secret_is_replaced_the_old_one_counts_too(hooks: Hooks):
    client = hooks.client()
    hooks.endpoint(client, "/a")
    (old,) = hooks.heard("/a").secrets
    with hooks.writing() as (session, now):
        new = endpoints.rotate_secret(session, OPERATOR, hooks.ids["/a"], now)
    with hooks.courier():
        for num, secret in enumerate((old, new), 1):
            hooks.receiver.trust("/a", secret)
            hooks.happen(client, new_id())
            until(lambda num=num: len(hooks.heard("/a").taken) == num, "told")
        hooks.write("UPDATE webhooks SET old_secret_until = now() - interval '1 second'")
        hooks.receiver.trust("/a", old)
        hooks.happen(client, new_id())
        until(lambda: hooks.heard("/a").num_bad_signatures > 0, "the old one counts no more")


def test_a_serving_that_lost_its_endpoint_is_told_and_writes_no_health(hooks: Hooks):
    client = hooks.client()
    hooks.endpoint(client, "/a")
    webhook_id, url, loser, winner = hooks.ids["/a"], hooks.webhook("/a").url, new_id(), new_id()
    hooks.happen(client, new_id())
    with hooks.writing() as (session, now):
        following.follow_board(session, now)
        for token in (loser, winner):
            assert desk.begin(session, webhook_id, token) is not None
    failing = Health(num_failures=9, failing_since=now, trouble=9, is_troubled=True)
    with hooks.writing() as (session, now):
        given = desk.turn(session, [Ask(webhook_id, loser, url, room=10, health=failing)], now)
        assert given[webhook_id].endpoint is None
        given = desk.turn(session, [Ask(webhook_id, winner, url, room=10)], now)
        assert len(given[webhook_id].parcels) == 1
        assert desk.close(session, webhook_id, loser, now, is_leaving=False)
        assert not desk.close(session, webhook_id, winner, now, is_leaving=False)
    assert hooks.webhook("/a").num_failures == 0
    assert hooks.webhook("/a").served_by == winner


def test_health_is_not_waited_for_and_none_is_written_that_was_learnt_at_another_address(hooks: Hooks):
    """While somebody holds the endpoint's row, all servings go on, and this one brings its health again."""
    hooks.endpoint(hooks.client(), "/a")
    webhook_id, url, token = hooks.ids["/a"], hooks.webhook("/a").url, new_id()
    with hooks.writing() as (session, now):
        desk.begin(session, webhook_id, token)
    failing = Ask(webhook_id, token, url, room=0, health=Health(num_failures=1, failing_since=now, trouble=3))
    with hooks.writing() as (holder, _):
        holder.execute(select(WebhookRow.id).where(WebhookRow.id == webhook_id).with_for_update())
        with hooks.writing() as (session, now):
            given = desk.turn(session, [failing], now)[webhook_id]
        assert (given.endpoint is not None, given.is_noted) == (True, False)
    hooks.write("UPDATE webhooks SET url = 'https://8.8.8.8/moved'")
    with hooks.writing() as (session, now):
        assert desk.turn(session, [failing], now)[webhook_id].is_noted
    assert hooks.webhook("/a").num_failures == 0
    hooks.write("UPDATE webhooks SET url = :url", url=url)
    with hooks.writing() as (session, now):
        assert desk.turn(session, [failing], now)[webhook_id].is_noted
    assert hooks.webhook("/a").num_failures == 1


def test_nothing_that_is_fed_while_a_serving_lets_go_is_forgotten(hooks: Hooks):
    """The one closes, the other feeds, at the same moment, again and again: somebody has an errand in the end."""
    client = hooks.client()
    hooks.endpoint(client, "/a")
    webhook_id = hooks.ids["/a"]
    for _ in range(15):
        token, closed = new_id(), []
        with hooks.writing() as (session, _):
            assert desk.begin(session, webhook_id, token) is not None
        hooks.forget_errands()
        hooks.write("UPDATE webhook_deliveries SET state = 'delivered'")
        hooks.happen(client, new_id())
        start = threading.Barrier(2)

        def close(token=token, start=start, closed=closed) -> None:
            start.wait()
            with hooks.writing() as (session, now):
                closed.append(desk.close(session, webhook_id, token, now, is_leaving=False))

        closing = threading.Thread(target=close)
        closing.start()
        start.wait()
        with hooks.writing() as (session, now):
            following.follow_board(session, now)
        closing.join()
        with hooks.writing() as (session, now):
            # Feeding passes over an endpoint that is being closed; the next time it does not.
            following.follow_board(session, now)
        assert "waiting" in hooks.states("/a")
        with hooks.writing() as (session, now):
            # Either it was closed before and an errand was left, or the serving saw it and stays.
            num_errands = session.connection().exec_driver_sql("SELECT count(*) FROM queue.procrastinate_jobs").scalar()
            if not following.mend(session, now):
                assert num_errands == 1
            else:
                assert closed == [False]


def test_an_endpoint_that_everybody_forgot_is_found(hooks: Hooks):
    client = hooks.client()
    hooks.endpoint(client, "/a")
    hooks.happen(client, new_id())
    with hooks.writing() as (session, now):
        following.follow_board(session, now)
    hooks.forget_errands()
    with hooks.courier():
        until(lambda: len(hooks.heard("/a").taken) == 1, "told after all")


def test_another_clients_endpoint_is_not_found(hooks: Hooks):
    hooks.endpoint(hooks.client(), "/a")
    stranger = Actor("dispatcher", new_id(), client_id=hooks.client())
    webhook_id = hooks.ids["/a"]
    for wish in (
        lambda session, now: endpoints.ping_webhook(session, stranger, webhook_id, now),
        lambda session, now: endpoints.replay(session, stranger, webhook_id, 0, now),
        lambda session, now: endpoints.rotate_secret(session, stranger, webhook_id, now),
        lambda session, now: endpoints.remove_webhook(session, stranger, webhook_id, now),
        lambda session, now: endpoints.redeliver(session, stranger, webhook_id, new_id(), now),
        lambda session, now: endpoints.change_webhook(session, stranger, webhook_id, 1, calling=CALLING, now=now),
    ):
        with pytest.raises(NotFound), hooks.writing() as (session, now):
            wish(session, now)
