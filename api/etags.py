"""Is this still what the asker saw? A version as an entity tag; a change names the version that it changes."""

import re

from starlette.requests import Request

from api.errors import PreconditionRequired, Stale
from dispatch.errors import BadInput

_TAG = re.compile(r'"v(\d{1,9})"')


def etag(version: int) -> str:
    """The entity tag of a version."""
    return f'"v{version}"'


def wanted_version(request: Request, noun: str) -> int:
    """The version that a change is meant for.

    Raises
    ------
    PreconditionRequired
        Without If-Match.
    Stale
        When it names a tag that nothing of ours ever had.
    BadInput
        When it is no entity tag at all.
    """
    header = request.headers.get("If-Match")
    if header is None:
        raise PreconditionRequired
    found = _TAG.fullmatch(header.strip())
    if found:
        return int(found[1])
    if re.fullmatch(r'(W/)?"[^"]*"', header.strip()):
        raise Stale(noun)
    raise BadInput("If-Match", header, 'send the ETag that you read, such as "v3"')


def is_known(request: Request, version: int) -> bool:
    """The asker has this version already: answer 304."""
    tags = [tag.strip().removeprefix("W/") for tag in request.headers.get("If-None-Match", "").split(",")]
    return etag(version) in tags or "*" in tags
