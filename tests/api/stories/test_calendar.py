"""A technician's work in the calendar of any device: at an address that they make, give to nobody, and end."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from dispatch.record.tables import JobRow


def read(story, url):
    """What any calendar gets at an address, without a key."""
    answer = story.town.http.get(url.removeprefix(story.town.settings.base_url))
    return answer.status_code, answer.text.replace("\r\n ", "")


def made(technician):
    answer = technician.post("/v1/preferences/calendar")
    assert answer.status_code == 201, answer.text
    return answer.json()["url"]


def test_work_is_read_at_a_secret_address_until_it_is_ended(story):
    given = story.assigned(title="Swap; the drive, then\nlook \N{GREEK SMALL LETTER MU}" + "x" * 90)
    assert given.technician.get("/v1/preferences/calendar").json() == {"made_at": None}
    first = made(given.technician)
    status, text = read(story, first)
    assert status == 200
    assert "SUMMARY:Swap\\; the drive\\, then\\nlook" in text
    assert "LOCATION:" in text
    assert "106 N 5th St" in text
    assert "STATUS:TENTATIVE" in text
    assert f"DTSTART:{given.starts_at():%Y%m%dT%H%M%S}Z" in text
    raw = story.town.http.get(first.removeprefix(story.town.settings.base_url))
    assert raw.headers["content-type"] == "text/calendar; charset=utf-8"
    assert max(len(line) for line in raw.content.split(b"\r\n")) <= 75
    given.does("confirm")
    assert "STATUS:CONFIRMED" in read(story, first)[1]

    second = made(given.technician)
    assert (read(story, first)[0], read(story, second)[0]) == (404, 200)
    assert given.technician.get("/v1/preferences/calendar").json()["made_at"] is not None
    assert given.technician.call("DELETE", "/v1/preferences/calendar").status_code == 204
    assert read(story, second)[0] == 404
    assert given.technician.call("DELETE", "/v1/preferences/calendar").status_code == 404
    kinds = [len(story.told("technician", kind)) for kind in ("calendar_made", "calendar_ended")]
    assert kinds == [2, 1]


def test_it_shows_nobody_elses_work_and_the_address_is_told_once(story):
    given = story.assigned()
    other = story.town.by_id(next(each for each in story.town.world.technicians if each != given.technician_id))
    key = f"calendar-{uuid4()}"
    first, again = (other.post("/v1/preferences/calendar", key=key).json() for _ in range(2))
    assert first["url"]
    assert again == first | {"url": None}
    status, text = read(story, first["url"])
    assert (status, "VEVENT" in text) == (200, False)
    # An address holds both: whose it is, and its own secret.
    secret = first["url"].rsplit("/", 1)[1]
    assert read(story, f"/v1/calendars/{given.technician_id}/{secret}")[0] == 404
    assert read(story, f"/v1/calendars/{uuid4()}/{secret}")[0] == 404
    assert given.staff.post("/v1/preferences/calendar").status_code == 403


@pytest.mark.parametrize("title", ["A\r\nBEGIN:VALARM", "Bell \x07 and \u2028 line"])
def test_no_words_of_a_client_become_another_line(story, title):
    given = story.assigned()
    with story.town.world.as_engine() as (session, _):
        session.execute(update(JobRow).where(JobRow.id == UUID(given.job["id"])).values(title=title))
    lines = read(story, made(given.technician))[1].splitlines()
    assert "BEGIN:VALARM" not in lines
    assert sum(line.startswith("SUMMARY:") for line in lines) == 1
