"""Who does the work? Technicians over HTTP: what each may see and change, and what nobody can misread."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import insert, select, update

from dispatch.bell import Bell
from dispatch.record.tables import CompanyRow, CredentialKindRow, TechnicianMarkRow, TechnicianRow, new_id
from dispatch.talent.taxclasses import tax_day

SQUARE = {
    "type": "Polygon",
    "coordinates": [[[-104.0, 30.0], [-103.0, 30.0], [-103.0, 31.0], [-104.0, 31.0], [-104.0, 30.0]]],
}
BOW_TIE = {
    "type": "Polygon",
    "coordinates": [[[-104.0, 30.0], [-103.0, 31.0], [-103.0, 30.0], [-104.0, 31.0], [-104.0, 30.0]]],
}


@pytest.fixture
def operator(town):
    return town.key("operator")


def body(**more):
    return {"number": "T-900", "name": "Ana Flores", "lat": 30.36, "lng": -103.66, "skills": {"hvac": 3}} | more


def own_path(town, num=0):
    return f"/v1/technicians/{town.world.technicians[num]}"


def patched(caller, path, change):
    return caller.patch(path, change, caller.get(path).headers["ETag"])


def the_error(answer):
    assert answer.status_code == 422, answer.text
    return answer.json()["errors"][0]


def test_the_operator_adds_a_technician_who_can_be_read_again(town, operator):
    made = operator.post("/v1/technicians", body(quiet={"begin": "22:00", "end": "06:00"}, min_hourly="45.50"))
    assert made.status_code == 201, made.text
    again = operator.get(made.headers["Location"])
    assert again.json() == made.json()
    assert again.headers["ETag"] == made.headers["ETag"]
    assert again.json()["time_zone"] == "America/Chicago"
    assert again.json()["private"]["min_hourly"] == "45.50"
    assert again.json()["private"]["quiet"] == {"begin": "22:00", "end": "06:00"}


def test_a_company_adds_its_own_people_outside_the_market(town):
    company = make_company(town)
    made = town.key("company", company_id=company).post("/v1/technicians", body())
    assert made.status_code == 201, made.text
    assert (made.json()["company_id"], made.json()["in_market"]) == (str(company), False)
    assert town.staff.get(made.headers["Location"]).status_code == 404


def test_a_client_sees_a_coarse_place_and_nothing_private(town):
    shown = town.staff.get(own_path(town)).json()
    assert shown["private"] is None
    assert shown["is_exact"] is False
    assert (shown["lat"], shown["lng"]) != (30.3585 + 0.009, -103.6610)
    assert shown["skills"] == {"hvac": 3}
    assert "+1432555" not in str(shown)
    assert "example.com" not in str(shown)


def test_a_technician_sees_and_changes_themselves_alone(town):
    me = town.technician(0)
    assert me.get(own_path(town, 0)).json()["private"]["phone"].startswith("+1")
    assert me.get(own_path(town, 1)).status_code == 404
    assert me.patch(own_path(town, 1), {"radius_km": 5}, '"v1"').status_code == 404
    assert [each["id"] for each in me.get("/v1/technicians").json()["items"]] == [str(town.world.technicians[0])]


def test_a_client_finds_the_market_its_pools_and_nobody_elses_people(town):
    with town.world.as_engine() as (session, _):
        session.execute(
            update(TechnicianRow).where(TechnicianRow.id == town.world.technicians[3]).values(in_market=False)
        )
    found = {each["id"] for each in town.staff.get("/v1/technicians?limit=200").json()["items"]}
    assert found == {str(each) for num, each in enumerate(town.world.technicians) if num != 3}
    assert town.staff.get(own_path(town, 3)).status_code == 404


def test_somebody_is_found_by_a_part_of_their_name_by_whoever_may_know_them(town):
    names = {0: "Ana Diaz-Ruiz", 1: "Bo 100% Diaz", 2: "Cy Lund", 3: "Di Diaz"}
    with town.world.as_engine() as (session, _):
        for num, name in names.items():
            one = update(TechnicianRow).where(TechnicianRow.id == town.world.technicians[num])
            session.execute(one.values(name=name, in_market=num != 3))

    def found(caller, name):
        answer = caller.get("/v1/technicians", params={"name": name})
        assert answer.status_code == 200, answer.text
        return sorted(each["name"] for each in answer.json()["items"])

    assert found(town.staff, "diaz") == ["Ana Diaz-Ruiz", "Bo 100% Diaz"]
    assert found(town.staff, "%") == ["Bo 100% Diaz"]
    assert found(town.staff, "a_D") == []
    assert found(town.technician(0), "Lund") == []
    assert town.staff.get("/v1/technicians?name=").status_code == 422


def test_a_change_needs_the_etag_and_moves_it(town):
    me, path = town.technician(), own_path(town)
    assert me.patch(path, {"radius_km": 50}).status_code == 428
    tag = me.get(path).headers["ETag"]
    changed = me.patch(path, {"radius_km": 50, "area": SQUARE}, tag)
    assert changed.status_code == 200, changed.text
    assert changed.json()["private"]["radius_km"] == 50
    assert changed.json()["private"]["area"] == SQUARE
    assert changed.headers["ETag"] != tag
    assert me.patch(path, {"radius_km": 60}, tag).status_code == 412


def test_what_the_operator_says_a_technician_cannot(town, operator):
    for change in ({"clearance": "us_person"}, {"number": "T-1"}, {"in_market": False}):
        answer = patched(town.technician(), own_path(town), change)
        assert answer.status_code == 403, answer.text
    assert patched(operator, own_path(town), {"clearance": "us_person"}).status_code == 200


def test_the_operators_word_that_clears_has_a_last_day_within_a_year(town, operator):
    path, today = own_path(town), datetime.now(UTC).date()

    def said(**change):
        return patched(operator, path, change)

    def stands():
        private = operator.get(path).json()["private"]
        return private["clearance"], private["clearance_until"]

    def after(days):
        return (today + timedelta(days=days)).isoformat()

    for change in ({"clearance_until": after(9)}, {"clearance": "claimed", "clearance_until": after(9)}):
        assert the_error(said(**change))["path"] == "/clearance_until", "nobody's word has no end"
    assert stands() == ("unknown", None)
    for day in (after(-1), after(366), None):
        refused = said(clearance="us_person", clearance_until=day)
        assert refused.status_code == 422, day
    assert said(clearance="us_person", clearance_until=after(30)).status_code == 200
    assert stands() == ("us_person", after(30))
    assert said(radius_km=70).status_code == 200
    assert stands() == ("us_person", after(30)), "what else changes leaves the day"
    assert said(clearance_until=after(365)).status_code == 200
    assert stands() == ("us_person", after(365))
    assert said(clearance="unknown").status_code == 200
    assert stands() == ("unknown", None)
    assert said(clearance="us_person").status_code == 200
    assert stands() == ("us_person", after(365)), "a year, where nobody names a day"
    assert patched(town.technician(), path, {"clearance_until": after(9)}).status_code == 403


def test_the_operator_alone_finds_whose_clearance_ends_by_a_day(town, operator):
    today = datetime.now(UTC).date()

    def after(days):
        return (today + timedelta(days=days)).isoformat()

    for num, days in ((0, 29), (1, 30), (2, 31)):
        word = {"clearance": "us_person", "clearance_until": after(days)}
        assert patched(operator, own_path(town, num), word).status_code == 200
    found = operator.get("/v1/technicians", params={"clearance_until": after(30)}).json()["items"]
    assert {each["id"] for each in found} == {str(each) for each in town.world.technicians[:2]}
    for caller in (town.staff, town.technician(0), town.key("company", company_id=make_company(town))):
        refused = caller.get("/v1/technicians", params={"clearance_until": after(30)})
        assert (refused.status_code, refused.json()["rules"]) == (403, ["only_operator"])


def test_a_word_without_an_end_is_not_taken_where_a_proof_can_be_had(town, operator):
    with town.world.as_engine() as (session, _):
        session.add(CredentialKindRow(code="export", name="Export control", family="clearance"))
    refused = patched(operator, own_path(town), {"clearance": "us_person"})
    assert refused.status_code == 422
    assert "verify a proof of export" in refused.text
    assert patched(operator, own_path(town), {"clearance": "not_us_person"}).status_code == 200


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({"lat": -103.66, "lng": 30.36}, "/lat", "swapped"),
        ({"lat": 95, "lng": 10}, "/lat", "outside -90..90"),
        ({"lat": 30.36, "lng": 200}, "/lng", "outside -180..180"),
        ({"lat": 3_560_000.0, "lng": -11_540_000.0}, "/lat", "3857"),
        ({"lat": 0, "lng": 0}, "/lat", "Atlantic"),
        ({"lat": 40.7, "lng": -74.0, "postcode": "79830"}, "/lat", "km from the stated place"),
        ({"lat": True}, "/lat", "number"),
        ({"lat": "30.3"}, "/lat", "number"),
    ],
)
def test_a_place_that_cannot_be_meant_is_refused_by_name(town, change, path, says):
    error = the_error(patched(town.technician(), own_path(town), change))
    assert error["path"] == path
    assert says in error["way_out"]


@pytest.mark.parametrize(
    "area",
    [
        BOW_TIE,
        {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": [[[-104, 30], [-103, 30], [-103, 31]]]},
        {"type": "Polygon", "coordinates": [[[-104, 30], [-103, 30], [-103, 31], [-104, 31]]]},
        {"type": "Point", "coordinates": [-104, 30]},
        {"type": "Polygon", "coordinates": [[[-1.1e7, 3e6], [-1e7, 3e6], [-1e7, 4e6], [-1.1e7, 3e6]]]},
        {},
    ],
    ids=["bow-tie", "empty", "three", "unclosed", "point", "mercator", "nothing"],
)
def test_an_area_that_is_none_is_refused(town, area):
    error = the_error(patched(town.technician(), own_path(town), {"area": area}))
    assert error["path"].startswith("/area")


def test_an_area_of_a_million_vertices_is_refused_before_it_is_read(town):
    ring = ",".join("[0,0]" for _ in range(1_000_000))
    text = '{"area":{"type":"Polygon","coordinates":[[' + ring + "]]}}"
    headers = {"Content-Type": "application/json", "If-Match": '"v1"'}
    assert town.technician().call("PATCH", own_path(town), content=text, headers=headers).status_code == 413


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"name": "Ana\\u0000"}', "NUL"),
        ('{"name": "Ana\\ud800"}', "surrogates"),
        ('{"name": "Ana\\u202Egnp.exe"}', "turns the direction"),
        ('{"name": "a", "name": "b"}', "once"),
        ('{"radius_km": NaN}', "finite"),
        ('{"radius_km": 1e999}', "1e308"),
        ('{"radius_km": true}', "number"),
        ('{"min_hourly": "12.345"}', "two decimals"),
        ('{"min_hourly": "-1"}', "sum from 0"),
        ('{"quiet": {"begin": "25:00", "end": "06:00"}}', "00:00 to 24:00"),
        ('{"quiet": {"begin": "06:00", "end": "06:00"}}', "two different"),
        ('{"time_zone": "America/Chigaco"}', "America/Chicago"),
        ('{"phone": "12"}', "+14155550132"),
        ('{"unknown": 1}', "Extra"),
        ("{}", "at least one field"),
    ],
)
def test_what_could_be_misread_is_refused(town, text, says):
    me, path = town.technician(), own_path(town)
    headers = {"Content-Type": "application/json", "If-Match": me.get(path).headers["ETag"]}
    assert says in the_error(me.call("PATCH", path, content=text, headers=headers))["way_out"]
    assert me.get(path).headers["ETag"] == headers["If-Match"]


def test_hours_are_replaced_as_a_whole_and_may_not_overlap(town):
    me, path = town.technician(), f"{own_path(town)}/hours"
    spans = [{"weekday": 0, "begin": "08:00", "end": "12:00"}, {"weekday": 0, "begin": "13:00", "end": "24:00"}]
    assert me.call("PUT", path, json={"hours": spans}).json()["hours"] == spans
    overlapping = {"hours": [*spans, {"weekday": 0, "begin": "11:00", "end": "12:30"}]}
    assert the_error(me.call("PUT", path, json=overlapping))["path"] == "/hours"
    assert me.get(path).json()["hours"] == spans
    assert town.technician(1).get(path).status_code == 404


def test_time_off_needs_its_offset_and_can_be_given_back(town):
    me, path = town.technician(), f"{own_path(town)}/time-off"
    # The second Sunday of March, on which the clocks in Chicago go forward at two.
    march = date(datetime.now(UTC).year + 1, 3, 8)
    sunday = march + timedelta(days=6 - march.weekday())
    end_at = f"{sunday + timedelta(days=1)}T02:30:00-05:00"
    naive = {"start_at": f"{sunday}T02:30:00", "end_at": end_at}
    assert "offset" in the_error(me.post(path, naive))["way_out"]
    made = me.post(path, {"start_at": f"{sunday}T02:30:00-06:00", "end_at": end_at})
    assert made.status_code == 201, made.text
    assert made.json()["start_at"] == f"{sunday}T08:30:00Z"
    assert len(me.get(path).json()["items"]) == 1
    assert me.call("DELETE", f"{path}/{made.json()['id']}").status_code == 204
    assert me.get(path).json()["items"] == []


def test_a_proof_is_handed_in_verified_and_revoked_and_moves_once(town, operator):
    me = town.technician()
    proof = {"kind": "background_check", "valid_from": "2026-01-01", "valid_until": "2099-12-31", "evidence": "R 1"}
    made = me.post(f"{own_path(town)}/credentials", proof)
    assert (made.status_code, made.json()["state"]) == (201, "submitted"), made.text
    path = f"/v1/credentials/{made.json()['id']}"
    assert me.post(f"{path}/verify").status_code == 403
    assert operator.post(f"{path}/verify").json()["state"] == "verified"
    seen = town.staff.get(f"{own_path(town)}/credentials").json()["items"]
    assert [(each["kind"], each["evidence"]) for each in seen] == [("background_check", None)]
    again = operator.post(f"{path}/verify")
    assert (again.status_code, again.json()["moves"]) == (409, ["revoke"])
    ended = {"id": made.json()["id"], "state": "revoked", "offers_withdrawn": [], "assignments": []}
    assert operator.post(f"{path}/revoke").json() == ended
    assert town.staff.get(f"{own_path(town)}/credentials").json()["items"] == []


@pytest.mark.parametrize("day", ["2099-02-29", "20990228", "2099-02-28T00:00:00Z", 20990228, "9999-12-31"])
def test_a_day_that_is_none_is_refused(town, day):
    proof = {"kind": "background_check", "valid_from": "2026-01-01", "valid_until": day, "evidence": "R 1"}
    assert the_error(town.technician().post(f"{own_path(town)}/credentials", proof))["path"] == "/valid_until"


def test_a_technician_rests_and_comes_back_and_only_the_operator_suspends(town):
    me, path = town.technician(), own_path(town)
    assert me.post(f"{path}/pause").json()["state"] == "paused"
    refused = me.post(f"{path}/pause")
    assert (refused.status_code, refused.json()["moves"]) == (409, ["resume", "suspend", "leave"])
    assert me.post(f"{path}/resume").json()["state"] == "active"
    assert me.post(f"{path}/suspend").status_code == 403
    assert town.staff.post(f"{path}/pause").status_code == 403


def test_standing_consent_is_given_paused_and_taken_back(town):
    me, path = town.technician(), own_path(town)
    consent = {"min_hourly": "40.00", "max_distance_km": 50, "max_per_day": 2}
    assert patched(me, path, {"consent": consent}).json()["private"]["consent"] == consent | {"is_paused": False}
    paused = me.call("PUT", f"{path}/consent/paused", json={"paused": True})
    assert paused.json()["private"]["consent"]["is_paused"] is True
    assert patched(me, path, {"consent": None}).json()["private"]["consent"] is None
    assert patched(me, path, {"consent": consent}).json()["private"]["consent"]["is_paused"] is False


def test_a_position_is_shared_by_opt_in_alone_and_reaches_the_stream(town):
    me = town.technician()
    here = {"lat": 30.5, "lng": -103.5}
    answer = me.call("PUT", "/v1/technicians/me/position", json=here)
    assert (answer.status_code, answer.json()["why_not"]) == (202, "not_opted_in")
    assert patched(me, own_path(town), {"shares_position": True}).status_code == 200
    assert me.call("PUT", "/v1/technicians/me/position", json=here).json()["is_shared"] is True
    told = [position for _, position in Bell(town.settings.redis_url).positions()]
    assert [(each.technician_id, each.lat, each.lng) for each in told] == [(town.world.technicians[0], 30.5, -103.5)]


@pytest.mark.parametrize(
    ("change", "path"),
    [({"lat": 95}, "/lat"), ({"lat": 0, "lng": 0}, "/lat"), ({"until": "2099-01-01T00:00:00Z"}, "/until")],
)
def test_a_position_that_is_none_or_lasts_too_long_is_refused(town, change, path):
    me = town.technician()
    assert (
        the_error(me.call("PUT", "/v1/technicians/me/position", json={"lat": 30, "lng": -103} | change))["path"] == path
    )


def test_a_clients_mark_is_never_shown_to_the_technician(town):
    path = f"{own_path(town)}/mark"
    assert the_error(town.staff.call("PUT", path, json={"kind": "block"}))["path"] == "/reason"
    assert town.staff.call("PUT", path, json={"kind": "block", "reason": "No show"}).status_code == 200
    [mark] = town.staff.get("/v1/marks").json()["items"]
    assert (mark["technician_id"], mark["kind"], mark["reason"]) == (
        str(town.world.technicians[0]),
        "block",
        "No show",
    )
    assert town.stranger.get("/v1/marks").json()["items"] == []
    assert town.technician().get("/v1/marks").status_code == 403
    assert "No show" not in town.technician().get("/v1/technicians/me/clients").text
    _, offers = town.offered()
    assert town.world.technicians[0] not in {offer.technician_id for offer in offers}
    assert "block" not in town.technician().get(own_path(town)).text
    assert town.staff.call("DELETE", path).status_code == 204
    assert town.staff.call("DELETE", path).status_code == 204
    assert town.staff.get("/v1/marks").json()["items"] == []


def test_a_technician_marks_a_client_who_has_asked_and_knows_of_no_other(town):
    me = town.technician()
    block = {"kind": "block", "reason": "They do not pay"}
    assert me.call("PUT", f"/v1/clients/{town.world.client}/mark", json=block).status_code == 404
    assert me.get("/v1/technicians/me/clients").json()["items"] == []
    _, offers = town.offered()
    asked = town.by_id(offers[0].technician_id)
    unsaid = asked.call("PUT", f"/v1/clients/{town.world.client}/mark", json={"kind": "block"})
    assert the_error(unsaid)["path"] == "/reason"
    assert asked.call("PUT", f"/v1/clients/{town.world.client}/mark", json=block).status_code == 200
    assert asked.call("PUT", f"/v1/clients/{town.globex}/mark", json=block).status_code == 404
    [known] = asked.get("/v1/technicians/me/clients").json()["items"]
    assert (known["client_id"], known["kind"], known["reason"]) == (str(town.world.client), "block", "They do not pay")
    for reader in (town.staff, town.stranger):
        assert reader.get("/v1/marks").json()["items"] == []
        assert reader.get("/v1/technicians/me/clients").status_code == 403
    with town.world.as_engine() as (session, _):
        assert session.scalars(select(TechnicianMarkRow.technician_id)).all() == [offers[0].technician_id]


def test_a_pool_is_one_clients_and_its_members_are_found_by_it_alone(town):
    made = town.staff.post("/v1/pools", {"name": "Regulars"})
    assert made.status_code == 201, made.text
    member = f"{made.headers['Location']}/members/{town.world.technicians[2]}"
    assert town.staff.call("PUT", member).json()["is_new"] is True
    assert town.staff.call("PUT", member).json()["is_new"] is False
    assert town.staff.get("/v1/pools").json()["items"][0]["num_members"] == 1
    query = f"/v1/technicians?pool_id={made.json()['id']}"
    assert [each["id"] for each in town.staff.get(query).json()["items"]] == [str(town.world.technicians[2])]
    assert town.stranger.get(query).json()["items"] == []
    assert town.stranger.get("/v1/pools").json()["items"] == []
    assert town.stranger.call("PUT", member).status_code == 404
    assert town.staff.call("DELETE", member).status_code == 204
    assert town.staff.get(query).json()["items"] == []


def test_the_catalogues_are_the_operators_to_change_and_everybodys_to_read(town, operator):
    assert operator.post("/v1/skills", {"code": "cctv", "name": "Cameras"}).status_code == 201
    assert {"code": "cctv", "name": "Cameras"} in town.technician().get("/v1/skills").json()["items"]
    kind = {"code": "drug_test", "name": "Drug test", "is_screening": True, "family": "drug_screen"}
    assert operator.post("/v1/credential-kinds", kind).status_code == 201
    kept = {each["code"]: each for each in town.staff.get("/v1/credential-kinds").json()["items"]}["drug_test"]
    assert {**kept, **kind, "verified_by": "operator"} == kept
    assert town.staff.post("/v1/skills", {"code": "x", "name": "X"}).status_code == 403
    assert the_error(operator.post("/v1/skills", {"code": "No Spaces", "name": "X"}))["path"] == "/code"


def test_who_works_for_a_company_is_found_by_it(town, operator):
    made = operator.post("/v1/companies", {"name": "Pecos Repairs"})
    company = UUID(made.json()["id"])
    assert operator.call("PUT", f"{own_path(town)}/company", json={"company_id": str(company)}).status_code == 200
    own = town.key("company", company_id=company)
    assert [each["id"] for each in own.get("/v1/technicians").json()["items"]] == [str(town.world.technicians[0])]
    assert own.get(own_path(town, 1)).status_code == 404
    assert patched(own, own_path(town), {"day_capacity": 3}).json()["private"]["day_capacity"] == 3


def test_how_a_company_is_taxed_is_the_operator_s_to_enter_and_to_read(town, operator):
    company = operator.post("/v1/companies", {"name": "Davis Mountain Crews"}).json()
    assert (company["tax_class"], company["tax_class_from"], company["tax_classes"]) == (None, None, [])
    url = f"/v1/companies/{company['id']}/tax-class"
    wish = {"tax_class": "llc_partnership", "signed_on": "2026-01-15", "counts_from": "2026-01-01"}
    said = operator.call("PUT", url, json=wish)
    assert said.status_code == 200, said.text
    days = {"tax_class_on": "2026-01-15", "tax_class_from": "2026-01-01"}
    assert said.json() == company | {"tax_class": "llc_partnership", **days, "tax_classes": [wish]}
    later = wish | {"tax_class": "c_corporation", "counts_from": "2199-01-01"}
    assert operator.call("PUT", url, json=later).json()["tax_classes"] == [later, wish]
    (listed,) = [each for each in operator.get("/v1/companies").json()["items"] if each["id"] == company["id"]]
    assert (listed["tax_class"], listed["tax_classes"]) == ("llc_partnership", [later, wish]), "what holds today"
    for caller in (town.staff, town.technician(0), town.key("company", company_id=UUID(company["id"]))):
        assert caller.call("PUT", url, json=wish).status_code == 403
        (read,) = [each for each in caller.get("/v1/companies").json()["items"] if each["id"] == company["id"]]
        assert (read["tax_class"], read["tax_class_from"], read["tax_classes"]) == (None, None, [])
    for wrong, path in (
        ({"tax_class": "corporation"}, "/tax_class"),
        ({"signed_on": "2026-02-30"}, "/signed_on"),
        ({"signed_on": "2199-01-01"}, "/signed_on"),
        ({"signed_on": "2026-01-14"}, "/signed_on"),
        ({"counts_from": "1899-12-31"}, "/counts_from"),
    ):
        assert the_error(operator.call("PUT", url, json=wish | wrong))["path"] == path
    with town.world.as_engine() as (_, now):
        today = str(tax_day(now))
    trust = {"tax_class": "trust", "signed_on": "2026-01-15"}
    assert operator.call("PUT", url, json=trust).json()["tax_class_from"] == today
    unknown = operator.call("PUT", f"/v1/companies/{new_id()}/tax-class", json=wish)
    assert unknown.status_code == 404


def make_company(town) -> UUID:
    company = new_id()
    with town.world.as_engine() as (session, now):
        session.execute(insert(CompanyRow).values(id=company, name="Trans-Pecos Service", created_at=now))
    return company
