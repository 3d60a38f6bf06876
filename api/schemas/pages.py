"""What does a list look like? Its items, and where to go on."""

from typing import Generic, TypeVar

from pydantic import Field

from api.schemas.values import Out

T = TypeVar("T")


class PageOf(Out, Generic[T]):
    """One page of a list, newest first."""

    items: list[T]
    next: str | None = Field(description="Send it as `cursor` to get the next page; null on the last.")
