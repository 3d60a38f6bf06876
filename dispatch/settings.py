"""What did the person who starts a process set?

Read once, at a process's entry, by `read_settings`; everything below gets the values as arguments. Each concern is a
small class that a function may name as what it needs; `Settings` is all of them together.
"""

from __future__ import annotations

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from dispatch.errors import BadInput

_PREFIX = "TRUCKROLL_"
_CONFIG = SettingsConfigDict(env_prefix=_PREFIX, env_ignore_empty=True, frozen=True, extra="ignore")
_DATABASE_DRIVER = "postgresql+psycopg2://"
_REDIS_SCHEMES = ("redis://", "rediss://", "unix://")


def read_settings() -> Settings:
    """Read the environment.

    Raises
    ------
    BadInput
        A variable has a value that cannot be used; named as the variable, never as the Python field.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = _PREFIX + "_".join(str(part) for part in first["loc"]).upper()
        raise BadInput(name, _without_login(first.get("input")), first["msg"].removeprefix("Value error, ")) from error


def with_driver(database_url: str) -> str:
    """Name the driver in a PostgreSQL URL: SQLAlchemy 2.1 takes a plain one for psycopg 3, which is not what we use."""
    scheme, separator, rest = database_url.partition("://")
    if separator and scheme in ("postgresql", "postgres", "postgresql+psycopg2"):
        return _DATABASE_DRIVER + rest
    raise ValueError("write it as postgresql://USER@HOST/DATABASE")


def without_driver(database_url: str) -> str:
    """Return the URL as psycopg2 itself, psql and a person take it."""
    return database_url.replace(_DATABASE_DRIVER, "postgresql://", 1)


def _without_login(value: object) -> str:
    return re.sub(r"//[^/]*@", "//…@", str(value))


class ServiceSettings(BaseSettings):
    """Where the record and the bell are; what is not set is started privately, with its data in `data_dir`."""

    model_config = _CONFIG

    #: Login role's URL, with the driver named. None: a private PostgreSQL.
    database_url: str | None = Field(default=None, repr=False)
    #: None: a private Valkey.
    redis_url: str | None = Field(default=None, repr=False)
    #: What sealed texts are sealed with, `ID:BASE64` newest first; None: the file `data.keys` of the data.
    data_keys: str | None = Field(default=None, repr=False)
    #: Absolute; one folder is one private record.
    data_dir: Path = Field(default=Path(".truckroll"), validate_default=True)

    @field_validator("database_url")
    @classmethod
    def _names_its_driver(cls, value: str | None) -> str | None:
        return None if value is None else with_driver(value)

    @field_validator("redis_url")
    @classmethod
    def _is_a_redis_url(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(_REDIS_SCHEMES):
            raise ValueError("write it as redis://HOST:PORT/0, rediss:// or unix:///PATH")
        return value

    @field_validator("data_dir")
    @classmethod
    def _is_absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()


class ApiSettings(BaseSettings):
    """How the HTTP process answers, and what it tells a map to load."""

    model_config = _CONFIG

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    #: Base map's tile template, ``https://…/{z}/{x}/{y}.png``; None: the map that ships with Truckroll.
    tiles_url: str | None = None
    #: Who made those tiles, as whoever serves them asks to be named, ``© OpenStreetMap contributors``.
    tiles_credit: str | None = None
    #: How often a key may ask; a gateway speaks for many.
    requests_a_minute: int = Field(default=6_000, ge=1, le=100_000_000)
    gateway_requests_a_minute: int = Field(default=600_000, ge=1, le=100_000_000)


class FileSettings(BaseSettings):
    """Where photos, signatures and documents are kept."""

    model_config = _CONFIG

    #: `s3://bucket/prefix`, `gs://…`, `az://…`, `file:///folder`; None: the folder `files` of the data.
    files_url: str | None = Field(default=None, repr=False)


class ScreeningSettings(BaseSettings):
    """Who screens technicians, and the secret that orders and answers are signed with."""

    model_config = _CONFIG

    screening_vendor: str = "local"
    screening_url: str | None = None
    screening_secret: str | None = Field(default=None, repr=False)


class WebhookSettings(BaseSettings):
    """Whom webhooks may call beside the public internet."""

    model_config = _CONFIG

    #: Networks of a private installation, ``10.1.0.0/16, 127.0.0.0/8``: there http and any port may be called.
    webhook_allow: str = ""

    @field_validator("webhook_allow")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        for part in filter(None, map(str.strip, value.split(","))):
            try:
                ip_network(part)
            except ValueError as error:
                raise ValueError(f"write networks with commas between, such as 10.1.0.0/16: {error}") from error
        return value


class RecordSettings(BaseSettings):
    """How long the record keeps what can be asked for again elsewhere."""

    model_config = _CONFIG

    #: Days for which the board's log goes back: who was away for longer takes a new snapshot, and a webhook that was
    #: paused for longer misses what came before. The events themselves stay.
    board_kept_days: int = Field(default=30, ge=1, le=3_650)
    #: Days for which it is known where somebody was, on the way to a visit and at it; then only that they were there.
    positions_kept_days: int = Field(default=30, ge=1, le=3_650)
    #: Days for which an answer is kept for who sends the same request again; later it is a new one. As long as a
    #: telephone may lie in a drawer with something unsent.
    replies_kept_days: int = Field(default=30, ge=1, le=3_650)


class RoadSettings(BaseSettings):
    """Who knows the roads; with neither, travel is estimated from the great circle."""

    model_config = _CONFIG

    osrm_url: str | None = None
    valhalla_url: str | None = None


class MessageSettings(BaseSettings):
    """By which carriers messages leave; a way that is not set is written to `outbox.jsonl` in the data directory."""

    model_config = _CONFIG

    #: Mail server, its port and how the connection is secured: `starttls`, `tls` from the start, or `none`.
    smtp_host: str | None = None
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str | None = None
    smtp_password: str | None = Field(default=None, repr=False)
    #: Address and name that mails come from.
    mail_from: str = "truckroll@localhost"
    mail_name: str = "Truckroll"
    #: The domain whose mail to `relay+CODE@` comes back by `POST /v1/gateway/mail`, and the number texts come back to.
    relay_domain: str | None = None
    relay_number: str | None = None
    #: Gateways that take JSON over HTTP, and the secrets that requests are signed with.
    sms_url: str | None = None
    sms_secret: str | None = Field(default=None, repr=False)
    voice_url: str | None = None
    voice_secret: str | None = Field(default=None, repr=False)
    #: VAPID's private key, base64; the push services' people write to `mail_from`.
    push_private_key: str | None = Field(default=None, repr=False)

    @field_validator("mail_from")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if not re.fullmatch(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]+", value, re.ASCII):
            raise ValueError("write it as name@example.org")
        return value

    @field_validator("sms_url", "voice_url")
    @classmethod
    def _is_http(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("https://", "http://")):
            raise ValueError("write it as https://…")
        return value

    @field_validator("sms_secret", "voice_secret")
    @classmethod
    def _is_long(cls, value: str | None) -> str | None:
        if value is not None and len(value) < 16:
            raise ValueError("take at least 16 characters")
        return value


class MoneySettings(BaseSettings):
    """Who moves money to banks; without a provider, payouts are written to `payouts.jsonl` in the data directory."""

    model_config = _CONFIG

    #: Years after the one of somebody's last payment for which their name and tax form are kept though they were
    #: erased: the tax law asks payers for it (26 CFR 1.6001-1, 31.6001-1).
    tax_kept_years: int = Field(default=4, ge=0, le=20)
    #: Where a provider takes orders (`POST {url}/payouts`), and what it knows us by.
    payout_url: str | None = None
    payout_key: str | None = Field(default=None, repr=False)
    #: What a provider's callbacks are signed with.
    payout_secret: str | None = Field(default=None, repr=False)

    @model_validator(mode="after")
    def _is_a_whole_provider(self) -> Self:
        if self.payout_url and not self.payout_url.startswith(("https://", "http://")):
            raise ValueError("payout_url: write it as https://…")
        if self.payout_url and not (self.payout_key and self.payout_secret):
            raise ValueError("payout_url: a provider needs payout_key and payout_secret too")
        return self

    @field_validator("payout_secret")
    @classmethod
    def _is_long_enough(cls, value: str | None) -> str | None:
        if value is not None and len(value) < 16:
            raise ValueError("take at least 16 characters")
        return value


class PackSettings(BaseSettings):
    """Which rules of law and habit hold here beside those that ship."""

    model_config = _CONFIG

    #: A folder of packs of limits, one version a TOML file, that join the shipped ones; None: only those.
    packs_dir: Path | None = None

    @field_validator("packs_dir")
    @classmethod
    def _is_a_folder(cls, value: Path | None) -> Path | None:
        folder = None if value is None else value.expanduser().absolute()
        if folder is not None and not folder.is_dir():
            raise ValueError("name a folder that is there, with packs of limits in it: *.toml")
        return folder


class AuditSettings(BaseSettings):
    """What bundles of the history are signed with."""

    model_config = _CONFIG

    #: Ed25519's private key, 64 hexadecimal digits; None: with private services one is made and kept with the data.
    audit_key: str | None = Field(default=None, repr=False)

    @field_validator("audit_key")
    @classmethod
    def _is_a_key(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[0-9a-fA-F]{64}", value):
            raise ValueError("write it as 64 hexadecimal digits")
        return value


class SignInSettings(BaseSettings):
    """How people sign in, and for how long."""

    model_config = _CONFIG

    #: Where browsers find this installation, ``https://dispatch.example.org``; None: `host` and `port`.
    public_url: str | None = None
    #: Minutes for which a link of a mail can be opened.
    link_min: int = Field(default=30, ge=5, le=1_440)
    #: A session ends unless it is used within these hours, and after so many days however much it is used.
    staff_idle_h: int = Field(default=72, ge=1, le=8_760)
    staff_session_days: int = Field(default=30, ge=1, le=366)
    technician_idle_h: int = Field(default=720, ge=1, le=8_760)
    technician_session_days: int = Field(default=180, ge=1, le=366)
    #: Tries to sign in from one origin a minute; for one address in a quarter of an hour, links and passwords apart.
    sign_ins_a_minute: int = Field(default=60, ge=1, le=1_000_000)
    sign_ins_an_address: int = Field(default=10, ge=1, le=1_000_000)
    #: An OpenID provider, by its issuer: people of it are known by their verified address.
    oidc_issuer: str | None = None
    oidc_client_id: str | None = None
    oidc_client_secret: str | None = Field(default=None, repr=False)
    #: What its button says.
    oidc_name: str = "Single sign-on"

    @field_validator("public_url", "oidc_issuer")
    @classmethod
    def _is_an_origin(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", value, re.ASCII):
            raise ValueError("write it as https://dispatch.example.org")
        return None if value is None else value.rstrip("/")


class Settings(
    ServiceSettings,
    ApiSettings,
    SignInSettings,
    FileSettings,
    RecordSettings,
    MessageSettings,
    MoneySettings,
    ScreeningSettings,
    WebhookSettings,
    RoadSettings,
    PackSettings,
    AuditSettings,
):
    """All of them."""

    @property
    def base_url(self) -> str:
        """Where browsers find this installation."""
        return self.public_url or f"http://{self.host}:{self.port}"
