"""What each client of the guard world keeps as evidence: a file, a part, a checklist, a proof, a request."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from dispatch.record import tables as t


def evidence(id_of: Callable[[str], UUID], name: str, asked: str, now: datetime) -> list[Any]:
    """One row of each table, of the client's job and visit."""
    own: dict[str, Any] = {"client_id": id_of(name), "job_id": id_of(f"{name}.job"), "visit_id": id_of(f"{name}.visit")}
    file = t.FileRow(
        id=id_of(f"{name}.file"),
        site_id=id_of(f"{name}.site"),
        technician_id=id_of(asked),
        kind="photo",
        content_type="image/jpeg",
        num_bytes=1000,
        sha256="0" * 64,
        width=40,
        height=30,
        claimed_taken_at=now,
        received_at=now,
        uploaded_by_kind="technician",
        uploaded_by=id_of(asked),
        **own,
    )
    part = t.PartRow(
        id=id_of(f"{name}.part"), item="Blower motor", label_file_id=file.id, received_at=now, created_at=now, **own
    )
    template = t.DeliverableTemplateRow(
        id=id_of(f"{name}.template"), client_id=id_of(name), job_type="repair", version=1, items=[], made_at=now
    )
    handed_in = t.DeliverableRow(
        id=id_of(f"{name}.deliverable"),
        item="before",
        kind="photo",
        file_id=file.id,
        caption="The unit before",
        number=1.5,
        handed_in_at=now,
        handed_in_by_kind="technician",
        **own,
    )
    request = t.SiteRequestRow(
        id=id_of(f"{name}.request"),
        technician_id=id_of(asked),
        kind="more_time",
        minutes=30,
        item="Belt",
        quantity=1,
        skill="hdd",
        rule="stop_paid_to_cap",
        made_at=now,
        answer_by=now + timedelta(minutes=15),
        granted_minutes=30,
        granted_amount=Decimal("20.00"),
        part_id=part.id,
        slot_id=id_of(f"{name}.slot"),
        **own,
    )
    return [file, part, template, handed_in, request]
