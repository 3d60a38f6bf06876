"""What is an error answered with? One table from errors to Problem Details (RFC 9457).

Internals never go out: what is not in the table is a 500 that says nothing, and is logged.
"""

import json
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.errors import ApiError, InFlight, Lost, Overdue, TooMany, Unauthenticated
from dispatch.errors import (
    BadInput,
    Conflict,
    Damaged,
    Missing,
    MissingService,
    NotFound,
    NotKept,
    NotSignedIn,
    OutcomeUnknown,
    Refused,
    TruckrollError,
)
from dispatch.record.refusals import guard_of
from dispatch.talent.loading import BadEntries
from geo.errors import GeoError
from matching.errors import MatchingError

_log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Problem:
    """A Problem Details document: `more` are its extension members."""

    status: int
    code: str
    detail: str
    more: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def to_document(self) -> dict[str, Any]:
        """The members as JSON values."""
        title = self.code.replace("_", " ").capitalize()
        own = {"type": f"urn:truckroll:problem:{self.code}", "title": title, "status": self.status}
        return {**own, "detail": self.detail, "code": self.code, **self.more}

    def to_response(self) -> Response:
        """The document as an answer."""
        body = json.dumps(self.to_document(), ensure_ascii=False).encode("utf-8", "backslashreplace")
        return Response(body, self.status, headers=dict(self.headers), media_type=MEDIA_TYPE)


def problem_of(error: Exception) -> Problem:
    """The problem that tells of an error; the most special row of the table wins."""
    for kind in type(error).__mro__:
        if kind in _TABLE:
            return _TABLE[kind](error)
    _log.error("a request failed", exc_info=error)
    return Problem(500, "fault", "a fault on our side; it was logged")


def kinds_of_errors() -> tuple[type[Exception], ...]:
    """Every kind that the table knows: what the application must catch."""
    return tuple(_TABLE)


def answer_error(_request: Request, error: Exception) -> Response:
    """What the application answers to any error."""
    return problem_of(error).to_response()


def pointer(field_path: str) -> str:
    """A field's path as a JSON pointer: `slots[0].needs.skills` is `/slots/0/needs/skills`."""
    return field_path if field_path.startswith(("/", "?")) else "/" + re.sub(r"[.\[]", "/", field_path).replace("]", "")


#: Constraint -> (field, what to do): a bad value that only the database caught.
_BAD_VALUES = {
    "ck_visits_window_holds_work": ("/window", "leave room for the work inside the window"),
    "ck_visits_duration_min_range": ("/duration_min", "send 1 to 20160 minutes"),
    "ck_visits_check_in_before_out": ("/", "check in before you check out"),
    "ck_jobs_priority_range": ("/priority", "send 1 to 5"),
    "ck_sites_place_on_earth": ("/lat", "send degrees of WGS 84"),
    "ck_sites_geofence_size": ("/geofence_m", "send 10 to 100000 metres"),
    "fk_jobs_client_id_site_id": ("/site_id", "name one of your sites"),
    "fk_jobs_client_id_bundle_id": ("/bundle_id", "name one of your bundles"),
    "fk_pool_members_technician_id": ("/technician_id", "name a technician that you can see"),
    "fk_pool_members_client_id_pool_id": ("/pool_id", "name one of your pools"),
    "uq_bundles_client_id_name": ("/name", "use a name that none of your bundles has"),
    "uq_sites_client_id_store_number": ("/store_number", "use a number that none of your sites has"),
    "uq_pools_client_id_name": ("/name", "use a name that none of your pools has"),
    "uq_staff_client_id_email": ("/email", "use an address that nobody of your staff has"),
}

_RETRYABLE = {"55P03": "locked", "40P01": "deadlock", "40001": "serialization", "57014": "slow"}
_RETRY = {"Retry-After": "1"}


def _bad(path: str, value: object, way_out: str) -> Problem:
    shown = _sent(path.split("/"), value)
    one = {"path": path, "value": shown, "message": f"{path}: cannot be used", "way_out": way_out}
    return Problem(422, "bad_input", f"{path}: {way_out}", {"errors": [one]})


def _api_error(error: ApiError) -> Problem:
    more: dict[str, Any] = {}
    headers: dict[str, str] = {}
    if isinstance(error, Lost):
        more = {"rules": list(error.rules), "state": error.state}
    elif isinstance(error, Overdue):
        more, headers = {"outcome_unknown": error.outcome_unknown}, _RETRY
    elif isinstance(error, TooMany):
        headers = {"Retry-After": str(error.retry_after_s)}
    elif isinstance(error, InFlight):
        headers = _RETRY
    elif isinstance(error, Unauthenticated):
        headers = {"WWW-Authenticate": "Bearer"}
    return Problem(error.status, error.code, str(error), more, headers)


def _conflict(error: Conflict) -> Problem:
    more = {"state": error.state, "wish": error.wish, "moves": list(error.moves)}
    return Problem(409, "conflict", str(error), more)


def _missing(error: Missing) -> Problem:
    known = _conflict(error)
    return Problem(409, "deliverables_missing", known.detail, {**known.more, "missing": list(error.lacking)})


def _refused(error: Refused) -> Problem:
    """403 where the actor's role is the reason, 409 where a rule about the work is."""
    is_role = any(reason.startswith("only_") for reason in error.reasons)
    if is_role:
        return Problem(403, "forbidden", str(error), {"rules": list(error.reasons)})
    return Problem(409, "refused", str(error), {"rules": list(error.reasons)})


def _not_signed_in(error: NotSignedIn) -> Problem:
    """410 where a link is over and another one helps, 401 else."""
    if error.why in ("link_used", "link_expired"):
        return Problem(410, error.why, str(error))
    return Problem(401, error.why, str(error), headers={"WWW-Authenticate": "Bearer"})


def _unavailable(error: Exception) -> Problem:
    """Nothing was done: the transaction had not begun to commit, or the database says that it rolled back."""
    state = getattr(getattr(error, "orig", None), "pgcode", None)
    code = _RETRYABLE.get(state or "", "database_unavailable")
    _log.warning("the database did not answer as it should: %s (%s)", type(error).__name__, state)
    detail = "nothing was done; ask again in a second"
    return Problem(503, code, detail, {"outcome_unknown": False}, _RETRY)


def _missing_service(error: MissingService) -> Problem:
    """Its name alone: the rest is for whoever runs this, in the log."""
    _log.error("a service is missing: %s", error)
    return Problem(503, "missing_service", error.service, {"outcome_unknown": False}, _RETRY)


def _damaged(error: Damaged) -> Problem:
    _log.error("what is kept was damaged: %s", error)
    return Problem(500, "damaged", f"{error.what} cannot be read; it was logged", {})


def _integrity(error: IntegrityError) -> Problem:
    """By the constraint's name alone: its detail would name another tenant's ids."""
    name = guard_of(error) or "unknown"
    if name in _BAD_VALUES:
        path, way_out = _BAD_VALUES[name]
        return _bad(path, None, way_out)
    _log.warning("a constraint refused a change: %s", name)
    more = {"state": "changed meanwhile", "wish": "change", "moves": ["read it again"]}
    return Problem(409, "conflict", f"it does not fit what is recorded ({name}); read it again", more)


def _database(error: DBAPIError) -> Problem:
    if getattr(error.orig, "pgcode", None) in _RETRYABLE or error.connection_invalidated:
        return _unavailable(error)
    _log.error("the database refused a statement", exc_info=error)
    return Problem(500, "fault", "a fault on our side; it was logged")


def _validation(error: RequestValidationError) -> Problem:
    errors = [
        {
            "path": (path := _path(each["loc"])),
            "value": _sent(each["loc"], each.get("input")),
            "message": f"{path}: cannot be used",
            "way_out": each["msg"].removeprefix("Value error, "),
        }
        for each in error.errors()[:50]
    ]
    detail = f"{errors[0]['path']}: {errors[0]['way_out']}"
    return Problem(422, "bad_input", detail, {"errors": errors})


def _sent(loc: Sequence[Any], value: object) -> Any:
    """What was sent, as it may be answered, and kept with the answer: never a cleared text, nor what holds one."""
    if "cleared" in loc or (isinstance(value, dict | list) and "cleared" in str(value)):
        return None
    return _shown(value)


def _path(loc: Sequence[Any]) -> str:
    """Of the body a JSON pointer, of the query `?name`, of path and headers the name."""
    where, *rest = loc
    if where == "query":
        return "?" + ".".join(str(part) for part in rest)
    if where == "body":
        return "/" + "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in rest)
    return ".".join(str(part) for part in rest)


def _shown(value: object, num_chars: int = 80) -> Any:
    """A value as it may stand in an answer: short, and JSON."""
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= num_chars else text[: num_chars - 1] + "…"


def _http(error: HTTPException) -> Problem:
    codes = {404: "not_found", 405: "method_not_allowed", 406: "not_acceptable"}
    words = {404: "there is nothing at this address; see /v1/openapi.json", 405: "this address takes other methods"}
    status = error.status_code
    return Problem(
        status, codes.get(status, "refused"), words.get(status, str(error.detail)), headers=error.headers or {}
    )


def _bad_entries(error: BadEntries) -> Problem:
    """Every bad row of a file, by line; the first in words."""
    errors = [
        {
            "path": f"/{each.line}/{each.error.field}",
            "value": _shown(each.error.value),
            "message": f"line {each.line}, {each.error.field}: cannot be used",
            "way_out": each.error.way_out,
        }
        for each in error.problems
    ]
    return Problem(422, "bad_input", str(error), {"errors": errors})


_TABLE: dict[type, Callable[[Any], Problem]] = {
    ApiError: _api_error,
    BadEntries: _bad_entries,
    BadInput: lambda error: _bad(pointer(error.field), error.value, error.way_out),
    GeoError: lambda error: _bad(pointer(error.field), None, str(error)),
    MatchingError: lambda error: _bad("/", None, str(error)),
    NotFound: lambda error: Problem(404, "not_found", str(error)),
    NotSignedIn: _not_signed_in,
    NotKept: lambda error: Problem(410, "not_kept", str(error), {"first": error.first}),
    Conflict: _conflict,
    Missing: _missing,
    Refused: _refused,
    MissingService: _missing_service,
    Damaged: _damaged,
    OutcomeUnknown: lambda error: Problem(503, "outcome_unknown", str(error), {"outcome_unknown": True}, _RETRY),
    TruckrollError: lambda error: Problem(409, "refused", str(error)),
    RequestValidationError: _validation,
    HTTPException: _http,
    NoConnection: _unavailable,
    OperationalError: _unavailable,
    InterfaceError: _unavailable,
    IntegrityError: _integrity,
    DataError: lambda error: _bad("/", None, "a value is outside what can be kept; see the schema"),
    DBAPIError: _database,
}
