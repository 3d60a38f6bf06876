"""A small world in which every table has a row of each of two clients, or of each of three technicians.

Acme's job in Austin was offered to Anna (of the company Crew), who took it; Burg's job in Boise to Bo, who took it.
Anna is in the market; Bo only in Burg's pool; Cy is in no market and no pool, and nobody asked him. Rows are known by
the name of their owner: `world.where("jobs", "acme")`.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import guard_changes
import guard_money
import guard_privacy
import guard_proofs
import guard_signin
from guard_admission import admission
from guard_cleared import cleared
from guard_evidence import evidence
from guard_messages import said, told_to_technician
from guard_presence import presence
from guard_reputation import reputation
from guard_standing import standing
from guard_trouble import duty, promise
from guard_usage import usage
from guard_webhooks import webhooks
from letin import LET_IN
from sqlalchemy import inspect, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from dispatch.record import tables as t

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
CLIENTS = ("acme", "burg")
TECHNICIANS = ("anna", "bo", "cy")
#: client -> the technician who was asked and has the job
ASKED = {"acme": "anna", "burg": "bo"}
PLACES = {"acme": (30.27, -97.74), "burg": (43.62, -116.2), "anna": (30.3, -97.7), "bo": (43.6, -116.3)}


@dataclass
class World:
    """Keys of the rows: table -> name of the row -> primary key, column by column."""

    keys: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    def where(self, table: str, name: str) -> str:
        """The condition that picks this row."""
        return " AND ".join(f"{column} = '{value}'" for column, value in self.keys[table][name].items())

    def names(self, table: str, keys: list[tuple[Any, ...]]) -> set[str]:
        """Names of the rows with these primary keys."""
        known = {tuple(map(str, key.values())): name for name, key in self.keys[table].items()}
        return {known[tuple(map(str, key))] for key in keys}


def id_of(name: str) -> UUID:
    """The id of a row of the world, by what it is: `acme`, `acme.job`, `anna`, `anna.booking`."""
    return uuid5(NAMESPACE_OID, name)


def build(session: Session) -> World:
    """Write the world, as the superuser, and say which row is whose."""
    world = World()
    named = [*_network(), *(pair for name in TECHNICIANS for pair in _technician(name))]
    named += [pair for name in CLIENTS for pair in _client(name)]
    for table in t.Base.metadata.sorted_tables:
        rows = [(name, row) for name, row in named if row.__tablename__ == table.name]
        session.add_all([row for _, row in rows])
        session.flush()
        for name, row in rows:
            known = world.keys.setdefault(table.name, {})
            assert name not in known, f"two rows of {table.name} are named {name}"
            key = inspect(row).identity
            known[name] = {column.name: part for column, part in zip(table.primary_key, key, strict=True)}
    return world


Named = tuple[str, Any]


def _network() -> list[Named]:
    return [
        ("crew", t.CompanyRow(id=id_of("crew"), name="Crew Inc", created_at=NOW)),
        *((name, guard_proofs.tax_class(id_of, name, NOW)) for name in ("crew", "crew again")),
        ("hdd", t.SkillRow(code="hdd", name="Hard drives")),
        ("insurance", t.CredentialKindRow(code="insurance", name="Liability insurance")),
        ("board", t.CursorRow(name="board", below_xid=text("'0'::xid8"))),
        ("network", t.NetworkMeansRow(num=1, means={"kept": 0.95}, measured_at=NOW)),
        ("operator", _staff("operator", None, "operator")),
        ("operator", _key("operator", role="operator")),
        ("crew", _key("crew", role="company", company_id=id_of("crew"))),
        ("network", _event("network", None, "technician", id_of("anna"))),
        ("network", _seal("network", None)),
        *(("operator", row) for row in guard_privacy.of_operator(id_of, NOW)),
        *guard_money.network(id_of, NOW),
    ]


def _technician(name: str) -> list[Named]:
    lat, lng = PLACES.get(name, (0.0, 0.0))
    own: dict[str, Any] = {"technician_id": id_of(name)}
    person = t.TechnicianRow(
        id=id_of(name),
        number=f"T-{name}",
        company_id=id_of("crew") if name == "anna" else None,
        name=f"{name.title()} Miller",
        email=f"{name}@example.org",
        phone="+15125550100",
        lat=lat,
        lng=lng,
        cell=1,
        time_zone="America/Chicago",
        radius_km=80.0,
        in_market=name == "anna",
        day_capacity=3,
        min_hourly=Decimal("40.00"),
        quiet_from=time(22),
        quiet_to=time(6),
        auto_min_hourly=Decimal("60.00"),
        auto_max_km=30.0,
        auto_max_per_day=2,
        created_at=NOW,
    )
    credential = t.CredentialRow(
        id=id_of(f"{name}.credential"),
        kind="insurance",
        state="verified",
        valid_from=date(2026, 1, 1),
        valid_until=date(2026, 12, 31),
        created_at=NOW,
        **guard_proofs.screened(id_of, name),
        **own,
    )
    busy = Range(NOW, NOW + 2 * HOUR, bounds="[)")
    off = Range(NOW + 24 * HOUR, NOW + 48 * HOUR, bounds="[)")
    rows = [
        person,
        t.TechnicianSkillRow(skill="hdd", level=3, **own),
        credential,
        t.WorkingHoursRow(weekday=0, from_minute=480, to_minute=1020, **own),
        t.TimeOffRow(id=id_of(f"{name}.off"), during=off, **own),
        t.BookingRow(id=id_of(f"{name}.booking"), busy=busy, lat=lat, lng=lng, created_at=NOW, **own),
        t.DayAskRow(day=NOW.date(), num_asked=2, num_yes=1, **own),
        t.TechnicianMarkRow(client_id=id_of("acme"), kind="favourite", marked_at=NOW, **own),
        _key(name, role="technician", **own),
        told_to_technician(id_of, name, NOW),
        _answer(name),
        *guard_money.of_technician(id_of, name, NOW),
        guard_proofs.document(id_of, name, NOW),
        guard_proofs.removal(id_of, name, NOW),
        *guard_privacy.of_technician(id_of, name, NOW),
        *guard_signin.of_technician(id_of, name, NOW),
    ]
    return [(name, row) for row in rows]


def _client(name: str) -> list[Named]:
    rows = [
        t.ClientRow(id=id_of(name), name=f"{name.title()} Ltd", created_at=NOW, payroll_id=id_of("crew"), **LET_IN),
        _staff(name, id_of(name), "dispatcher"),
        _key(name, role="dispatcher", client_id=id_of(name), staff_id=id_of(f"{name}.staff")),
        _answer(name),
        *_relations(name),
        *_work(name),
        *_question(name),
        _event(name, id_of(name), "job", id_of(f"{name}.job")),
        _seal(name, id_of(name)),
        *_trouble(name),
        *evidence(id_of, name, ASKED[name], NOW),
        *duty(id_of(name), id_of(f"{name}.duty"), id_of(f"{name}.staff"), NOW),
        *webhooks(id_of, name, NOW),
        *standing(id_of, name, NOW),
        *said(id_of, name, ASKED[name], NOW),
        *presence(id_of, name, ASKED[name], NOW),
        *guard_signin.of_client(id_of, name, NOW),
        *admission(id_of, name, ASKED[name], NOW),
        *usage(id_of, name, ASKED[name]),
        *reputation(id_of, name, ASKED[name], NOW),
        guard_proofs.agreement(id_of, name, NOW),
        *guard_privacy.of_client(id_of, name, ASKED[name], NOW),
        cleared(id_of, name, NOW),
        t.BoardFrameRow(client_id=id_of(name), seq=1, event_id=id_of(f"{name}.event"), at=NOW),
    ]
    return [*((name, row) for row in rows), *guard_money.of_client(id_of, name, ASKED[name], NOW)]


def _relations(name: str) -> list[Any]:
    lat, lng = PLACES[name]
    own: dict[str, Any] = {"client_id": id_of(name)}
    asked = id_of(ASKED[name])
    site = t.SiteRow(
        id=id_of(f"{name}.site"),
        store_number="17",
        name="Store 17",
        address="1 Main Street",
        town="Town",
        region="TX",
        postcode="78701",
        country="US",
        lat=lat,
        lng=lng,
        cell=1,
        time_zone="America/Chicago",
        created_at=NOW,
        **own,
    )
    return [
        site,
        t.PoolRow(id=id_of(f"{name}.pool"), name="Trusted", created_at=NOW, **own),
        t.PoolMemberRow(pool_id=id_of(f"{name}.pool"), technician_id=asked, joined_at=NOW, **own),
        t.ClientMarkRow(technician_id=asked, kind="favourite", marked_at=NOW, **own),
        t.BundleRow(id=id_of(f"{name}.bundle"), name="Monday", created_at=NOW, **own),
    ]


def _work(name: str) -> list[Any]:
    own: dict[str, Any] = {"client_id": id_of(name)}
    job = t.JobRow(
        id=id_of(f"{name}.job"),
        site_id=id_of(f"{name}.site"),
        bundle_id=id_of(f"{name}.bundle"),
        budget_id=id_of(f"{name}.budget"),
        series_id=id_of(f"{name}.series"),
        series_day=NOW.date(),
        number="4711",
        job_type="repair",
        title="Replace a hard drive",
        state="assigned",
        policy={},
        created_at=NOW,
        **promise(NOW),
        **own,
    )
    visit = t.VisitRow(
        id=id_of(f"{name}.visit"),
        job_id=job.id,
        asked_time="window",
        window_start_at=NOW,
        window_end_at=NOW + 4 * HOUR,
        duration_min=120,
        planned_start_at=NOW,
        planned_end_at=NOW + 2 * HOUR,
        created_at=NOW,
        **own,
    )
    slot = t.SlotRow(
        id=id_of(f"{name}.slot"),
        job_id=job.id,
        visit_id=visit.id,
        needs={},
        is_lead=True,
        state="filled",
        technician_id=id_of(ASKED[name]),
        **own,
        **_pay(),
    )
    return [job, t.TermsRow(job_id=job.id, version=1, terms={}, since=NOW, **own), visit, slot]


def _question(name: str) -> list[Any]:
    own: dict[str, Any] = {"client_id": id_of(name), "job_id": id_of(f"{name}.job"), "visit_id": id_of(f"{name}.visit")}
    person: dict[str, Any] = {
        "technician_id": id_of(ASKED[name]),
        "company_id": id_of("crew") if ASKED[name] == "anna" else None,
    }
    decision = t.DecisionRow(
        id=id_of(f"{name}.decision"),
        role="technician",
        kind="wave",
        digest="00",
        policy_version="1",
        engine_version="1",
        seed=1,
        decided_at=NOW,
        inputs=b"",
        outcome={},
        **own,
    )
    asking = t.RoundRow(
        id=id_of(f"{name}.round"), role="technician", num=1, opened_why="posted", opened_at=NOW, next_wave_at=NOW, **own
    )
    wave = t.WaveRow(
        id=id_of(f"{name}.wave"),
        client_id=id_of(name),
        round_id=asking.id,
        decision_id=decision.id,
        num=1,
        num_asked=1,
        sent_at=NOW,
        until_at=NOW + HOUR,
    )
    offer = t.OfferRow(
        id=id_of(f"{name}.offer"),
        role="technician",
        round_id=asking.id,
        wave_id=wave.id,
        state="countered",
        terms_version=1,
        score=0.5,
        sent_at=NOW,
        expires_at=NOW + HOUR,
        **own,
        **person,
    )
    counter = t.CounterRow(
        id=id_of(f"{name}.counter"),
        client_id=id_of(name),
        offer_id=offer.id,
        reason="far",
        start_at=NOW,
        made_at=NOW,
        **_pay(),
    )
    assignment = t.AssignmentRow(
        id=id_of(f"{name}.assignment"),
        slot_id=id_of(f"{name}.slot"),
        offer_id=offer.id,
        booking_id=id_of(f"{ASKED[name]}.booking"),
        mode="first",
        terms_version=1,
        start_at=NOW,
        end_at=NOW + 2 * HOUR,
        assigned_at=NOW,
        presence="on_the_way",
        **own,
        **person,
        **_pay(),
    )
    ids = {noun: id_of(f"{name}.{noun}") for noun in ("assignment", "proposal", "charge", "incident")}
    return [decision, asking, wave, offer, counter, assignment, *guard_changes.rows_of(own, person, ids, NOW)]


def _trouble(name: str) -> list[Any]:
    return [
        t.AlarmRow(
            id=id_of(f"{name}.alarm"),
            client_id=id_of(name),
            job_id=id_of(f"{name}.job"),
            visit_id=id_of(f"{name}.visit"),
            kind="not_confirmed",
            subject_id=id_of(f"{name}.visit"),
            raised_at=NOW,
            due_at=NOW + HOUR,
            next_climb_at=NOW,
            acknowledged_at=NOW,
            acknowledged_by=id_of(f"{name}.staff"),
        )
    ]


def _pay() -> dict[str, Any]:
    return {"pay_kind": "fixed", "pay_amount": Decimal("150.00"), "currency": "USD"}


def _staff(name: str, client_id: UUID | None, role: str) -> t.StaffRow:
    return t.StaffRow(
        id=id_of(f"{name}.staff"),
        client_id=client_id,
        role=role,
        name="Sam Staff",
        email="sam@example.org",
        created_at=NOW,
    )


def _key(name: str, **owner: Any) -> t.ApiKeyRow:
    return t.ApiKeyRow(id=id_of(f"{name}.key"), hash=name.encode(), label=name, created_at=NOW, **owner)


def _answer(name: str) -> t.IdempotencyKeyRow:
    return t.IdempotencyKeyRow(
        asker_id=id_of(f"{name}.key"),
        key="first",
        request_hash=b"",
        status=201,
        body=b"{}",
        named=[id_of(name)],
        created_at=NOW,
    )


def _event(name: str, client_id: UUID | None, kind: str, subject_id: UUID) -> t.EventRow:
    return t.EventRow(
        id=id_of(f"{name}.event"),
        client_id=client_id,
        subject_kind=kind,
        subject_id=subject_id,
        kind="posted",
        actor_kind="engine",
        at=NOW,
    )


def _seal(name: str, client_id: UUID | None) -> t.SealRow:
    return t.SealRow(
        id=id_of(f"{name}.seal"),
        client_id=client_id,
        num=1,
        from_xid=text("'1'::xid8"),
        below_xid=text("'2'::xid8"),
        num_events=1,
        hash=b"",
        sealed_at=NOW,
    )
