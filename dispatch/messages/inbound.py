"""Whose conversation does a text or a mail from outside belong to? It becomes a message there, or is asked back.

Who writes is known by the number or address that the record has of them, which conversation by the code in the text or
in the relay's address. To whoever is not known, or not of that conversation, the same help is answered: it tells nobody
whether there is such a code, number or person.
"""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from dispatch.messages.catalogue import LANGUAGES
from dispatch.messages.people import Ref, read_people
from dispatch.messages.stopping import e164, keep_wish, meant
from dispatch.messages.threads import CODE_CHARS, Draft, post_message
from dispatch.messages.wording import write
from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow, JobRow, MessageRow, SiteRow, StaffRow, TechnicianRow, ThreadRow

#: A longer text is cut: no phone sends it, and no mail that a person typed.
MAX_CHARS = 10_000
_CODE = re.compile(rf"#\s?([A-Za-z0-9]{{{CODE_CHARS}}})\b")
_ALIAS = re.compile(rf"relay\+([A-Za-z0-9]{{{CODE_CHARS}}})@", re.IGNORECASE)
#: The line that mail programs put above what they quote.
_QUOTES_BEGIN = re.compile(r"^(>|(On|El)\b.*(wrote|escribió):\s*$|-----\s?Original)", re.MULTILINE)
#: Marks that make text read in another order than it is written.
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
#: Jobs in which a site's contact may still have something to say.
_ENDED_JOBS = ("draft", "cancelled", "paid")


@dataclass(frozen=True, slots=True)
class Inbound:
    """What a carrier brought: by which way, from which number or address, to which; `carrier_id` its own id of it."""

    via: Literal["sms", "mail"]
    sender: str
    words: str
    carrier_id: str
    to: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of it: `posted`, `duplicate`, `help`, or what another taker says.

    `reply` is what the carrier is to answer the sender; None: nothing.
    """

    outcome: str
    message_id: UUID | None = None
    reply: str | None = None


def take_in(session: Session, actor: Actor, inbound: Inbound, *, now: datetime) -> Taken:
    """Take in one text or mail. `actor` is the gateway; runs as the engine."""
    known = select(MessageRow.id).where(MessageRow.via == inbound.via, MessageRow.carrier_id == inbound.carrier_id)
    if (before := session.scalar(known)) is not None:
        return Taken("duplicate", before)
    senders = _senders(session, inbound)
    found = _place(session, inbound, senders)
    words = _own_words(inbound)
    if found is None or not words:
        return Taken("help", reply=_help(session, senders, inbound.via))
    thread, ref = found
    draft = Draft(words, _language(session, ref), via=inbound.via, carrier_id=inbound.carrier_id)
    # In the event the gateway is who did it; whose words they are stands with the message.
    message_id = post_message(session, actor, thread, draft, now=now, author=ref)
    return Taken("duplicate" if message_id is None else "posted", message_id)


def take_stop(session: Session, inbound: Inbound, *, now: datetime) -> Taken | None:
    """STOP or START from a number, whoever has it; None: the text is about something else. Runs as the engine.

    What is answered tells nobody whether the record knows the number.
    """
    number = e164(inbound.sender) if inbound.via == "sms" else None
    wish = meant(inbound.words) if number else None
    if number is None or wish is None:
        return None
    if not keep_wish(session, number, wish, inbound.carrier_id, now=now):
        return Taken("duplicate")
    return Taken(wish, reply=reply_to(session, inbound, f"word_{wish}"))


def reply_to(session: Session, inbound: Inbound, key: str) -> str:
    """What is answered to a text that somebody else took, in the sender's language. Runs as the engine."""
    return _said(session, _senders(session, inbound), key, inbound.via)


def names_conversation(inbound: Inbound) -> bool:
    """Whether it says itself which conversation it is for."""
    return _code(inbound) is not None


def _senders(session: Session, inbound: Inbound) -> list[Ref]:
    """Everybody whom the record knows by this number or address; one person may be several."""
    if inbound.via == "sms":
        number = e164(inbound.sender)
        columns = (TechnicianRow.phone, StaffRow.phone, SiteRow.contact_phone)
        conditions = [column == number for column in columns] if number else []
    else:
        address = inbound.sender.strip().lower()
        conditions = [
            func.lower(column) == address for column in (TechnicianRow.email, StaffRow.email, SiteRow.contact_email)
        ]
    if not conditions:
        return []
    found: tuple[tuple[str, Select[UUID]], ...] = (
        ("technician", select(TechnicianRow.id).where(conditions[0])),
        ("staff", select(StaffRow.id).where(conditions[1], StaffRow.left_at.is_(None))),
        ("contact", select(SiteRow.id).where(conditions[2])),
    )
    return [(kind, id_) for kind, ids in found for id_ in session.scalars(ids.limit(100))]


def _place(session: Session, inbound: Inbound, senders: Collection[Ref]) -> tuple[ThreadRow, Ref] | None:
    """The conversation, and who of the senders is in it; None where that is not plain."""
    code = _code(inbound)
    if code is None:
        # Without a code it must be clear: who is in two conversations might tell one client of the other.
        open_ones = [(thread, ref) for ref in senders for thread in _threads_of(session, ref)]
        return open_ones[0] if len({thread.id for thread, _ in open_ones}) == 1 else None
    thread = session.scalars(select(ThreadRow).where(ThreadRow.code == code)).one_or_none()
    if thread is None:
        return None
    return next(((thread, ref) for ref in senders if is_in(session, thread, ref)), None)


def is_in(session: Session, thread: ThreadRow, ref: Ref) -> bool:
    """Whether somebody takes part in a conversation now."""
    kind, id_ = ref
    if kind == "staff":
        return session.scalar(select(StaffRow.client_id).where(StaffRow.id == id_)) == thread.client_id
    if kind == "technician" and thread.technician_id is not None:
        return id_ == thread.technician_id
    return any(each.id == thread.id for each in _threads_of(session, ref))


def _threads_of(session: Session, ref: Ref) -> list[ThreadRow]:
    """Conversations of a technician's live work and with clients, or about a site's open jobs."""
    kind, id_ = ref
    found = select(ThreadRow).limit(50)
    if kind == "technician":
        live = select(AssignmentRow.job_id).where(AssignmentRow.technician_id == id_, AssignmentRow.state == "live")
        return list(session.scalars(found.where(ThreadRow.job_id.in_(live) | (ThreadRow.technician_id == id_))))
    if kind == "contact":
        jobs = select(JobRow.id).where(JobRow.site_id == id_, JobRow.state.not_in(_ENDED_JOBS))
        return list(session.scalars(found.where(ThreadRow.job_id.in_(jobs))))
    return []


def _code(inbound: Inbound) -> str | None:
    found = _ALIAS.search(inbound.to) or _CODE.search(inbound.words)
    return found[1].upper() if found else None


def _own_words(inbound: Inbound) -> str:
    """What the sender wrote: without the code, what a mail quotes, and marks that cannot be kept or mislead."""
    words = inbound.words
    if inbound.via == "mail" and (quote := _QUOTES_BEGIN.search(words)):
        words = words[: quote.start()]
    words = _CODE.sub("", words, count=1)
    kept = "".join(each for each in words if each in "\n\t" or not _is_unfit(each))
    return unicodedata.normalize("NFC", kept).strip()[:MAX_CHARS]


def _is_unfit(character: str) -> bool:
    return character in _TURNING or unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")


def _help(session: Session, senders: Collection[Ref], via: str) -> str:
    return _said(session, senders, "relay_help", via)


def _said(session: Session, senders: Collection[Ref], key: str, via: str) -> str:
    """A text without parameters, in the language of the first whom it may be."""
    language = next((_language(session, ref) for ref in senders), LANGUAGES[0])
    written = write(key, language, ZoneInfo("UTC"), {})
    return written.short if via == "sms" else written.long


def _language(session: Session, ref: Ref) -> str:
    return read_people(session, [ref])[ref].wishes.language
