"""What does a browser get? The faces as they are built in `web/dist`, by the same server and from nowhere else."""

from pathlib import Path
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from dispatch.settings import ApiSettings

#: Where `scripts/web` builds them.
BUILT = Path(__file__).resolve().parents[1] / "web" / "dist"

#: Each with its own page, which answers at every address below its own.
FACES = ("phone", "board", "desk")

#: A file with its hash in its name never changes.
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_FIRST = "no-cache"


def add_faces(app: FastAPI, settings: ApiSettings, folder: Path = BUILT) -> None:
    """Serve the faces below `/`, if they are built; without them the application is the API alone."""
    if not (folder / "index.html").is_file():
        return
    headers = page_headers(settings)
    app.mount("/assets", _packed(_Files(folder / "assets", {"Cache-Control": _FOR_EVER} | _PLAIN)))
    for face in FACES:
        app.add_route(f"/{face}", _to_face, include_in_schema=False)
        app.mount(f"/{face}", _packed(_Face(folder / face, {"Cache-Control": _ASK_FIRST} | headers)))

    def page(_request: Request) -> Response:
        return FileResponse(folder / "index.html", headers={"Cache-Control": _ASK_FIRST} | headers)

    def icon(_request: Request) -> Response:
        return FileResponse(folder / "icon.svg", headers={"Cache-Control": "public, max-age=86400"} | _PLAIN)

    for path in ("/", "/sign-in"):
        app.add_route(path, page, include_in_schema=False)
    app.add_route("/icon.svg", icon, include_in_schema=False)


def page_headers(settings: ApiSettings) -> dict[str, str]:
    """What a page may do: nothing but with our own origin, and with the map's tiles where the operator names some."""
    tiles = f" {_origin(settings.tiles_url)}" if settings.tiles_url else ""
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "font-src": "'self'",
        "img-src": f"'self' blob: data:{tiles}",
        "connect-src": f"'self'{tiles}",
        "worker-src": "'self'",
        "manifest-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "geolocation=(self), camera=(self), microphone=(), payment=()",
    } | _PLAIN


#: An address may hold what signs somebody in: no other site is told it.
_PLAIN = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


class _Files(StaticFiles):
    """Files of a folder, with these headers."""

    def __init__(self, folder: Path, headers: dict[str, str]) -> None:
        super().__init__(directory=folder)
        self._headers = headers

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file as it is; what is not there is the application's 404."""
        answer = await super().get_response(path, scope)
        answer.headers.update(self._headers)
        return answer


class _Face(_Files):
    """A face: its own files, and its page wherever the address names no file."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The page for every address of the face's own, so that each can be opened anew and passed on."""
        is_file = path != "." and "." in path.rsplit("/", 1)[-1]
        return await super().get_response(path if is_file else "index.html", scope)


def _to_face(request: Request) -> Response:
    return RedirectResponse(f"{request.url.path}/")


def _packed(files: _Files) -> GZipMiddleware:
    return GZipMiddleware(files, minimum_size=500)


def _origin(url: str) -> str:
    where = urlsplit(url)
    return f"{where.scheme}://{where.netloc}"
