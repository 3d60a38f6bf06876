"""What went wrong, and which status is that? One table from errors to Problem Details (RFC 9457).

The API's own errors, beside those of `dispatch.errors`::

    ApiError (TruckrollError)
    ├── Malformed             400  not JSON, or not HTTP as we speak it
    ├── KeyMissing            400  a POST without Idempotency-Key
    ├── Unauthenticated       401  no key, or none that we know
    ├── Forbidden             403  a key of another role
    ├── CrossSite             403  a change that another site's page may have asked for
    ├── InFlight              409  the same request is being worked on
    ├── Lost                  409  an answer to an offer that came to nothing
    ├── Stale                 412  it changed since it was read
    ├── TooLarge              413
    ├── WrongType             415
    ├── KeyReused             422  the same Idempotency-Key with another request
    ├── PreconditionRequired  428  a PATCH without If-Match
    ├── TooMany               429  over the key's rate
    └── Overdue               503  no answer in time

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


class ApiError(TruckrollError):
    """Something about the request itself; `status` and `code` say what."""

    status = 400
    code = "malformed"


class Malformed(ApiError):
    """The request cannot be read."""


class KeyMissing(ApiError):
    """A POST without a usable Idempotency-Key."""

    code = "idempotency_key_missing"


class Unauthenticated(ApiError):
    """No key, or none that we know: which of them is not told."""

    status, code = 401, "unauthenticated"

    def __init__(self) -> None:
        super().__init__("send a valid key (Authorization: Bearer KEY), or sign in")


class Forbidden(ApiError):
    """The key is of a role that may not do this."""

    status, code = 403, "forbidden"


class CrossSite(ApiError):
    """A change with the session's cookie that may have come from another site's page."""

    status, code = 403, "cross_site"

    def __init__(self, header: str) -> None:
        super().__init__(f"a change must come from our own pages, with the header {header}: 1; or send a key")


class InFlight(ApiError):
    """The same request is being worked on at this moment."""

    status, code = 409, "in_flight"

    def __init__(self) -> None:
        super().__init__("a request with this Idempotency-Key is being worked on; repeat it in a second")


class Lost(ApiError):
    """An answer to an offer that came to nothing: `why` is its code, `rules` the failed rules."""

    status = 409

    def __init__(self, why: str, rules: Sequence[str] = (), state: str = "") -> None:
        self.code = why
        self.rules = tuple(rules)
        self.state = state
        super().__init__(_LOST.get(why, f"the offer cannot be taken: {why}"))


class Stale(ApiError):
    """It changed since it was read."""

    status, code = 412, "stale"

    def __init__(self, noun: str) -> None:
        super().__init__(f"the {noun} changed since you read it; read it again and send its new ETag")


class TooLarge(ApiError):
    """The body is too large."""

    status, code = 413, "too_large"


class WrongType(ApiError):
    """The body is of a kind that cannot be read."""

    status, code = 415, "wrong_type"


class KeyReused(ApiError):
    """The same Idempotency-Key with another request."""

    status, code = 422, "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__("this Idempotency-Key was used for another request; use a new key for a new request")


class PreconditionRequired(ApiError):
    """A change without the version that it changes."""

    status, code = 428, "if_match_missing"

    def __init__(self) -> None:
        super().__init__("send If-Match with the ETag that you read, so that nobody's change is lost")


class TooMany(ApiError):
    """Over the asker's rate; `retry_after_s` seconds until the next request is answered."""

    status, code = 429, "too_many"

    def __init__(self, limit: str, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(f"this may be asked {limit}; ask again in {retry_after_s} s")


class Overdue(ApiError):
    """No answer in time."""

    status, code = 503, "overdue"

    def __init__(self, deadline_s: float, *, outcome_unknown: bool) -> None:
        self.outcome_unknown = outcome_unknown
        way_out = "repeat it with the same key to learn its outcome" if outcome_unknown else "ask again"
        super().__init__(f"no answer within {deadline_s:g} s; {way_out}")


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


_LOST = {
    "taken": "somebody else was quicker",
    "expired": "the time to answer has passed",
    "declined": "you have declined this offer",
    "withdrawn": "the offer was taken back",
    "already_yours": "you have accepted this offer already",
    "terms_changed": "the terms changed since you saw them; look at the new offer",
    "not_eligible": "you may not take this job at this time",
    "over_budget": "it is more than is left of the job's budget: raise it, or name another one",
    "unfunded": "the client cannot take this on at this time; it was nothing that you did",
    "bundle_broken": "not all jobs of the bundle can be taken, so none was",
    "no_yes_yet": "the technician has not said yes",
}

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
        return Problem(403, "forbidden", str(error))
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
