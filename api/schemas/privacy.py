"""What is asked and told of a person's data: positions, legal holds, erasures."""

from typing import Any, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from api.schemas.values import Code, In, Instant, Out

_ID = "0197a3b2-5a3e-7c40-9d5c-6f7c54d6f7aa"
_HOLD: dict[str, Any] = {"job_id": _ID, "why": "lawsuit", "until": "2028-03-01T18:00:00Z"}


class WhereaboutsOut(Out):
    """Where somebody was, on the way to a visit or at it."""

    technician_id: UUID
    assignment_id: UUID
    lat: float
    lng: float
    accuracy_m: int | None
    at: Instant


class BlockerOut(Out):
    """What keeps somebody from being erased now, how many there are, and until when as it stands."""

    code: Literal[
        "live_work",
        "unpaid_money",
        "money_on_its_way",
        "account_not_even",
        "open_dispute",
        "open_removal",
        "legal_hold",
        "last_admin",
        "last_operator",
        "named_in_ladder",
        "duty_to_come",
        "alarm_taken_on",
        "no_data_keys",
    ]
    num: int
    until: Instant | None


class ErasureOut(Out):
    """A wish to be erased: by when it is decided, what is in the way, how far it is."""

    id: UUID
    technician_id: UUID | None
    staff_id: UUID | None = Field(description="Of the staff: a client's or the operator's.")
    state: Literal["asked", "withdrawn", "refused", "granted", "done"]
    why: str | None = Field(description="Why it was refused: a code.")
    blocked_by: list[BlockerOut] = Field(description="As it stands now, while it is open and not begun.")
    progress: dict[str, int] = Field(description="`person` 1: they are gone; then files and rows that went.")
    asked_at: Instant
    decide_by: Instant
    is_late: bool = Field(description="Neither refused nor done by then: an alarm of the operator's (/v1/trouble).")
    decided_at: Instant | None
    next_at: Instant | None = Field(description="When it is gone on with, or looked at again.")
    done_at: Instant | None
    moves: list[Literal["grant", "refuse", "withdraw"]] = Field(description="What you may do with it now.")


class ErasureMoveIn(In):
    """Why it is refused: a code of your own."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"why": "not_them"}]})
    why: Code | None = Field(default=None, description="Needed to refuse; no names.")


class HoldIn(In):
    """Keep everything about one job, one client, one technician or one of the staff."""

    model_config = ConfigDict(json_schema_extra={"examples": [_HOLD]})
    job_id: UUID | None = None
    client_id: UUID | None = None
    technician_id: UUID | None = None
    staff_id: UUID | None = None
    why: Code = Field(description="A code of your own, such as `lawsuit`; no names.")
    until: Instant | None = Field(default=None, description="Ends by itself then; empty: when it is lifted.")

    @model_validator(mode="after")
    def _about_one(self) -> Self:
        ids = (self.job_id, self.client_id, self.technician_id, self.staff_id)
        if sum(each is not None for each in ids) != 1:
            raise ValueError("name one: job_id, client_id, technician_id or staff_id")
        return self


class HoldOut(Out):
    """A legal hold, and who placed and lifted it."""

    id: UUID
    about: Literal["job", "client", "technician", "staff"]
    job_id: UUID | None
    client_id: UUID | None
    technician_id: UUID | None
    staff_id: UUID | None
    why: str
    until_at: Instant | None
    placed_at: Instant
    placed_by: UUID | None
    lifted_at: Instant | None
    lifted_by: UUID | None
