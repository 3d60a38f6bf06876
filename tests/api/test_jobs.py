"""What does a service department want done? Over HTTP, as Acme's dispatcher."""


def test_a_posted_job_can_be_read_again(town):
    answer = town.staff.post("/v1/jobs", town.job_body(number="WO-1"))
    assert answer.status_code == 201, answer.text
    job = answer.json()
    again = town.staff.get(answer.headers["Location"])
    assert again.status_code == 200
    assert again.json() == job
    assert job["state"] == "open"
    assert job["place"]["address"] == "106 N 5th St"
    assert again.headers["ETag"] == '"v1"'


def test_a_job_in_a_list_says_in_which_zone_its_times_are_meant(town):
    town.staff.post("/v1/jobs", town.job_body(number="WO-1"))
    assert [each["time_zone"] for each in town.staff.get("/v1/jobs").json()["items"]] == ["America/Chicago"]
