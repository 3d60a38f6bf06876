"""Who wants no texts any more? STOP by text ends them for a number at once, START brings them back.

The words are those that carriers in the United States ask every sender to honour (CTIA Messaging Principles, and
47 CFR 64.1200(a)(10) since April 2025), with their Spanish ones. What was said is kept with the words of the telephone,
by a hash of the number: the last one counts, for everybody who is reached by that number, whatever it is about.
"""

import hashlib
import re
import unicodedata
from collections.abc import Collection
from datetime import datetime

import phonenumbers
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.orm import Session

from dispatch.record.tables import PhoneWordRow, new_id

#: Words that stand alone in a text -> what they ask for.
WORDS = {
    **dict.fromkeys(
        ("stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "opt out", "optout"), "stopped"
    ),
    **dict.fromkeys(("alto", "parar", "baja", "cancelar"), "stopped"),
    **dict.fromkeys(("start", "unstop", "alta", "iniciar"), "started"),
}
_OUTCOME = PhoneWordRow.answer["outcome"].astext


def meant(words: str) -> str | None:
    """`stopped` or `started`, where a text is one of the words and nothing else; None: it is about something else."""
    plain = unicodedata.normalize("NFKC", words).casefold()
    return WORDS.get(" ".join(re.findall(r"\w+", plain)))


def keep_wish(session: Session, number: str, wish: str, carrier_id: str, *, now: datetime) -> bool:
    """Keep what was said from a number (E.164): whether this text is new; carriers bring some twice."""
    values = {
        "id": new_id(),
        "channel": "sms",
        "message_id": carrier_id,
        "sender_hash": _hash(number),
        "is_miss": False,
        "answer": {"outcome": wish},
        "received_at": now,
    }
    kept = insert(PhoneWordRow).values(values).on_conflict_do_nothing(index_elements=["channel", "message_id"])
    return session.scalar(kept.returning(PhoneWordRow.id)) is not None


def stopped(session: Session, phones: Collection[str]) -> set[str]:
    """Those of the numbers, as they are stored, that want no texts. Runs as the engine."""
    hashes = {phone: _hash(number) for phone in phones if (number := e164(phone))}
    if not hashes:
        return set()
    last = (
        select(PhoneWordRow.sender_hash, _OUTCOME)
        .where(PhoneWordRow.sender_hash.in_(hashes.values()), _OUTCOME.in_(("stopped", "started")))
        .order_by(PhoneWordRow.sender_hash, PhoneWordRow.received_at.desc(), PhoneWordRow.id.desc())
        .ext(distinct_on(PhoneWordRow.sender_hash))
    )
    gone = {sender for sender, outcome in session.execute(last) if outcome == "stopped"}
    return {phone for phone, sender in hashes.items() if sender in gone}


def e164(number: str) -> str | None:
    """A telephone number in the form by which numbers are compared; None where it is none."""
    try:
        found = phonenumbers.parse(number[:40], "US")
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)


def _hash(number: str) -> bytes:
    return hashlib.sha256(number.encode()).digest()
