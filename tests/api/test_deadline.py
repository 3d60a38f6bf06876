"""What if an answer takes too long?"""

import asyncio
import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest

from api.deadline import DEADLINE_S, Deadline
from dispatch.settings import without_driver


def _ask(app, method="POST", deadline_s=0.05, path="/v1/jobs"):
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": []}
    asyncio.run(Deadline(app, deadline_s)(scope, receive, send))
    return sent


@pytest.mark.parametrize(("method", "is_unknown"), [("POST", True), ("PATCH", True), ("GET", False), ("HEAD", False)])
def test_who_waits_too_long_is_told_whether_it_may_have_been_done(method, is_unknown):
    async def never(scope, receive, send):
        await asyncio.Event().wait()

    start, body = _ask(never, method)
    assert start["status"] == 503
    assert (b"retry-after", b"1") in start["headers"]
    assert json.loads(body["body"])["outcome_unknown"] is is_unknown


def test_an_answer_that_has_begun_may_take_its_time():
    async def slow(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(0.2)
        await send({"type": "http.response.body", "body": b"x"})

    assert [message["type"] for message in _ask(slow)] == ["http.response.start", "http.response.body"]


@pytest.mark.parametrize(("path", "status"), [("/assets/shared-x.js", 200), ("/phone/", 200), ("/v1/me", 503)])
def test_a_file_of_a_face_comes_late_rather_than_never(path, status):
    async def late(scope, receive, send):
        await asyncio.sleep(0.2)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x"})

    assert _ask(late, "GET", path=path)[0]["status"] == status


def _upload(num_pieces, upload_s=5.0, work_s=0.0):
    """Send a file piece by piece, 0.1 s each, to an application that reads all of it: the status of the answer."""
    sent, pieces = [], iter(range(num_pieces, 0, -1))

    async def receive():
        await asyncio.sleep(0.1)
        return {"type": "http.request", "body": b"x", "more_body": next(pieces) > 1}

    async def send(message):
        sent.append(message)

    async def reads(scope, receive, send):
        while (await receive())["more_body"]:
            pass
        await asyncio.sleep(work_s)
        await send({"type": "http.response.start", "status": 201, "headers": []})
        await send({"type": "http.response.body", "body": b"x"})

    scope = {"type": "http", "method": "POST", "path": "/v1/files", "headers": []}
    asyncio.run(Deadline(reads, 0.15, upload_s)(scope, receive, send))
    return sent[0]["status"]


def test_a_file_may_come_slowly_and_is_then_worked_on_in_time():
    assert _upload(4) == 201
    assert _upload(2, work_s=0.5) == 503
    assert _upload(50, upload_s=0.2) == 503


def test_what_comes_after_the_deadline_is_not_sent():
    async def late(scope, receive, send):
        try:
            await asyncio.sleep(0.2)
        finally:
            await send({"type": "http.response.start", "status": 200, "headers": []})

    assert [message.get("status") for message in _ask(late)] == [503, None]


def test_an_error_of_the_application_is_passed_on():
    async def broken(scope, receive, send):
        raise KeyError("x")

    with pytest.raises(KeyError):
        _ask(broken)


def test_the_deadline_is_under_five_seconds():
    assert DEADLINE_S < 5


def _servers(admin_url):
    """The processes that serve the API's connections to this test's database."""
    connection = psycopg2.connect(without_driver(admin_url))
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'truckroll api' AND datname = current_database()"
        )
        found = [pid for (pid,) in cursor.fetchall()]
    connection.close()
    return found


def test_a_stopped_database_is_answered_with_503_and_nothing_hangs(town, admin_url):
    """The servers of this database's connections stop, as they all do when PostgreSQL is stopped."""
    job = town.posted()
    url = f"/v1/jobs/{job['id']}"
    # Nobody is to open another connection, which would not be stopped: enough of them are open before.
    while len(stopped := _servers(admin_url)) < 4:
        with ThreadPoolExecutor(8) as pool:
            assert {answer.status_code for answer in pool.map(town.staff.get, [url] * 16)} == {200}
    town.http.asks_once = True
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(2) as pool:
            write = pool.submit(town.staff.post, f"{url}/cancel", {"why": "test"}, key="k")
            read = pool.submit(town.staff.get, url)
            answers = [write.result(), read.result()]
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    assert [each.status_code for each in answers] == [503, 503]
    assert all("outcome_unknown" in each.json() for each in answers)
    again = town.staff.post(f"{url}/cancel", {"why": "test"}, key="k")
    assert again.status_code == 200, again.text
    assert again.json()["state"] == "cancelled"
