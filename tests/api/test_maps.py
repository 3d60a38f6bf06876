"""What do maps load? Jobs and technicians in a box and in a tile, and never a home to a client."""

import mapbox_vector_tile
import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.dialects import postgresql

from api.mapreading import inside
from api.visibility import HIDDEN_RESOLUTION
from dispatch.record.tables import SiteRow, TechnicianRow, new_id
from geo.boxes import Box, tile_box
from geo.cells import cell_of, center

ALPINE = "-104,30,-103,31"
#: The tile of zoom 8 that holds Alpine.
TILE = (8, 54, 105)


@pytest.fixture
def operator(town):
    return town.key("operator")


def features(caller, noun, bbox, **more):
    query = "".join(f"&{name}={value}" for name, value in more.items())
    answer = caller.get(f"/v1/{noun}.geojson?bbox={bbox}{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_job_stands_at_its_site_longitude_first(town):
    job = town.posted()
    found = features(town.staff, "jobs", ALPINE)
    assert [each["id"] for each in found["features"]] == [job["id"]]
    assert found["features"][0]["geometry"] == {"type": "Point", "coordinates": [-103.661, 30.3585]}
    assert found["features"][0]["properties"]["state"] == "open"
    assert found["is_whole"] is True


def test_a_map_shows_one_clients_jobs_alone_and_all_to_the_operator(town, operator):
    mine = town.posted()["id"]
    theirs = town.stranger.post("/v1/jobs", town.job_body(site_id=str(town.globex_site))).json()["id"]
    assert {each["id"] for each in features(town.staff, "jobs", ALPINE)["features"]} == {mine}
    assert {each["id"] for each in features(town.stranger, "jobs", ALPINE)["features"]} == {theirs}
    assert {each["id"] for each in features(operator, "jobs", ALPINE)["features"]} == {mine, theirs}


def test_a_client_is_shown_the_middle_of_a_cell_and_the_operator_the_place(town, operator):
    exact = {
        each["id"]: each["geometry"]["coordinates"] for each in features(operator, "technicians", ALPINE)["features"]
    }
    shown = {
        each["id"]: each["geometry"]["coordinates"] for each in features(town.staff, "technicians", ALPINE)["features"]
    }
    assert exact.keys() == shown.keys() == {str(each) for each in town.world.technicians}
    for technician, (lng, lat) in exact.items():
        middle = center(cell_of(lat, lng, HIDDEN_RESOLUTION))
        assert shown[technician] == [round(middle.lng, 4), round(middle.lat, 4)]


def test_small_boxes_find_no_home(town, operator):
    lng, lat = features(operator, "technicians", ALPINE)["features"][0]["geometry"]["coordinates"]
    around = f"{lng - 0.001},{lat - 0.001},{lng + 0.001},{lat + 0.001}"
    assert len(features(operator, "technicians", around)["features"]) == 1
    assert features(town.staff, "technicians", around) == {
        "type": "FeatureCollection",
        "features": [],
        "is_whole": True,
    }


def test_a_box_over_the_antimeridian_holds_both_sides(town, operator):
    with town.world.as_engine() as (session, _):
        for num, lng in enumerate((179.5, -179.5, 0.0)):
            session.execute(
                update(TechnicianRow)
                .where(TechnicianRow.id == town.world.technicians[num])
                .values(lat=-17.0, lng=lng, cell=cell_of(-17.0, lng))
            )
    found = {each["id"] for each in features(operator, "technicians", "179,-18,-179,-16")["features"]}
    assert found == {str(each) for each in town.world.technicians[:2]}


def test_a_limit_cuts_and_says_so(town, operator):
    found = features(operator, "technicians", ALPINE, limit=3)
    assert (len(found["features"]), found["is_whole"]) == (3, False)
    assert features(operator, "technicians", ALPINE, limit=len(town.world.technicians))["is_whole"] is True


@pytest.mark.parametrize(
    ("bbox", "says"),
    [
        ("1,2,3", "four numbers"),
        ("a,b,c,d", "four numbers"),
        ("nan,0,1,1", "finite"),
        ("0,0,inf,1", "finite"),
        ("0,10,1,5", "north"),
        ("0,-95,1,0", "outside -90..90"),
        ("-11540000,3560000,-11530000,3570000", "3857"),
        ("30,-104,31,-103", "swapped"),
    ],
)
def test_a_box_that_is_none_is_refused(town, bbox, says):
    answer = town.staff.get(f"/v1/jobs.geojson?bbox={bbox}")
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["path"] == "?bbox"
    assert says in answer.json()["errors"][0]["way_out"]


@pytest.mark.parametrize("query", ["", "?bbox=0,0,1,1&limit=0", "?bbox=0,0,1,1&limit=5001"])
def test_a_map_needs_a_box_and_a_fair_limit(town, query):
    assert town.staff.get(f"/v1/jobs.geojson{query}").status_code == 422


def test_maps_are_not_for_technicians(town):
    for path in ("jobs.geojson?bbox=0,0,1,1", "technicians.geojson?bbox=0,0,1,1", "tiles/jobs/0/0/0.mvt"):
        assert town.technician().get(f"/v1/{path}").status_code == 403


def test_a_tile_holds_what_the_box_of_it_holds_where_it_lies(town):
    job = town.posted()
    answer = town.staff.get("/v1/tiles/jobs/{}/{}/{}.mvt".format(*TILE))
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/vnd.mapbox-vector-tile"
    layer = mapbox_vector_tile.decode(answer.content)["jobs"]
    assert [each["properties"]["id"] for each in layer["features"]] == [job["id"]]
    box, (x, _) = tile_box(*TILE), layer["features"][0]["geometry"]["coordinates"]
    assert abs(x / layer["extent"] - (-103.661 - box.west) / (box.east - box.west)) < 0.001


def test_a_tile_is_one_clients_and_known_by_its_etag(town):
    town.posted()
    path = "/v1/tiles/jobs/{}/{}/{}.mvt".format(*TILE)
    mine = town.staff.get(path)
    assert mine.headers["Cache-Control"].startswith("private")
    assert town.staff.get(path, headers={"If-None-Match": mine.headers["ETag"]}).status_code == 304
    assert town.stranger.get(path).content == b""


def test_a_clients_tile_of_technicians_holds_middles_of_cells(town):
    answer = town.staff.get("/v1/tiles/technicians/{}/{}/{}.mvt".format(*TILE))
    layer = mapbox_vector_tile.decode(answer.content)["technicians"]
    assert len(layer["features"]) == len(town.world.technicians)
    places = {tuple(each["geometry"]["coordinates"]) for each in layer["features"]}
    cells = {
        cell_of(30.3585 + 0.009 * (num + 1), -103.661, HIDDEN_RESOLUTION) for num in range(len(town.world.technicians))
    }
    assert len(places) == len(cells)


@pytest.mark.parametrize(
    "tile", ["jobs/21/0/0", "jobs/2/4/0", "jobs/2/0/4", "jobs/-1/0/0", "homes/1/0/0", "jobs/1/x/0"]
)
def test_a_tile_that_is_none_is_refused(town, tile):
    assert town.staff.get(f"/v1/tiles/{tile}.mvt").status_code == 422


def test_the_sites_of_a_box_are_found_by_the_index_of_cells(town):
    """Among 3,000 sites of the client, row-level security on."""
    with town.world.as_engine() as (session, now):
        rows = [
            {"id": new_id(), "client_id": town.world.client, "store_number": f"S-{num}", "name": "x", "address": "x",
             "town": "x", "region": "TX", "postcode": "79830", "country": "US", "lat": lat, "lng": lng,
             "cell": cell_of(lat, lng), "time_zone": "America/Chicago", "created_at": now}
            for num in range(3000)
            for lat, lng in [(25.0 + num % 60 / 3, -120.0 + num // 60)]
        ]  # fmt: skip
        session.execute(insert(SiteRow), rows)
        session.execute(text("ANALYZE sites"))
    with town.world.as_staff() as (session, _):
        plan = "\n".join(session.execute(text("EXPLAIN " + sites_in_box(town))).scalars())
    assert "ix_sites_client_id_cell" in plan
    assert "Seq Scan on sites" not in plan


def sites_in_box(town) -> str:
    wanted = select(SiteRow.id).where(
        SiteRow.client_id == town.world.client, inside(SiteRow, Box(-103.7, 30.3, -103.6, 30.4))
    )
    return str(wanted.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}))


def test_towns_label_the_map_for_everybody_the_largest_first(town):
    for caller in (town.staff, town.stranger, town.by_id(town.world.technicians[0])):
        answer = caller.get(f"/v1/base-map/towns?bbox={ALPINE}&limit=3")
        assert answer.status_code == 200, answer.text
        first, *others = answer.json()["items"]
        assert (first["name"], first["region"]) == ("Alpine", "TX")
        assert len(others) == 2
        assert all(first["num_postcodes"] >= each["num_postcodes"] for each in others)
    wrong = town.staff.get("/v1/base-map/towns?bbox=1,2,3")
    assert (wrong.status_code, wrong.json()["errors"][0]["path"]) == (422, "?bbox")
