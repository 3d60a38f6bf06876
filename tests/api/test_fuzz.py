"""Does anything that can be sent break it? Every role, every route, good and bad requests made from the description.

Half of the ids in paths are real ones, so that requests get past "there is no such thing". Streams never end and are
left out. 500 requests a role; ten times as many when TRUCKROLL_TEST_LONG is set, in rounds: what Hypothesis remembers
of its examples grows until the garbage collector alone keeps a request waiting for longer than its deadline.
"""

import gc
import os
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from own_database import own_copy
from pictures import picture
from processes import until
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy import select
from standing import standing
from town import small_town
from trusting import RATES, fund, trusted

from dispatch.record.relay import prune, relay
from dispatch.record.session import ENGINE
from dispatch.record.tables import CompanyRow, TechnicianRow, WebhookDeliveryRow, new_id
from dispatch.visits.alarms import raise_alarm
from dispatch.webhooks.following import follow_board

IS_LONG = bool(os.environ.get("TRUCKROLL_TEST_LONG"))
NUM_CASES = 500
NUM_ROUNDS = 10 if IS_LONG else 1
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ROLES = ("client_admin", "requester", "dispatcher", "technician", "company", "gateway", "operator")
#: What httpx takes of what schemathesis gives.
_TAKEN = ("method", "url", "headers", "params", "json")


@pytest.fixture(scope="module")
def busy_town(postgres, template_name, valkey):
    limits = {"requests_a_minute": 100_000_000, "gateway_requests_a_minute": 100_000_000}
    with (
        own_copy(postgres, template_name) as name,
        small_town(postgres.url(name), valkey.url(), **limits) as found,
    ):
        yield found


@pytest.fixture(scope="module")
def schema(busy_town):
    """The description without its streams."""
    spec = busy_town.app.openapi()
    streams = [
        path
        for path, operations in spec["paths"].items()
        if "text/event-stream" in operations.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
    ]
    found = schemathesis.openapi.from_dict(spec)
    return found.exclude(path=streams) if streams else found


@pytest.fixture(scope="module")
def callers(busy_town):
    """One caller a role; the company has a worker who was asked."""
    town, company = busy_town, new_id()
    with town.world.as_engine() as (session, now):
        session.add(CompanyRow(id=company, name="Fuzz and Sons", created_at=now))
        session.flush()
        session.get_one(TechnicianRow, town.world.technicians[1]).company_id = company
    staff = {role: town.key(role, client_id=town.world.client) for role in ("client_admin", "requester", "dispatcher")}
    return staff | {
        "technician": town.key("technician", technician_id=town.world.technicians[0]),
        "company": town.key("company", company_id=company),
        "gateway": town.key("gateway"),
        "operator": town.key("operator"),
    }


@pytest.fixture(scope="module")
def real_ids(busy_town, callers):
    """Ids of real things for each parameter of a path."""
    town = busy_town
    fund(town)
    bundle = town.staff.post("/v1/bundles", {"name": "fuzz"}).json()["id"]
    clean = [{"code": "clean", "kind": "check", "label": "The place is clean"}]
    level = {"sla": {"priorities": {"3": {"respond_min": 60, "fix_min": 480}}}} | RATES
    jobs = [
        town.offered(mode=mode, deliverables=clean, day_policy=level)[0]
        for mode in ("first", "first", "manual", "manual")
    ]
    jobs += [town.offered(bundle_id=bundle)[0], town.posted(is_draft=True)]
    offers = town.world.offers()
    wish = {"pay": {"amount": "190.00"}, "reason": "more"}
    counters = [
        town.by_id(each.technician_id).post(f"/v1/offers/{each.id}/counter", wish).json()["id"] for each in offers[1:3]
    ]
    won = town.by_id(offers[0].technician_id).post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1}).json()
    evidence = _evidence(town, town.by_id(offers[0].technician_id), won["visit_id"], str(offers[0].job_id))
    won_by = town.by_id(offers[0].technician_id)
    trust = trusted(town, won_by, str(offers[0].job_id), offers[0].technician_id)
    decision = town.staff.get(f"/v1/jobs/{jobs[0]['id']}/decisions").json()["items"][0]["id"]
    return {
        "job_id": [each["id"] for each in jobs],
        "offer_id": [str(each.id) for each in offers],
        "counter_id": counters,
        "visit_id": [each["visits"][0]["id"] for each in jobs],
        "assignment_id": [won["assignment_id"]],
        "bundle_id": [bundle],
        "decision_id": [decision],
        "technician_id": [str(each) for each in town.world.technicians[:2]],
        "site_id": [str(town.world.site)],
        **evidence,
        **_trouble(town, offers[0].job_id),
        **_listening(town),
        **{name: [each] for name, each in (standing(town) | trust).items()},
        **_waiting(town, decision, offers[1].technician_id),
    }


def _waiting(town, decision, technician):
    """A question to a person about a decision, an invitation, a client who has applied, a proof to be looked at."""
    asked = town.by_id(technician).post("/v1/reviews", {"decision_id": decision, "words": "why"}).json()["id"]
    invited = town.staff.post("/v1/invitations", {"technician_id": str(technician)}).json()["id"]
    return {"review_id": [asked], "admission_id": [invited], "client_id": [str(town.world.client), str(town.globex)]}


def _listening(town):
    """Endpoints, one of them paused, and deliveries to the other, of frames that are no longer kept."""
    urls = ("https://8.8.8.8/a", "https://8.8.8.8/b")
    first, second = (town.staff.post("/v1/webhooks", {"url": url}).json()["id"] for url in urls)
    town.staff.patch(f"/v1/webhooks/{second}", {"is_paused": True}, '"v1"')
    ids = until(lambda: _delivered(town), "deliveries")
    with town.world.as_engine() as (session, now):
        prune(session, now)
    return {"webhook_id": [first, second], "delivery_id": [str(each) for each in ids]}


def _delivered(town):
    """Some deliveries, once there are any: a transaction of any database of the server can hold the log back."""
    with town.world.as_engine() as (session, now):
        while relay(session):
            pass
        follow_board(session, now)
        return session.scalars(select(WebhookDeliveryRow.id).limit(3)).all()


def _trouble(town, job):
    """Alarms, and shifts of duty."""
    with town.world.as_engine() as (session, now):
        about = {"client_id": town.world.client, "job_id": job, "due_at": now, "now": now}
        alarms = [raise_alarm(session, ENGINE, kind, **about) for kind in ("incident", "overdue", "not_left")]
    times = [(datetime.now(UTC) + timedelta(days=day)).isoformat() for day in range(3)]
    contact = {"name": "Desk", "phone": "+14325550199"}
    shifts = [
        town.staff.post(
            "/v1/duty/shifts", {"contact": contact, "from_at": begin, "to_at": end, "time_zone": "UTC"}
        ).json()["items"][0]
        for begin, end in pairwise(times)
    ]
    return {"alarm_id": [str(each) for each in alarms], "shift_id": shifts}


def _evidence(town, technician, visit, job):
    """Things of the day: a file, parts, something handed in, a request from the site."""
    file = technician.send(picture(), kind="photo", visit_id=visit).json()["id"]
    parts = [town.staff.post(f"/v1/jobs/{job}/parts", {"item": "Motor"}).json()["id"] for _ in range(2)]
    handed = [
        technician.post(f"/v1/visits/{visit}/deliverables", {"item": "clean", "is_ok": True}).json()["id"]
        for _ in range(2)
    ]
    technician.post(f"/v1/visits/{visit}/check-in")
    request = technician.post(f"/v1/visits/{visit}/site-requests", {"kind": "second_person"}).json()["id"]
    return {"file_id": [file], "part_id": parts, "deliverable_id": handed, "site_request_id": [request]}


@pytest.mark.parametrize("role", ROLES)
def test_nothing_that_can_be_sent_breaks_it(busy_town, schema, callers, real_ids, role):
    cases = st.one_of(schema.as_strategy(GenerationMode.POSITIVE), schema.as_strategy(GenerationMode.NEGATIVE))
    key = {"Authorization": f"Bearer {callers[role].secret}"}

    @settings(
        max_examples=NUM_CASES,
        deadline=None,
        database=None,
        derandomize=not IS_LONG,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def send(data):
        case = data.draw(cases)
        for name in set(case.path_parameters or {}) & real_ids.keys():
            if data.draw(st.booleans()):
                case.path_parameters[name] = data.draw(st.sampled_from(real_ids[name]))
        sent = case.as_transport_kwargs(base_url="http://testserver", headers=key)
        taken = {name: sent[name] for name in _TAKEN if name in sent}
        if sent.get("data") is not None:
            taken["content"] = sent["data"]
        answer = busy_town.http.request(**taken)
        case.validate_response(answer, checks=CHECKS)

    for _ in range(NUM_ROUNDS):
        send()
        gc.collect()
