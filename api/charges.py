"""What is owed for work that ended early? Charges: list, and what a cancellation would cost now."""

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import select

from api.auth import Anyone, StaffReader
from api.paging import Cursor, Limit, page
from api.parts import parts_of, reading
from api.schemas.changes import CancellationPreview, ChargeOut, ChargeSum, OwedOut
from api.schemas.pages import PageOf
from api.schemas.values import Code
from dispatch.record.session import database_now, transaction
from dispatch.record.tables import ChargeRow
from dispatch.visits.cancelling import preview
from dispatch.visits.charging import Owed

router = APIRouter(prefix="/v1", tags=["changes"])


@router.get("/charges", response_model=PageOf[ChargeOut], summary="List charges")
def list_charges(
    request: Request,
    actor: Anyone,
    response: Response,
    job_id: Annotated[UUID | None, Query(description="Only of this job.")] = None,
    assignment_id: Annotated[UUID | None, Query(description="Only of this assignment.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageOf[ChargeOut]:
    """What a client owes, or is owed to a technician or a company's workers, for early ends; newest first."""
    asked = {ChargeRow.job_id: job_id, ChargeRow.assignment_id: assignment_id}
    wanted = select(ChargeRow).where(*(column == value for column, value in asked.items() if value is not None))
    with reading(request, actor) as session:
        found = page(session, request, wanted, ChargeRow.id, limit=limit, cursor=cursor)
    response.headers.update(found.headers)
    return PageOf(items=[ChargeOut.model_validate(row[0]) for row in found.rows], next=found.next)


@router.get("/jobs/{job_id}/cancellation", response_model=CancellationPreview, summary="See what cancelling costs")
def preview_cancellation(
    request: Request,
    actor: StaffReader,
    job_id: UUID,
    why: Annotated[Code, Query(description="The reason that would be given.", examples=["customer_closed"])] = "other",
) -> CancellationPreview:
    """What it would cost to cancel at this moment; changes nothing."""
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        now = database_now(session)
        owed = preview(session, actor, job_id, why, now=now)
    charges = [charge for each in owed for charge in each.charges]
    return CancellationPreview(
        job_id=job_id,
        at=now,
        owed=show_owed(owed),
        total=sum((charge.amount for charge in charges), Decimal("0.00")),
        currency=charges[0].currency if charges else None,
    )


def show_owed(owed: list[Owed]) -> list[OwedOut]:
    """What is owed to each technician; those to whom nothing is are told too."""
    return [
        OwedOut(
            assignment_id=each.assignment_id,
            technician_id=each.technician_id,
            charges=[ChargeSum.model_validate(charge) for charge in each.charges],
        )
        for each in owed
    ]
