"""Where does a client have work done? The store is in Alpine, Texas, ZIP 79830."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from worlds import World

from dispatch.errors import BadInput, NotFound, Refused
from dispatch.record.session import Actor
from dispatch.record.tables import EventRow, SiteRow, new_id
from dispatch.talent.clients import create_client
from dispatch.talent.sites import Site, calendar_of, create_site, update_site
from geo.cells import cell_of

STORE = Site("2200", "Store 2200", "106 N 5th St", "Alpine", "TX", "79830", 30.3585, -103.661)


def test_a_site_has_the_cell_and_the_zone_of_its_place(world: World) -> None:
    with world.as_engine() as (session, now):
        site = create_site(session, world.staff, world.client, replace(STORE, contact_phone="432-837-2326"), now=now)
        row = session.get_one(SiteRow, site)
        assert (row.cell, row.time_zone) == (cell_of(30.3585, -103.661), "America/Chicago")
        assert row.contact_phone == "+14328372326"
        (event,) = session.scalars(select(EventRow)).all()
        assert (event.kind, event.data, event.client_id) == ("site_created", {"site": str(site)}, world.client)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("lat", {"lat": -103.661, "lng": 30.3585}),
        ("lat", {"lng": 103.661}),
        ("lat", {"lat": 40.7, "lng": -74.0}),
        ("lat", {"lat": 0.0, "lng": 0.0}),
        ("lat", {"lat": float("nan")}),
        ("postcode", {"postcode": "7983"}),
        ("time_zone", {"time_zone": "Texas"}),
        ("country", {"country": "usa"}),
        ("geofence_m", {"geofence_m": 5}),
        ("store_number", {"store_number": "1147"}),
        ("town", {"town": "  "}),
        ("contact_phone", {"contact_phone": "call me"}),
        ("access", {"access": "ring\x00"}),
        ("opening_hours.weekly", {"opening_hours": {"weekly": {}}}),
        ("opening_hours.weekly.mon[0]", {"opening_hours": {"weekly": {"mon": ["9 to 5"]}}}),
        ("holiday_region", {"holiday_region": "Texas"}),
        ("holiday_region", {"holiday_region": "US-XX", "opening_hours": {"weekly": {"mon": ["09:00-17:00"]}}}),
    ],
)
def test_a_place_that_is_not_where_its_address_says_is_refused(
    world: World, field: str, changes: dict[str, Any]
) -> None:
    with world.as_engine() as (session, now), pytest.raises(BadInput) as refused:
        create_site(session, world.staff, world.client, replace(STORE, **changes), now=now)
    assert refused.value.field == field


def test_a_zip_code_that_no_list_has_is_taken_at_its_word(world: World) -> None:
    with world.as_engine() as (session, now):
        create_site(session, world.staff, world.client, replace(STORE, postcode="00001"), now=now)


def test_a_site_that_moves_takes_its_zone_along_and_only_changes_are_told(world: World) -> None:
    with world.as_engine() as (session, now):
        update_site(session, world.staff, world.site, {"name": "Store 1147", "parking": "rear"}, now=now)
        moved = {"lat": 31.76, "lng": -106.49, "postcode": "79901", "town": "El Paso"}
        update_site(session, world.staff, world.site, moved, now=now)
        row = session.get_one(SiteRow, world.site)
        assert (row.time_zone, row.cell) == ("America/Denver", cell_of(31.76, -106.49))
        fields = [event.data["fields"] for event in session.scalars(select(EventRow).order_by(EventRow.seq))]
    assert fields == [["parking"], ["cell", "lat", "lng", "postcode", "time_zone", "town"]]


def test_sites_are_a_client_s_own(world: World, operator: Actor) -> None:
    with world.as_engine() as (session, now):
        stranger = Actor("dispatcher", client_id=create_client(session, operator, "Other", now=now))
        with pytest.raises(NotFound):
            update_site(session, stranger, world.site, {"name": "Mine"}, now=now)
        with pytest.raises(NotFound):
            create_site(session, stranger, world.client, STORE, now=now)
        with pytest.raises(NotFound):
            update_site(session, world.staff, new_id(), {}, now=now)
        with pytest.raises(Refused):
            create_site(session, world.technician(0), world.client, STORE, now=now)
        with pytest.raises(BadInput, match="client_id"):
            update_site(session, world.staff, world.site, {"client_id": new_id()}, now=now)


def test_a_site_s_calendar_has_its_zone_and_rests_on_the_holidays_of_its_region(world: World) -> None:
    hours = {"weekly": {"thu": ["09:00-17:00"]}}
    with world.as_engine() as (session, now):
        made = create_site(session, world.staff, world.client, replace(STORE, opening_hours=hours), now=now)
        row = session.get_one(SiteRow, made)
        calendar = calendar_of(row)
        assert (calendar.zone.key, calendar.region) == ("America/Chicago", "US-TX")
        assert calendar.spans_on(date(2026, 11, 19)) == ((540, 1020),)
        assert calendar.spans_on(date(2026, 11, 26)) == (), "Thanksgiving"
        update_site(session, world.staff, made, {"holiday_region": "DE"}, now=now)
        assert calendar_of(row).spans_on(date(2026, 11, 26)) == ((540, 1020),)
