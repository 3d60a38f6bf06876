"""What do technicians say by text or telephone? Carriers' adapters bring it here."""

from dataclasses import asdict
from datetime import datetime

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from api.auth import Gateway
from api.idempotency import Reply, idempotent
from api.schemas.visits import PhoneWordIn, PhoneWordOut
from dispatch.reputation.excuses import leave_by_word
from dispatch.visits.telephone import Word

router = APIRouter(prefix="/v1/gateway", tags=["gateway"])


@router.post("/visit-words", response_model=PhoneWordOut, summary="A technician's text or call")
def post_visit_word(request: Request, actor: Gateway, word: PhoneWordIn) -> Response:
    """Check in and out by a code: `IN 482113`, `OUT 482113`, `WAY`, `YES`, `LATE 20`; keys 1 to 4 on a voice line.

    What a carrier brings twice is done once. A number that guesses is answered no more for a while.
    """

    def work(session: Session, now: datetime) -> Reply:
        said = Word(word.channel, word.message_id, word.sender, word.words)
        return Reply(PhoneWordOut.model_validate(asdict(leave_by_word(session, actor, said, now=now))))

    return idempotent(request, actor, work)
