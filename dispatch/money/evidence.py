"""What may prove what a side says about pay? Kept files of the job that whoever names them can open."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from dispatch.errors import BadInput
from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow, FileRow, PaymentRow

#: As row-level security shows files to technicians and companies: to those who have or had the work.
_HAD_THE_WORK = ("live", "finished")


def check_files(session: Session, actor: Actor, payment: PaymentRow, files: Sequence[UUID], field: str) -> None:
    """Whether these files may be named as evidence or receipt; each is held, so that none is erased before the commit.

    Runs as the engine. `field` as the sender wrote it; of a list, the file's place in it is named. The other side opens
    them as it opens every file of the job, and whoever decides, as the operator's staff open all.

    Raises
    ------
    BadInput
        When one is no file of the payment's job that the actor may open, was erased, or is named twice.
    """
    kept = _kept(session, actor, payment, files) if files else {}
    for num, file_id in enumerate(files):
        place = f"{field}[{num}]" if field.endswith("files") else field
        if file_id not in kept:
            raise BadInput(
                place, file_id, f"send it as a file of this job first (POST /v1/files?job_id={payment.job_id})"
            )
        if kept[file_id].erased_at is not None:
            raise BadInput(place, file_id, "name one that is still kept: this one was erased")
        if file_id in files[:num]:
            raise BadInput(place, file_id, "name each file once")


def _kept(session: Session, actor: Actor, payment: PaymentRow, files: Sequence[UUID]) -> dict[UUID, FileRow]:
    wanted = select(FileRow).where(FileRow.id.in_(files), FileRow.job_id == payment.job_id)
    if actor.client_id is None:
        mine = (AssignmentRow.job_id == FileRow.job_id) & AssignmentRow.state.in_(_HAD_THE_WORK)
        whose = (
            AssignmentRow.technician_id == actor.technician_id
            if actor.technician_id is not None
            else AssignmentRow.company_id == actor.company_id
        )
        wanted = wanted.where(exists().where(mine, whose))
    held = wanted.order_by(FileRow.id).with_for_update(read=True).execution_options(populate_existing=True)
    return {row.id: row for row in session.scalars(held)}
