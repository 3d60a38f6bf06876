"""What is known of these technicians? Everything that the tables say of one, and nothing of another."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg2.extras import DateTimeTZRange
from sqlalchemy import insert, text, update
from sqlalchemy.orm import Session
from worlds import World

from dispatch.index.roster import Roster
from dispatch.record.session import ENGINE, transaction
from dispatch.record.tables import (
    BookingRow,
    ClientMarkRow,
    CredentialKindRow,
    CredentialRow,
    DayAskRow,
    PoolMemberRow,
    PoolRow,
    TechnicianMarkRow,
    TechnicianRow,
    TechnicianSkillRow,
    TimeOffRow,
    WorkingHoursRow,
    new_id,
)
from dispatch.talent import reading
from dispatch.talent.reading import changed_since, lock_technician, read_asks, read_technicians
from geo.areas import PolygonArea
from matching.proof import NEVER
from matching.technician import Asks, Booking, Consent

SQUARE = {"type": "Polygon", "coordinates": [[[-104, 30], [-103, 30], [-103, 31], [-104, 31], [-104, 30]]]}


def add_proof(session: Session, technician: UUID, until: date, now: datetime, **values: Any) -> None:
    row = {"kind": "background_check", "state": "verified", "valid_from": date(2020, 1, 1)} | values
    session.execute(
        insert(CredentialRow).values(id=new_id(), technician_id=technician, valid_until=until, created_at=now, **row)
    )


def add_booking(session: Session, technician: UUID, start: datetime, end: datetime, **values: Any) -> None:
    busy = DateTimeTZRange(start, end, "[)")
    row = {"lat": 30.0, "lng": -103.0, "created_at": start} | values
    session.execute(insert(BookingRow).values(id=new_id(), technician_id=technician, busy=busy, **row))


def test_everything_that_the_rules_read_is_read(world: World) -> None:
    full, bare = world.technicians[:2]
    with world.as_engine() as (session, now):
        day, hour = now.replace(microsecond=0) + timedelta(days=1), timedelta(hours=1)
        pool = new_id()
        session.execute(insert(PoolRow).values(id=pool, client_id=world.client, name="P", created_at=now))
        session.execute(
            insert(PoolMemberRow).values(pool_id=pool, technician_id=full, client_id=world.client, joined_at=now)
        )
        session.execute(insert(TechnicianSkillRow).values(technician_id=full, skill="wifi", level=5))
        spans = [(full, 4, 480, 720), (full, 0, 480, 1080), (full, 4, 780, 1080)]
        session.execute(
            insert(WorkingHoursRow),
            [dict(zip(("technician_id", "weekday", "from_minute", "to_minute"), span, strict=True)) for span in spans],
        )
        during = DateTimeTZRange(day, day + hour, "[)")
        session.execute(insert(TimeOffRow).values(id=new_id(), technician_id=full, during=during))
        add_booking(session, full, day + 3 * hour, day + 5 * hour)
        add_booking(session, full, day + 1 * hour, day + 2 * hour, lat=31.123456789012345)
        word = now.date() + timedelta(days=30)
        session.execute(
            update(TechnicianRow)
            .where(TechnicianRow.id == full)
            .values(
                area=SQUARE, radius_km=50, clearance="us_person", clearance_until=word,
                day_capacity=3, min_hourly=Decimal("45.50"),
                quiet_from=time(22), quiet_to=time(6, 30), works_in_quiet_hours=True, reputation=0.75, in_market=False,
                auto_min_hourly=50, auto_max_km=20, auto_max_per_day=2,
            )
        )  # fmt: skip
        add_proof(session, full, date(2027, 5, 31), now)
    with world.as_engine() as (session, now):
        first, second = read_technicians(session, [bare, full], now=now)
    assert (first.id, second.id) == (full, bare)
    assert first.skills == {"hvac": 3, "wifi": 5}
    assert first.credentials == {"background_check": date(2027, 5, 31).toordinal()}
    assert first.hours == ((0, 480, 1080), (4, 480, 720), (4, 780, 1080))
    start_s = int(day.timestamp())
    assert first.time_off == ((start_s, start_s + 3600),)
    assert first.bookings == (
        Booking(start_s + 3600, start_s + 7200, 31.123456789012345, -103.0),
        Booking(start_s + 3 * 3600, start_s + 5 * 3600, 30.0, -103.0),
    )
    assert isinstance(first.area, PolygonArea)
    assert first.area.contains(30.5, -103.5)
    assert (first.radius_km, first.day_capacity, first.reputation) == (50, 3, 0.75)
    assert (first.min_hourly, first.quiet, first.works_in_quiet_hours) == (Decimal("45.50"), (1320, 390), True)
    assert (first.cleared_until, first.in_market, first.pools) == (
        word.toordinal(),
        False,
        frozenset({pool}),
    )
    assert first.consent == Consent(Decimal(50), 20.0, 2)
    assert (second.skills, second.credentials, second.hours, second.bookings) == ({"hvac": 3}, {}, (), ())
    assert (second.area, second.quiet, second.consent, second.min_hourly) == (None, None, None, None)
    assert (second.is_active, second.in_market, second.cleared_until) == (True, True, NEVER)
    assert second.version < first.version


def test_a_renewal_goes_on_where_the_proof_before_it_ends_and_not_after_a_gap(world: World) -> None:
    """Technician 0 renews without a gap, 1 loses a day, 2 has only one that is to begin; 3 renews, not verified."""
    whole, gap, later, waiting = world.technicians[:4]
    with world.as_engine() as (session, now):
        today = now.astimezone(UTC).date()
        spans = {whole: (11, "verified"), gap: (12, "verified"), waiting: (11, "submitted")}
        for who, (first, state) in spans.items():
            add_proof(session, who, today + timedelta(10), now)
            add_proof(session, who, today + timedelta(40), now, valid_from=today + timedelta(first), state=state)
        add_proof(session, later, today + timedelta(40), now, valid_from=today + timedelta(1))
    with world.as_engine() as (session, now):
        found = {each.id: each.credentials for each in read_technicians(session, now=now)}
    ends = {whole: 40, gap: 10, waiting: 10}
    assert {who: days for who, days in found.items() if days} == {
        who: {"background_check": (today + timedelta(num)).toordinal()} for who, num in ends.items()
    }


def test_a_clearance_lasts_as_long_as_its_proofs_and_a_word_alone_clears_only_where_nothing_could_prove_it(
    world: World,
) -> None:
    said, short, renewed, begins = world.technicians
    with world.as_engine() as (session, now):
        today = now.astimezone(UTC).date()
        session.execute(update(TechnicianRow).values(clearance="us_person", clearance_until=today + timedelta(9)))
    with world.as_engine() as (session, now):
        assert {each.cleared_until for each in read_technicians(session, now=now)} == {
            (today + timedelta(9)).toordinal()
        }
        session.execute(insert(CredentialKindRow).values(code="export", name="Export", family="clearance"))
        spans = [(short, -9, 5), (short, 7, 60), (renewed, -9, 5), (renewed, 6, 60), (begins, 3, 60)]
        proof = {"kind": "export", "facts": {"evidence": "citizen"}}
        for who, first, last in spans:
            add_proof(session, who, today + timedelta(last), now, valid_from=today + timedelta(first), **proof)
        for who in (said, short):
            add_proof(session, who, today + timedelta(90), now, for_client_id=world.client, **proof)
    with world.as_engine() as (session, now):
        found = {each.id: each.cleared_until for each in read_technicians(session, now=now)}
    assert [found[who] for who in (said, short, renewed, begins)] == [
        NEVER,
        (today + timedelta(5)).toordinal(),
        (today + timedelta(60)).toordinal(),
        NEVER,
    ], "one client's own proof clears for nobody, and a day without any ends it"
    with world.as_engine() as (session, now):
        session.execute(update(TechnicianRow).values(clearance="not_us_person", clearance_until=None))
    with world.as_engine() as (session, now):
        assert {each.cleared_until for each in read_technicians(session, now=now)} == {NEVER}


def test_only_verified_proofs_that_began_count_and_of_those_the_last_to_end(world: World) -> None:
    who = world.technicians[0]
    with world.as_engine() as (session, now):
        today = now.astimezone(UTC).date()
        add_proof(session, who, today + timedelta(20), now)
        add_proof(session, who, today + timedelta(10), now)
        add_proof(session, who, today + timedelta(30), now, state="submitted")
        add_proof(session, who, today + timedelta(40), now, state="rejected")
        add_proof(session, who, today + timedelta(50), now, state="revoked", revoked_at=now)
        add_proof(session, who, today + timedelta(60), now, valid_from=today + timedelta(22))
        add_proof(session, world.technicians[1], today, now, valid_from=today)
    with world.as_engine() as (session, now):
        first, second = read_technicians(session, [who, world.technicians[1]], now=now)
    assert first.credentials == {"background_check": (today + timedelta(20)).toordinal()}
    assert second.credentials == {"background_check": today.toordinal()}


def test_blocks_hold_both_ways_and_favourites_each_way(world: World) -> None:
    blocked, blocking, favourite, fond = world.technicians
    with world.as_engine() as (session, now):
        for who, kind in ((blocked, "block"), (favourite, "favourite")):
            session.execute(
                insert(ClientMarkRow).values(
                    client_id=world.client, technician_id=who, kind=kind, reason="Rude", marked_at=now
                )
            )
        for who, kind in ((blocking, "block"), (fond, "favourite")):
            session.execute(
                insert(TechnicianMarkRow).values(
                    client_id=world.client, technician_id=who, kind=kind, reason="Rude", marked_at=now
                )
            )
    with world.as_engine() as (session, now):
        found = {each.id: each for each in read_technicians(session, now=now)}
    client = frozenset({world.client})
    assert [found[who].blocks for who in world.technicians] == [client, client, frozenset(), frozenset()]
    assert [found[who].favourite_of for who in world.technicians] == [frozenset(), frozenset(), client, frozenset()]
    assert [found[who].prefers for who in world.technicians] == [frozenset(), frozenset(), frozenset(), client]


def test_what_is_over_or_cancelled_keeps_nobody_busy(world: World) -> None:
    who, hour = world.technicians[0], timedelta(hours=1)
    with world.as_engine() as (session, now):
        add_booking(session, who, now - 3 * hour, now - 2 * hour)
        add_booking(session, who, now - hour, now + hour)
        add_booking(session, who, now + 2 * hour, now + 3 * hour, live=False)
        for start in (-3, -1):
            during = DateTimeTZRange(now + start * hour, now + (start + 2) * hour, "[)")
            session.execute(insert(TimeOffRow).values(id=new_id(), technician_id=who, during=during))
        found = read_technicians(session, [who], now=now)[0]
    assert [booking.start_s for booking in found.bookings] == [int((now - hour).timestamp())]
    assert len(found.time_off) == 1


def test_asks_are_counted_over_90_days_7_days_and_today(world: World) -> None:
    who = world.technicians[0]
    with world.as_engine() as (session, now):
        today = now.astimezone(UTC).date()
        counts = {0: (1, 0), 1: (10, 2), 6: (100, 0), 7: (1000, 5), 89: (10_000, 1), 90: (100_000, 9)}
        for ago, (num_asked, num_yes) in counts.items():
            day = today - timedelta(ago)
            session.execute(insert(DayAskRow).values(technician_id=who, day=day, num_asked=num_asked, num_yes=num_yes))
        found = read_technicians(session, [who], now=now)[0]
    assert (found.asks_today, found.recent_offers, found.num_asked, found.num_yes) == (1, 111, 11_111, 8)


def test_paused_consent_is_none_and_a_paused_technician_is_not_active(world: World) -> None:
    who = world.technicians[0]
    with world.as_engine() as (session, now):
        consent = {"auto_min_hourly": 50, "auto_max_km": 20, "auto_max_per_day": 2, "auto_paused": True}
        session.execute(update(TechnicianRow).where(TechnicianRow.id == who).values(state="paused", **consent))
        found = read_technicians(session, [who], now=now)[0]
    assert (found.consent, found.is_active) == (None, False)


def test_reading_in_chunks_and_by_ids_gives_what_reading_all_gives(world: World, monkeypatch: Any) -> None:
    with world.as_engine() as (session, now):
        whole = read_technicians(session, now=now)
        monkeypatch.setattr(reading, "CHUNK", 3)
        assert read_technicians(session, now=now) == whole
        assert read_technicians(session, [*world.technicians, new_id()], now=now) == whole
        assert read_technicians(session, [], now=now) == []
    assert [each.id for each in whole] == sorted(world.technicians)


def test_a_locked_technician_is_the_one_that_is_read(world: World) -> None:
    who = world.technicians[2]
    with world.as_engine() as (session, now):
        assert lock_technician(session, who, now=now) == read_technicians(session, [who], now=now)[0]
        assert lock_technician(session, new_id(), now=now) is None


def look_until_quiet(world: World, horizon: int) -> tuple[set[UUID], int]:
    """Everyone told until nobody is: other databases of the server may keep a horizon back for a while."""
    told: set[UUID] = set()
    while True:
        with world.as_engine() as (session, _):
            changed = changed_since(session, horizon)
        horizon = changed.horizon
        if not changed.whole | changed.asked:
            return told, horizon
        told |= changed.whole | changed.asked


def test_changes_are_told_once_they_are_committed_and_then_no_more(world: World) -> None:
    changed, booked, asked, _ = world.technicians
    everyone, horizon = look_until_quiet(world, 0)
    assert everyone == set(world.technicians)
    with world.as_engine() as (session, now):
        session.execute(update(TechnicianSkillRow).where(TechnicianSkillRow.technician_id == changed).values(level=4))
        add_booking(session, booked, now, now + timedelta(hours=1))
        session.execute(insert(DayAskRow).values(technician_id=asked, day=now.date(), num_asked=1))
    assert look_until_quiet(world, horizon)[0] == {changed, booked, asked}


def test_a_change_that_commits_late_is_told_later(world: World) -> None:
    late, early = world.technicians[:2]
    with transaction(world.engine, ENGINE, role="engine") as slow:
        slow.execute(update(TechnicianRow).where(TechnicianRow.id == late).values(in_market=False))
        with world.as_engine() as (session, _):
            session.execute(update(TechnicianRow).where(TechnicianRow.id == early).values(in_market=False))
        with world.as_engine() as (session, _):
            horizon = changed_since(session, 0).horizon
            own = int(slow.execute(text("SELECT pg_current_xact_id()::text")).scalar_one())
            assert horizon <= own, "the next look begins below what is still running"
    with world.as_engine() as (session, _):
        assert late in changed_since(session, horizon).whole


def test_asks_alone_are_told_apart_and_read_alike(world: World) -> None:
    asked, booked, *_ = world.technicians
    _, horizon = look_until_quiet(world, 0)
    with world.as_engine() as (session, now):
        session.execute(insert(DayAskRow).values(technician_id=asked, day=now.date(), num_asked=3, num_yes=1))
        session.execute(insert(DayAskRow).values(technician_id=asked, day=now.date() - timedelta(days=7), num_asked=2))
        session.execute(insert(DayAskRow).values(technician_id=booked, day=now.date(), num_asked=1))
        add_booking(session, booked, now, now + timedelta(hours=1))
    with world.as_engine() as (session, now):
        changed = changed_since(session, horizon)
        assert (asked in changed.asked, booked in changed.whole, booked in changed.asked) == (True, True, False)
        roster = Roster()
        roster.upsert(read_technicians(session, now=now))
        whole = roster.get(asked)
        assert whole is not None
        roster.upsert([replace(whole, num_asked=0, num_yes=0, recent_offers=0, asks_today=0)])
        counts = read_asks(session, [asked, new_id()], now=now)
        assert counts == {asked: Asks(num_asked=5, num_yes=1, recent_offers=3, asks_today=3)}
        roster.count({**counts, new_id(): Asks(1, 1, 1, 1)})
        assert roster.get(asked) == whole
        row = roster.rows_of([asked])[0]
        assert {name: int(roster.columns[name][row]) for name in Asks._fields} == counts[asked]._asdict()
