"""Where does a client have work done? Sites, each proved to be where its address says."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, NotFound
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import SiteRow, new_id
from dispatch.talent.profiles import place_columns
from dispatch.talent.rights import only, own_client
from dispatch.talent.words import checked_code, checked_email, checked_phone, checked_text
from geo.errors import RegionError
from geo.places import Place, find_place
from geo.restdays import known_region, region_of
from geo.timezones import zone
from matching.errors import CalendarError
from matching.sitecalendar import SiteCalendar, read_calendar

_KEEPERS = ("client_admin", "dispatcher", "requester", "operator")
_ZIP = re.compile(r"\d{5}(-\d{4})?")
_COUNTRY = re.compile(r"[A-Z]{2}")
_GEOFENCE_M = range(10, 100_001)

_MAX_CHARS = {"store_number": 64, "name": 200, "address": 300, "town": 100, "region": 64, "postcode": 16}
_LONG = {"access": 4000, "parking": 4000}


@dataclass(frozen=True, slots=True)
class Site:
    """What is said of a site; see `SiteRow`. `time_zone` None: that of the place."""

    store_number: str
    name: str
    address: str
    town: str
    region: str
    postcode: str
    lat: float
    lng: float
    country: str = "US"
    time_zone: str | None = None
    geofence_m: int = 200
    contact_name: str | None = None
    contact_phone: str | None = None
    contact_email: str | None = None
    contact_language: str | None = None
    access: str | None = None
    parking: str | None = None
    opening_hours: Mapping[str, Any] | None = None
    holiday_region: str | None = None
    contacts: Sequence[Mapping[str, Any]] = ()
    hazards: Sequence[Mapping[str, Any]] = ()


def create_site(session: Session, actor: Actor, client_id: UUID, site: Site, *, now: datetime) -> UUID:
    """Add a site to a client.

    Raises
    ------
    BadInput
        A value cannot be kept, the place is over 200 km from its ZIP code, or the client has this store number.
    NotFound, Refused
        The client is not the actor's; the actor is not of its staff.
    """
    only(actor, *_KEEPERS, doing="adding sites")
    own_client(session, actor, client_id)
    site_id: UUID | None = session.scalar(
        insert(SiteRow)
        .values(id=new_id(), client_id=client_id, created_at=now, **_columns(site))
        .on_conflict_do_nothing(index_elements=["client_id", "store_number"])
        .returning(SiteRow.id)
    )
    if site_id is None:
        raise BadInput("store_number", site.store_number, "use a number that none of the client's sites has")
    record(session, actor, ("client", client_id), "site_created", {"site": str(site_id)}, client_id=client_id, now=now)
    return site_id


def update_site(session: Session, actor: Actor, site_id: UUID, changes: Mapping[str, Any], *, now: datetime) -> None:
    """Change some fields of a site, named as in `Site`; the whole is checked again.

    A place that moves takes its zone along, unless `time_zone` is among the changes.

    Raises
    ------
    BadInput
        A field is unknown, or a value cannot be kept.
    NotFound, Refused
        There is no such site for this actor; the actor is not of a client's staff.
    """
    only(actor, *_KEEPERS, doing="changing sites")
    row = session.scalars(select(SiteRow).where(SiteRow.id == site_id).with_for_update()).one_or_none()
    if row is None or (actor.client_id is not None and actor.client_id != row.client_id):
        raise NotFound("site", site_id)
    own_client(session, actor, row.client_id)
    known = {each.name: getattr(row, each.name) for each in fields(Site)}
    if unknown := sorted(changes.keys() - known.keys()):
        raise BadInput("site", ", ".join(unknown), f"name some of {', '.join(known)}")
    if {"lat", "lng"} & changes.keys():
        known["time_zone"] = None
    columns = _columns(replace(Site(**known), **changes))
    changed = sorted(name for name, value in columns.items() if getattr(row, name) != value)
    for name in changed:
        setattr(row, name, columns[name])
    session.flush()
    if changed:
        data = {"site": str(site_id), "fields": changed}
        record(session, actor, ("client", row.client_id), "site_updated", data, client_id=row.client_id, now=now)


def calendar_of(site: Site | SiteRow) -> SiteCalendar:
    """When the site is open; holidays are those of its `holiday_region`, else of its country and region.

    Raises
    ------
    BadInput
        The opening hours cannot be read, or the region is not known.
    """
    region = site.holiday_region or region_of(site.country, site.region)
    try:
        return read_calendar(site.opening_hours, zone(site.time_zone or "UTC"), region)
    except CalendarError as error:
        where = f"opening_hours.{error.field}" if error.field != "holiday_region" else error.field
        raise BadInput(where, error.value, str(error)) from error


def _columns(site: Site) -> dict[str, Any]:
    if not _COUNTRY.fullmatch(site.country):
        raise BadInput("country", site.country, "give two capital letters of ISO 3166, such as US")
    if isinstance(site.geofence_m, bool) or site.geofence_m not in _GEOFENCE_M:
        raise BadInput("geofence_m", site.geofence_m, "give whole metres from 10 to 100,000")
    words = {name: checked_text(name, getattr(site, name), max_chars=size) for name, size in _MAX_CHARS.items()}
    notes = {
        name: None if getattr(site, name) is None
        else checked_text(name, getattr(site, name), max_chars=size, is_long=True)
        for name, size in _LONG.items()
    }  # fmt: skip
    phone, contact = site.contact_phone, site.contact_name
    email, language = site.contact_email, site.contact_language
    _check_calendar(site)
    return {
        **words,
        **notes,
        "country": site.country,
        **place_columns(site.lat, site.lng, site.time_zone, _stated_place(site)),
        "geofence_m": site.geofence_m,
        "contact_name": None if contact is None else checked_text("contact_name", contact),
        "contact_phone": None if phone is None else checked_phone("contact_phone", phone, site.country),
        "contact_email": None if email is None else checked_email("contact_email", email),
        "contact_language": None if language is None else checked_code("contact_language", language),
        "opening_hours": None if site.opening_hours is None else dict(site.opening_hours),
        "holiday_region": site.holiday_region,
        "contacts": [_contact(num, each, site.country) for num, each in enumerate(site.contacts)],
        "hazards": [_hazard(num, each) for num, each in enumerate(site.hazards)],
    }


def _contact(num: int, said: Mapping[str, Any], country: str) -> dict[str, Any]:
    """Somebody at the site besides its first contact: name, what for, how to reach them."""
    where = f"contacts[{num}]"
    phone, email, role = said.get("phone"), said.get("email"), said.get("role")
    return {
        "name": checked_text(f"{where}.name", said["name"]),
        "role": None if role is None else checked_text(f"{where}.role", role, max_chars=100),
        "phone": None if phone is None else checked_phone(f"{where}.phone", phone, country),
        "email": None if email is None else checked_email(f"{where}.email", email),
    }


def _hazard(num: int, said: Mapping[str, Any]) -> dict[str, Any]:
    """What to beware of at the site: a code, and where or how."""
    note = said.get("note")
    where = f"hazards[{num}]"
    return {
        "code": checked_code(f"{where}.code", said["code"]),
        "note": None if note is None else checked_text(f"{where}.note", note, max_chars=1000, is_long=True),
    }


def _check_calendar(site: Site) -> None:
    """The region must be known and the opening hours readable; the zone matters to neither."""
    if site.holiday_region is not None:
        try:
            known_region(site.holiday_region)
        except RegionError as error:
            raise BadInput("holiday_region", site.holiday_region, str(error)) from error
    calendar_of(replace(site, time_zone=None))


def _stated_place(site: Site) -> Place | None:
    """Where the ZIP code lies; None for one that no list of places has, as some post boxes and new ones."""
    if site.country != "US":
        return None
    if not _ZIP.fullmatch(site.postcode):
        raise BadInput("postcode", site.postcode, "give the ZIP code as 5 digits, or 5-4")
    return find_place(site.postcode)
