"""What does an error look like? Problem Details (RFC 9457), with our own members."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class FieldError(BaseModel):
    """One value that cannot be used."""

    path: str = Field(description="JSON pointer into the body, `?name` of the query, or a header's name.")
    value: Any = Field(description="What was sent, shortened.")
    message: str
    way_out: str = Field(description="What would be accepted.")


class Problem(BaseModel):
    """What went wrong, and what to do about it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:truckroll:problem:bad_input",
                    "title": "Bad input",
                    "status": 422,
                    "detail": "/window/start_at: write a time with its offset from UTC",
                    "code": "bad_input",
                    "errors": [
                        {
                            "path": "/window/start_at",
                            "value": "2026-11-30T09:00:00",
                            "message": "/window/start_at: cannot be used",
                            "way_out": "write a time with its offset from UTC, such as 2026-11-30T09:00:00-05:00",
                        }
                    ],
                }
            ]
        }
    )
    type: str
    title: str
    status: int
    detail: str
    code: str = Field(description="For programs; never changes its meaning.")
    errors: list[FieldError] | None = Field(default=None, description="On 422: each value that cannot be used.")
    state: str | None = Field(default=None, description="On 409: the state that it is in.")
    wish: str | None = Field(default=None, description="On 409: the move that was asked for.")
    moves: list[str] | None = Field(default=None, description="On 409: the moves that the state allows.")
    rules: list[str] | None = Field(default=None, description="The rules that say no.")
    outcome_unknown: bool | None = Field(
        default=None, description="On 503: it may have been done; repeat it with the same key to learn that."
    )
