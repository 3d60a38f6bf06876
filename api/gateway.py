"""What came in from outside? Texts and mails that a carrier hands on, each taken by the first who knows what it is."""

from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from api.auth import Gateway
from api.idempotency import Reply, idempotent
from api.schemas.messages import MailIn, SmsIn, TakenOut
from dispatch.messages.inbound import Inbound, Taken, take_in
from dispatch.record.session import Actor

router = APIRouter(prefix="/v1/gateway", tags=["gateway"])

#: Takes what is for it; None: it is not, and the next is asked. Runs as the engine.
Taker = Callable[[Session, Actor, Inbound, datetime], Taken | None]


def _conversation(session: Session, actor: Actor, inbound: Inbound, now: datetime) -> Taken:
    return take_in(session, actor, inbound, now=now)


#: In this order; the last takes everything, if only to answer with help.
TAKERS: tuple[Taker, ...] = (_conversation,)


@router.post("/sms", response_model=TakenOut, summary="A text came in")
def post_sms(request: Request, actor: Gateway, sms: SmsIn) -> Response:
    """Hand on a text that came to your number; send `reply`, if there is one, back to the sender."""
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
