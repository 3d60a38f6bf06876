"""How does a technician work for my client, and what have we answered about it?"""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from api.auth import STAFF, only
from api.errors import Stale
from api.etags import wanted_version
from api.idempotency import Reply, to_response
from api.parts import parts_of, writing
from api.people import find_visible
from api.schemas.engagement import AnsweredChecklist, EngagementOut, EngagementPatch, FlagOut, QuestionOut
from api.versions import content_etag, content_version
from dispatch.record.session import Actor, database_now, transaction
from dispatch.record.tables import UsageRow
from dispatch.talent.clock import nothing_yet
from dispatch.talent.engaging import Said, answer_checklist, checklists, engage, hold_way, who_must_choose
from matching.checklist import read_answers
from matching.packs import Pack

router = APIRouter(prefix="/v1/technicians/{technician_id}/engagement", tags=["usage"])

Reader = Annotated[Actor, Depends(only(*STAFF))]
Keeper = Annotated[Actor, Depends(only("client_admin"))]


@router.get("", response_model=EngagementOut, summary="How a technician works for you")
def get_engagement(request: Request, actor: Reader, technician_id: UUID) -> Response:
    """Contractor, W-2 or through a company, and your answers to the checklists that hold today."""
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        find_visible(session, actor, technician_id)
        shown = _show(session, actor, technician_id, database_now(session))
    return to_response(Reply(shown, headers=content_etag(shown)))


@router.patch("", response_model=EngagementOut, summary="Say how a technician works for you")
def patch_engagement(request: Request, actor: Keeper, technician_id: UUID, patch: EngagementPatch) -> Response:
    """Answers bear your name, the moment, and the evidence you give. Needs If-Match with the ETag."""
    assert actor.client_id is not None, "a client's admin has a client"
    version = wanted_version(request, "engagement")
    with writing(request, actor, "engine") as session:
        find_visible(session, actor, technician_id)
        now = database_now(session)
        if patch.engaged_as is not None:
            hold_way(session, actor.client_id, technician_id, patch.engaged_as)
        session.get(UsageRow, (actor.client_id, technician_id), with_for_update=True)
        if content_version(_show(session, actor, technician_id, now)) != version:
            raise Stale("engagement")
        if patch.engaged_as is not None:
            engage(session, actor, technician_id, patch.engaged_as, now=now)
        for pack, answers in patch.answers.items():
            said = {code: Said(each.answer, each.evidence) for code, each in answers.items()}
            answer_checklist(session, actor, technician_id, pack, said, now=now)
        shown = _show(session, actor, technician_id, now)
    return to_response(Reply(shown, headers=content_etag(shown)))


def _show(session: Session, actor: Actor, technician_id: UUID, now: datetime) -> EngagementOut:
    assert actor.client_id is not None, "staff have a client"
    row = session.get(UsageRow, (actor.client_id, technician_id), populate_existing=True)
    engaged_as = (row or nothing_yet(session, actor.client_id, technician_id)).engaged_as
    answers = row.answers if row else {}
    return EngagementOut(
        technician_id=technician_id,
        client_id=actor.client_id,
        engaged_as=engaged_as,  # type: ignore[arg-type]
        must_choose=actor.client_id in who_must_choose(session, technician_id),
        checklists=[_show_checklist(pack, engaged_as, answers.get(pack.id, {})) for pack in checklists(now)],
    )


def _show_checklist(pack: Pack, engaged_as: str, answers: dict[str, Any]) -> AnsweredChecklist:
    found = read_answers(pack, {code: each["answer"] for code, each in answers.items()})
    return AnsweredChecklist(
        pack=pack.id,
        version=pack.version,
        title=pack.title,
        source=pack.source,
        guidance=pack.guidance,
        guidance_es=pack.guidance_es,
        concerns=engaged_as in pack.engagements,
        questions=[_show_question(dict(each), answers.get(code, {})) for code, each in pack.questions.items()],
        open=list(found.open),
        employee=list(found.employee),
        flags=[FlagOut(code=code, text=text) for code, text in found.flags.items()],
    )


def _show_question(question: dict[str, Any], answer: dict[str, Any]) -> QuestionOut:
    said = {"answer": answer["answer"], "evidence": answer["evidence"], "owner_id": answer["owner"],
            "answered_at": answer["at"]} if answer else {}  # fmt: skip
    return QuestionOut(**{name: question[name] for name in ("code", "group", "words")}, **said)
