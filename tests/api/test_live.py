"""What is new, as it happens? Streams of a real server, over a real record, with Redis there or not."""

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
import redis
from relaying import relayed
from signing import add_staff
from sqlalchemy import create_engine, func, select, text, update
from streaming import listening, serving

from api import streamkeys
from api.app import create_app
from api.streamkeys import ended_of
from dispatch.bell import Bell
from dispatch.jobs.offers import offer_job
from dispatch.record.session import Actor
from dispatch.record.tables import ApiKeyRow, RoundRow, SessionRow, new_id
from dispatch.signin.people import identities
from dispatch.signin.sessions import Proof, open_session


@pytest.fixture
def address(town) -> Iterator[str]:
    with serving(create_app(town.settings)) as found:
        yield found


@pytest.fixture
def gateway(town) -> str:
    return town.key("gateway").secret


def test_the_fleet_hears_every_offer_as_it_was_sent(town, address, gateway):
    with listening(f"{address}/v1/fleet/stream", gateway) as fleet:
        assert fleet.next().kind == "(place)"
        job, offers = sent(town)
        told = fleet.take("offer", len(offers))
    assert {each["id"] for each in told} == {str(offer.id) for offer in offers}
    first = told[0]
    assert first["job"] == {name: job[name] for name in ("id", "number", "title", "job_type")}
    assert first["pay"] == {"kind": "fixed", "amount": "140.00", "currency": "USD"}
    assert first["answer_s"] == 3600
    assert first["terms_version"] == 1
    assert first["town"] == "Alpine"


def test_the_fleet_is_told_the_middle_of_a_cell_and_whole_kilometres_never_the_door(town, address, gateway):
    with listening(f"{address}/v1/fleet/stream", gateway) as fleet:
        sent(town)
        told = fleet.next("offer").data
    assert (told["lat"], told["lng"]) != (30.3585, -103.6610)
    assert told["distance_m"] % 1000 == 0
    assert "106 N 5th St" not in str(told)


def test_a_stream_without_a_place_begins_with_the_offers_that_live(town, address, gateway):
    _, offers = sent(town)
    town.by_id(offers[0].technician_id).post(f"/v1/offers/{offers[0].id}/decline", {"reason": "busy"})
    with listening(f"{address}/v1/fleet/stream", gateway) as fleet:
        told = fleet.take("offer", len(offers) - 1)
    assert {each["id"] for each in told} == {str(offer.id) for offer in offers[1:]}


def test_who_goes_on_from_a_place_misses_nothing_that_was_sent_meanwhile(town, address, gateway):
    with listening(f"{address}/v1/fleet/stream", gateway) as fleet:
        _, before = sent(town)
        fleet.take("offer", len(before))
        place = fleet.last_id
    _, meanwhile = sent(town)
    with listening(f"{address}/v1/fleet/stream", gateway, place) as fleet:
        told = until(fleet, meanwhile)
    assert {str(offer.id) for offer in meanwhile} <= told


def test_an_end_is_told_with_how_it_ended(town, address, gateway):
    _, offers = sent(town)
    with listening(f"{address}/v1/fleet/stream", gateway) as fleet:
        fleet.take("offer", len(offers))
        town.by_id(offers[0].technician_id).post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1})
        ended = {each["id"]: each["state"] for each in fleet.take("ended", len(offers))}
    assert ended == {str(offer.id): "not_chosen" for offer in offers} | {str(offers[0].id): "accepted"}


def test_an_offer_that_commits_late_is_told_late_and_one_behind_it_at_once(town, address, gateway):
    slow = town.posted()
    with listening(f"{address}/v1/fleet/stream", gateway) as fleet:
        with town.world.as_engine() as (session, now):
            session.execute(text("SELECT pg_current_xact_id()"))
            _, quick = sent(town, exactly=town.posted())
            assert until(fleet, quick)
            place = fleet.last_id
            send_first_wave(town, session, now, slow)
        late = town.world.offers(UUID(slow["id"]))
        assert until(fleet, late)
    with listening(f"{address}/v1/fleet/stream", gateway, place) as fleet:
        assert until(fleet, late)


def test_a_technician_hears_their_own_offers_at_once_and_whenever_they_change(town, address):
    me = town.technician(0)
    with listening(f"{address}/v1/offers/stream", me.secret) as own:
        assert own.next("offers").data == {"items": []}
        _, offers = sent(town)
        told = own.next("offers").data["items"]
        mine = [offer for offer in offers if offer.technician_id == town.world.technicians[0]]
        assert [each["id"] for each in told] == [str(offer.id) for offer in mine]
        assert told == me.get("/v1/offers?state=live").json()["items"]
        me.post(f"/v1/offers/{mine[0].id}/decline", {"reason": "busy"})
        assert own.next("offers").data == {"items": []}


def test_the_stream_of_offers_is_for_who_is_asked(town):
    for caller in (town.staff, town.key("gateway"), town.key("operator")):
        assert caller.get("/v1/offers/stream").status_code == 403


@pytest.mark.parametrize("place", ["x", "-1", "1.5", "9" * 30, "٣"])
def test_a_place_that_we_never_gave_is_refused_with_its_header_named(town, place):
    answer = town.key("gateway").get("/v1/fleet/stream", headers={"Last-Event-ID": place.encode()})
    assert answer.status_code == 422
    assert "Last-Event-ID" in answer.json()["errors"][0]["path"]


def test_a_place_of_another_database_begins_anew(town, address, gateway):
    _, offers = sent(town)
    with listening(f"{address}/v1/fleet/stream", gateway, str(10**17)) as fleet:
        assert until(fleet, offers)


def test_only_a_gateway_hears_the_whole_fleet(town):
    for caller in (town.staff, town.technician(), town.key("operator")):
        assert caller.get("/v1/fleet/stream").status_code == 403


def test_nothing_is_lost_while_redis_is_away(town, address, gateway, redis_url):
    with listening(f"{address}/v1/fleet/stream", gateway) as fleet, redis.Redis.from_url(redis_url) as client:
        client.flushall()
        client.client_kill_filter(_type="pubsub")
        _, offers = sent(town)
        assert until(fleet, offers)


def test_a_ring_brings_an_offer_to_the_stream(town, address, gateway):
    with listening(f"{address}/v1/fleet/stream", gateway) as fleet:
        for _ in range(3):
            _, offers = sent(town)
            assert until(fleet, offers)


@pytest.fixture
def quick_to_look(town, monkeypatch) -> Iterator[str]:
    """The server, which looks all the time whether keys still count."""
    monkeypatch.setattr(streamkeys, "KEY_CHECK_S", 0.1)
    with serving(create_app(town.settings)) as found:
        yield found


def test_a_stream_ends_when_its_key_is_revoked(town, quick_to_look):
    key, secret = town.make_key("gateway")
    with listening(f"{quick_to_look}/v1/fleet/stream", secret) as fleet:
        assert fleet.next().kind == "(place)"
        with town.world.as_engine() as (session, now):
            session.execute(update(ApiKeyRow).where(ApiKeyRow.id == key).values(revoked_at=now))
        assert fleet.next("offer").kind == "(end)"


def test_of_many_boards_only_that_ends_whose_key_is_revoked_or_has_expired(town, quick_to_look):
    of_client = {"client_id": town.world.client}
    keys = [town.make_key("dispatcher", **of_client) for _ in range(3)]
    ends = {0: {"revoked_at": func.clock_timestamp()}, 2: {"expires_at": func.clock_timestamp()}}
    with contextlib.ExitStack() as stack:
        boards = [stack.enter_context(listening(f"{quick_to_look}/v1/board/stream", secret, "0")) for _, secret in keys]
        for at, change in ends.items():
            with town.world.as_engine() as (session, _):
                session.execute(update(ApiKeyRow).where(ApiKeyRow.id == keys[at][0]).values(change))
            assert boards[at].next("(end)").kind == "(end)"
        town.posted()
        relayed(town)
        assert boards[1].next("frame").id == "1"
        assert boards[0].hears_nothing("frame")


def test_one_look_tells_of_all_keys_and_sessions_and_notes_that_they_are_used(town):
    add_staff(town, "dispatcher", "rosa@acme.example", "Rosa Marsh")
    key, gone = (town.make_key("dispatcher", client_id=town.world.client)[0] for _ in range(2))
    with town.world.as_engine() as (session, now):
        person = identities(session, "rosa@acme.example")[0]
        proof = Proof("rosa@acme.example", "link", "test")
        here, ended = (open_session(session, person, proof, town.settings, now=now).id for _ in range(2))
        session.execute(update(ApiKeyRow).where(ApiKeyRow.id == gone).values(revoked_at=now))
        session.execute(update(SessionRow).where(SessionRow.id == ended).values(ended_at=now))
        long_ago = now - timedelta(minutes=5)
        session.execute(update(SessionRow).where(SessionRow.id == here).values(seen_at=long_ago))
    by_key = [Actor("dispatcher", each, town.world.client, key_id=each) for each in (key, gone)]
    by_session = [
        Actor("dispatcher", who, town.world.client, key_id=who, session_id=each)
        for who, each in ((person.id, here), (person.id, ended), (new_id(), here))
    ]
    # The last one speaks for somebody else than the session does.
    assert ended_of(town.world.engine, {*by_key, *by_session}) == {by_key[1], *by_session[1:]}
    assert ended_of(town.world.engine, ()) == set()
    with town.world.as_engine() as (session, _):
        assert session.get_one(SessionRow, here).seen_at > long_ago


def test_a_stream_goes_on_after_the_database_cut_all_connections(town, address, gateway, admin_url):
    with listening(f"{address}/v1/fleet/stream", gateway) as fleet:
        assert fleet.next().kind == "(place)"
        cut_connections(admin_url)
        town.world.engine.dispose()
        _, offers = sent(town)
        assert until(fleet, offers)


def cut_connections(admin_url):
    engine = create_engine(admin_url)
    with engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    engine.dispose()


def sent(town, exactly=None):
    """Post a job, unless it is given, and send its first wave, with the ring: the job and its offers."""
    job = exactly or town.posted()
    with town.world.as_engine() as (session, now):
        send_first_wave(town, session, now, job)
    Bell(town.settings.redis_url).ring_fleet()
    return job, town.world.offers(UUID(job["id"]))


def until(listener, offers) -> set[str]:
    """Hear offers until all of these were told: the ids of all that were."""
    wanted, heard = {str(offer.id) for offer in offers}, set()
    while not wanted <= heard:
        told = listener.next("offer")
        assert told.kind == "offer"
        heard.add(told.data["id"])
    return heard


def send_first_wave(town, session, now, job) -> None:
    """Send the first wave of a job in a transaction that stays open."""
    round_id = session.scalar(select(RoundRow.id).where(RoundRow.job_id == UUID(job["id"])))
    town.world.feed.refresh(session, now=now)
    assert offer_job(session, town.world.feed.roster, round_id, now=now, seed=1) is not None
