"""What only the cleared may read, and who read it."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, Strict, StringConstraints, model_validator

from api.schemas.values import Code, In, Instant, Out, Secret

#: The name of a text: a code, for it stands in events and is seen by everybody on the work.
TextName = Annotated[
    str, Strict(), StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$"), Field(examples=["alarm_code"])
]
DescriptionClass = Literal["offer", "assigned"]


class ClearedTextIn(In):
    """A text under its name; without a text, the one that is kept under it stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "alarm_code", "text": "4471#"}]})
    name: TextName
    text: Secret | None = Field(default=None, description="Empty: as it is kept, by the template, or before a change.")


class ClearedIn(In):
    """Texts that are sealed, and the kinds of credential that a technician must hold, all of them, to read them."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"kinds": ["background_check"], "texts": [{"name": "alarm_code", "text": "4471#"}]}]
        }
    )
    kinds: list[Code] = Field(min_length=1, max_length=10, description="See /v1/credentials.")
    texts: list[ClearedTextIn] = Field(min_length=1, max_length=20)

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        names = [each.name for each in self.texts]
        if len(set(names)) < len(names):
            raise ValueError("give each name once")
        return self


class DisclosureIn(In):
    """From when on a technician reads a free field: when they are asked (`offer`), or once the work is theirs."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"description": "assigned"}]})
    description: DescriptionClass = "offer"


class DisclosureOut(Out):
    """What the client chose."""

    description: DescriptionClass


class ClearedHintOut(Out):
    """That there are cleared texts: under which names, and which kinds of credential it takes to read them."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"kinds": ["background_check"], "names": ["alarm_code"]}]}
    )
    kinds: list[str]
    names: list[str]


class ClearedTextOut(Out):
    """A text in plain words."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "alarm_code", "text": "4471#"}]})
    name: str
    text: str


class ClearedOut(Out):
    """The cleared texts of a job. That you read them was recorded."""

    job_id: UUID
    texts: list[ClearedTextOut]


class ClearedReadingOut(Out):
    """Somebody read cleared texts: who, of which job, which, when."""

    id: UUID
    job_id: UUID
    actor_kind: str
    actor_id: UUID | None
    names: list[str]
    at: Instant
