"""What does the OpenID provider say who it is? Authorization code with PKCE, a state and a nonce; the ID token checked.

People are known by the address that the provider says it has verified; a provider that does not say so lets nobody in.
Its own document is read again after an hour, and its keys when a token names one that is not known.
Source: OpenID Connect Core 1.0, sections 3.1.2 and 3.1.3; RFC 7636.
"""

import base64
import json
import logging
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx2
from authlib.common.security import generate_token
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from dispatch.errors import NotSignedIn

_log = logging.getLogger(__name__)

#: Never `none`, and no secret that both sides share.
_ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
#: Seconds: for each step with the provider, by which clocks may differ, for which its document is believed.
_TIMEOUT_S = 2.0
_LEEWAY_S = 60
_BELIEVED_S = 3_600.0
_MAX_ANSWER_BYTES = 256_000


@dataclass(frozen=True, slots=True)
class Visit:
    """What is compared when somebody comes back from the provider: `state` by the browser, the others by us."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(slots=True)
class Provider:
    """One provider, and what was read of it."""

    issuer: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    _metadata: dict[str, Any] = field(default_factory=dict, repr=False)
    _read_at: float = field(default=0.0, repr=False)
    _keys: KeySet | None = field(default=None, repr=False)

    def begin(self, redirect_uri: str) -> tuple[str, Visit]:
        """The provider's address to send somebody to, and what to remember of them.

        Raises
        ------
        NotSignedIn
            The provider does not answer.
        """
        visit = Visit(generate_token(43), generate_token(43), generate_token(64))
        url: str = prepare_grant_uri(
            self._endpoint("authorization_endpoint"),
            self.client_id,
            "code",
            redirect_uri=redirect_uri,
            scope="openid email",
            state=visit.state,
            nonce=visit.nonce,
            code_challenge=create_s256_code_challenge(visit.verifier),  # type: ignore[no-untyped-call]
            code_challenge_method="S256",
        )
        return url, visit

    def finish(self, code: str, redirect_uri: str, *, nonce: str, verifier: str) -> str:
        """The address that the provider vouches for.

        Raises
        ------
        NotSignedIn
            The provider does not answer, or what it answers proves nothing.
        """
        tokens = self._exchange(code, redirect_uri, verifier)
        claims = self._claims(str(tokens.get("id_token", "")), nonce)
        email = claims.get("email")
        if not isinstance(email, str) or claims.get("email_verified") is not True:
            raise NotSignedIn("oidc_unverified")
        return email

    def _exchange(self, code: str, redirect_uri: str, verifier: str) -> dict[str, Any]:
        more: dict[str, str] = {"code": code, "code_verifier": verifier}
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        if self.client_secret is None:
            more["client_id"] = self.client_id
        else:
            pair = f"{quote(self.client_id, safe='')}:{quote(self.client_secret, safe='')}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        body: str = prepare_token_request("authorization_code", redirect_uri=redirect_uri, **more)
        return _asked("POST", self._endpoint("token_endpoint"), content=body.encode(), headers=headers)

    def _claims(self, id_token: str, nonce: str) -> dict[str, Any]:
        try:
            token = self._decoded(id_token)
            claims = CodeIDToken(
                token.claims,
                token.header,
                {"iss": {"essential": True, "value": self._metadata["issuer"]}, "aud": {"value": self.client_id}},
                {"nonce": nonce, "client_id": self.client_id},
            )
            claims.validate(leeway=_LEEWAY_S)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            _log.warning("an ID token proves nothing: %s", type(error).__name__)
            raise NotSignedIn("oidc_failed") from error
        return dict(claims)

    def _decoded(self, id_token: str) -> jwt.Token:
        """By the keys that are known; by newly read ones where these do not do."""
        if self._keys is not None:
            try:
                return jwt.decode(id_token, self._keys, algorithms=_ALGORITHMS)
            except (JoseError, ValueError) as error:
                _log.info("the provider's keys are read again: %s", type(error).__name__)
        self._keys = KeySet.import_key_set(_asked("GET", self._endpoint("jwks_uri")))  # type: ignore[arg-type]
        return jwt.decode(id_token, self._keys, algorithms=_ALGORITHMS)

    def _endpoint(self, name: str) -> str:
        if time.monotonic() - self._read_at > _BELIEVED_S or not self._metadata:
            found = _asked("GET", f"{self.issuer}/.well-known/openid-configuration")
            if str(found.get("issuer", "")).rstrip("/") != self.issuer:
                _log.warning("the document of %s is another issuer's", self.issuer)
                raise NotSignedIn("oidc_failed")
            self._metadata, self._read_at = found, time.monotonic()
        url = str(self._metadata.get(name, ""))
        if not url.startswith(("https://",) if self.issuer.startswith("https://") else ("https://", "http://")):
            raise NotSignedIn("oidc_failed")
        return url


def _asked(method: str, url: str, **more: Any) -> dict[str, Any]:
    """One answer of the provider, as a JSON object, in time and without following anybody elsewhere."""
    try:
        with (
            httpx2.Client(timeout=_TIMEOUT_S, follow_redirects=False, trust_env=False) as client,
            client.stream(method, url, **more) as response,
        ):
            answer = b""
            for part in response.iter_bytes():
                answer += part
                if len(answer) > _MAX_ANSWER_BYTES:
                    break
        found = json.loads(answer)
    except (httpx2.HTTPError, ValueError) as error:
        _log.warning("the OpenID provider did not answer as it should: %s", type(error).__name__)
        raise NotSignedIn("oidc_away") from error
    if response.status_code != 200 or not isinstance(found, dict):
        _log.warning("the OpenID provider answered %d", response.status_code)
        raise NotSignedIn("oidc_failed")
    return found
