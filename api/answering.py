"""How is an answer to a yes told? Won and noted are answers, lost is a problem whose work is kept."""

from collections.abc import Sequence
from uuid import UUID

from api.errors import Lost as LostError
from api.idempotency import Reply
from api.problems import Problem, problem_of
from api.schemas.offers import AnswerOut, AnswersOut
from dispatch.jobs.acceptance import Answer, Lost, Noted, Won
from matching.eligibility import Rule
from matching.reasons import Audience, reading

_NO_WORK = dict.fromkeys(("assignment_id", "job_id", "visit_id", "slot_id", "start_at", "end_at"))


def answer_of(answer: Answer, offer_id: UUID, audience: Audience = "technician") -> Reply | Problem:
    """One answer; the failed rules as the audience may read them."""
    return lost_problem(answer, audience) if isinstance(answer, Lost) else Reply(told(answer, offer_id))


def answers_of(answers: Sequence[Answer], offer_ids: Sequence[UUID]) -> Reply | Problem:
    """The answers to a bundle: with one lost, all are; the one that broke it is told."""
    lost = [answer for answer in answers if isinstance(answer, Lost)]
    if lost:
        return lost_problem(next((each for each in lost if each.code != "bundle_broken"), lost[0]), "technician")
    kept = [answer for answer in answers if not isinstance(answer, Lost)]
    return Reply(AnswersOut(answers=[told(answer, id_) for answer, id_ in zip(kept, offer_ids, strict=True)]))


def told(answer: Won | Noted, offer_id: UUID) -> AnswerOut:
    """Yours, or noted."""
    if isinstance(answer, Noted):
        return AnswerOut(outcome="noted", offer_id=answer.offer_id, **_NO_WORK)
    return AnswerOut(
        outcome="assigned",
        offer_id=offer_id,
        assignment_id=answer.assignment_id,
        job_id=answer.job_id,
        visit_id=answer.visit_id,
        slot_id=answer.slot_id,
        start_at=answer.start_at,
        end_at=answer.end_at,
    )


def lost_problem(lost: Lost, audience: Audience) -> Problem:
    """Not yours, and why."""
    rules = dict.fromkeys(reading(Rule[code.upper()], audience)[0] for code in lost.rules)
    return problem_of(LostError(lost.code, tuple(rules), lost.state))
