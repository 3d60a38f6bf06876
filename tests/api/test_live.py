"""What is new, as it happens? Streams of a real server, over a real record, with Redis there or not."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from streaming import listening, serving

from api.app import create_app


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
        job, offers = town.offered()
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
        town.offered()
        told = fleet.next("offer").data
    assert (told["lat"], told["lng"]) != (30.3585, -103.6610)
    assert told["distance_m"] % 1000 == 0
    assert "106 N 5th St" not in str(told)


def test_a_stream_without_a_place_begins_with_the_offers_that_live(town, address, gateway):
    _, offers = town.offered()
    town.by_id(offers[0].technician_id).post(f"/v1/offers/{offers[0].id}/decline", {"reason": "busy"})
    with listening(f"{address}/v1/fleet/stream", gateway) as fleet:
        told = fleet.take("offer", len(offers) - 1)
    assert {each["id"] for each in told} == {str(offer.id) for offer in offers[1:]}


def test_who_goes_on_from_a_place_misses_nothing_that_was_sent_meanwhile(town, address, gateway):
    with listening(f"{address}/v1/fleet/stream", gateway) as fleet:
        _, before = town.offered()
        fleet.take("offer", len(before))
        place = fleet.last_id
    _, meanwhile = town.offered()
    with listening(f"{address}/v1/fleet/stream", gateway, place) as fleet:
        told = fleet.take("offer", len(meanwhile))
    assert {each["id"] for each in told} == {str(offer.id) for offer in meanwhile}


def test_an_end_is_told_with_how_it_ended(town, address, gateway):
    _, offers = town.offered()
    with listening(f"{address}/v1/fleet/stream", gateway) as fleet:
        fleet.take("offer", len(offers))
        town.by_id(offers[0].technician_id).post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1})
        ended = {each["id"]: each["state"] for each in fleet.take("ended", len(offers))}
    assert ended == {str(offer.id): "not_chosen" for offer in offers} | {str(offers[0].id): "accepted"}


def test_an_offer_that_commits_late_is_told_late_and_one_behind_it_at_once(town, address, gateway):
    with listening(f"{address}/v1/fleet/stream", gateway) as fleet:
        assert fleet.next().kind == "(place)"
        slow = town.posted()
        quick = town.posted()
        with town.world.as_engine() as (session, now):
            offer_round(town, session, now, slow)
            with town.world.as_engine() as (other, later):
                offer_round(town, other, later, quick)
            told = fleet.next("offer").data
            assert told["job"]["id"] == quick["id"]
            place = fleet.last_id
        late = fleet.next("offer").data
        while late["job"]["id"] != slow["id"]:
            late = fleet.next("offer").data
    with listening(f"{address}/v1/fleet/stream", gateway, place) as fleet:
        again = {each["job"]["id"] for each in fleet.take("offer", len(town.world.offers(UUID(slow["id"]))))}
    assert slow["id"] in again


def offer_round(town, session, now, job):
    """Send the first wave of a job in a transaction that stays open."""
    from dispatch.jobs.offers import offer_job
    from dispatch.jobs.rounds import due_rounds
    from sqlalchemy import select

    from dispatch.record.tables import RoundRow

    assert due_rounds
    round_id = session.scalar(select(RoundRow.id).where(RoundRow.job_id == UUID(job["id"])))
    town.world.feed.refresh(session, now=now)
    offer_job(session, town.world.feed.roster, round_id, now=now, seed=1)
