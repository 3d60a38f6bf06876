"""Preferences over HTTP: each their own; what cannot be used is refused with a way out."""

import base64

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid
from town import Town, small_town

from dispatch.record.tables import StaffRow, new_id

DEVICE = {"endpoint": "https://fcm.googleapis.com/fcm/send/abc", "p256dh": "B" * 87, "auth": "A" * 22}


def person(town: Town, role: str = "dispatcher"):
    staff_id = new_id()
    with town.world.as_engine() as (session, now):
        row = {"id": staff_id, "client_id": town.world.client, "role": role, "name": "Sam", "created_at": now}
        session.add(StaffRow(**row, email=f"{staff_id}@acme.example"))
    return town.key(role, client_id=town.world.client, staff_id=staff_id)


def change(caller, wishes):
    return caller.patch("/v1/preferences", wishes, etag=caller.get("/v1/preferences").headers["ETag"])


def test_wishes_are_kept_and_taken_back_one_by_one(calm_town: Town):
    sam = person(calm_town)
    assert sam.get("/v1/preferences").json()["digest"] == "never"
    wishes = {
        "language": "es", "channels": {"money": [], "day": ["sms", "mail"]}, "digest": "daily", "digest_at": "06:45",
        "quiet": {"begin": "22:00", "end": "06:00"}, "time_zone": "America/Denver", "phone": "(432) 555-0199",
    }  # fmt: skip
    kept = change(sam, wishes).json()
    assert kept == wishes | {"phone": "+14325550199", "devices": []}
    assert change(sam, {"channels": {"money": ["mail"]}}).json()["channels"] == {
        "money": ["mail"],
        "day": ["sms", "mail"],
    }
    back = change(sam, {"quiet": None, "channels": None, "phone": None}).json()
    assert (back["quiet"], back["channels"], back["phone"]) == (None, {}, None)


def test_a_technicians_quiet_hours_stand_in_the_profile(calm_town: Town):
    anna = calm_town.technician(3)
    assert change(anna, {"digest": "hourly", "language": "es"}).json()["digest"] == "hourly"
    for theirs in ({"quiet": {"begin": "22:00", "end": "06:00"}}, {"time_zone": "UTC"}, {"phone": "+14325550199"}):
        refused = change(anna, theirs)
        assert refused.status_code == 422
        assert "profile" in refused.json()["detail"]


@pytest.mark.parametrize(
    "wishes",
    [
        {"language": "tlh"},
        {"channels": {"gossip": ["sms"]}},
        {"channels": {"day": ["pigeon"]}},
        {"channels": {"day": ["sms", "sms"]}},
        {"channels": {"day": ["sms", "mail", "push", "voice", "sms"]}},
        {"digest": "yearly"},
        {"digest_at": "25:00"},
        {"digest_at": "7:30"},
        {"quiet": {"begin": "22:00"}},
        {"time_zone": "Mars/Olympus"},
        {"phone": "12"},
        {"devices": []},
    ],
)
def test_what_cannot_be_used_is_refused(calm_town: Town, wishes):
    assert change(person(calm_town), wishes).status_code == 422


def test_a_change_needs_the_version_that_was_read(calm_town: Town):
    sam = person(calm_town)
    assert sam.patch("/v1/preferences", {"digest": "daily"}).status_code == 428
    old = sam.get("/v1/preferences").headers["ETag"]
    change(sam, {"digest": "daily"})
    assert sam.patch("/v1/preferences", {"digest": "never"}, etag=old).status_code == 412


def test_a_key_that_is_nobodys_has_no_preferences(calm_town: Town):
    refused = calm_town.staff.get("/v1/preferences")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert calm_town.key("gateway").get("/v1/preferences").status_code == 403


def test_browsers_are_kept_without_showing_their_addresses_and_five_at_most(calm_town: Town):
    sam = person(calm_town)
    for num in range(7):
        answer = sam.post("/v1/preferences/devices", DEVICE | {"endpoint": f"https://fcm.googleapis.com/send/{num}"})
        assert answer.status_code == 200, answer.text
    devices = answer.json()["devices"]
    assert [each["host"] for each in devices] == ["fcm.googleapis.com"] * 5
    assert "/send/" not in answer.text
    assert sam.call("DELETE", f"/v1/preferences/devices/{devices[0]['id']}").status_code == 204
    assert len(sam.get("/v1/preferences").json()["devices"]) == 4
    assert sam.call("DELETE", f"/v1/preferences/devices/{devices[0]['id']}").status_code == 404


@pytest.mark.parametrize("endpoint", ["https://127.0.0.1/x", "http://fcm.googleapis.com/x", "https://169.254.169.254/"])
def test_a_push_address_inside_anybodys_network_is_refused(calm_town: Town, endpoint: str):
    answer = person(calm_town).post("/v1/preferences/devices", DEVICE | {"endpoint": endpoint})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["path"] == "/endpoint"


def test_a_browser_subscribes_with_the_public_half_of_the_operators_key(database_url, redis_url):
    made = Vapid()
    made.generate_keys()
    private = made.private_key.private_numbers().private_value.to_bytes(32, "big")
    point = made.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    with small_town(database_url, redis_url, push_private_key=_base64(private)) as town:
        answer = town.technician().get("/v1/preferences/push")
        assert answer.json() == {"key": _base64(point)}
        assert len(point) == 65
        assert town.key("gateway").get("/v1/preferences/push").status_code == 403


def test_without_a_key_no_browser_is_asked_to_subscribe(calm_town: Town):
    assert calm_town.technician().get("/v1/preferences/push").json() == {"key": None}


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
