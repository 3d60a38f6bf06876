"""Stories of what shows a proof: photographed, looked at by its reviewer, exchanged in time or not at all."""

import hashlib
import itertools
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from personal_data import assert_events_impersonal
from pictures import PDF, bomb, photo, picture
from racing import race
from sqlalchemy import select, update
from town import Caller, Town, small_town

from dispatch.files.orphans import sweep_orphans
from dispatch.files.storing import open_store
from dispatch.record.tables import CompanyRow, CredentialRow, DocumentRow, EventRow, TechnicianRow
from dispatch.talent import credentials

_keys = itertools.count(1)


@pytest.fixture
def town(database_url: str, redis_url: str):
    with small_town(database_url, redis_url) as made:
        yield made


@pytest.fixture
def operator(town: Town) -> Caller:
    return town.key("operator")


def claimed(town: Town, num: int = 0, **more: Any) -> str:
    """A technician claims a licence: the proof's address."""
    day = (datetime.now(UTC).date() + timedelta(days=60)).isoformat()
    proof = {"kind": "background_check", "valid_from": "2026-01-01", "valid_until": day, "is_submitted": False}
    path = f"/v1/technicians/{town.world.technicians[num]}/credentials"
    made = town.technician(num).post(path, {**proof, **more})
    assert made.status_code == 201, made.text
    return f"/v1/credentials/{made.json()['id']}"


def hands_in(who: Caller, proof: str, data: bytes, content_type: str = "application/pdf", **params: Any) -> Any:
    headers = {"Idempotency-Key": f"page-{next(_keys)}", "Content-Type": content_type}
    return who.call("POST", f"{proof}/documents", content=data, params=params, headers=headers)


def kept(who: Caller, proof: str, data: bytes, **params: Any) -> dict[str, Any]:
    answer = hands_in(who, proof, data, **params)
    assert answer.status_code == 201, answer.text
    return answer.json()


def hashes(who: Caller, proof: str) -> list[str]:
    return [each["sha256"] for each in who.get(f"{proof}/documents").json()]


def told(town: Town, proof: str, kind: str) -> list[dict[str, Any]]:
    with town.world.as_engine() as (session, _):
        wanted = select(EventRow.data).where(EventRow.subject_id == UUID(proof[-36:]), EventRow.kind == kind)
        return list(session.scalars(wanted.order_by(EventRow.id)))


def test_a_technician_photographs_a_proof_and_the_reviewer_verifies_what_was_seen(town, operator):
    """Two pages go in; the first is exchanged after the reviewer's look: nobody verifies what nobody has seen."""
    me, proof = town.technician(), claimed(town)
    first = kept(me, proof, photo("2026:11:25 09:00:00", gps=True))
    second = kept(me, proof, PDF)
    assert [(each["num"], each["content_type"]) for each in (first, second)] == [
        (1, "image/jpeg"), (2, "application/pdf"),
    ]  # fmt: skip
    assert me.post(f"{proof}/submit", {"evidence": "Licence 8842"}).status_code == 200
    (waiting,) = operator.get("/v1/credentials").json()["items"]
    assert [each["sha256"] for each in waiting["documents"]] == [first["sha256"], second["sha256"]]
    seen = {"seen": hashes(operator, proof)}

    better = kept(me, proof, photo("2026:11:26 09:00:00", gps=True, upright=6), num=1)
    assert (better["num"], better["width"], better["height"]) == (1, 30, 40)
    for looked in (None, seen, {"seen": [better["sha256"]]}, {"seen": [second["sha256"], better["sha256"]]}):
        refused = operator.post(f"{proof}/verify", looked)
        assert (refused.status_code, refused.json()["rules"]) == (409, ["documents_seen"]), refused.text
    now_seen = [better["sha256"], second["sha256"]]
    assert hashes(operator, proof) == now_seen
    assert operator.post(f"{proof}/verify", {"seen": now_seen}).json()["state"] == "verified"

    late = hands_in(me, proof, PDF, num=2)
    assert (late.status_code, late.json()["moves"]) == (409, ["hand in a new proof"])
    assert hands_in(me, proof, PDF).status_code == 409
    assert told(town, proof, "verified")[0]["documents"] == now_seen
    changed = [(each["num"], each["sha256"], each["replaced"]) for each in told(town, proof, "document_kept")]
    assert changed == [(1, first["sha256"], None), (2, second["sha256"], None), (1, better["sha256"], first["sha256"])]
    with town.world.as_engine() as (session, _):
        assert_events_impersonal(session)


def test_a_page_comes_back_as_a_download_that_nothing_runs_and_its_reading_is_told(town, operator):
    """A picture without its place, a PDF as a file to keep: neither is shown in the page of whoever reads it."""
    me, proof = town.technician(), claimed(town)
    pages = [kept(me, proof, photo("2026:11:25 09:00:00", gps=True)), kept(me, proof, PDF)]
    for page in pages:
        url = f"{proof}/documents/{page['num']}"
        got = operator.get(url)
        assert hashlib.sha256(got.content).hexdigest() == page["sha256"]
        assert got.headers["content-type"] == page["content_type"]
        assert got.headers["content-disposition"].startswith('attachment; filename="proof-')
        assert got.headers["x-content-type-options"] == "nosniff"
        assert got.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert got.headers["cache-control"].startswith("private")
        for trace in (b"Exif", b"GPS", b"Spycam", b"Rosa Marsh"):
            assert trace not in got.content
        again = operator.get(url, headers={"If-None-Match": got.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert me.get(url).content == got.content
    read = [(each["num"], each["sha256"]) for each in told(town, proof, "document_read")]
    assert read == [(page["num"], page["sha256"]) for page in pages], "each once: whose it is reads it untold"


def zipped() -> bytes:
    """Two megabytes in two kilobytes."""
    written = BytesIO()
    with ZipFile(written, "w", ZIP_DEFLATED) as archive:
        archive.writestr("licence.pdf", b"\0" * 2_000_000)
    return written.getvalue()


BAD_PAGES = [
    (b"", "image/jpeg", 422, "empty"),
    (b"<html><script>alert(1)</script>", "application/pdf", 422, "a page or a script"),
    (b"\xff\xd8\xff\xe0" + b"%PDF-1.7\n%%EOF", "image/jpeg", 422, "begins as"),
    (b"%PDF-1.7\n" + b"x" * 5_000, "application/pdf", 422, "without an end"),
    (PDF.replace(b"/Catalog", b"/Catalog /OpenAction << /S /JavaScript >>"), "application/pdf", 422, "JavaScript"),
    (zipped(), "application/pdf", 422, "an archive"),
    (bomb(60_000, 60_000), "image/png", 422, "pixels"),
    (b"GIF89a", "image/jpeg", 422, "a GIF"),
    (b"MZ\x90\0", "image/png", 422, "a program"),
    (b"Licence 8842, honestly", "image/png", 422, "photo"),
    (picture(size=(400, 300))[:1500], "image/jpeg", 422, "damaged"),
    (b"%PDF-1.7\n" + b"x" * 20_000_000 + b"\n%%EOF", "application/pdf", 413, "15000000"),
]


def test_a_document_that_lies_or_unfolds_or_is_too_large_is_refused_with_the_reason(town):
    """Its first bytes decide, whatever it is called; nothing of what was refused is kept."""
    me, proof = town.technician(), claimed(town)
    for data, content_type, status, reason in BAD_PAGES:
        answer = hands_in(me, proof, data, content_type)
        assert (answer.status_code, reason in answer.text) == (status, True), (data[:40], answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
    for num in (1, 20):
        assert hands_in(me, proof, PDF, num=num).json()["errors"][0]["path"] == "?num", "there is no such page"
    for num in ("0", "21", "x"):
        assert hands_in(me, proof, PDF, num=num).status_code == 422
    assert hashes(me, proof) == []
    for num in range(20):
        assert kept(me, proof, PDF)["num"] == num + 1
    over = hands_in(me, proof, PDF)
    assert (over.status_code, "at most 20 pages" in over.text) == (422, True), over.text


def test_nobody_but_whose_it_is_and_its_reviewers_hears_of_a_document(town, operator):
    me, other, admin = town.technician(), town.technician(1), town.key("client_admin", client_id=town.world.client)
    for_all, for_acme = claimed(town), claimed(town, for_client_id=str(town.world.client))
    for proof in (for_all, for_acme):
        kept(me, proof, PDF)
        assert hands_in(other, proof, PDF).status_code == 404
        for stranger in (other, town.stranger):
            for url in (f"{proof}/documents", f"{proof}/documents/1"):
                assert stranger.get(url).status_code == 404
        for reader in (me, operator):
            assert reader.get(f"{proof}/documents/1").status_code == 200
            assert reader.get(f"{proof}/documents/2").status_code == 404
    for staff in (town.staff, admin):
        assert staff.get(f"{for_acme}/documents/1").status_code == 200
        assert staff.get(f"{for_all}/documents/1").status_code == 404
        assert hands_in(staff, for_acme, PDF).status_code == 403
    requester = town.key("requester", client_id=town.world.client)
    assert requester.get(f"{for_acme}/documents/1").status_code == 403
    listed = town.staff.get(f"/v1/technicians/{town.world.technicians[0]}/credentials").json()["items"]
    assert [(each["id"], len(each["documents"])) for each in listed] == [(for_acme[-36:], 1)]
    with town.world.as_engine() as (session, _):
        company = session.scalars(select(CompanyRow.id)).first()
        mine = update(TechnicianRow).where(TechnicianRow.id == town.world.technicians[0])
        session.execute(mine.values(company_id=company))
    assert town.key("company", company_id=company).get(f"{for_all}/documents/1").status_code == 200


def test_what_was_replaced_or_belongs_to_nobody_is_swept_and_what_shows_a_proof_stays(town):
    me, proof = town.technician(), claimed(town)
    kept(me, proof, picture())
    kept(me, proof, PDF)
    kept(me, proof, picture(size=(60, 50)), num=1)
    store = open_store(None, town.settings.data_dir)
    with town.world.as_engine() as (session, now):
        later = now + timedelta(hours=2)
        assert sweep_orphans(session, store, now=later) == 1
        assert sweep_orphans(session, store, now=later) == 0
    assert [me.get(f"{proof}/documents/{num}").status_code for num in (1, 2)] == [200, 200]
    with town.world.as_engine() as (session, _):
        session.delete(session.get_one(CredentialRow, UUID(proof[-36:])))
    with town.world.as_engine() as (session, _):
        assert session.scalars(select(DocumentRow.id)).all() == []
        assert sweep_orphans(session, store, now=later) == 2, "a person who goes takes their documents along"


def test_pages_that_come_at_once_each_get_a_place_of_their_own(town):
    """Without the proof's lock two would ask for the same one, and the key of the table would refuse the second."""
    me, proof = town.technician(), claimed(town)
    race([lambda: kept(me, proof, PDF) for _ in range(8)])
    assert [each["num"] for each in me.get(f"{proof}/documents").json()] == list(range(1, 9))


@pytest.mark.parametrize("is_guarded", [True, False])
def test_what_is_verified_is_what_was_seen_and_without_the_comparison_it_would_not_be(
    town, operator, monkeypatch, is_guarded
):
    """The page is exchanged in the very second of its verification: one of the two comes first, and is heard."""
    if not is_guarded:
        monkeypatch.setattr(credentials, "check_seen", lambda *_: {})
    me, unseen = town.technician(), 0
    for round_ in range(6):
        proof = claimed(town, evidence="Licence 8842", is_submitted=True)
        kept(me, proof, PDF)
        looked = {"seen": hashes(operator, proof)}
        calls: list[Any] = [
            lambda proof=proof, looked=looked: operator.post(f"{proof}/verify", looked),
            lambda proof=proof, size=round_: hands_in(me, proof, picture(size=(40, 30 + size)), num=1),
        ]
        if is_guarded:
            verified, exchanged = race(calls)
            assert {verified.status_code, exchanged.status_code} in ({200, 409}, {201, 409})
        else:
            exchanged, verified = calls[1](), calls[0]()
        unseen += verified.status_code == 200 and hashes(operator, proof) != looked["seen"]
    assert unseen == (0 if is_guarded else 6)
