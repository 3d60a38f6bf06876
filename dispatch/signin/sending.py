"""The mail with the link, by the courier: only here is it looked up whether somebody has the address."""

import logging
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from dispatch.messages.adapters import Adapters, Failed, Message
from dispatch.messages.wording import Said, Value, write
from dispatch.queue import Errand, Try
from dispatch.record.session import ENGINE, database_now, transaction
from dispatch.record.tables import SignInRow
from dispatch.signin.links import QUEUE, SEND, seal, url_of
from dispatch.signin.people import identities

_log = logging.getLogger(__name__)

#: Seconds between tries: who waits for a link does not wait for long.
_WAITS_S = (2.0, 5.0, 15.0, 60.0)


class NotSent(Exception):
    """The mail server did not take it; `reason` is a code, never an address."""


def _send(this_try: Try, *, sign_in: str) -> None:
    base_url: str = this_try.parts["public_url"]
    lasts = timedelta(minutes=this_try.parts["link_min"])
    adapters: Adapters = this_try.parts["adapters"]
    with transaction(this_try.engine, ENGINE, role="engine") as session:
        message = _message(session, UUID(sign_in), base_url, lasts)
    if message is None:
        return
    outcome = adapters["mail"].send(message)
    if isinstance(outcome, Failed):
        _log.warning("the mail with link %s did not leave: %s", sign_in, outcome.reason)
        if outcome.retry:
            raise NotSent(outcome.reason)


def _message(session: Session, row_id: UUID, base_url: str, lasts: timedelta) -> Message | None:
    """The mail to whoever has the address; nobody has it: the row goes, for it would be there for nothing."""
    row = session.get(SignInRow, row_id)
    if row is None or row.email is None:
        return None
    people = identities(session, row.email)
    if not people:
        session.delete(row)
        return None
    token = seal(session, row_id, lasts, now=database_now(session))
    if token is None:
        return None
    values: dict[str, Value] = {"link": Said(url_of(base_url, token)), "minutes": round(lasts.total_seconds() / 60)}
    words = write("sign_in_link", people[0].language, ZoneInfo("UTC"), values)
    return Message(row_id, "mail", row.email, words.subject, words.long, people[0].language)


ERRAND = Errand(SEND, QUEUE, _send, _WAITS_S)
