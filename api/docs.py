"""Where is the API's description read? At `/v1/docs` by people, at `/v1/openapi.json` by programs.

The page is our own and loads nothing from anywhere.
"""

import gzip
import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from functools import lru_cache
from hashlib import sha256

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.docpage import STYLE, page_of

_STYLE_HASH = b64encode(sha256(STYLE.encode()).digest()).decode()
_PAGE = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def add_docs(app: FastAPI) -> None:
    """Serve both, made when they are first asked for.

    That takes seconds, of a thread beside the one that answers everybody else. The answer begins before it, so that
    the deadline of a request does not end it.
    """
    _serve(app, "/v1/docs", "text/html", _PAGE, lambda: page_of(app.openapi()))
    _serve(app, "/v1/openapi.json", "application/json", {}, lambda: json.dumps(app.openapi(), ensure_ascii=False))


def _serve(app: FastAPI, path: str, media_type: str, headers: dict[str, str], make: Callable[[], str]) -> None:
    @lru_cache(maxsize=1)
    def made() -> tuple[bytes, bytes]:
        text = make().encode()
        return text, gzip.compress(text)

    def answer(request: Request) -> Response:
        is_packed = "gzip" in request.headers.get("Accept-Encoding", "")

        def body() -> Iterator[bytes]:
            yield made()[is_packed]

        kept = {"Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
        packed = {"Content-Encoding": "gzip"} if is_packed else {}
        return StreamingResponse(body(), headers=headers | kept | packed, media_type=media_type)

    app.add_route(path, answer, include_in_schema=False)
