"""Is it well? For people, load balancers and Prometheus; without a key."""

import time


def test_a_fresh_application_says_it_is_well(calm_town):
    parts = calm_town.app.state.parts
    while len(parts.feed.roster) < 8:
        time.sleep(0.01)
    found = calm_town.http.get("/v1/health")
    assert found.status_code == 200
    assert (found.json()["database"], found.json()["redis"]) == ("up", "up")
    assert found.json()["index"]["num_technicians"] == 8
    assert calm_town.http.get("/v1/health/live").json() == {"status": "alive"}


def test_a_stale_index_is_said_aloud(calm_town, monkeypatch):
    clock = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: clock() + 60)
    found = calm_town.http.get("/v1/health").json()
    assert found["status"] == "degraded"
    assert found["index"]["is_stale"]
    assert any("index" in note for note in found["notes"])


def test_metrics_count_by_route_and_never_by_address(calm_town):
    calm_town.staff.get("/v1/jobs/01973b2e-7c1a-7000-8000-0000000000a1")
    text = calm_town.http.get("/v1/metrics").text
    assert 'route="/v1/jobs/{job_id}",status="404"' in text
    assert "01973b2e" not in text
    assert "truckroll_index_staleness_seconds" in text


def test_the_root_points_to_the_description(calm_town):
    page = calm_town.http.get("/")
    assert page.status_code == 200
    assert "/v1/openapi.json" in page.text
    assert calm_town.http.get("/v1/openapi.json").json()["openapi"] == "3.1.0"
