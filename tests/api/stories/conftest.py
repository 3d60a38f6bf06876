"""The words in which the stories of a day are told, over the real HTTP API.

Extend it with verbs that more than one story needs; a story itself should read as what people do.
"""

import base64
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select, update
from town import Caller, Town, small_town
from worlds import ZONE

from dispatch.record.session import ENGINE, transaction
from dispatch.record.tables import (
    AlarmRow,
    AssignmentRow,
    CompanyRow,
    CredentialRow,
    DayAskRow,
    EventRow,
    OfferRow,
    StaffRow,
    TechnicianRow,
    WorkingHoursRow,
    new_id,
)
from dispatch.visits.sweeps import sweep_visits


@dataclass
class Given:
    """A job that somebody has: who does the work, who posted it, and where to speak of it."""

    town: Town
    job: dict[str, Any]
    technician: Caller
    technician_id: UUID
    visit_id: str
    assignment_id: str
    backup_id: UUID | None = None

    @property
    def staff(self) -> Caller:
        """The client's dispatcher."""
        return self.town.staff

    @property
    def visit(self) -> str:
        """The visit's address."""
        return f"/v1/visits/{self.visit_id}"

    @property
    def job_url(self) -> str:
        """The job's address."""
        return f"/v1/jobs/{self.job['id']}"

    def does(self, *wishes: str) -> None:
        """The technician moves the visit: `confirm`, `leave`, `check-in`, `check-out`."""
        for wish in wishes:
            answer = self.technician.post(f"{self.visit}/{wish}")
            assert answer.status_code == 200, answer.text

    def sends(self, data: bytes, kind: str = "photo") -> str:
        """The technician sends a file of the visit: its id."""
        answer = self.technician.send(data, kind=kind, visit_id=self.visit_id)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def needs_part(self, **part: Any) -> str:
        """The client notes that the job needs a part: its id."""
        answer = self.staff.post(f"{self.job_url}/parts", part)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def hands_in(self, item: str, **values: Any) -> str:
        """The technician hands something in for an item of the checklist: its id."""
        answer = self.technician.post(f"{self.visit}/deliverables", {"item": item, **values})
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def asks(self, **wish: Any) -> dict[str, Any]:
        """The technician asks for something from the site."""
        answer = self.technician.post(f"{self.visit}/site-requests", wish)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def planned_end(self) -> datetime:
        """When the visit is to end, as the client sees it."""
        return datetime.fromisoformat(self.staff.get(self.job_url).json()["visits"][-1]["planned_end_at"])

    def state(self) -> str:
        """The job's state, as the client sees it."""
        return self.staff.get(self.job_url).json()["state"]

    def client_proposes(self, **wish: Any) -> dict[str, Any]:
        """The dispatcher asks for other terms: `time`, `place`, `scope`, `pay`."""
        return self._proposed(self.staff, wish)

    def technician_proposes(self, **wish: Any) -> dict[str, Any]:
        """The same, asked for by the technician."""
        return self._proposed(self.technician, wish)

    def _proposed(self, side: Caller, wish: dict[str, Any]) -> dict[str, Any]:
        made = side.post(f"{self.visit}/proposals", wish)
        assert made.status_code == 201, made.text
        return made.json()

    def starts_at(self) -> datetime:
        """The start as it is agreed."""
        return datetime.fromisoformat(self.technician.get("/v1/assignments").json()["items"][0]["start_at"])


class Storyteller:
    """What happens before and around a story."""

    def __init__(self, town: Town) -> None:
        self.town = town

    def assigned(self, **job: Any) -> Given:
        """A job that was posted, offered and taken by the best one asked."""
        posted, offers = self.town.offered(**job)
        return self.taken(posted, offers[0])

    def taken(self, job: dict[str, Any], offer: OfferRow) -> Given:
        """One of those who were asked takes the job."""
        technician = self.town.by_id(offer.technician_id)
        won = technician.post(f"/v1/offers/{offer.id}/accept", {"terms_version": offer.terms_version})
        assert won.status_code == 200, won.text
        return self.given(job, offer, won.json())

    def given(self, job: dict[str, Any], offer: OfferRow, won: dict[str, Any]) -> Given:
        """A job that somebody got by an offer, as the answer said it."""
        who = offer.technician_id
        return Given(self.town, job, self.town.by_id(who), who, won["visit_id"], won["assignment_id"])

    def taken_with_backup(self) -> Given:
        """A job that one has, while another had said yes too."""
        job, offers = self.town.offered()
        given = self.taken(job, offers[0])
        late = self.town.by_id(offers[1].technician_id).post(f"/v1/offers/{offers[1].id}/accept", {"terms_version": 1})
        assert late.json()["code"] == "taken"
        given.backup_id = offers[1].technician_id
        return given

    def crew_of_two(self) -> tuple[Given, Given]:
        """A visit of a lead and a helper, both found."""
        slot = {"needs": {"skills": {"hvac": 2}}, "pay": {"amount": "140.00"}}
        roles = [{**slot, "role": "lead", "is_lead": True}, {**slot, "role": "helper", "is_lead": False}]
        job, offers = self.town.offered(slots=roles)
        lead = next(each for each in offers if each.role == "lead")
        helper = next(each for each in offers if each.role == "helper" and each.technician_id != lead.technician_id)
        return self.taken(job, lead), self.taken(job, helper)

    def code_of(self, given: Given) -> tuple[str, str]:
        """The code in the technician's reminder, and the number of their telephone."""
        with self.town.world.as_engine() as (session, _):
            code = session.scalars(
                select(AssignmentRow.reply_code).where(AssignmentRow.id == UUID(given.assignment_id))
            ).one()
            return code, session.get_one(TechnicianRow, given.technician_id).phone or ""

    def wants(self, job_type: str, *items: dict[str, Any]) -> None:
        """The client sets the checklist for a type of job."""
        answer = self.town.staff.post("/v1/deliverable-templates", {"job_type": job_type, "items": list(items)})
        assert answer.status_code == 201, answer.text

    def brings_near(self, given: Given, hours: float) -> None:
        """Time passes until the visit is only so many hours away."""
        self.time_passes(
            "UPDATE visits SET window_start_at = window_start_at - d.by, window_end_at = window_end_at - d.by,"
            " planned_start_at = planned_start_at - d.by, planned_end_at = planned_end_at - d.by,"
            " confirm_by = confirm_by - d.by"
            " FROM (SELECT planned_start_at - now() - make_interval(secs => %(s)s) AS by FROM visits"
            " WHERE id = %(v)s) d"
            " WHERE id = %(v)s",
            s=hours * 3600,
            v=given.visit_id,
        )

    def lets_requests_wait(self, minutes: int) -> None:
        """Time passes for all who wait for an answer on site."""
        self.time_passes(
            "UPDATE site_requests SET made_at = made_at - make_interval(mins => %(m)s),"
            " answer_by = answer_by - make_interval(mins => %(m)s) WHERE state = 'waiting'",
            m=minutes,
        )

    def open_alarms(self) -> list[str]:
        """Kinds of the alarms about parts and requests that are open, in the order in which they were raised."""
        kinds = ("part_missing", "request_waiting", "request_unanswered")
        with self.town.world.as_engine() as (session, _):
            rows = select(AlarmRow.kind).where(AlarmRow.cleared_at.is_(None), AlarmRow.kind.in_(kinds))
            return list(session.scalars(rows.order_by(AlarmRow.id)))

    def sweeps_quietly(self) -> list[str]:
        """The dispatcher's next look at what is due, and which of these alarms are open then."""
        self.sweeps()
        return self.open_alarms()

    def time_passes(self, sql: str, **values: Any) -> None:
        """What only the clock could do: set times back in the record, as its administrator."""
        with self.town.world.as_engine() as (session, _):
            session.connection().exec_driver_sql(sql, values)

    def told(self, subject: str, kind: str) -> list[dict[str, Any]]:
        """What the events of a kind hold, in the order in which they happened."""
        with self.town.world.as_engine() as (session, _):
            wanted = select(EventRow.data).where(EventRow.subject_kind == subject, EventRow.kind == kind)
            return list(session.scalars(wanted.order_by(EventRow.id)))

    def looks_again(self, job_id: str) -> None:
        """Five minutes pass: the dispatcher looks at what can go wrong with a job."""
        self.time_passes("UPDATE jobs SET look_at = now() WHERE id = %(j)s", j=job_id)
        self.sweeps()

    def promised_earlier(self, job_id: str, minutes: int) -> None:
        """What was promised for a job comes nearer by so many minutes; the dispatcher looks."""
        self.time_passes(
            "UPDATE jobs SET respond_by = respond_by - d.by, fix_by = fix_by - d.by, look_at = now(),"
            " sla = jsonb_build_object('respond_warn_at', (sla->>'respond_warn_at')::timestamptz - d.by,"
            " 'fix_warn_at', (sla->>'fix_warn_at')::timestamptz - d.by)"
            " FROM (SELECT make_interval(mins => %(m)s) AS by) d WHERE id = %(j)s",
            m=minutes,
            j=job_id,
        )
        self.sweeps()

    def opens(self, opening_hours: dict[str, Any]) -> None:
        """The client says when its store is open."""
        url = f"/v1/sites/{self.town.world.site}"
        answer = self.town.staff.patch(url, {"opening_hours": opening_hours}, self.town.staff.get(url).headers["ETag"])
        assert answer.status_code == 200, answer.text

    def everybody_proves(self, kind: str, days: int) -> None:
        """All technicians have a credential, verified, valid for so many days."""
        with self.town.world.as_engine() as (session, now):
            proof = {"kind": kind, "state": "verified", "valid_from": now.date(), "created_at": now}
            proof |= {"valid_until": now.date() + timedelta(days=days)}
            rows = [{"id": new_id(), "technician_id": each, **proof} for each in self.town.world.technicians]
            session.execute(insert(CredentialRow), rows)

    @property
    def zone(self) -> ZoneInfo:
        """Where the story plays."""
        return ZoneInfo(ZONE)

    def assigned_to_company(self, **job: Any) -> tuple[Given, Caller]:
        """The same as `assigned`, by a company whose workers all are; the job's worker and the company."""
        with self.town.world.as_engine() as (session, _):
            company = session.scalars(select(CompanyRow.id)).first()
            session.execute(update(TechnicianRow).values(company_id=company))
        return self.assigned(**job), self.town.key("company", company_id=company)

    def another_site(self, *, lat: float, lng: float) -> str:
        """A second store of the client: its id."""
        body = {
            "store_number": "1148", "name": "Store 1148", "address": "1 Second St", "town": "Alpine", "region": "TX",
            "postcode": "79830", "lat": lat, "lng": lng,
        }  # fmt: skip
        made = self.town.staff.post("/v1/sites", body)
        assert made.status_code == 201, made.text
        return made.json()["id"]

    def works_only(self, technician: UUID, *, weekday: int, hours: tuple[int, int]) -> None:
        """The technician works on one weekday alone, between two full hours of their clocks."""
        from_minute, to_minute = (hour * 60 for hour in hours)
        with self.town.world.as_engine() as (session, _):
            row = {"technician_id": technician, "weekday": weekday, "from_minute": from_minute, "to_minute": to_minute}
            session.execute(insert(WorkingHoursRow).values(row))

    def alarms(self, kind: str) -> list[str]:
        """What the open alarms of a kind are about."""
        with self.town.world.as_engine() as (session, _):
            is_open = (AlarmRow.kind == kind) & AlarmRow.cleared_at.is_(None)
            return [str(each) for each in session.scalars(select(AlarmRow.subject_id).where(is_open))]

    def what_is_held_against(self, technician: UUID) -> list[Any]:
        """Everything by which a technician is judged and asked: reputation, counts, how their work ended."""
        with self.town.world.as_engine() as (session, _):
            person = session.execute(
                select(TechnicianRow.reputation, TechnicianRow.state, TechnicianRow.version).where(
                    TechnicianRow.id == technician
                )
            )
            asks = session.execute(
                select(DayAskRow.day, DayAskRow.num_asked, DayAskRow.num_yes).where(
                    DayAskRow.technician_id == technician
                )
            )
            ends = session.execute(
                select(AssignmentRow.id, AssignmentRow.state, AssignmentRow.ended_by, AssignmentRow.ended_why).where(
                    AssignmentRow.technician_id == technician
                )
            )
            offers = session.execute(select(OfferRow.id, OfferRow.state).where(OfferRow.technician_id == technician))
            return [sorted(map(tuple, rows.all())) for rows in (person, asks, ends, offers)]

    def sweeps(self) -> int:
        """The dispatcher's next look at what is due."""
        return sweep_visits(lambda: transaction(self.town.world.engine, ENGINE, role="engine"))


@pytest.fixture
def story(town: Town) -> Storyteller:
    """A town in which the story plays."""
    return Storyteller(town)


@pytest.fixture
def operator(story: Storyteller) -> Caller:
    """A member of the operator's staff, with their key."""
    staff = new_id()
    with story.town.world.as_engine() as (session, now):
        session.execute(
            insert(StaffRow).values(id=staff, role="operator", name="Olga", email="olga@example.org", created_at=now)
        )
    return story.town.key("operator", staff_id=staff)


@pytest.fixture
def acme(story: Storyteller, operator: Caller) -> str:
    """Acme has 200 USD here and no credit; a tenth is our fee."""
    url = f"/v1/clients/{story.town.world.client}"
    agreed = operator.post(f"{url}/money", {"rules": {"fee_share": "0.10", "pay_after_days": 0}})
    assert agreed.status_code == 200, agreed.text
    paid = operator.post(f"{url}/funds", {"amount": "200.00"})
    assert paid.json()["room"] == "200.00"
    return url


@pytest.fixture
def sealed(database_url: str, redis_url: str) -> Iterator[Storyteller]:
    """A town whose installation has data keys: what its people write and hand in is sealed."""
    key = f"test:{base64.b64encode(os.urandom(32)).decode()}"
    with small_town(database_url, redis_url, data_keys=key) as town:
        yield Storyteller(town)
