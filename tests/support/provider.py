"""A small real OpenID provider on a port of its own: codes used once, PKCE checked, ID tokens signed.

It asks nobody anything: whoever comes is `email`. What it does wrong can be chosen, as a bad one would.
"""

import base64
import hashlib
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse
from joserfc import jwt
from joserfc.jwk import ECKey
from streaming import serving

CLIENT, SECRET = "truckroll", "a secret of both: +/%"


@dataclass
class OpenIdProvider:
    """Who comes, what the tokens say beside that, and what it knows of codes."""

    issuer: str = ""
    email: str = "rosa@acme.example"
    verified: Any = True
    claims: dict[str, Any] = field(default_factory=dict)
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "first"}))
    published: ECKey | None = None
    refuses: bool = False
    #: What it sends back instead of the state that it was given.
    state: str | None = None
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    num_exchanged: int = 0

    def visited(self, url: str) -> str:
        """A browser goes where it was sent: where the provider sends it back."""
        answer = httpx2.get(url, follow_redirects=False, trust_env=False)
        assert answer.status_code == 302, answer.text
        return str(answer.headers["location"])

    def authorize(self, asked: dict[str, str]) -> str:
        """What the person is sent back with."""
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert "openid" in asked["scope"].split()
        assert asked["code_challenge_method"] == "S256"
        state = {"state": self.state or asked["state"]}
        if self.refuses:
            return f"{asked['redirect_uri']}?{urlencode({'error': 'access_denied'} | state)}"
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code} | state)}"

    def exchange(self, sent: dict[str, str], authorization: str) -> dict[str, str] | None:
        """The tokens for a code, or None: as RFC 6749 and 7636 say."""
        pair = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        told = tuple(parse_qs(f"a={part}")["a"][0] for part in pair.split(":"))
        asked = self.codes.pop(sent.get("code", ""), None)
        if asked is None or told != (CLIENT, SECRET) or sent.get("redirect_uri") != asked["redirect_uri"]:
            return None
        digest = hashlib.sha256(sent["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return None
        self.num_exchanged += 1
        return {"access_token": "none", "token_type": "Bearer", "id_token": self._id_token(asked["nonce"])}

    def _id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": "248289761001",
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            "email": self.email,
            "email_verified": self.verified,
        } | self.claims
        header = {"alg": "ES256", "kid": self.key.kid}
        return jwt.encode(header, {name: value for name, value in claims.items() if value is not None}, self.key)


@contextmanager
def running_provider() -> Iterator[OpenIdProvider]:
    """One that serves until the block ends."""
    own, app = OpenIdProvider(), FastAPI()

    @app.get("/.well-known/openid-configuration")
    def configuration() -> dict[str, str]:
        paths = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "jwks"}
        return {"issuer": own.issuer} | {name: f"{own.issuer}/{path}" for name, path in paths.items()}

    @app.get("/authorize")
    def authorize(request: Request) -> RedirectResponse:
        return RedirectResponse(own.authorize(dict(request.query_params)), 302)

    @app.post("/token")
    async def token(request: Request) -> JSONResponse:
        sent = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        found = own.exchange(sent, request.headers.get("Authorization", ""))
        return JSONResponse(found or {"error": "invalid_grant"}, 200 if found else 400)

    @app.get("/jwks")
    def jwks() -> dict[str, Any]:
        return {"keys": [(own.published or own.key).as_dict(private=False)]}

    with serving(app) as own.issuer:
        yield own


def query_of(url: str) -> dict[str, str]:
    """The parameters of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
