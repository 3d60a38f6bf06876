"""What does Acme do again and again? A template, a series from it, and a day of its rule: one id of each."""

from datetime import timedelta

from town import Town


def standing(town: Town) -> dict[str, str]:
    """The ids, by the names of the paths' parameters."""
    work = {name: value for name, value in town.job_body().items() if name not in ("number", "site_id", "window")}
    template = town.staff.post("/v1/templates", {"name": "Acme's template", "job": work}).json()["id"]
    body = {"name": "Acme's series", "site_id": str(town.world.site), "template_id": template, "rule": "FREQ=DAILY"}
    first_day = town.world.start.date() + timedelta(days=90)
    when = {"first_day": f"{first_day}", "start_time": "08:00", "number_pattern": "S-{num}"}
    series = town.staff.post("/v1/series", body | when | {"window_min": 240})
    assert series.status_code == 201, series.text
    return {"template_id": template, "series_id": series.json()["id"], "day": f"{first_day + timedelta(days=1)}"}
