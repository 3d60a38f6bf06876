"""What of the day is due now? Each thing in a transaction of its own; rows are the timers."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from functools import wraps

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from dispatch.record.sealing import KeyRing
from dispatch.record.session import database_now
from dispatch.talent.clock import judge_usage
from dispatch.talent.membership import sweep_memberships
from dispatch.talent.overrides import end_overrides
from dispatch.visits.answering import expire_proposals, overtake_proposals, warn_of_proposals
from dispatch.visits.climbing import climb
from dispatch.visits.completion import approve_silently
from dispatch.visits.lapses import end_proofs, end_words, recheck_due
from dispatch.visits.lookout import watch_visits
from dispatch.visits.partcheck import flag_missing_parts
from dispatch.visits.paying import let_penalties_stand, watch_disputes
from dispatch.visits.paylate import watch_pay
from dispatch.visits.siterequests import end_unanswered
from dispatch.visits.standing import make_standing
from dispatch.visits.warnings import warn_of_words
from dispatch.visits.watching import watch_jobs

_log = logging.getLogger(__name__)

#: Does what is due in one transaction, as the engine, by `now`, the database's clock: how many things were done.
#: Rows that another dispatcher holds are left to it (SKIP LOCKED).
Due = Callable[[Session, datetime], int]

#: Everything that can be due, in the order in which it is done.
DUE: tuple[Due, ...] = (
    expire_proposals,
    overtake_proposals,
    warn_of_proposals,
    flag_missing_parts,
    end_proofs,
    end_words,
    warn_of_words,
    recheck_due,
    end_unanswered,
    watch_visits,
    watch_jobs,
    climb,
    make_standing,
    end_overrides,
    sweep_memberships,
    judge_usage,
    approve_silently,
    let_penalties_stand,
    watch_disputes,
    watch_pay,
)

#: What looks through much and changes by the day: a dispatcher does it so often, not at every look.
_RARELY = {watch_pay: timedelta(minutes=10)}


def due_with(ring: KeyRing) -> tuple[Due, ...]:
    """The same for one dispatcher, what is rare rarely: what only the cleared may read is sealed by this ring."""

    def make_standing_sealed(session: Session, now: datetime) -> int:
        return make_standing(session, now, ring)

    instead: dict[Due, Due] = {make_standing: make_standing_sealed}
    instead |= {each: _at_most_every(pause, each) for each, pause in _RARELY.items()}
    return tuple(instead.get(each, each) for each in DUE)


def _at_most_every(pause: timedelta, each: Due) -> Due:
    last: datetime | None = None

    @wraps(each)
    def rarely(session: Session, now: datetime) -> int:
        nonlocal last
        if last is not None and now - last < pause:
            return 0
        last = now
        return each(session, now)

    return rarely


def sweep_visits(transaction: Callable[..., AbstractContextManager[Session]], due: tuple[Due, ...] = DUE) -> int:
    """Do everything of the day that is due: how many things were done.

    One thing's fault is logged and does not keep the others from being done; the next sweep tries again. When the
    database itself is gone, the fault is raised.
    """
    done = 0
    for each in due:
        try:
            with transaction() as session:
                done += each(session, database_now(session))
        except DBAPIError as error:
            if error.connection_invalidated:
                raise
            _log.exception("%s failed; trying again next time", each.__name__)
    return done
