"""A road server on this machine speaks OSRM's and Valhalla's documented JSON over real HTTP.

Its roads: a drive takes 100 s per degree of latitude between two places plus 10 s, and a metre a second. Places at
lat 50 and beyond have no road nearby; between places below and above lat 40 there is no way.
"""

import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from geo.errors import TravelError
from geo.points import Point
from geo.roads import OsrmTravel, RoadLimits, ValhallaTravel
from geo.travel import GreatCircleTravel, Travel, times_to_one

HERE = [Point(30 + i / 10, -100) for i in range(7)]
THERE = [Point(31 + j / 10, -101) for j in range(3)]
ISLAND, AT_SEA = Point(42, -100), Point(55, -100)

QUESTION = r"/table/v1/driving/([^?]+)\?sources=([\d;]+)&destinations=([\d;]+)&annotations=duration,distance"

Answer = tuple[int, bytes]
Adapter = type[OsrmTravel] | type[ValhallaTravel]


def seconds_between(lat_a: float, lat_b: float) -> float | None:
    return None if (lat_a >= 40) != (lat_b >= 40) else round(100 * abs(lat_a - lat_b) + 10, 1)


def osrm_answer(path: str, _: bytes) -> Answer:
    """Answer /table/v1/driving as OSRM's docs/http.md says."""
    match = re.fullmatch(QUESTION, path)
    if not match:
        return 400, json.dumps({"code": "InvalidUrl", "message": path}).encode()
    lats = [float(position.split(",")[1]) for position in match[1].split(";")]
    if len(lats) > 100:
        return 400, b'{"code":"TooBig","message":"Too many table coordinates"}'
    if max(lats) >= 50:
        return 400, b'{"code":"NoSegment","message":"Could not find a matching segment for coordinate 0"}'
    rows, columns = ([lats[int(i)] for i in match[g].split(";")] for g in (2, 3))
    table = [[seconds_between(a, b) for b in columns] for a in rows]
    return 200, json.dumps({"code": "Ok", "durations": table, "distances": table}).encode()


def valhalla_answer(path: str, body: bytes) -> Answer:
    """Answer /sources_to_targets as Valhalla's matrix reference says: kilometres, nulls where there is no way."""
    question = json.loads(body)
    if path != "/sources_to_targets" or question["costing"] != "auto":
        return 404, b'{"error_code":106,"error":"Try any of"}'
    rows, columns = ([place["lat"] for place in question[side]] for side in ("sources", "targets"))
    if max(rows + columns) >= 50:
        return 400, b'{"error_code":171,"error":"No suitable edges near location","status_code":400}'
    cells = [
        [
            {"from_index": i, "to_index": j, "time": s, "distance": None if s is None else s / 1000}
            for j, s in enumerate(seconds_between(a, b) for b in columns)
        ]
        for i, a in enumerate(rows)
    ]
    return 200, json.dumps({"units": "kilometers", "sources_to_targets": cells}).encode()


class RoadServer:
    """A real HTTP server in a thread; `answer` may be exchanged, questions are counted."""

    def __init__(self, answer: Callable[[str, bytes], Answer]) -> None:
        self.answer, self.num_questions, self.hold = answer, 0, threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.num_questions += 1
                status, body = outer.answer(self.path, self.rfile.read(int(self.headers.get("Content-Length", 0))))
                if status == 0:  # silence; freed at the end of the test
                    outer.hold.wait(30)
                    return
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.hold.set()
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


@pytest.fixture(params=[OsrmTravel, ValhallaTravel])
def adapter(request: pytest.FixtureRequest) -> Adapter:
    adapter: Adapter = request.param
    return adapter


@pytest.fixture
def server(adapter: Adapter) -> Iterator[RoadServer]:
    road_server = RoadServer(osrm_answer if adapter is OsrmTravel else valhalla_answer)
    yield road_server
    road_server.stop()


def test_every_pair_gets_its_way_by_road(adapter: Adapter, server: RoadServer) -> None:
    times = adapter(server.url).times(HERE, THERE)
    expected = np.array([[seconds_between(a.lat, b.lat) for b in THERE] for a in HERE], dtype=float)
    assert times.seconds.tolist() == np.ceil(expected).tolist()
    assert times.distance_m == pytest.approx(expected)
    assert times.seconds.dtype == np.int32
    assert not times.is_estimate.any()
    assert server.num_questions == 1


@pytest.mark.parametrize("locations", [2, 3, 4, 5, 9, 10])
def test_a_large_matrix_is_asked_in_blocks(adapter: Adapter, server: RoadServer, locations: int) -> None:
    answer = server.answer

    def strict(path: str, body: bytes) -> Answer:
        return answer(path, body) if path.count(",") - 1 <= locations >= body.count(b'"lat"') else (500, b"{}")

    whole = adapter(server.url).times(HERE, THERE)
    server.answer = strict
    in_blocks = adapter(server.url, RoadLimits(locations=locations))
    for origins, destinations, expected in ((HERE, THERE, whole.seconds), (THERE, HERE, whole.seconds.T)):
        times = in_blocks.times(origins, destinations)
        assert times.seconds.tolist() == expected.tolist()
        assert not times.is_estimate.any()


def test_many_origins_to_one_site_stay_below_the_servers_limit(adapter: Adapter, server: RoadServer) -> None:
    many = [Point(30 + i / 1000, -100) for i in range(250)]
    times = times_to_one(adapter(server.url), many, THERE[0])
    assert times.seconds.shape == (250,)
    assert not times.is_estimate.any()
    assert server.num_questions == 3


def test_a_null_cell_is_estimated_and_only_that_one(
    adapter: Adapter, server: RoadServer, caplog: pytest.LogCaptureFixture
) -> None:
    times = adapter(server.url).times([*HERE, ISLAND], THERE)
    assert times.is_estimate.tolist() == [[False] * 3] * 7 + [[True] * 3]
    estimate = GreatCircleTravel().times([ISLAND], THERE)
    assert times.seconds[7].tolist() == estimate.seconds[0].tolist()
    assert times.distance_m[7].tolist() == estimate.distance_m[0].tolist()
    assert len(caplog.records) == 1
    assert "3 of 24 pairs" in caplog.text


def test_one_place_without_a_road_nearby_does_not_spoil_the_others(
    adapter: Adapter, server: RoadServer, caplog: pytest.LogCaptureFixture
) -> None:
    times = adapter(server.url).times([*HERE, AT_SEA], THERE)
    assert times.is_estimate.tolist() == [[False] * 3] * 7 + [[True] * 3]
    assert len(caplog.records) == 1


def test_a_server_that_takes_fewer_locations_than_thought_is_asked_for_less(
    adapter: Adapter, server: RoadServer
) -> None:
    refusal = b'{"code":"TooBig","error_code":150,"error":"Exceeded max locations"}'
    answer = server.answer

    def picky(path: str, body: bytes) -> Answer:
        too_many = path.count(",") - 1 > 5 or body.count(b'"lat"') > 5
        return (400, refusal) if too_many else answer(path, body)

    server.answer = picky
    assert not adapter(server.url).times(HERE, THERE).is_estimate.any()
    assert server.num_questions > 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>busy</html>",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 200_000,
        b'{"code":"Ok","durations":null,"distances":null,"sources_to_targets":null}',
        b'{"code":"Ok","durations":[[1]],"distances":[[1]],"sources_to_targets":[[{"time":1,"distance":1}]]}',
        b'{"code":"Ok","durations":7,"distances":[],"sources_to_targets":[[]]}',
        b'{"durations":[1,2,3,4,5,6,7],"distances":[],"sources_to_targets":[1,2,3,4,5,6,7]}',
    ],
)
def test_a_malformed_answer_is_replaced_by_estimates(
    adapter: Adapter, server: RoadServer, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    server.answer = lambda *_: (200, body)
    times = adapter(server.url).times(HERE, THERE)
    assert times.is_estimate.all()
    assert times.seconds.tolist() == GreatCircleTravel().times(HERE, THERE).seconds.tolist()
    assert len(caplog.records) == 1


ABSURD = ["-1", "NaN", "Infinity", "1e12", "true", '"5"', "[]", "{}", "1" + "0" * 400]


@pytest.mark.parametrize(("seconds", "metres"), [*((x, "1") for x in ABSURD), *(("1", x) for x in ABSURD)])
def test_an_absurd_number_is_replaced_by_an_estimate(
    adapter: Adapter, server: RoadServer, seconds: str, metres: str
) -> None:
    cells = f'{{"time": {seconds}, "distance": {metres}}}, {{"time": 9, "distance": 0.007}}'
    table = f'{{"durations": [[{seconds}, 9]], "distances": [[{metres}, 7]], "sources_to_targets": [[{cells}]]}}'
    server.answer = lambda *_: (200, table.encode())
    times = adapter(server.url).times(HERE[:1], THERE[:2])
    assert times.is_estimate.tolist() == [[True, False]]
    assert times.seconds[0, 1] == 9
    assert times.distance_m[0, 1] == pytest.approx(7)


@pytest.mark.parametrize("status", [500, 503, 404, 429, 301])
def test_an_error_of_the_server_is_replaced_by_estimates(
    adapter: Adapter, server: RoadServer, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    server.answer = lambda *_: (status, b'{"code":"Oops"}')
    assert adapter(server.url).times(HERE, THERE).is_estimate.all()
    assert f"HTTP {status}" in caplog.text
    assert len(caplog.records) == 1


def test_when_one_block_fails_the_others_keep_their_roads(adapter: Adapter, server: RoadServer) -> None:
    answer, failures = server.answer, iter([(500, b"{}")])
    server.answer = lambda path, body: next(failures, None) or answer(path, body)
    times = adapter(server.url, RoadLimits(locations=4)).times(HERE, THERE)
    assert server.num_questions > 1
    assert 0 < times.is_estimate.sum() < times.is_estimate.size


def test_a_silent_server_is_asked_once_and_then_replaced(
    adapter: Adapter, server: RoadServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.answer = lambda *_: (0, b"")
    times = adapter(server.url, RoadLimits(locations=4, request_s=0.2)).times(HERE, THERE)
    assert times.is_estimate.all()
    assert server.num_questions == 1, "further blocks would wait in vain"
    assert "ReadTimeout" in caplog.text
    assert len(caplog.records) == 1


def test_a_call_ends_at_its_deadline_however_the_server_dawdles(
    adapter: Adapter, server: RoadServer, caplog: pytest.LogCaptureFixture
) -> None:
    ticks = iter(range(0, 1000, 2))  # each look at this clock costs two seconds of the five
    dawdling = adapter(server.url, RoadLimits(locations=2), clock=lambda: float(next(ticks)))
    times = dawdling.times(HERE, THERE)
    assert server.num_questions <= 3
    assert times.is_estimate.any()
    assert "not done within 5 s" in caplog.text


def test_a_connection_refused_is_replaced_by_estimates(adapter: Adapter, caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        times = adapter(f"http://127.0.0.1:{unused.getsockname()[1]}").times(HERE, THERE)
    assert times.is_estimate.all()
    assert "ConnectError" in caplog.text


def test_a_connection_cut_in_the_middle_is_replaced_by_estimates(adapter: Adapter) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def cut() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")

    thread = threading.Thread(target=cut)
    thread.start()
    times = adapter(f"http://127.0.0.1:{listener.getsockname()[1]}").times(HERE, THERE)
    thread.join()
    listener.close()
    assert times.is_estimate.all()


@pytest.mark.parametrize("url", ["http://routing.invalid", "http://[broken", "http://127.0.0.1:99999"])
def test_a_host_that_cannot_be_reached_is_replaced_by_estimates(adapter: Adapter, url: str) -> None:
    assert adapter(url).times(HERE, THERE).is_estimate.all()


def test_another_fallback_may_be_given(adapter: Adapter, server: RoadServer) -> None:
    server.answer = lambda *_: (500, b"{}")
    inner: Travel = GreatCircleTravel(GreatCircleTravel().classes[-1:])
    times = adapter(server.url, fallback=inner).times(HERE, THERE)
    assert times.seconds.tolist() == inner.times(HERE, THERE).seconds.tolist()


def test_secrets_in_the_address_stay_out_of_the_log(
    adapter: Adapter, server: RoadServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.answer = lambda *_: (500, b"{}")
    adapter(server.url.replace("://", "://user:hunter2@")).times(HERE, THERE)
    assert "127.0.0.1" in caplog.text
    assert "hunter2" not in caplog.text


def test_nothing_is_asked_for_an_empty_side(adapter: Adapter, server: RoadServer) -> None:
    assert adapter(server.url).times([], THERE).seconds.shape == (0, 3)
    assert adapter(server.url).times(HERE, []).seconds.shape == (7, 0)
    assert server.num_questions == 0


def test_miles_of_valhalla_are_understood() -> None:
    server = RoadServer(lambda *_: (200, b'{"units":"miles","sources_to_targets":[[{"time":60,"distance":1}]]}'))
    times = ValhallaTravel(server.url).times(HERE[:1], THERE[:1])
    server.stop()
    assert times.distance_m[0, 0] == pytest.approx(1609.344)


@pytest.mark.parametrize("url", ["", "localhost:5000", "ftp://x", "http://", "/table", None, "http://a:b"])
def test_what_is_no_address_is_refused_at_once(adapter: Adapter, url: str) -> None:
    with pytest.raises(TravelError, match="no http address"):
        adapter(url)


@pytest.mark.parametrize("limits", [{"locations": 1}, {"locations": 5000}, {"request_s": 0}, {"call_s": float("nan")}])
def test_impossible_limits_are_refused(limits: dict[str, float]) -> None:
    with pytest.raises(TravelError, match="must be in"):
        RoadLimits(**limits)  # type: ignore[arg-type]
