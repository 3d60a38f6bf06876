"""What is still to be handed in before the work is done?"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Missing
from dispatch.jobs.checklists import Item, items_of
from dispatch.record.tables import DeliverableRow, FileRow, JobRow, VisitRow


@dataclass(frozen=True, slots=True)
class Lacking:
    """An item that is not handed in as often as it must be, or was sent back."""

    item: str
    num_needed: int
    num_given: int
    num_sent_back: int


def lacking(items: Sequence[Item], handed: Sequence[DeliverableRow], completed_visits: Sequence[UUID]) -> list[Lacking]:
    """What is still to be handed in before the job is done, in the checklist's order. Pure.

    Per visit items are needed on every completed visit; of some, fewer than are asked for are enough. Something sent
    back counts until it is replaced, even if the item was not required.
    """
    newest: dict[tuple[str, int], DeliverableRow] = {}
    for row in handed:
        known = newest.get((row.item, row.num))
        if known is None or row.version > known.version:
            newest[row.item, row.num] = row
    found = []
    for item in items:
        rows = [row for row in newest.values() if row.item == item.code]
        good = [row for row in rows if row.state != "sent_back"]
        num_sent_back = len(rows) - len(good)
        counts = [sum(row.visit_id == visit for row in good) for visit in completed_visits]
        given = counts if item.per == "visit" else [len(good)]
        needed = item.enough or item.min_count
        short = max((needed - each for each in given), default=0) if item.is_required else 0
        if short > 0 or num_sent_back:
            fewest = min(given, default=len(good))
            found.append(Lacking(item.code, needed, fewest, num_sent_back))
    return found


def completed(session: Session, job_id: UUID) -> list[UUID]:
    """The job's visits that ended with the work complete."""
    rows = session.scalars(
        select(VisitRow.id).where(VisitRow.job_id == job_id, VisitRow.outcome == "complete").order_by(VisitRow.num)
    )
    return list(rows)


def check_handed_in(session: Session, job_id: UUID) -> None:
    """Hold the job, and raise Missing unless everything that it asks for was handed in and nothing waits sent back."""
    job = hold_job(session, job_id)
    lack = lacking(items_of(job.deliverables), read_deliverables(session, job_id), completed(session, job_id))
    if lack:
        raise Missing(job.state, "finish", [asdict(each) for each in lack])


def check_files(session: Session, job_id: UUID, files: Sequence[UUID], field: str) -> None:
    """Raise BadInput unless all files are of this job; names the first that is not."""
    known = set(session.scalars(select(FileRow.id).where(FileRow.id.in_(files), FileRow.job_id == job_id)))
    for num, file_id in enumerate(files):
        if file_id not in known:
            way_out = "send it as a file of this visit first (POST /v1/files?visit_id=)"
            raise BadInput(f"{field}[{num}]", file_id, way_out)


def hold_job(session: Session, job_id: UUID) -> JobRow:
    """The job, held until the transaction ends, as it stands now."""
    held = select(JobRow).where(JobRow.id == job_id).with_for_update(key_share=True)
    return session.scalars(held.execution_options(populate_existing=True)).one()


def read_deliverables(session: Session, job_id: UUID) -> list[DeliverableRow]:
    """Everything handed in for a job, every version, the oldest first."""
    rows = session.scalars(select(DeliverableRow).where(DeliverableRow.job_id == job_id).order_by(DeliverableRow.id))
    return list(rows)
