"""What went wrong, and which status is that? The table, and what must never go out."""

import pytest
from psycopg2 import errors as pg
from sqlalchemy.exc import DataError, IntegrityError, OperationalError

from api import errors
from api.errors import Lost
from api.problems import pointer, problem_of
from dispatch.errors import (
    BadInput,
    Conflict,
    Damaged,
    MissingService,
    NotFound,
    OutcomeUnknown,
    Refused,
    TruckrollError,
)
from geo.errors import PointError
from matching.errors import PolicyError

TABLE = [
    (BadInput("slots[0].needs", 7, "send needs"), 422, "bad_input"),
    (PointError("lat 95 is no place", field="lat"), 422, "bad_input"),
    (PolicyError("reach_km -5: from 1"), 422, "bad_input"),
    (NotFound("job", 7), 404, "not_found"),
    (Conflict("open", "approve", ("hold",)), 409, "conflict"),
    (Refused("you may not", ("free",)), 409, "refused"),
    (Refused("making keys is for operator", ("only_operator",)), 403, "forbidden"),
    (MissingService("PostgreSQL", "gone", "start it"), 503, "missing_service"),
    (Damaged("sealed bytes", "secret"), 500, "damaged"),
    (OutcomeUnknown("POST /v1/jobs"), 503, "outcome_unknown"),
    (TruckrollError("something"), 409, "refused"),
    (Lost("taken", (), "not_chosen"), 409, "taken"),
    (OperationalError("x", {}, Exception("gone")), 503, "database_unavailable"),
    (OperationalError("x", {}, pg.LockNotAvailable()), 503, "database_unavailable"),
    (DataError("x", {}, Exception("numeric field overflow")), 422, "bad_input"),
    (IntegrityError("INSERT secret", {"id": "secret"}, Exception("Key (id)=(secret)")), 409, "conflict"),
    (KeyError("secret"), 500, "fault"),
]


@pytest.mark.parametrize(("error", "status", "code"), TABLE, ids=[type(each[0]).__name__ for each in TABLE])
def test_each_error_has_its_status_and_code(error, status, code):
    problem = problem_of(error)
    assert (problem.status, problem.code) == (status, code)
    document = problem.to_document()
    assert document["status"] == status
    assert document["type"].endswith(code)
    assert "secret" not in str(document)


def test_a_conflict_names_the_moves_that_are_possible():
    document = problem_of(Conflict("open", "approve", ("hold", "cancel"))).to_document()
    assert (document["state"], document["wish"], document["moves"]) == ("open", "approve", ["hold", "cancel"])


def test_whether_it_may_have_been_done_is_said_of_every_503():
    unknown = problem_of(OutcomeUnknown("x"))
    nothing = problem_of(OperationalError("x", {}, Exception()))
    assert unknown.more["outcome_unknown"] is True
    assert nothing.more["outcome_unknown"] is False
    assert unknown.headers == nothing.headers == {"Retry-After": "1"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [("site_id", "/site_id"), ("slots[0].needs.skills", "/slots/0/needs/skills"), ("/a/b", "/a/b"), ("?x", "?x")],
)
def test_a_path_becomes_a_json_pointer(path, expected):
    assert pointer(path) == expected


def test_every_error_of_the_api_is_drawn_in_the_docstring():
    own = {
        kind.__name__ for kind in vars(errors).values() if isinstance(kind, type) and kind.__module__ == "api.errors"
    }
    tree = own - {"Problem", "ApiError"}
    assert tree
    assert all(name in (errors.__doc__ or "") for name in tree)


@pytest.mark.parametrize(("method", "url", "status"), [("GET", "/v1/nothing", 404), ("PUT", "/v1/jobs", 405)])
def test_unknown_addresses_and_methods_are_problems_too(calm_town, method, url, status):
    answer = calm_town.staff.call(method, url)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status


def test_a_fault_tells_nothing_of_what_is_inside(calm_town):
    @calm_town.app.get("/v1/broken", include_in_schema=False)
    def broken() -> None:
        raise RuntimeError("the password is hunter2")

    answer = calm_town.staff.get("/v1/broken")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "hunter2" not in answer.text
