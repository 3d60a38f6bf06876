"""Is this still what the asker saw?"""

import pytest


def test_a_change_with_the_right_tag_is_made_and_gets_a_new_one(town):
    job = town.posted()
    url = f"/v1/jobs/{job['id']}"
    changed = town.staff.patch(url, {"title": "Replace both drives", "priority": 1}, '"v1"')
    assert changed.status_code == 200, changed.text
    assert changed.json()["title"] == "Replace both drives"
    assert changed.headers["ETag"] == '"v2"'
    assert town.staff.get(url).headers["ETag"] == '"v2"'
    assert town.staff.get(url).json()["terms_version"] == 1


def test_new_terms_withdraw_the_offers_and_ask_anew(town):
    job, offers = town.offered()
    url = f"/v1/jobs/{job['id']}"
    more = {"pay": {"amount": "220.00"}, "title": "Dearer"}
    changed = town.staff.patch(url, more, town.staff.get(url).headers["ETag"])
    assert changed.status_code == 200, changed.text
    assert changed.json()["terms_version"] == 2
    assert changed.json()["title"] == "Dearer"
    assert changed.json()["visits"][0]["slots"][0]["pay"]["amount"] == "220.00"
    late = town.by_id(offers[0].technician_id).post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1})
    assert late.json()["code"] == "withdrawn"
    town.world.send_waves()
    fresh = town.world.offers()[-1]
    assert fresh.terms_version == 2


@pytest.mark.parametrize(
    ("tag", "status"),
    [(None, 428), ('"v7"', 412), ('"someone elses"', 412), ('W/"v1"', 412), ("v1", 422), ("*", 422)],
)
def test_a_change_without_the_right_tag_is_not_made(calm_town, tag, status):
    job = calm_town.posted()
    url = f"/v1/jobs/{job['id']}"
    assert calm_town.staff.patch(url, {"title": "Other"}, tag).status_code == status
    assert calm_town.staff.get(url).json()["title"] == "Replace drive"


def test_the_second_of_two_changes_to_one_version_is_stale(town):
    url = f"/v1/jobs/{town.posted()['id']}"
    statuses = [town.staff.patch(url, {"title": title}, '"v1"').status_code for title in ("A", "B")]
    assert statuses == [200, 412]
    assert town.staff.get(url).json()["title"] == "A"


def test_a_refused_change_of_terms_leaves_the_words_too(town):
    job, offers = town.offered()
    town.by_id(offers[0].technician_id).post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1})
    url = f"/v1/jobs/{job['id']}"
    refused = town.staff.patch(url, {"title": "X", "duration_min": 60}, town.staff.get(url).headers["ETag"])
    assert refused.status_code == 409
    assert refused.json()["moves"]
    assert town.staff.get(url).json()["title"] == "Replace drive"


def test_who_has_it_already_is_not_sent_it_again(calm_town):
    url = f"/v1/jobs/{calm_town.posted()['id']}"
    known = calm_town.staff.get(url, headers={"If-None-Match": '"v1"'})
    assert known.status_code == 304
    assert known.content == b""
    assert calm_town.staff.get(url, headers={"If-None-Match": '"v2"'}).status_code == 200
