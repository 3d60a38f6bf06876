"""Who posts work, and where? Clients, staff, sites and keys over HTTP, each tenant by itself."""

import pytest
from letin import AGREEMENT
from sqlalchemy import func, select

from dispatch.record.tables import IdempotencyKeyRow, SiteRow


@pytest.fixture
def operator(town):
    return town.key("operator")


@pytest.fixture
def admin(town):
    return town.key("client_admin", client_id=town.world.client)


def site(**more):
    place = {"address": "1 Holland Ave", "town": "Alpine", "region": "TX", "postcode": "79830"}
    return {"store_number": "2001", "name": "Depot", "lat": 30.36, "lng": -103.66} | place | more


def the_error(answer):
    assert answer.status_code == 422, answer.text
    return answer.json()["errors"][0]


def test_the_operator_makes_a_client_that_can_post_its_first_job(town, operator):
    let_in = {"agreement": AGREEMENT, "pays_outside": True}
    client = operator.post("/v1/clients", {"name": "Initech", **let_in}).json()["id"]
    key = operator.post("/v1/keys", {"role": "client_admin", "label": "first", "client_id": client})
    assert key.status_code == 201, key.text
    admin = type(operator)(town.http, key.json()["secret"])
    made = admin.post("/v1/sites", site())
    assert made.status_code == 201, made.text
    job = admin.post("/v1/jobs", town.job_body(site_id=made.json()["id"]))
    assert job.status_code == 201, job.text
    assert [each["id"] for each in admin.get("/v1/clients").json()["items"]] == [client]


def test_a_policy_is_checked_and_its_change_guarded(town, admin):
    path = f"/v1/clients/{town.world.client}"
    tag = admin.get(path).headers["ETag"]
    error = the_error(admin.patch(path, {"policy": {"reach_km": -1}}, tag))
    assert error["path"] == "/policy"
    changed = admin.patch(path, {"policy": {"reach_km": 200}}, tag)
    assert changed.json()["effective_policy"]["reach_km"] == 200
    assert admin.patch(path, {"policy": {}}, tag).status_code == 412
    assert town.staff.patch(path, {"policy": {}}, changed.headers["ETag"]).status_code == 403


@pytest.mark.parametrize("policy", [{"reach_km": "far"}, {"wave": 3}, {"weights": {"x": 1}}, {"mode": None}])
def test_a_policy_of_the_wrong_kind_is_refused_and_no_fault(town, admin, policy):
    path = f"/v1/clients/{town.world.client}"
    assert admin.patch(path, {"policy": policy}, admin.get(path).headers["ETag"]).status_code == 422


def test_another_clients_things_do_not_exist(town, admin):
    for path in (f"/v1/clients/{town.globex}", f"/v1/sites/{town.globex_site}"):
        assert admin.get(path).status_code == 404
        assert admin.patch(path, {"policy": {}, "name": "x"}, '"v1"').status_code in (404, 422)
    assert admin.patch(f"/v1/sites/{town.globex_site}", {"name": "Mine"}, '"v1"').status_code == 404
    assert admin.post("/v1/sites", site(client_id=str(town.globex))).status_code == 404
    assert (
        admin.post("/v1/keys", {"role": "dispatcher", "label": "x", "client_id": str(town.globex)}).status_code == 404
    )
    assert admin.post("/v1/staff", person(client_id=str(town.globex))).status_code == 404
    for noun in ("clients", "sites", "staff", "keys", "pools"):
        assert str(town.globex) not in admin.get(f"/v1/{noun}").text


def test_a_site_is_found_by_the_beginning_of_its_number_or_a_part_of_its_name_or_town(town, admin):
    place = {"postcode": "79936", "town": "El Paso", "lat": 31.7619, "lng": -106.3}
    for number, more in {"88": {}, "880": {"name": "100% Depot"}, "1880": place}.items():
        assert admin.post("/v1/sites", site(store_number=number, **more)).status_code == 201

    def found(search):
        answer = admin.get("/v1/sites", params={"search": search})
        assert answer.status_code == 200, answer.text
        return sorted(each["store_number"] for each in answer.json()["items"])

    assert found("88") == ["88", "880"]
    assert found("el pas") == ["1880"]
    assert found("0% dep") == ["880"]
    # What people type is text, and no pattern.
    assert found("%") == ["880"]
    assert found("_") == []
    (foreign,) = town.stranger.get("/v1/sites").json()["items"]
    assert found(foreign["name"]) == found(foreign["store_number"]) == []


def test_a_site_gets_its_zone_and_cell_from_its_place(town, admin):
    made = admin.post("/v1/sites", site(lat=31.7619, lng=-106.485, postcode="79901", town="El Paso"))
    assert made.json()["time_zone"] == "America/Denver"
    moved = admin.patch(
        made.headers["Location"], {"lat": 30.36, "lng": -103.66, "postcode": "79830"}, made.headers["ETag"]
    )
    assert moved.status_code == 200, moved.text
    assert moved.json()["time_zone"] == "America/Chicago"
    with town.world.as_engine() as (session, _):
        cells = session.scalar(
            select(func.count(SiteRow.cell.distinct())).where(SiteRow.client_id == town.world.client)
        )
    assert cells == 2


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({"lat": 40.71, "lng": -74.0}, "/lat", "km from the stated place"),
        ({"lat": -103.66, "lng": 30.36}, "/lat", "swapped"),
        ({"lat": 0, "lng": 0}, "/lat", "Atlantic"),
        ({"postcode": "7983"}, "/postcode", "5 digits"),
        ({"geofence_m": 5}, "/geofence_m", "10"),
        ({"geofence_m": 200.5}, "/geofence_m", "integer"),
        ({"contact_phone": "911x"}, "/contact_phone", "+1"),
        ({"store_number": "1147"}, "/store_number", "none of"),
        ({"name": "a\u0007"}, "/name", "control"),
        ({"country": "usa"}, "/country", "pattern"),
    ],
)
def test_a_site_that_cannot_be_right_is_refused_by_field(admin, change, path, says):
    error = the_error(admin.post("/v1/sites", site(**change)))
    assert error["path"] == path
    assert says in error["way_out"]


def test_a_site_is_changed_by_who_saw_it_last(admin):
    made = admin.post("/v1/sites", site())
    path, tag = made.headers["Location"], made.headers["ETag"]
    assert admin.get(path, headers={"If-None-Match": tag}).status_code == 304
    changed = admin.patch(path, {"contact_name": "Rosa Marsh"}, tag)
    assert changed.json()["contact_name"] == "Rosa Marsh"
    assert admin.patch(path, {"contact_name": "Luz"}, tag).status_code == 412
    assert admin.patch(path, {"contact_name": "Luz"}).status_code == 428


def person(**more):
    return {"role": "dispatcher", "name": "Rosa Marsh", "email": "rosa@example.com"} | more


def test_who_leaves_takes_their_keys_along(town, admin):
    staff = admin.post("/v1/staff", person())
    assert staff.status_code == 201, staff.text
    key = admin.post("/v1/keys", {"role": "dispatcher", "label": "Rosa", "staff_id": staff.json()["id"]}).json()
    assert key["client_id"] == str(town.world.client)
    assert admin.call("DELETE", staff.headers["Location"]).status_code == 204
    found = {each["id"]: each["revoked_at"] for each in admin.get("/v1/keys").json()["items"]}
    assert found[key["id"]] is not None


def test_a_secret_is_shown_once_and_kept_nowhere(town, admin):
    wish = {"role": "dispatcher", "label": "Night shift"}
    first = admin.post("/v1/keys", wish, key="make-one")
    again = admin.post("/v1/keys", wish, key="make-one")
    assert first.json()["secret"].startswith("tr_")
    assert again.json() == first.json() | {"secret": None}
    assert first.json()["secret"] not in admin.get("/v1/keys").text
    with town.world.as_engine() as (session, _):
        kept = b"".join(bytes(each) for each in session.scalars(select(IdempotencyKeyRow.body)))
    assert first.json()["secret"].encode() not in kept


def test_a_revoked_key_opens_nothing(town, admin):
    key = admin.post("/v1/keys", {"role": "dispatcher", "label": "Night shift"}).json()
    assert admin.call("DELETE", f"/v1/keys/{key['id']}").status_code == 204
    assert type(admin)(town.http, key["secret"]).get("/v1/jobs").status_code == 401
    assert admin.call("DELETE", f"/v1/keys/{key['id']}").status_code == 409


def test_nobody_makes_a_key_above_their_own(town, admin):
    for role in ("operator", "gateway", "technician"):
        assert admin.post("/v1/keys", {"role": role, "label": "x"}).status_code in (404, 422)
    assert town.staff.post("/v1/keys", {"role": "dispatcher", "label": "x"}).status_code == 403
    assert town.staff.get("/v1/keys").status_code == 403


def test_a_technician_sees_their_own_keys_alone(town):
    town.technician(1).get("/v1/offers")
    seen = town.technician(0).get("/v1/keys").json()["items"]
    assert [each["technician_id"] for each in seen] == [str(town.world.technicians[0])]


@pytest.mark.parametrize(("currency", "words"), [("ABC", "ISO 4217"), ("KWD", "thousandths")])
def test_a_currency_that_is_none_or_too_fine_is_refused_by_name_wherever_it_is_said(town, operator, currency, words):
    pay = {"pay": {"kind": "fixed", "amount": "10.00", "currency": currency}}
    slot = town.job_body()["slots"][0] | pay
    asked = (
        operator.post("/v1/clients", {"name": "Initech", "currency": currency}),
        operator.post("/v1/clients/applications", {"name": "Initech", "currency": currency}),
        town.staff.post("/v1/jobs", town.job_body(slots=[slot])),
    )
    for refused in asked:
        error = the_error(refused)
        assert error["path"].endswith("/currency")
        assert words in str(error), error
