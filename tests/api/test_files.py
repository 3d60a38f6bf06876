"""Photos, documents and signatures over HTTP: looked at when they come, and given to few."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from pictures import PDF, bomb, photo, picture
from racing import race
from sqlalchemy import select, text

from dispatch.files.orphans import sweep_orphans
from dispatch.files.storing import open_store
from dispatch.record.tables import CompanyRow, EventRow, FileRow, TechnicianRow, new_id


@pytest.fixture(scope="module")
def work(calm_town):
    """A visit, and who is on it."""
    job, offers = calm_town.offered()
    technician = calm_town.by_id(offers[0].technician_id)
    won = technician.post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1}).json()
    return {"job": job["id"], "visit": won["visit_id"], "technician": technician, "other": offers[1].technician_id,
            "technician_id": str(offers[0].technician_id), "assignment": won["assignment_id"]}  # fmt: skip


def test_a_photo_is_kept_and_comes_back_as_a_download_that_nothing_guesses_at(calm_town, work):
    sent = work["technician"].send(photo(gps=True), kind="photo", visit_id=work["visit"])
    assert sent.status_code == 201, sent.text
    file = sent.json()
    assert (file["job_id"], file["visit_id"], file["content_type"]) == (work["job"], work["visit"], "image/jpeg")
    assert (file["width"], file["height"], file["uploaded_by_kind"]) == (40, 30, "technician")
    got = calm_town.staff.get(sent.headers["Location"])
    assert hashlib.sha256(got.content).hexdigest() == file["sha256"]
    assert len(got.content) == file["num_bytes"]
    assert b"Exif" not in got.content
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-disposition"].startswith('attachment; filename="photo-')
    assert got.headers["cache-control"].startswith("private")
    assert got.headers["etag"] == sent.headers["etag"] == f'"{file["sha256"]}"'
    again = calm_town.staff.get(sent.headers["Location"], headers={"If-None-Match": got.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert calm_town.staff.get(f"/v1/jobs/{work['job']}/files").json()["items"][0] == file
    with calm_town.world.as_engine() as (session, _):
        told = session.scalars(
            select(EventRow).where(EventRow.kind == "file_kept").order_by(EventRow.id.desc())
        ).first()
    assert told.data == {"file": file["id"], "kind": "photo", "visit": work["visit"]}


@pytest.mark.parametrize(
    ("taken", "offset", "is_doubtful"),
    [
        (timedelta(minutes=-10), "+00:00", False),
        (timedelta(hours=-23), "+00:00", False),
        (timedelta(hours=-25), "+00:00", True),
        (timedelta(minutes=30), "+00:00", True),
        (timedelta(days=3000), "+00:00", True),
    ],
)
def test_a_time_in_the_picture_is_a_claim_and_a_forged_one_is_flagged(calm_town, work, taken, offset, is_doubtful):
    claimed = (datetime.now(UTC) + taken).replace(microsecond=0)
    data = photo(claimed.strftime("%Y:%m:%d %H:%M:%S"), offset)
    file = work["technician"].send(data, kind="photo", visit_id=work["visit"]).json()
    assert datetime.fromisoformat(file["claimed_taken_at"]) == claimed
    assert file["is_time_doubtful"] is is_doubtful
    assert abs(datetime.fromisoformat(file["received_at"]) - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_claim_without_an_offset_is_read_by_the_sites_clocks(work):
    data = photo("2026:07:01 09:00:00")
    file = work["technician"].send(data, kind="photo", visit_id=work["visit"]).json()
    assert file["claimed_taken_at"] == "2026-07-01T14:00:00Z"


@pytest.mark.parametrize("taken", ["0001:01:01 00:00:00", "9999:12:31 23:59:59"])
def test_a_claim_at_the_ends_of_time_breaks_nothing(work, taken):
    answer = work["technician"].send(photo(taken), kind="photo", visit_id=work["visit"])
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    ("data", "kind", "status", "reason"),
    [
        (b"", "photo", 422, "empty"),
        (b"\xff\xd8\xff\xe0 a fake", "photo", 422, "begins as"),
        (picture(size=(400, 300))[:1500], "photo", 422, "damaged"),
        (bomb(60_000, 60_000), "photo", 422, "pixels"),
        (PDF, "photo", 422, "picture"),
        (b"<html><script>", "document", 422, "a page or a script"),
        (b"MZ\x90\0", "attachment", 422, "a program"),
        (picture() + b"\0" * 1_000_000, "signature", 422, "at most 1000000"),
        (b"a" * 15_000_001, "document", 413, "15000000"),
        (picture(), "selfie", 422, "photo"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_the_reason(calm_town, work, data, kind, status, reason):
    answer = work["technician"].send(data, kind=kind, visit_id=work["visit"])
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert reason in answer.text


def test_a_pdf_and_a_text_are_documents(work):
    for data, content_type in ((PDF, "application/pdf"), (b"code 7731", "text/plain")):
        sent = work["technician"].send(data, kind="document", job_id=work["job"])
        assert sent.json()["content_type"] == content_type
        got = work["technician"].get(sent.headers["Location"])
        assert (got.content, got.headers["content-type"].split(";")[0]) == (data, content_type)


def test_the_same_request_keeps_one_file_and_another_body_is_told_apart(calm_town, work):
    first, again = (
        work["technician"].send(picture(), key="one-photo", kind="photo", visit_id=work["visit"]) for _ in range(2)
    )
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    other = work["technician"].send(picture("PNG"), key="one-photo", kind="photo", visit_id=work["visit"])
    assert other.status_code == 422
    assert work["technician"].call("POST", "/v1/files?kind=photo", content=picture()).status_code == 400


def test_many_at_once_are_kept_each_once(town):
    job, offers = town.offered()
    technician = town.by_id(offers[0].technician_id)
    won = technician.post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1}).json()
    keys = [f"photo-{num // 2}" for num in range(12)]
    sent = race(
        [lambda key=key: technician.send(picture(), key=key, kind="photo", visit_id=won["visit_id"]) for key in keys]
    )
    assert {each.status_code for each in sent} <= {201, 409}
    with town.world.as_engine() as (session, _):
        kept = session.scalars(select(FileRow).where(FileRow.job_id == job["id"])).all()
    assert len(kept) == 6
    assert len({each.sha256 for each in kept}) == 1


def test_only_those_who_have_to_do_with_it_send_and_read(calm_town, work):
    town = calm_town
    sent = work["technician"].send(picture(), kind="photo", visit_id=work["visit"])
    url = sent.headers["Location"]
    asked_only, nobody = town.by_id(work["other"]), town.technician(7)
    for stranger in (asked_only, nobody, town.stranger):
        assert stranger.get(url).status_code == 404
        assert stranger.get(f"{url}/about").status_code == 404
        assert stranger.send(picture(), kind="photo", visit_id=work["visit"]).status_code == 404
        assert stranger.send(picture(), kind="photo", job_id=work["job"]).status_code == 404
    for reader in (town.staff, work["technician"], town.key("gateway"), town.key("operator")):
        assert reader.get(url).status_code == 200


def test_a_sites_document_is_read_by_who_works_there_and_by_nobody_else(calm_town, work):
    town = calm_town
    sent = town.staff.send(PDF, kind="document", site_id=str(town.world.site))
    assert sent.status_code == 201, sent.text
    assert work["technician"].get(sent.headers["Location"]).status_code == 200
    assert town.technician(7).get(sent.headers["Location"]).status_code == 404
    assert town.stranger.get(sent.headers["Location"]).status_code == 404
    assert town.stranger.send(PDF, kind="document", site_id=str(town.world.site)).status_code == 404


def test_a_file_for_one_person_is_read_by_them_and_their_company(calm_town, work):
    town = calm_town
    sent = town.staff.send(PDF, kind="attachment", technician_id=work["technician_id"])
    assert sent.status_code == 201, sent.text
    assert work["technician"].get(sent.headers["Location"]).status_code == 200
    assert town.by_id(work["other"]).get(sent.headers["Location"]).status_code == 404
    assert town.staff.send(PDF, kind="attachment", technician_id=str(work["other"])).status_code == 404
    back = work["technician"].send(PDF, kind="attachment", client_id=str(town.world.client))
    assert back.status_code == 201, back.text
    assert town.staff.get(back.headers["Location"]).status_code == 200
    assert work["technician"].send(PDF, kind="attachment", client_id=str(town.globex)).status_code == 404
    assert work["technician"].send(PDF, kind="attachment").status_code == 422
    company = new_id()
    with town.world.as_engine() as (session, now):
        session.add(CompanyRow(id=company, name="Files and Sons", created_at=now))
        session.flush()
        session.get_one(TechnicianRow, work["technician_id"]).company_id = company
    assert town.key("company", company_id=company).get(sent.headers["Location"]).status_code == 200
    both = town.staff.send(PDF, kind="attachment", technician_id=work["technician_id"], job_id=work["job"])
    assert both.status_code == 422
    assert both.json()["errors"][0]["path"] == "?"


def test_who_gave_the_work_back_reads_its_files_no_more(town):
    _, offers = town.offered()
    technician = town.by_id(offers[0].technician_id)
    won = technician.post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1}).json()
    url = technician.send(picture(), kind="photo", visit_id=won["visit_id"]).headers["Location"]
    assert technician.get(url).status_code == 200
    town.staff.post(f"/v1/assignments/{won['assignment_id']}/release", {"why": "other"})
    assert technician.get(url).status_code == 404
    assert town.staff.get(url).status_code == 200


def test_bytes_are_there_before_the_row_and_those_without_a_row_are_swept_away(town):
    store = open_store(None, town.settings.data_dir)
    url = town.staff.send(picture(), kind="photo").headers["Location"]
    orphan, young = new_id(), new_id()
    store.put(town.world.client, orphan, b"nobody's")
    with town.world.as_engine() as (session, now):
        assert sweep_orphans(session, store, now=now) == 0
    later = timedelta(hours=1, minutes=1)
    with town.world.as_engine() as (session, now):
        store.put(town.world.client, young, b"nobody's yet")
        assert sweep_orphans(session, store, now=now + later) == 2
        assert sweep_orphans(session, store, now=now + later) == 0
    assert town.staff.get(url).status_code == 200


def test_without_its_store_nothing_is_recorded_and_it_is_said(town):
    folder = town.settings.data_dir / "files"
    folder.rmdir()
    folder.write_text("no folder")
    answer = town.staff.send(picture(), kind="photo", key="again")
    assert (answer.status_code, answer.json()["code"]) == (503, "missing_service")
    with town.world.as_engine() as (session, _):
        assert session.scalar(text("SELECT count(*) FROM files")) == 0
    folder.unlink()
    folder.mkdir()
    assert town.staff.send(picture(), kind="photo", key="again").status_code == 201
