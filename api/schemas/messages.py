"""What is told and said: preferences, notices and their fate, conversations, what comes in from outside."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, StringConstraints

from api.schemas.talent import Clock, QuietHours
from api.schemas.values import In, Instant, Line, Out, Words

Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$"), Field(examples=["es"])]
OwnLanguage = Literal["en", "es"]
Channel = Literal["push", "sms", "mail", "voice"]
Group = Literal["offers", "day", "changes", "money", "messages"]
NoticeState = Literal["queued", "held", "failed", "sent", "given_up", "suppressed", "gathered"]
MessageKind = Literal["message", "correction", "translation"]

_UUID = "01973b2e-7c1a-7000-8000-0000000000e1"
_AT = "2026-11-26T14:10:00Z"
_WISHES: dict[str, JsonValue] = {
    "language": "es", "channels": {"offers": ["push", "sms"], "money": []}, "digest": "daily", "digest_at": "07:30",
}  # fmt: skip


class DeviceOut(Out):
    """A browser that gets pushes; its address is not shown again."""

    id: str
    host: str


class PreferencesOut(Out):
    """How you hear of things. `channels` names groups that you said something about; none at all switches one off."""

    language: OwnLanguage
    channels: dict[Group, list[Channel]] = Field(examples=[{"offers": ["push", "sms"], "money": []}])
    digest: Literal["never", "hourly", "daily"]
    digest_at: str
    quiet: QuietHours | None = Field(description="Of a technician: as in the profile.")
    time_zone: str | None
    phone: str | None
    devices: list[DeviceOut]


class PushOut(Out):
    """What a browser needs to subscribe with; empty: no pushes are sent from here."""

    key: str | None = Field(description="The public half of the operator's VAPID key, base64url.")


class CalendarOut(Out):
    """Since when there is an address at which your work is read as a calendar; empty: there is none."""

    made_at: Instant | None


class CalendarMade(CalendarOut):
    """An address just made. This is the one time that it is shown."""

    url: str | None = Field(description="Empty when the same request is repeated.")


class PreferencesPatch(In):
    """What is named changes. What is urgent comes through whatever is switched off here."""

    model_config = ConfigDict(json_schema_extra={"examples": [_WISHES]})
    language: OwnLanguage | None = None
    channels: dict[Group, Annotated[list[Channel], Field(max_length=4)]] | None = None
    digest: Literal["never", "hourly", "daily"] | None = None
    digest_at: Clock | None = None
    quiet: QuietHours | None = Field(default=None, description="For staff; a technician's stand in the profile.")
    time_zone: Line | None = Field(default=None, description="For staff.", examples=["America/Chicago"])
    phone: Line | None = Field(default=None, description="For staff.", examples=["+13125550142"])


class DeviceIn(In):
    """A browser's subscription to pushes, as it hands it out."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "endpoint": "https://fcm.googleapis.com/fcm/send/abc", "p256dh": "B" * 87, "auth": "A" * 22,
                }
            ]
        }
    )  # fmt: skip
    endpoint: Annotated[str, StringConstraints(min_length=10, max_length=1000)]
    p256dh: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{87}=?$")]
    auth: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{22}={0,2}$")]


class ReaderOut(Out):
    """Who is told."""

    kind: Literal["technician", "staff", "contact", "duty"]
    id: UUID


class NoticeOut(Out):
    """What somebody is told, and what became of it. No address stands here: only by which way."""

    id: UUID
    occasion: str
    reader: ReaderOut
    job_id: UUID | None
    visit_id: UUID | None
    channel: Channel | None = Field(description="The way it went, or is to go next.")
    state: NoticeState
    reason: str | None = Field(description="Why it waits, failed, or was not sent.")
    num_attempts: int
    until_at: Instant | None = Field(description="Until when it waits.")
    sent_at: Instant | None
    made_at: Instant


class NoticeDetail(NoticeOut):
    """A notice in its reader's words."""

    subject: str | None
    text: str | None = Field(description="null: the record has no longer what it would say.")


class AuthorOut(Out):
    """Who wrote. To technicians staff speak as their client."""

    kind: Literal["technician", "staff", "contact", "company", "gateway"]
    id: UUID
    name: str | None


class MessageIn(In):
    """What you say. A correction or a translation names the message that it is about; the original stays."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": "The door is locked, who has the key?", "language": "en"}]}
    )
    text: Words
    language: Language = "en"
    files: list[UUID] = Field(default_factory=list, max_length=10, description="Ids from `POST /v1/files`.")
    kind: MessageKind = "message"
    about_id: UUID | None = None


class PersonMessageIn(MessageIn):
    """What you say to a technician; a technician names the client."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "Are you free on Monday?", "client_id": _UUID}]})
    client_id: UUID | None = Field(default=None, description="For a technician: to whom.")


class MessageOut(Out):
    """What was said, as it was written."""

    id: UUID
    thread_id: UUID
    kind: MessageKind
    about_id: UUID | None
    author: AuthorOut
    text: str
    language: str
    files: list[UUID]
    via: Literal["app", "sms", "mail"]
    sent_at: Instant
    read_by: list[str] = Field(description="Who has read as far: `kind:id`.")


class ThreadOut(Out):
    """A conversation: about a job, or between a client and a technician."""

    id: UUID
    client_id: UUID
    client: str = Field(description="Its name.")
    job_id: UUID | None
    title: str | None = Field(description="Of the job that it is about.")
    time_zone: str | None = Field(description="Of the site of that job.")
    technician_id: UUID | None
    code: str = Field(description="A text that begins with `#` and this code reaches it.")
    num_unread: int
    last_at: Instant | None
    created_at: Instant


class ReadIn(In):
    """How far you have read."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"message_id": _UUID}]})
    message_id: UUID


class ReadOut(Out):
    """Whether that is further than before."""

    moved: bool


class SmsIn(In):
    """A text that came to your number."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"id": "SM-1", "sender": "+14325550147", "to": "+18005550100", "text": "#K7F2QM On my way"}]
        }
    )
    id: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,200}$")] = Field(
        description="The carrier's own id: the same is taken in once."
    )
    sender: Annotated[str, StringConstraints(min_length=3, max_length=40)]
    to: Annotated[str, StringConstraints(max_length=40)] = ""
    text: Annotated[str, StringConstraints(max_length=20_000)]


class MailIn(In):
    """A mail that came to the relay's domain."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "<1@example.org>", "sender": "rosa@example.org", "to": "relay+k7f2qm@relay.example",
                    "text": "The back door is open.",
                }
            ]
        }
    )  # fmt: skip
    id: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,500}$")]
    sender: Annotated[str, StringConstraints(min_length=3, max_length=320)]
    to: Annotated[str, StringConstraints(max_length=1000)]
    text: Annotated[str, StringConstraints(max_length=200_000)]


class TakenOut(Out):
    """What became of it, and what to answer the sender; null: nothing."""

    outcome: str
    reply: str | None
    message_id: UUID | None
