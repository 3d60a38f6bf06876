"""The service department's desk over HTTP: how many could do it before it is posted, a table of jobs, the coverage."""

from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from signing import add_staff
from sqlalchemy import select, update

from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import EventRow, JobRow, TechnicianRow

CANARY = "<img src=x onerror=alert(1)>"


def reach(town, caller=None, **more):
    start = town.world.start
    asked = {
        "site_id": str(town.world.site),
        "start_at": start.isoformat(),
        "end_at": (start + timedelta(hours=4)).isoformat(),
        "duration_min": 120,
        "skill": ["hvac:2"],
    } | more
    answer = (caller or town.staff).get("/v1/reach", params={name: each for name, each in asked.items() if each})
    assert answer.status_code == 200, answer.text
    return answer.json()


def known(town):
    town.app.state.parts.refresh()
    return town


def test_how_many_could_do_it_is_said_before_anything_is_posted(town):
    known(town)
    found = reach(town)
    assert (found["num_in_reach"], found["num_may"], found["reasons"]) == (8, 8, [])
    assert found["place"]["town"] == "Alpine"
    assert {each["kind"]: each["num_may"] for each in found["what_if"]} == {"day_later": 8, "wider": 8}

    # Above everybody's level: one reason, which alone keeps all eight out, and what would let them in.
    found = reach(town, skill=["hvac:5"])
    (reason,) = found["reasons"]
    assert (found["num_may"], reason["code"], reason["num_alone"], reason["is_locked"]) == (0, "level", 8, False)
    assert [(each["kind"], each["num_more"]) for each in found["changes"]] == [("level", 8)]

    # A certificate that nobody has is locked: marked as such, and no change does without it.
    found = reach(town, credential=["background_check"])
    (reason,) = found["reasons"]
    assert (reason["code"], reason["is_locked"], reason["num_alone"]) == ("screening", True, None)
    assert found["changes"] == []
    with town.world.as_engine() as (session, _):
        assert session.scalars(select(JobRow)).all() == []


def test_a_few_are_not_told_to_a_client_though_the_operator_reads_them(town):
    with town.world.as_engine() as (session, _):
        of_three = TechnicianRow.id.in_(town.world.technicians[:3])
        session.execute(update(TechnicianRow).where(of_three).values(min_hourly=90, currency="USD"))
    known(town)
    cheap = {"amount": "100.00"}
    told = reach(town, **cheap)
    (reason,) = told["reasons"]
    assert (told["num_may"], reason["num_technicians"], reason["num_alone"]) == (5, None, None)
    # Not even the pay that would win them.
    assert [each["after"] for each in told["changes"]] == [""]
    exact = reach(town, town.key("operator"), client_id=str(town.world.client), **cheap)
    (reason,) = exact["reasons"]
    assert (exact["num_may"], reason["num_technicians"], reason["num_alone"]) == (5, 3, 3)


def test_a_place_is_a_zip_code_or_a_point_and_elsewhere_nobody_is(town):
    known(town)
    assert reach(town, site_id=None, postcode="79830")["num_may"] == 8
    far = reach(town, site_id=None, lat=47.6, lng=-122.3)
    assert (far["place"]["region"], far["num_in_reach"], far["num_may"]) == ("WA", 0, 0)
    place = town.staff.get("/v1/places", params={"lat": 30.36, "lng": -103.66}).json()
    assert (place["town"], place["region"], place["time_zone"]) == ("Alpine", "TX", "America/Chicago")


def test_what_cannot_be_asked_for_is_named(town):
    start = town.world.start
    for wrong, path in [
        ({"skill": "hvac:9"}, "?skill"),
        ({"skill": "nobody_has_this"}, "?needs/skills"),
        ({"postcode": "00000", "site_id": None}, None),
        ({"site_id": None}, "?site_id"),
        ({"site_id": str(town.globex_site)}, None),
        ({"end_at": (start - timedelta(days=9)).isoformat()}, "?end_at"),
        ({"end_at": start.isoformat()}, "?end_at"),
        ({"market": "false"}, "?needs/pools"),
        ({"lat": 91, "lng": 0, "site_id": None}, "?lat"),
    ]:
        asked = {
            "site_id": str(town.world.site),
            "start_at": start.isoformat(),
            "end_at": (start + timedelta(hours=4)).isoformat(),
        } | wrong
        answer = town.staff.get("/v1/reach", params={name: each for name, each in asked.items() if each is not None})
        assert answer.status_code == (404 if path is None else 422), (wrong, answer.text)
        if path:
            assert answer.json()["errors"][0]["path"].replace(".", "/") == path, (wrong, answer.text)


def test_where_people_may_be_asked_cell_by_cell(town):
    known(town)
    asked = {"bbox": "-105,29,-102,32", "resolution": 4, "skill": ["hvac:2"]}
    found = town.staff.get("/v1/coverage", params=asked).json()
    home = next(each for each in found["cells"] if each["num_sites"])
    assert (home["num_may"], home["reasons"], home["region"]) == (8, [], "TX")
    assert home["boundary"][0] == home["boundary"][-1]
    assert found["is_whole"]
    # The rule that removes them is named where they are in reach, and nothing where nobody is.
    lacking = town.staff.get("/v1/coverage", params=asked | {"skill": ["drones"]}).json()
    codes = {each["num_in_reach"]: [rule["code"] for rule in each["reasons"]] for each in lacking["cells"]}
    assert codes[8] == ["skill"]
    assert all(each["num_may"] == 0 for each in lacking["cells"])
    too_much = town.staff.get("/v1/coverage", params={"bbox": "-179,-80,179,80", "resolution": 5})
    assert too_much.status_code == 422


def sheet(town, *rows, header="number,store_number,title,job_type,start,end,duration_min,skills,pay"):
    return "\n".join((header, *rows))


def row(town, number, **cells):
    there = town.world.start.astimezone(ZoneInfo("America/Chicago"))
    values = {
        "number": number,
        "store_number": "1147",
        "title": "Replace drive",
        "job_type": "hardware",
        "start": there.strftime("%Y-%m-%d %H:%M"),
        "end": (there + timedelta(hours=4)).strftime("%Y-%m-%d %H:%M"),
        "duration_min": "60",
        "skills": "hvac:2;wifi",
        "pay": "140.00",
    } | cells
    return ",".join(f'"{each}"' if "," in each or '"' in each else each for each in values.values())


def test_a_table_is_posted_whole_or_not_at_all(town):
    good = sheet(town, row(town, "UP-1"), row(town, "UP-2", title=CANARY, skills=""))
    looked_at = town.staff.post("/v1/job-uploads", {"csv": good, "is_preview": True}).json()
    assert [each["faults"] for each in looked_at["rows"]] == [[], []]
    assert (looked_at["num_posted"], looked_at["is_posted"]) == (0, False)
    assert town.staff.get("/v1/jobs").json()["items"] == []

    bad = sheet(
        town,
        row(town, "UP-1"),
        row(town, "UP-2", store_number="0000", pay="much"),
        row(town, "UP-3", start="2027-03-14 02:30", end="2027-03-14 06:00"),
        row(town, "UP-4", skills="unheard_of:2"),
        row(town, "UP-1", duration_min="600"),
    )
    refused = town.staff.post("/v1/job-uploads", {"csv": bad, "is_preview": False}).json()
    marked = {each["line"]: sorted(fault["column"] for fault in each["faults"]) for each in refused["rows"]}
    assert marked == {2: [], 3: ["pay", "store_number"], 4: ["start"], 5: ["skills"], 6: ["end", "number"]}
    assert "does not exist" in refused["rows"][2]["faults"][0]["message"]
    assert {fault["code"] for each in refused["rows"] for fault in each["faults"]} >= {"unknown_site", "bad_value"}
    assert town.staff.get("/v1/jobs").json()["items"] == []

    posted = town.staff.post("/v1/job-uploads", {"csv": good, "is_preview": False}).json()
    assert (posted["num_posted"], posted["is_posted"]) == (2, True)
    titles = {each["number"]: each["title"] for each in town.staff.get("/v1/jobs").json()["items"]}
    assert titles == {"UP-1": "Replace drive", "UP-2": CANARY}
    start = town.staff.get(f"/v1/jobs/{posted['rows'][0]['job_id']}").json()["visits"][0]["window"]["start_at"]
    assert start == town.world.start.isoformat().replace("+00:00", "Z")
    # Once more: every line is known, and nothing is posted twice.
    again = town.staff.post("/v1/job-uploads", {"csv": good, "is_preview": False}).json()
    assert (again["num_posted"], [each["is_known"] for each in again["rows"]]) == (0, [True, True])
    with town.world.as_engine() as (session, _):
        assert len(session.scalars(select(EventRow).where(EventRow.kind == "posted")).all()) == 2


def test_a_table_that_is_none_says_what_is_wrong(town):
    for text, words in [
        ("number;title", "use these names"),
        ("number,title\nA,B", "add this column"),
        (sheet(town), "add a line"),
        (sheet(town, *(row(town, f"N-{num}") for num in range(101))), "at most 100"),
        (sheet(town, '"open'), "mend this line"),
    ]:
        answer = town.staff.post("/v1/job-uploads", {"csv": text, "is_preview": False}).json()
        assert not answer["is_posted"]
        assert any(words in each["message"] for each in answer["faults"]), (text, answer["faults"])
    assert town.staff.get("/v1/jobs").json()["items"] == []


def test_a_change_is_told_with_the_name_of_who_made_it(town):
    rosa = add_staff(town, "dispatcher", "rosa@acme.example", "Rosa Marsh")
    job = town.posted()
    with town.world.as_engine() as (session, now):
        by_rosa = Actor("dispatcher", rosa, client_id=town.world.client)
        record(
            session,
            by_rosa,
            ("job", UUID(job["id"])),
            "described",
            {"fields": ["title"]},
            client_id=town.world.client,
            now=now,
        )
    told = town.staff.get(f"/v1/jobs/{job['id']}/events").json()["items"]
    names = {each["kind"]: each["actor_name"] for each in told}
    # Whoever comes with a key alone has no name.
    assert (names["described"], names["posted"]) == ("Rosa Marsh", None)
