"""What came in from outside? Texts and mails that a carrier hands on, each taken by the first who knows what it is."""

from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from api.auth import Gateway
from api.idempotency import Reply, idempotent
from api.schemas.messages import MailIn, SmsIn, TakenOut
from dispatch.errors import BadInput
from dispatch.messages.inbound import Inbound, Taken, names_conversation, reply_to, take_in, take_stop
from dispatch.record.session import Actor
from dispatch.reputation.excuses import leave_by_word
from dispatch.visits.telephone import Word

router = APIRouter(prefix="/v1/gateway", tags=["gateway"])

#: A word and a code, perhaps a number: whoever writes more says something else.
_WORDS_OF_A_VISIT = 3
#: Takes what is for it; None: it is not, and the next is asked. Runs as the engine.
Taker = Callable[[Session, Actor, Inbound, datetime], Taken | None]


def _stop(session: Session, _: Actor, inbound: Inbound, now: datetime) -> Taken | None:
    return take_stop(session, inbound, now=now)


def _conversation(session: Session, actor: Actor, inbound: Inbound, now: datetime) -> Taken:
    return take_in(session, actor, inbound, now=now)


def _visit_word(session: Session, actor: Actor, inbound: Inbound, now: datetime) -> Taken | None:
    """A technician's word with the code of their visit (`IN 482113`); whoever only mentions a number is not meant."""
    if inbound.via != "sms" or names_conversation(inbound):
        return None
    try:
        answer = leave_by_word(session, actor, Word("sms", inbound.carrier_id, inbound.sender, inbound.words), now=now)
    except BadInput:
        return None
    if answer.outcome == "no_code" or (answer.outcome == "unknown" and len(inbound.words.split()) > _WORDS_OF_A_VISIT):
        return None
    if answer.is_duplicate or answer.outcome == "too_many":
        return Taken(answer.outcome)
    key = {"done": "word_done", "unknown": "relay_help"}.get(answer.outcome, "word_refused")
    return Taken(answer.outcome, reply=reply_to(session, inbound, key))


#: In this order; the last takes everything, if only to answer with help.
TAKERS: tuple[Taker, ...] = (_stop, _visit_word, _conversation)


@router.post("/sms", response_model=TakenOut, summary="A text came in")
def post_sms(request: Request, actor: Gateway, sms: SmsIn) -> Response:
    """Hand on a text that came to your number: STOP, a word with a visit's code, or something for a conversation.

    Send `reply`, if there is one, back to the sender.
    """
    return _take(request, actor, Inbound("sms", sms.sender, sms.text, sms.id, sms.to))


@router.post("/mail", response_model=TakenOut, summary="A mail came in")
def post_mail(request: Request, actor: Gateway, mail: MailIn) -> Response:
    """Hand on a mail that came to the relay's domain, in plain text; send `reply`, if there is one, back."""
    return _take(request, actor, Inbound("mail", mail.sender, mail.text, mail.id, mail.to))


def _take(request: Request, actor: Actor, inbound: Inbound) -> Response:
    def work(session: Session, now: datetime) -> Reply:
        taken = next(found for taker in TAKERS if (found := taker(session, actor, inbound, now)) is not None)
        return Reply(TakenOut(outcome=taken.outcome, reply=taken.reply, message_id=taken.message_id))

    return idempotent(request, actor, work)
