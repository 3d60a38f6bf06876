"""Who is assigned at once? Mode `auto`: technicians with standing consent, within their own limits."""

from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from dispatch.jobs.assignments import Deal, Terms, settle, take_slot
from dispatch.jobs.judging import at_start, failed_now
from dispatch.jobs.reading import RoleOfVisit
from dispatch.money.funds import is_short
from dispatch.record.refusals import NOT_APPROVED, NOT_FREE, guard_of
from dispatch.record.session import ENGINE
from dispatch.talent.reading import lock_technician
from dispatch.talent.usage import HoursMovedError
from matching.award import Award
from matching.decision import Decision


def assign_at_once(session: Session, unit: RoleOfVisit, decision: Decision, *, now: datetime) -> int:
    """Commit those whom the decision chose, each judged again under their lock: how many slots were filled."""
    award = decision.outcome
    assert isinstance(award, Award)
    filled = 0
    for technician_id in sorted(award.technicians):
        with session.begin_nested() as savepoint:
            technician = lock_technician(session, technician_id, now=now)
            job = at_start(unit, technician, None, now=now) if technician else None
            if technician is None or job is None or failed_now(unit, technician, job, now=now):
                savepoint.rollback()
                continue
            slot_id = take_slot(session, unit.job.id, unit.job.role, technician_id)
            if slot_id is None:
                savepoint.rollback()
                break
            terms = Terms(unit.job.pay, unit.job.terms_version)
            deal = Deal(unit, slot_id, technician, job, None, terms, award.hand_back_until)
            try:
                settle(session, ENGINE, deal, now=now)
            except HoursMovedError:
                savepoint.rollback()
                continue
            except IntegrityError as error:
                if guard_of(error) not in NOT_FREE | NOT_APPROVED and not is_short(error):
                    raise
                savepoint.rollback()
                continue
            filled += 1
    return filled
