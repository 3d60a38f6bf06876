"""What can go wrong at the door? The API's own errors, before and around the use cases.

Beside those of `dispatch.errors`; `api/problems.py` says what each is answered with::

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
"""

from collections.abc import Sequence

from dispatch.errors import TruckrollError

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
