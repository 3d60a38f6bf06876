"""What if a message did not arrive? An operator looks, mends the carrier, and has it sent again."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dispatch.errors import Conflict, NotFound
from dispatch.messages.digests import CHANNELS as DIGEST_CHANNELS
from dispatch.messages.errands import leave_deliveries
from dispatch.messages.occasions import BY_KEY
from dispatch.messages.people import read_people
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import NoticeRow

#: From these a notice can be sent again; what arrived, or is on its way, is not.
RESENDABLE = ("given_up", "failed", "suppressed", "held")


def resend(session: Session, actor: Actor, notice_id: UUID, *, now: datetime) -> None:
    """Send a notice again at once, by the first of its ways; as the engine, for the operator.

    Raises
    ------
    NotFound
        When there is none.
    Conflict
        When it arrived or is on its way; or its reader has no address any more.
    """
    notice = session.scalars(select(NoticeRow).where(NoticeRow.id == notice_id)).one_or_none()
    if notice is None:
        raise NotFound("notice", notice_id)
    ref = (notice.reader_kind, notice.reader_id)
    person = read_people(session, [ref]).get(ref)
    line = BY_KEY.get(notice.occasion)
    ways = [each for each in (line.channels if line else DIGEST_CHANNELS) if person and each in person.reachable]
    if not ways:
        raise Conflict("without an address", "send again")
    attempts = session.scalar(
        update(NoticeRow)
        .where(NoticeRow.id == notice_id, NoticeRow.state.in_(RESENDABLE))
        .values(state="queued", reason="sent_again", until_at=None, channels=ways)
        .returning(NoticeRow.num_attempts)
    )
    if attempts is None:
        session.refresh(notice)
        raise Conflict(notice.state, "send again")
    # Older errands of this notice find its attempts counted on, and do nothing.
    leave_deliveries(session, [(notice_id, None)], attempt=attempts + 1)
    told = {"occasion": notice.occasion} | ({"job": str(notice.job_id)} if notice.job_id else {})
    record(session, actor, ("message", notice_id), "resent", told, client_id=notice.client_id, now=now)
