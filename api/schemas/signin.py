"""How do people sign in, and who are they then?"""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from api.schemas.values import In, Instant, Out

PersonRole = Literal["operator", "client_admin", "requester", "dispatcher", "technician"]
AnyRole = Literal["operator", "client_admin", "requester", "dispatcher", "technician", "company", "gateway"]
Method = Literal["link", "password", "oidc"]

Email = Annotated[str, StringConstraints(min_length=3, max_length=254)]
Token = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{20,100}$")]
Password = Annotated[str, StringConstraints(min_length=1, max_length=1_000)]

_ID = "0197b0de-0000-7000-8000-000000000001"
_TOKEN = "0kq6Yl0nTJbGFyZ1o8rjzJm1S2cVxWb3dEfGhIjKlMn"


class LinkAsk(In):
    """Who wants a link."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"email": "anna@example.org"}]})
    email: Email


class LinkAgain(In):
    """A link that is over: another goes to where it went."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"token": _TOKEN}]})
    token: Token


class LinkAsked(Out):
    """The same for every address: if somebody has it, the mail is on its way."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"lasts_min": 30}]})
    lasts_min: int = Field(description="Minutes for which the link can be opened, once it is there.")


class LinkOpen(In):
    """What stands behind `#token=` in the link."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"token": _TOKEN, "identity_id": None}]})
    token: Token
    identity_id: UUID | None = Field(
        default=None, description="As whom, of those who have the address; else the first."
    )


class PasswordSignIn(In):
    """An address and its password."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": "anna@example.org", "password": "correct horse battery"}]}
    )
    email: Email
    password: Password
    identity_id: UUID | None = Field(
        default=None, description="As whom, of those who have the address; else the first."
    )


class IdentityChoice(In):
    """As whom to go on, of `others` in `/v1/me`."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"identity_id": _ID}]})
    identity_id: UUID


class PasswordIn(In):
    """A new password for the address that is signed in with."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"password": "correct horse battery", "current": None}]})
    password: Password = Field(description="12 to 200 characters.")
    current: Password | None = Field(
        default=None, description="The old one. Not needed within 15 minutes of signing in by link or provider."
    )


class WayOut(Out):
    """An OpenID provider's button."""

    name: str
    href: str = Field(description="Where the browser goes; add `?next=/path` to come back there.")


class WaysOut(Out):
    """How one can sign in here."""

    link: Literal[True]
    password: Literal[True]
    oidc: WayOut | None


class IdentityOut(Out):
    """Somebody of a client, of the operator, or of the network."""

    id: UUID
    role: PersonRole
    name: str
    client_id: UUID | None
    client_name: str | None


class SessionOut(Out):
    """Somebody at a device."""

    id: UUID
    method: Method
    device: str = Field(description="What the browser said of itself.")
    is_current: bool = Field(description="The one that asks.")
    opened_at: Instant
    seen_at: Instant
    idle_until_at: Instant = Field(description="It ends then unless it is used before.")
    expires_at: Instant = Field(description="It ends then, however much it is used.")


class SessionList(Out):
    """Where you are signed in, the last used first."""

    items: list[SessionOut]


class MeOut(Out):
    """Who asks, and what may they do?"""

    role: AnyRole
    id: UUID | None = Field(description="The person's; empty for a key that speaks for nobody in particular.")
    name: str | None
    email: str | None = Field(description="The address that was signed in with; empty for a key.")
    client_id: UUID | None
    client_name: str | None
    technician_id: UUID | None
    company_id: UUID | None
    language: str
    time_zone: str | None = Field(description="Empty: they never said; show times in the browser's zone.")
    has_password: bool
    may_set_password: bool = Field(description="Without the old one, for a quarter of an hour after a link.")
    session: SessionOut | None = Field(description="Empty for a key.")
    others: list[IdentityOut] = Field(description="Others who have the address: see `POST /v1/sign-in/switch`.")
    may: list[str] = Field(description="Operations (`operationId`) that this role may call.")
