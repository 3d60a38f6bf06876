"""Endpoints that hear of what happens, and what was delivered to them."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, Strict, StringConstraints, model_validator

from api.schemas.values import In, Instant, Out, Whole, Yes

_URL = "https://hooks.example.com/truckroll"
Url = Annotated[str, Strict(), StringConstraints(min_length=1, max_length=2000), Field(examples=[_URL])]
Kinds = Annotated[
    list[Annotated[str, Strict(), StringConstraints(min_length=3, max_length=100)]],
    Field(
        max_length=100,
        description="Kinds of events as `subject.kind` or `subject.*`; none: all.",
        examples=[["job.*", "visit.checked_in"]],
    ),
]


class WebhookIn(In):
    """An address of yours that hears what happens from now on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"url": _URL, "kinds": ["job.*", "visit.checked_in"]}]})
    url: Url
    kinds: Kinds = Field(default_factory=list)
    client_id: UUID | None = Field(default=None, description="The operator says of which client; staff: your own.")


class WebhookPatch(In):
    """What is to be different. What waits for a paused endpoint keeps waiting."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"is_paused": True}]})
    url: Url | None = None
    kinds: Kinds | None = None
    is_paused: Yes | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.url is None and self.kinds is None and self.is_paused is None:
            raise ValueError("send url, kinds or is_paused")
        return self


class WebhookOut(Out):
    """An endpoint; never its secret. `after_seq`: what happened up to there was passed on to its deliveries."""

    id: UUID
    client_id: UUID
    url: str
    kinds: list[str]
    state: Literal["active", "paused"]
    paused_why: Literal["asked", "failing", "gone"] | None
    after_seq: int
    num_failures: int = Field(description="Failed tries in a row.")
    failing_since: Instant | None
    is_troubled: bool = Field(description="It failed or was slow of late, and is served apart.")
    next_try_at: Instant | None = Field(description="It is left alone until then.")
    old_secret_until: Instant | None = Field(description="Until then requests are signed with the old secret too.")
    created_at: Instant
    version: int


class WebhookMade(WebhookOut):
    """An endpoint whose secret was just made. This is the one time that it is shown."""

    secret: str | None = Field(description="Empty when the same request is repeated.")


class ReplayIn(In):
    """From where on to tell everything once more."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"after_seq": 1041}]})
    after_seq: Whole = Field(ge=0, le=2**53, description="The last `seq` that you have.")


class ReplayOut(Out):
    """How many changes follow that place, of all kinds."""

    num_frames: int


class PingOut(Out):
    """The test that is on its way: `webhook-id` of its request."""

    event_id: UUID


class DeliveryOut(Out):
    """What became of one event on its way to one endpoint. `about_id`: its job, else its subject."""

    id: UUID
    webhook_id: UUID
    seq: int
    event_id: UUID
    type: str = Field(examples=["job.posted"])
    about_id: UUID
    state: Literal["waiting", "delivered", "failed"]
    num_tries: int
    next_try_at: Instant | None
    tried_at: Instant | None
    last_status: int | None
    last_code: str | None = Field(
        description="`ok`, `http_500`, `redirected`, `timed_out`, `unreachable`, `cut_off`, `bad_answer`, `tls_failed`,"
        " `not_resolved`, `address_forbidden`"
    )
    last_ms: int | None
    created_at: Instant
