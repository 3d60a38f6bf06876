"""What does a stream tell, and who reads it? The seam between the readers and the wire."""

from dataclasses import dataclass
from typing import Protocol

from fastapi.sse import format_sse_event
from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class Told:
    """One event: its name, its document, and the place after it, where one may go on. Without document: the place.

    `packed` is all of it, as it goes over the wire, where many are told the same.
    """

    event: str
    data: BaseModel | None = None
    id: str | None = None
    packed: bytes | None = None


def pack(event: str, data: BaseModel, place: str | None) -> bytes:
    """An event as it goes over the wire."""
    return format_sse_event(data_str=data.model_dump_json(), event=event, id=place)


class Reader(Protocol):
    """Reads what is new for one stream; called in a thread, never twice at once."""

    @property
    def has_more(self) -> bool:
        """The last batch was cut: read on at once."""

    def read(self) -> list[Told]:
        """What is new since the last call; a call that raises may be repeated, and then skips nothing."""
