"""Where does a person read the API's description? A page of our own at `/v1/docs`: it loads nothing from anywhere."""

import gzip
from base64 import b64encode
from functools import lru_cache
from hashlib import sha256

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from api.docpage import STYLE, page_of

_STYLE_HASH = b64encode(sha256(STYLE.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
}


def add_docs(app: FastAPI) -> None:
    """Serve the page, made when it is first asked for."""

    @lru_cache(maxsize=1)
    def made() -> tuple[bytes, bytes]:
        page = page_of(app.openapi()).encode()
        return page, gzip.compress(page)

    def docs(request: Request) -> Response:
        plain, packed = made()
        is_packed = "gzip" in request.headers.get("Accept-Encoding", "")
        headers = _HEADERS | ({"Content-Encoding": "gzip"} if is_packed else {})
        return Response(packed if is_packed else plain, headers=headers, media_type="text/html")

    app.add_route("/v1/docs", docs, include_in_schema=False)
