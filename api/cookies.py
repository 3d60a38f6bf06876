"""Which cookie says who is signed in, and may a request with it change anything?

The cookie is out of reach of scripts, and is sent along by whatever page makes the browser ask. So a change must come
from our own pages: the browser itself says so (`Sec-Fetch-Site`, `Origin`), and a header is there that no other
origin's page can send without being allowed to, which nobody is. A request with a key is none of a browser's doing.
"""

from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import CrossSite
from api.parts import parts_of

#: The header that every change with a cookie carries.
HEADER = "Truckroll-Web"
#: Names of the session's cookie: with the prefix browsers keep other hosts from setting it, over https alone.
NAME, SECURE_NAME = "truckroll", "__Host-truckroll"
STATE_NAME, STATE_PATH = "truckroll-oidc", "/v1/sign-in/oidc"

_SAFE = ("GET", "HEAD", "OPTIONS")


def secret_of(request: Request) -> str | None:
    """The session's secret that came along, if one that could be."""
    found = request.cookies.get(_name(request))
    return found if found and len(found) <= 200 else None


def set_session(response: Response, request: Request, secret: str, lasts_s: int) -> None:
    """Have the browser keep the secret."""
    response.set_cookie(
        _name(request), secret, max_age=lasts_s, path="/", secure=is_https(request), httponly=True, samesite="lax"
    )


def clear_session(response: Response, request: Request) -> None:
    """Have the browser forget it."""
    response.delete_cookie(_name(request), path="/", secure=is_https(request), httponly=True, samesite="lax")


def check_same_site(request: Request) -> None:
    """Refuse a change that another site's page may have asked for.

    Raises
    ------
    CrossSite
        Unless the browser says that it is our own page's, and the header is there.
    """
    if request.method in _SAFE:
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    is_ours = site in (None, "same-origin") and (origin is None or _is_own(origin, request))
    if not is_ours or (site is None and origin is None) or request.headers.get(HEADER) != "1":
        raise CrossSite(HEADER)


def is_https(request: Request) -> bool:
    """Whether browsers reach us over https, as the operator says or, where they say nothing, as it came."""
    public = parts_of(request).settings.public_url
    return (public or str(request.base_url)).startswith("https://")


class Private:
    """Middleware: an answer is what it says it is, and what somebody who is signed in was answered is theirs."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on the answer, marked."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        is_somebodys = _has_cookie(scope)

        async def mark(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                # No browser guesses that a text which a person wrote is a page.
                headers.setdefault("X-Content-Type-Options", "nosniff")
                if is_somebodys:
                    headers.add_vary_header("Cookie")
                    headers.setdefault("Cache-Control", "private, no-cache")
            await send(message)

        await self.app(scope, receive, mark)


def _has_cookie(scope: Scope) -> bool:
    return any(name == b"cookie" and NAME.encode() in value for name, value in scope["headers"])


def _name(request: Request) -> str:
    return SECURE_NAME if is_https(request) else NAME


def _is_own(origin: str, request: Request) -> bool:
    """The public address's origin, or that of the host which was asked."""
    public = parts_of(request).settings.public_url
    if public is not None:
        where = urlsplit(public)
        if origin == f"{where.scheme}://{where.netloc}":
            return True
    return origin in {f"{scheme}://{request.headers.get('host', '')}" for scheme in ("http", "https")}
