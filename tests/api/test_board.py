"""What goes on? The board of Acme's staff, its frames, and that no state is shown that never was."""

import threading
from collections import defaultdict
from contextlib import contextmanager

import pytest
from relaying import relayed
from sqlalchemy import func, select, text
from streaming import PATIENCE_S, listening, serving

from api import board, boardtail
from api.app import create_app
from dispatch.bell import Bell
from dispatch.record.relay import prune, relay
from dispatch.record.session import database_now
from dispatch.record.tables import BoardFrameRow


@pytest.fixture
def address(town):
    with serving(create_app(town.settings)) as found:
        yield found


def newest(town) -> int:
    """The number of the newest frame."""
    with town.world.as_engine() as (session, _):
        return session.scalar(select(func.max(BoardFrameRow.seq)))


def board_of(caller):
    answer = caller.get("/v1/board")
    assert answer.status_code == 200, answer.text
    return answer.json()


def only_job(board):
    assert len(board["jobs"]) == 1
    return board["jobs"][0]


def test_the_board_shows_a_job_with_its_site_its_slots_and_how_many_were_asked(town):
    job, offers = town.offered()
    shown = only_job(board_of(town.staff))
    assert shown["id"] == job["id"]
    assert shown["state"] == "open"
    assert shown["site"]["store_number"] == "1147"
    assert (shown["site"]["lat"], shown["site"]["lng"]) == (30.3585, -103.661)
    assert (shown["num_asked"], shown["num_live_offers"], shown["num_waves"]) == (len(offers), len(offers), 1)
    assert (shown["visits"][0]["num_slots"], shown["visits"][0]["num_filled"]) == (1, 0)
    assert shown["next_due_at"] is not None
    assert shown["trouble"] == []


def test_who_has_the_job_is_on_the_board_with_their_contact(town):
    _, offers = town.offered()
    town.by_id(offers[0].technician_id).post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1})
    shown = only_job(board_of(town.staff))
    assert shown["state"] == "assigned"
    taken = shown["visits"][0]["taken_by"]
    assert [each["technician"]["id"] for each in taken] == [str(offers[0].technician_id)]
    assert taken[0]["technician"]["phone"].startswith("+1432555")
    assert shown["num_live_offers"] == 0


def test_a_job_that_nobody_may_do_is_trouble_with_reasons_and_small_counts_hidden(town):
    town.posted(slots=[{"needs": {"skills": {"drones": 1}}, "pay": {"amount": "140.00"}}])
    town.world.send_waves()
    trouble = only_job(board_of(town.staff))["trouble"]
    assert [each["code"] for each in trouble] == ["unfilled"]
    assert trouble[0]["unfilled"]["ways_on"]
    assert all(
        each["num_technicians"] is None or each["num_technicians"] >= 5 for each in trouble[0]["unfilled"]["reasons"]
    )


def test_a_visit_not_confirmed_in_time_is_trouble(town, admin_url):
    _, offers = town.offered()
    town.by_id(offers[0].technician_id).post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1})
    with town.world.as_engine() as (session, _):
        session.execute(text("UPDATE visits SET confirm_by = clock_timestamp() - interval '1 minute'"))
    assert [each["code"] for each in only_job(board_of(town.staff))["trouble"]] == ["confirm_overdue"]


def test_what_is_over_is_not_on_the_board(town):
    job = town.posted()
    town.staff.post(f"/v1/jobs/{job['id']}/cancel", {"why": "customer_closed"})
    assert board_of(town.staff)["jobs"] == []


def test_a_board_of_some_jobs_holds_these_alone_and_nobody_elses(town):
    first, second = town.posted(), town.posted()
    theirs = town.stranger.post("/v1/jobs", town.job_body(site_id=str(town.globex_site))).json()
    assert town.staff.post(f"/v1/jobs/{second['id']}/cancel", {"why": "other"}).status_code == 200
    wanted = "&".join(f"job_id={each['id']}" for each in (first, second, theirs))
    answer = town.staff.get(f"/v1/board?{wanted}")
    assert [job["id"] for job in answer.json()["jobs"]] == [first["id"]]
    too_many = "&".join(f"job_id={first['id']}" for _ in range(101))
    assert town.staff.get(f"/v1/board?{too_many}").status_code == 422


def test_two_clients_boards_never_mix(town, address):
    mine = town.posted()
    theirs = town.stranger.post("/v1/jobs", town.job_body(site_id=str(town.globex_site)))
    assert theirs.status_code == 201, theirs.text
    assert only_job(board_of(town.staff))["id"] == mine["id"]
    assert only_job(board_of(town.stranger))["id"] == theirs.json()["id"]
    with (
        listening(f"{address}/v1/board/stream", town.staff.secret, "0") as acme,
        listening(f"{address}/v1/board/stream", town.stranger.secret, "0") as globex,
    ):
        relayed(town)
        assert acme.next("frame").data["subject_id"] == mine["id"]
        assert globex.next("frame").data["subject_id"] == theirs.json()["id"]
        assert acme.hears_nothing("frame")
        assert globex.hears_nothing("frame")


@pytest.mark.parametrize("role", ["technician", "gateway", "operator"])
def test_a_board_is_for_the_clients_staff_alone(town, role):
    caller = town.technician() if role == "technician" else town.key(role)
    assert caller.get("/v1/board").status_code == 403
    assert caller.get("/v1/board/stream").status_code == 403


def test_a_stream_without_a_place_begins_with_a_snapshot_and_goes_on_with_frames(town, address):
    first = town.posted()
    with listening(f"{address}/v1/board/stream", town.staff.secret) as board:
        snapshot = board.next()
        assert snapshot.kind == "snapshot"
        assert only_job(snapshot.data)["id"] == first["id"]
        second = town.posted()
        relayed(town)
        frames = [board.next() for _ in range(2)]
    assert [frame.kind for frame in frames] == ["frame", "frame"]
    assert [frame.data["seq"] for frame in frames] == [1, 2]
    assert frames[0].data["event_id"] in snapshot.data["ahead"]
    assert frames[1].data["event_id"] not in snapshot.data["ahead"]
    assert frames[1].data["subject_id"] == second["id"]
    assert frames[1].id == "2"


def test_who_goes_on_from_a_place_gets_exactly_the_frames_after_it(town, address):
    for _ in range(3):
        town.posted()
    relayed(town)
    with listening(f"{address}/v1/board/stream", town.staff.secret, "1") as board:
        assert [board.next().id for _ in range(2)] == ["2", "3"]


def test_who_is_far_behind_catches_up_alone_while_others_go_on(town, address, monkeypatch):
    monkeypatch.setattr(board, "MAX_AT_ONCE", 2)
    monkeypatch.setattr(boardtail, "MAX_AT_ONCE", 2)
    monkeypatch.setattr(boardtail, "MAX_KEPT", 3)
    for _ in range(8):
        town.posted()
    relayed(town)
    with (
        listening(f"{address}/v1/board/stream", town.staff.secret, "7") as near,
        listening(f"{address}/v1/board/stream", town.staff.secret, "0") as far,
        listening(f"{address}/v1/board/stream", town.staff.secret, "5") as between,
    ):
        assert near.next("frame").id == "8"
        for _ in range(3):
            town.posted()
            relayed(town)
        for stream, place in ((near, 8), (far, 0), (between, 5)):
            assert [stream.next("frame").data["seq"] for _ in range(place, 11)] == list(range(place + 1, 12))


def test_boards_that_all_left_are_kept_up_again_when_one_comes_back(town, address):
    for place in ("0", "1"):
        with listening(f"{address}/v1/board/stream", town.staff.secret, place) as one:
            town.posted()
            relayed(town)
            assert one.next("frame").data["seq"] == int(place) + 1
    with listening(f"{address}/v1/board/stream", town.staff.secret) as anew:
        assert anew.next().kind == "snapshot"
        town.posted()
        relayed(town)
        assert anew.next("frame").data["seq"] == 3


def test_boards_go_on_after_their_log_was_cut_under_them(town, address):
    with listening(f"{address}/v1/board/stream", town.staff.secret, "0") as one:
        town.posted()
        relayed(town)
        assert one.next("frame").data["seq"] == 1
        for _ in range(3):
            town.posted()
        while newest(town) < 4:
            with town.world.as_engine() as (session, _):
                relay(session)
        with town.world.as_engine() as (session, _):
            assert prune(session, database_now(session)) == 3
        Bell(town.settings.redis_url).ring_board(town.world.client)
        assert (heard := one.next("snapshot", "frame")).kind == "snapshot"
        assert heard.id == "4"
        town.posted()
        is_told = False
        while not is_told:
            with town.world.as_engine() as (session, _):
                is_told = bool(relay(session))
        Bell(town.settings.redis_url).ring_board(town.world.client)
        assert one.next("frame").data["seq"] == 5


@pytest.mark.parametrize("place", ["7", str(10**17)])
def test_a_place_that_the_log_never_reached_gets_a_snapshot(town, address, place):
    town.posted()
    relayed(town)
    with listening(f"{address}/v1/board/stream", town.staff.secret, place) as board:
        heard = board.next()
    assert (heard.kind, heard.id) == ("snapshot", "1")


def test_a_place_whose_frames_were_forgotten_gets_a_snapshot(town, address):
    for _ in range(3):
        town.posted()
    relayed(town)
    with town.world.as_engine() as (session, _):
        assert prune(session, database_now(session)) == 2
    with listening(f"{address}/v1/board/stream", town.staff.secret, "1") as board:
        heard = board.next()
    assert (heard.kind, heard.id) == ("snapshot", "3")


def test_a_frame_tells_a_client_no_count_that_is_small(town, address):
    town.posted(slots=[{"needs": {"skills": {"drones": 1}}, "pay": {"amount": "140.00"}}])
    town.world.send_waves()
    relayed(town)
    with listening(f"{address}/v1/board/stream", town.staff.secret, "0") as board:
        heard = board.next()
        while heard.data["kind"] != "unfilled":
            heard = board.next()
    told = heard.data["data"]
    assert told["ways_on"]
    assert "counts" not in told
    assert all((each["num_technicians"] or 5) >= 5 for each in told.get("reasons", []))


def test_the_board_never_shows_a_state_that_never_was(town, address):
    """Jobs change while snapshots are taken: with what a snapshot says it holds, no event is missed or had twice."""
    jobs = [town.posted() for _ in range(4)]
    held = []
    with changing(town, jobs):
        for _ in range(4):
            with listening(f"{address}/v1/board/stream", town.staff.secret) as board:
                snapshot = board.next().data
                town.posted()
                relayed(town)
                held.append((snapshot, [board.next("frame").data]))
    for snapshot, frames in held:
        assert {job["id"] for job in snapshot["jobs"]} >= {job["id"] for job in jobs}
        # The odd events of a job leave it open, the even ones on hold: posted, held, resumed, held, ...
        for job in snapshot["jobs"]:
            assert job["state"] == ("open" if job["event_seq"] % 2 else "on_hold")
        assert_goes_on(snapshot, frames)


def assert_goes_on(snapshot, frames) -> None:
    """The frames that a snapshot does not hold follow it, for each job without a hole."""
    newest = defaultdict(int, {job["id"]: job["event_seq"] for job in snapshot["jobs"]})
    for frame in frames:
        is_held = frame["event_id"] in snapshot["ahead"]
        assert is_held == (frame["subject_seq"] <= newest[frame["subject_id"]])
        if not is_held:
            newest[frame["subject_id"]] += 1
            assert frame["subject_seq"] == newest[frame["subject_id"]]


@contextmanager
def changing(town, jobs):
    """Each job is held and resumed, again and again, by a thread of its own, until the block ends."""
    begun, ends, faults = threading.Event(), threading.Event(), []

    def wish(job, verb, *body):
        # Who is told that the system is busy asks again.
        while (answer := town.staff.post(f"/v1/jobs/{job['id']}/{verb}", *body)).status_code == 503:
            pass
        if answer.status_code != 200:
            faults.append(answer.text)

    def change(job):
        while not ends.is_set() and not faults:
            wish(job, "hold", {"why": "other"})
            begun.set()
            wish(job, "resume")

    threads = [threading.Thread(target=change, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    try:
        assert begun.wait(PATIENCE_S)
        yield
    finally:
        ends.set()
        for thread in threads:
            thread.join()
    assert faults == []
