"""People sign in, are known by their cookie, and are nobody any more when they leave."""

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pwdlib.hashers.argon2 import Argon2Hasher
from signing import Browser, Mail, add_staff, give_address, token_in
from sqlalchemy import event, select, update
from town import Town

from dispatch.privacy.leaving import let_staff_go
from dispatch.record.session import Actor
from dispatch.record.tables import (
    CredentialKindRow,
    EventRow,
    RemovalRow,
    SessionRow,
    SignInRow,
    StaffRow,
    TechnicianRow,
)
from dispatch.talent.technicians import move_technician

OPERATOR = Actor("operator")
ROSA, ANNA = "rosa@acme.example", "anna@example.org"
PASSWORD = "correct horse battery"


@pytest.fixture
def mail(town: Town) -> Mail:
    return Mail(town)


def asked(town: Town, mail: Mail, email: str) -> tuple[Browser, str]:
    """Somebody who asked for a link, and its token."""
    browser = Browser(town)
    assert browser.post("/v1/sign-in/link", {"email": email}).status_code == 202
    (message,) = mail.goes_out()
    assert message.address == email.lower()
    return browser, token_in(message.body)


def signed_in(town: Town, mail: Mail, email: str) -> Browser:
    """Somebody who asked for a link, and opened it."""
    browser, token = asked(town, mail, email)
    answer = browser.opens(token)
    assert answer.status_code == 201, answer.text
    return browser


def by_password(town: Town, email: str, password: str) -> Any:
    return Browser(town).post("/v1/sign-in/password", {"email": email, "password": password})


def is_in(browser: Browser) -> bool:
    return browser.get("/v1/me").status_code == 200


def ages(town: Town, table: Any, **past: timedelta) -> None:
    """Every session, or link, has been there for longer: each column goes back by so much."""
    with town.world.as_engine() as (session, _):
        session.execute(update(table).values({name: getattr(table, name) - by for name, by in past.items()}))


def events(town: Town, *kinds: str) -> list[tuple[str, str, dict[str, Any]]]:
    with town.world.as_engine() as (session, _):
        wanted = select(EventRow.subject_kind, EventRow.kind, EventRow.data).where(EventRow.kind.in_(kinds))
        return [tuple(row) for row in session.execute(wanted.order_by(EventRow.id))]


def test_a_technician_gets_a_link_by_mail_and_answers_an_offer(town: Town, mail: Mail):
    anna = town.world.technicians[0]
    give_address(town, anna, "Anna@Example.org")
    _, offers = town.offered()
    browser = signed_in(town, mail, ANNA)
    me = browser.get("/v1/me").json()
    assert (me["role"], me["technician_id"], me["email"]) == ("technician", str(anna), ANNA)
    assert me["time_zone"] == "America/Chicago"
    assert {"accept", "listOffers"} <= set(me["may"])
    assert "postJob" not in me["may"]
    offer = next(each for each in offers if each.technician_id == anna)
    shown = browser.get("/v1/offers").json()["items"]
    assert [each["id"] for each in shown] == [str(offer.id)]
    yes = browser.post(f"/v1/offers/{offer.id}/accept", {"terms_version": 1})
    assert yes.status_code == 200, yes.text
    (told,) = events(town, "signed_in")
    assert told == ("technician", "signed_in", {"session": me["session"]["id"], "method": "link"})


def test_a_dispatcher_posts_a_job_and_signs_out(town: Town, mail: Mail):
    rosa = add_staff(town, "dispatcher", ROSA, "Rosa Marsh")
    browser = signed_in(town, mail, ROSA)
    assert browser.get("/v1/me").json()["client_name"] == "Acme service"
    posted = browser.post("/v1/jobs", town.job_body())
    assert posted.status_code == 201, posted.text
    with town.world.as_engine() as (session, _):
        by = session.execute(select(EventRow.actor_kind, EventRow.actor_id).where(EventRow.kind == "posted")).one()
    assert tuple(by) == ("dispatcher", rosa)
    left = dict(browser.cookies)
    assert browser.delete("/v1/sessions/current").status_code == 204
    assert browser.cookies == {}
    browser.cookies = left
    assert browser.get("/v1/me").status_code == 401
    assert [kind for _, kind, _ in events(town, "signed_in", "signed_out")] == ["signed_in", "signed_out"]


def test_an_answer_from_a_phone_without_signal_counts_once_though_its_owner_signed_in_anew(town: Town, mail: Mail):
    anna = town.world.technicians[0]
    give_address(town, anna, ANNA)
    _, offers = town.offered()
    offer = next(each for each in offers if each.technician_id == anna)
    key = {"Idempotency-Key": "kept-on-the-phone"}
    first = signed_in(town, mail, ANNA).post(f"/v1/offers/{offer.id}/decline", {"reason": "busy"}, headers=key)
    again = signed_in(town, mail, ANNA).post(f"/v1/offers/{offer.id}/decline", {"reason": "busy"}, headers=key)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json() == first.json()


def test_a_link_opens_once_and_one_that_is_over_offers_another(town: Town, mail: Mail):
    give_address(town, town.world.technicians[0], ANNA)
    browser, token = asked(town, mail, ANNA)
    # What fetches the links of a mail gets a page, and nothing is used up.
    assert browser.get("/v1/sign-in/link/open").status_code == 405
    assert browser.opens(token).status_code == 201
    second = Browser(town)
    assert (second.opens(token).status_code, second.opens(token).json()["code"]) == (410, "link_used")
    browser, late = asked(town, mail, ANNA)
    ages(town, SignInRow, asked_at=timedelta(hours=1), expires_at=timedelta(hours=1))
    assert (second.opens(late).status_code, second.opens(late).json()["code"]) == (410, "link_expired")
    assert second.cookies == {}
    for over in (token, late):
        assert second.post("/v1/sign-in/link/renew", {"token": over}).status_code == 202
        (message,) = mail.goes_out()
        assert message.address == ANNA
        assert Browser(town).opens(token_in(message.body)).status_code == 201
    assert second.opens("x" * 43).json()["code"] == "link_unknown"
    assert second.post("/v1/sign-in/link/renew", {"token": "x" * 43}).status_code == 202
    assert mail.goes_out() == []


def test_who_leaves_is_nobody_at_once_and_stays_nobody(town: Town, mail: Mail):
    anna, rosa = town.world.technicians[0], add_staff(town, "dispatcher", ROSA, "Rosa Marsh")
    give_address(town, anna, ANNA)
    phone, desk = signed_in(town, mail, ANNA), signed_in(town, mail, ROSA)
    with town.world.as_engine() as (session, now):
        move_technician(session, OPERATOR, anna, "suspend", now=now)
        let_staff_go(session, OPERATOR, rosa, now=now)
    assert not is_in(phone)
    assert not is_in(desk)
    for email in (ANNA, ROSA):
        Browser(town).post("/v1/sign-in/link", {"email": email})
    assert mail.goes_out() == []
    with town.world.as_engine() as (session, now):
        move_technician(session, OPERATOR, anna, "reinstate", now=now)
    assert not is_in(phone)
    assert is_in(signed_in(town, mail, ANNA))


def test_who_was_given_notice_comes_in_to_read_and_answer_it_and_to_read_the_decision(town: Town, mail: Mail):
    """Suspended meanwhile, they get no work; taken back and suspended for another reason they are out."""
    anna, operator = town.world.technicians[0], town.key("operator")
    give_address(town, anna, ANNA)
    phone = signed_in(town, mail, ANNA)
    with town.world.as_engine() as (session, _):
        kind = update(CredentialKindRow).where(CredentialKindRow.code == "background_check")
        session.execute(kind.values(is_screening=True))
    proof = {"kind": "background_check", "valid_from": "2026-01-01", "valid_until": "2099-01-01", "evidence": "R 1"}
    made = operator.post(f"/v1/technicians/{anna}/credentials", proof).json()
    notice = {"credential_id": made["id"], "notice": "It names a case.", "no_copy": "It was read out."}
    removal = operator.post("/v1/removals", notice).json()
    assert is_in(phone)
    again = signed_in(town, mail, ANNA)
    assert again.post(f"/v1/removals/{removal['id']}/answer", {"answer": "Not me."}).json()["state"] == "answered"
    operator.post(f"/v1/removals/{removal['id']}/review")
    with town.world.as_engine() as (session, now):
        session.execute(update(RemovalRow).values(respond_by=now))
    assert operator.post(f"/v1/removals/{removal['id']}/finish", {"weighed": "A theft."}).json()["state"] == "final"
    assert is_in(again), "the decision is to be read"
    for changed in ({"ended_at": RemovalRow.ended_at - timedelta(days=61)}, {"state": "withdrawn"}):
        with town.world.as_engine() as (session, now):
            session.execute(update(RemovalRow).values(**{"ended_at": now, "state": "final", **changed}))
        assert not is_in(again), changed
    with town.world.as_engine() as (session, now):
        session.execute(update(RemovalRow).values(state="final", ended_at=now - timedelta(days=59)))
    assert is_in(again)


@pytest.mark.parametrize("change", ["left", "suspended", "another address", "no address"])
def test_it_is_the_row_that_counts_whatever_the_session_says(town: Town, mail: Mail, change: str):
    """Changed behind the use cases' back, as an import or an operator by hand would."""
    anna = town.world.technicians[0]
    give_address(town, anna, ANNA)
    phone = signed_in(town, mail, ANNA)
    assert is_in(phone)
    if change in ("left", "suspended"):
        with town.world.as_engine() as (session, _):
            session.execute(update(TechnicianRow).where(TechnicianRow.id == anna).values(state=change))
    else:
        give_address(town, anna, "other@example.org" if change == "another address" else None)
    assert not is_in(phone)


def test_a_role_that_changes_is_another_at_the_next_request(town: Town, mail: Mail):
    rosa = add_staff(town, "client_admin", ROSA, "Rosa Marsh")
    add_staff(town, "client_admin", "clara@acme.example", "Clara Whitfield")
    desk = signed_in(town, mail, ROSA)
    assert desk.get("/v1/keys").status_code == 200
    with town.world.as_engine() as (session, _):
        session.execute(update(StaffRow).where(StaffRow.id == rosa).values(role="requester"))
    assert desk.get("/v1/keys").status_code == 403
    assert desk.get("/v1/me").json()["role"] == "requester"


def test_a_session_slides_while_it_is_used_and_ends_at_its_end(town: Town, mail: Mail):
    give_address(town, town.world.technicians[0], ANNA)
    phone = signed_in(town, mail, ANNA)
    for _ in range(3):
        ages(town, SessionRow, seen_at=timedelta(days=29))
        assert is_in(phone)
    ages(town, SessionRow, opened_at=timedelta(days=180), expires_at=timedelta(days=180))
    assert not is_in(phone)
    idle = signed_in(town, mail, ANNA)
    ages(town, SessionRow, seen_at=timedelta(days=30))
    assert not is_in(idle)


def test_a_password_is_set_after_a_link_used_changed_and_replaced_when_forgotten(town: Town, mail: Mail):
    add_staff(town, "client_admin", ROSA, "Rosa Marsh")
    assert by_password(town, ROSA, PASSWORD).json()["code"] == "wrong"
    desk, other = signed_in(town, mail, ROSA), signed_in(town, mail, ROSA)
    me = desk.get("/v1/me").json()
    assert (me["has_password"], me["may_set_password"]) == (False, True)
    assert desk.put("/v1/me/password", {"password": PASSWORD}).status_code == 204
    assert is_in(desk)
    assert not is_in(other)
    assert by_password(town, "ROSA@acme.example", PASSWORD).status_code == 201
    assert by_password(town, ROSA, PASSWORD.upper()).status_code == 401
    # A quarter of an hour later only who knows the old one sets another.
    ages(town, SessionRow, opened_at=timedelta(minutes=16))
    changed = {"password": "another horse battery"}
    assert desk.put("/v1/me/password", changed).status_code == 422
    assert desk.put("/v1/me/password", changed | {"current": "wrong horse battery"}).status_code == 422
    assert desk.put("/v1/me/password", changed | {"current": PASSWORD}).status_code == 204
    assert by_password(town, ROSA, PASSWORD).status_code == 401
    # Forgotten: by link, and without the old one.
    assert signed_in(town, mail, ROSA).put("/v1/me/password", {"password": PASSWORD}).status_code == 204
    third = Browser(town)
    assert third.post("/v1/sign-in/password", {"email": ROSA, "password": PASSWORD}).status_code == 201
    assert third.delete("/v1/me/password").status_code == 204
    assert third.delete("/v1/me/password").status_code == 404
    assert by_password(town, ROSA, PASSWORD).status_code == 401
    assert [kind for _, kind, _ in events(town, "password_set", "password_removed")] == [
        *["password_set"] * 3, "password_removed",
    ]  # fmt: skip


def test_somebody_of_two_clients_goes_from_one_to_the_other_and_sees_each_alone(town: Town, mail: Mail):
    acmes = add_staff(town, "dispatcher", ROSA, "Rosa Marsh")
    globex = add_staff(town, "requester", ROSA.title(), "Rosa Marsh", client=town.globex)
    stranger = add_staff(town, "dispatcher", "joe@globex.example", "Joe", client=town.globex)
    job = town.posted()
    desk = signed_in(town, mail, ROSA)
    me = desk.get("/v1/me").json()
    assert me["id"] == str(acmes)
    assert [(each["id"], each["client_name"]) for each in me["others"]] == [(str(globex), "Globex")]
    assert desk.get(f"/v1/jobs/{job['id']}").status_code == 200
    before = dict(desk.cookies)
    switched = desk.post("/v1/sign-in/switch", {"identity_id": str(globex)})
    assert (switched.status_code, switched.json()["role"]) == (201, "requester")
    assert desk.get(f"/v1/jobs/{job['id']}").status_code == 404
    assert desk.get("/v1/jobs").json()["items"] == []
    assert desk.post("/v1/sign-in/switch", {"identity_id": str(stranger)}).status_code == 404
    old = Browser(town, before)
    assert not is_in(old)
    # A link may name as whom, and only somebody who has the address.
    _, token = asked(town, mail, ROSA)
    assert Browser(town).opens(token, identity_id=str(stranger)).status_code == 422
    assert Browser(town).opens(token, identity_id=str(globex)).json()["id"] == str(globex)


def test_sessions_are_seen_and_ended_by_their_person_alone(town: Town, mail: Mail):
    add_staff(town, "dispatcher", ROSA, "Rosa Marsh")
    give_address(town, town.world.technicians[0], ANNA)
    phone = signed_in(town, mail, ANNA)
    desks = [signed_in(town, mail, ROSA) for _ in range(4)]
    listed = desks[0].get("/v1/sessions").json()["items"]
    assert [each["is_current"] for each in listed].count(True) == 1
    own = [each["id"] for each in listed]
    assert len(own) == 4
    foreign = phone.get("/v1/sessions").json()["items"][0]["id"]
    assert desks[0].delete(f"/v1/sessions/{foreign}").status_code == 404
    second = desks[1].get("/v1/me").json()["session"]["id"]
    assert desks[0].delete(f"/v1/sessions/{second}").status_code == 204
    assert desks[0].delete(f"/v1/sessions/{second}").status_code == 404
    assert [is_in(each) for each in desks] == [True, False, True, True]
    assert desks[0].delete("/v1/sessions?keep=true").status_code == 204
    assert [is_in(each) for each in desks] == [True, False, False, False]
    assert desks[0].delete("/v1/sessions").status_code == 204
    assert desks[0].cookies == {}
    assert is_in(phone)
    assert town.staff.get("/v1/sessions").status_code == 403


def test_nothing_secret_is_logged_or_told_by_events(town: Town, mail: Mail, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    add_staff(town, "dispatcher", ROSA, "Rosa Marsh")
    desk, token = asked(town, mail, ROSA)
    desk.opens(token)
    (secret,) = desk.cookies.values()
    desk.put("/v1/me/password", {"password": PASSWORD})
    by_password(town, ROSA, PASSWORD)
    by_password(town, ROSA, "not the password")
    Browser(town).opens(token)
    told = caplog.text + str(events(town, "signed_in", "password_set"))
    for hidden in (token, secret, PASSWORD, "not the password", ROSA):
        assert hidden not in told


def test_an_unknown_address_gets_the_same_answer_for_the_same_work(
    town: Town, mail: Mail, monkeypatch: pytest.MonkeyPatch
):
    """Not the clock is compared, but what is done: the statements, and how often a password is hashed."""
    add_staff(town, "dispatcher", ROSA, "Rosa Marsh")
    give_address(town, town.world.technicians[0], ANNA)
    signed_in(town, mail, ROSA).put("/v1/me/password", {"password": PASSWORD})
    work = Work(town, monkeypatch)
    emails = (ROSA, ANNA, "nobody@example.org")
    links = [work.of(lambda email=email: Browser(town).post("/v1/sign-in/link", {"email": email})) for email in emails]
    assert links[0] == links[1] == links[2]
    tries = [work.of(lambda email=email: by_password(town, email, "not the password")) for email in emails]
    assert tries[0] == tries[1] == tries[2]
    status, _, statements, num_hashes = tries[0]
    assert (status, num_hashes) == (401, 1)
    assert any("FROM passwords" in each for each in statements)


class Work:
    """What a request makes the process do: its answer, the statements, the hashes."""

    def __init__(self, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
        self.statements: list[str] = []
        self.num_hashes = 0
        event.listen(town.app.state.parts.engine, "before_cursor_execute", self._note)
        verify = Argon2Hasher.verify

        def counted(*args: Any) -> bool:
            self.num_hashes += 1
            return verify(*args)

        monkeypatch.setattr(Argon2Hasher, "verify", counted)

    def of(self, request: Callable[[], Any]) -> tuple[int, bytes, list[str], int]:
        self.statements, self.num_hashes = [], 0
        answer = request()
        return answer.status_code, answer.content, self.statements, self.num_hashes

    def _note(self, _connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        # Threads of the application's own look for what changed meanwhile.
        if threading.current_thread().name not in ("index", "file sweep"):
            self.statements.append(statement)
