"""How a technician works for a client, and the client's answers to the checklists of classification."""

from typing import Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, model_validator

from api.schemas.usage import NOTE
from api.schemas.values import Code, In, Instant, Out, Words

EngagedAs = Literal["contractor", "w2", "company"]
Answer = Literal["yes", "no", "unsure"]

_ANSWERS: dict[str, JsonValue] = {
    "us-irs-common-law": {"tools": {"answer": "yes", "evidence": "Own van and meters, seen on 12 May"}}
}


class AnswerIn(In):
    """An answer and what it rests on."""

    answer: Answer
    evidence: Words = ""


class EngagementPatch(In):
    """How they work for you, answers to checklists by pack and question, or both; other answers stay."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"engaged_as": "contractor", "answers": _ANSWERS}]})
    engaged_as: EngagedAs | None = None
    answers: dict[Code, dict[Code, AnswerIn]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.engaged_as is None and not self.answers:
            raise ValueError("send engaged_as, answers, or both")
        return self


class QuestionOut(Out):
    """A question with the client's answer, if there is one: whose, when, and what it rests on."""

    code: Code
    group: Code
    words: str
    answer: Answer | None = None
    evidence: str = ""
    owner_id: UUID | None = None
    answered_at: Instant | None = None


class FlagOut(Out):
    """Something that an answer brings with it."""

    code: Code
    text: str


class AnsweredChecklist(Out):
    """A checklist as it is answered: `open` have no sure answer, `employee` speak of an employee."""

    pack: Code
    version: int
    title: str
    source: str
    guidance: str
    guidance_es: str = Field(description="The same in Spanish; empty where nobody wrote it.")
    concerns: bool = Field(description="Whether it is about who works for you in this way.")
    questions: list[QuestionOut]
    open: list[Code]
    employee: list[Code]
    flags: list[FlagOut]


class EngagementOut(Out):
    """How a technician works for the reader's client. It decides nothing by itself."""

    technician_id: UUID
    client_id: UUID
    engaged_as: EngagedAs
    must_choose: bool = Field(
        description="They left the company through which they worked for you: choose how they work first."
    )
    checklists: list[AnsweredChecklist]
    note: str = NOTE
