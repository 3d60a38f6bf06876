"""From a committed event to somebody's phone: nothing lost, nothing doubled, each fate told."""

import threading
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from outboxes import Post, to
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import IntegrityError
from worlds import ZONE, World

from dispatch.jobs.acceptance import Won, accept_offer
from dispatch.messages import people
from dispatch.messages.adapters import Failed
from dispatch.messages.delivery import WAITS_S
from dispatch.messages.reading import tell
from dispatch.record.events import record
from dispatch.record.session import ENGINE
from dispatch.record.tables import EventRow, NoticeRow, StaffRow, TechnicianRow, VisitRow, new_id


def take(world: World, offer) -> None:
    with world.as_engine() as (session, now):
        answer = accept_offer(session, world.actor_of(offer), world.yes(offer), now=now)
    assert isinstance(answer, Won), answer


def change(world: World, technician: UUID, **values) -> None:
    with world.as_engine() as (session, _):
        session.execute(update(TechnicianRow).where(TechnicianRow.id == technician).values(values))


def test_everyone_who_was_asked_is_told_once_and_the_winner_that_it_is_theirs(world: World, post: Post):
    offers = world.offered()
    asked = post.goes_out()
    assert sorted(each.address for each in asked) == sorted(f"+1432555{num:04d}" for num in range(len(offers)))
    assert all("Acme service offers you Replace drive in Alpine" in each.body for each in asked)
    # A tap on what a phone shows opens what it is about.
    assert sorted(each.page for each in asked) == sorted(f"/offers/{each.id}" for each in offers)
    assert post.goes_out() == []
    take(world, offers[0])
    told = post.goes_out()
    (won,) = to(told, "+14325550000")
    assert won.page == f"/visits/{world.start.astimezone(ZoneInfo(ZONE)).date()}/{offers[0].visit_id}"
    assert won.body.startswith("Yours: WO-1 for Acme service")
    (contact,) = to(told, "+14325550147")
    assert "Technician 0 comes to Store 1147" in contact.body
    assert set(post.fates("state", "num_attempts", "reference IS NOT NULL")) == {("sent", 1, True)}


def test_an_event_of_a_transaction_that_commits_late_is_not_skipped(world: World, post: Post):
    with world.as_engine() as (slow, now):
        record(slow, ENGINE, ("job", new_id()), "unfilled", client_id=world.client, now=now)
        world.offered()
        assert post.reads_once() == 0, "what came after waits for what came before"
    assert len(post.goes_out()) == 8


def test_a_reader_that_dies_before_its_commit_is_as_if_it_had_not_been(world: World, post: Post):
    world.offered()

    def dies() -> None:
        with world.as_engine() as (session, now):
            while not tell(session, now):
                time.sleep(0.002)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dies()
    assert post.fates("id") == []
    assert len(post.goes_out()) == 8
    assert post.goes_out() == []


def test_two_readers_at_once_make_each_notice_once(world: World, post: Post):
    for _ in range(3):
        world.offered()
    gate, done = threading.Barrier(4), []

    def read() -> None:
        gate.wait(5)
        while sum(done) < 3:
            with world.as_engine() as (session, now):
                done.append(tell(session, now, max_events=1))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sum(done) == 3
    assert len(post.goes_out()) == len(world.offers())


def test_the_same_notice_cannot_be_written_twice(world: World, post: Post):
    world.offered()
    post.reads()

    def again() -> None:
        with world.as_engine() as (session, _):
            row = session.scalars(select(NoticeRow).limit(1)).one()
            values = {column.name: getattr(row, column.name) for column in NoticeRow.__table__.columns}
            session.execute(insert(NoticeRow).values({**values, "id": new_id()}))

    with pytest.raises(IntegrityError, match="uq_notices_event_id_occasion_reader_id_num"):
        again()


def one_notice(world: World, post: Post) -> UUID:
    """The notice of one offer; the others are gone."""
    world.offered()
    post.reads()
    with world.as_engine() as (session, _):
        session.execute(text("DELETE FROM notices WHERE id <> (SELECT min(id::text)::uuid FROM notices)"))
    ((notice,),) = post.fates("id")
    return notice


def test_a_courier_killed_between_sending_and_noting_sends_again_with_the_same_id(world: World, post: Post):
    notice = one_notice(world, post)
    post.carrier.fails = Failed("cut", retry=True)
    send, post.carrier.send = post.carrier.send, _dies
    with pytest.raises(KeyboardInterrupt):
        post.delivers([notice], 1, 1)
    assert post.fates("state", "num_attempts") == [("queued", 1)]
    post.carrier.send, post.carrier.fails = send, None
    post.delivers([notice], 1, 1)
    assert [each.id for each in post.carrier.sent] == [notice]
    post.delivers([notice], 1, 1)
    assert len(post.carrier.sent) == 1, "what was noted is not sent again"


def _dies(_message) -> None:
    raise KeyboardInterrupt


def test_what_fails_is_tried_later_and_later_then_by_the_next_channel_then_given_up_aloud(world: World, post: Post):
    one_notice(world, post)
    assert post.fates("channels") == [(["sms", "mail"],)]
    post.carrier.fails = Failed("gateway_503", retry=True)
    waits = []
    for _ in range(2 * (len(WAITS_S) + 1)):
        post.goes_out()
        ((state, attempts, _, late_s),) = post.fates(
            "state", "num_attempts", "reason", "extract(epoch FROM until_at - now())"
        )
        waits.append((state, attempts, None if late_s is None else round(float(late_s), -1)))
        post.time_comes()
    assert [state for state, _, _ in waits] == [*["failed"] * 12, "given_up", "given_up"]
    assert [late for _, _, late in waits[1:6]] == [20, 60, 300, 1200, 3600]
    assert post.fates("num_attempts", "reason", "channels")[0] == (14, "gateway_503", ["mail"])
    with world.as_engine() as (session, _):
        told = session.scalars(select(EventRow).where(EventRow.kind == "undelivered")).one()
        assert told.data["reader_kind"] == "technician"


def test_what_fails_for_good_goes_at_once_by_the_next_channel(world: World, post: Post):
    one_notice(world, post)
    post.adapters["sms"] = type(post.carrier)(fails=Failed("gateway_404", retry=False))
    (sent,) = post.goes_out()
    assert sent.channel == "mail"
    assert post.fates("state", "num_attempts", "channels") == [("sent", 2, ["mail"])]


def test_whoever_left_or_lost_their_address_meanwhile_is_not_written_to(world: World, post: Post):
    notice = one_notice(world, post)
    ((reader,),) = post.fates("reader_id")
    change(world, reader, state="left")
    post.delivers([notice], 1, 1)
    assert post.fates("state", "reason") == [("suppressed", "left")]
    assert post.carrier.sent == []


def test_an_offer_whose_time_is_over_is_not_told_any_more(world: World, post: Post):
    notice = one_notice(world, post)
    with world.as_engine() as (session, _):
        session.execute(update(NoticeRow).values(data={"until": "2020-01-01T00:00:00+00:00"}))
    post.delivers([notice], 1, 1)
    assert post.fates("state", "reason") == [("suppressed", "too_late")]


def test_the_winner_hears_at_night_and_what_can_wait_waits_for_their_morning(world: World, post: Post):
    local = datetime.now(ZoneInfo(ZONE))
    # The work is by day, while it is night now.
    offers = world.offered(count=1, start_at=world.start.replace(hour=(datetime.now(UTC).hour + 12) % 24))
    post.goes_out()
    night = {"quiet_from": (local - timedelta(hours=1)).time(), "quiet_to": (local + timedelta(hours=1)).time()}
    change(world, offers[0].technician_id, **night)
    take(world, offers[0])
    assert len(to(post.goes_out(), "+14325550000")) == 1
    with world.as_engine() as (session, now):
        told = {"technician": str(offers[0].technician_id), "offer": str(offers[0].id)}
        record(session, ENGINE, ("offer", offers[0].id), "counter_refused", told, client_id=world.client, now=now)
    assert post.goes_out() == []
    ((state, reason, until),) = post.fates("state", "reason", "until_at")[-1:]
    assert (state, reason) == ("held", "quiet_hours")
    assert until.astimezone(ZoneInfo(ZONE)).time() == night["quiet_to"]
    assert [at for _, at in post.waits()] == [until]
    change(world, offers[0].technician_id, quiet_from=None, quiet_to=None)
    post.time_comes()
    assert len(post.goes_out()) == 1


def test_the_sites_contact_is_not_woken_to_hear_who_comes(world: World, post: Post, monkeypatch):
    local = datetime.now(ZoneInfo(ZONE))
    night = (local - timedelta(hours=1)).time(), (local + timedelta(hours=1)).time()
    monkeypatch.setattr(people, "_CONTACTS_QUIET", night)
    offers = world.offered(count=1)
    take(world, offers[0])
    assert to(post.goes_out(), "+14325550147") == []
    held = [fate for fate in post.fates("state", "reason", "until_at") if fate[0] == "held"]
    assert [(reason, until.astimezone(ZoneInfo(ZONE)).time()) for _, reason, until in held] == [
        ("quiet_hours", night[1])
    ]


def test_a_retry_that_comes_into_the_night_waits_for_the_morning(world: World, post: Post):
    notice = one_notice(world, post)
    ((reader,),) = post.fates("reader_id")
    local = datetime.now(ZoneInfo(ZONE))
    night = {"quiet_from": (local - timedelta(hours=1)).time(), "quiet_to": (local + timedelta(minutes=9)).time()}
    change(world, reader, **night)
    post.delivers([notice], 1, 1)
    assert post.fates("state", "reason", "num_attempts") == [("held", "quiet_hours", 0)]
    assert post.carrier.sent == []


def test_calm_news_are_gathered_into_one_mail(world: World, post: Post):
    job = world.post()
    with world.as_engine() as (session, now):
        poster = session.scalars(select(EventRow.actor_id).where(EventRow.subject_id == job)).one()
        who = {"id": poster, "client_id": world.client, "role": "requester", "name": "Sam", "email": "sam@acme.example"}
        wishes = {"digest": "daily", "digest_at": "07:30", "time_zone": ZONE, "language": "es"}
        session.add(StaffRow(**who, preferences=wishes, created_at=now))
        visit = session.scalars(select(VisitRow.id).where(VisitRow.job_id == job)).one()
    for technician in world.technicians[:3]:
        with world.as_engine() as (session, now):
            told = {"job": str(job), "visit": str(visit), "technician": str(technician)}
            record(session, ENGINE, ("visit", visit), "confirmed", told, client_id=world.client, now=now)
    assert post.goes_out() == []
    assert set(post.fates("state", "reason")) == {("held", "digest")}
    ((due,),) = {*post.fates("until_at")}
    assert due.astimezone(ZoneInfo(ZONE)).strftime("%H:%M") == "07:30"
    post.time_comes()
    (mail,) = post.goes_out()
    assert (mail.channel, mail.address) == ("mail", "sam@acme.example")
    assert mail.subject == "3 noticias de Truckroll"
    assert [f"WO-1: Technician {num} confirma" in mail.body for num in range(3)] == [True] * 3
    assert post.fates("state")[:3] == [("gathered",)] * 3
    assert post.goes_out() == []
