"""What changes after somebody has the work? Proposals of both sides, parts, and the watch: rules of the machine."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import rule
from lifecycle_comparison import one_of
from lifecycle_day import Day, numbers, with_some
from lifecycle_model import ModelAssignment, ModelPart, ModelProposal
from sqlalchemy import text, update

from dispatch.errors import BadInput, Conflict, NotFound, Refused
from dispatch.jobs.lifecycle import PART, PROPOSAL, move
from dispatch.record.session import ENGINE, Actor
from dispatch.record.tables import ProposalRow
from dispatch.visits.agreeing import Agreed, NotPossible, accept_proposal
from dispatch.visits.answering import refuse, withdraw
from dispatch.visits.parts import PartWish, add_part, move_part
from dispatch.visits.proposing import Wanted, propose
from dispatch.visits.sweeps import sweep_visits
from matching.job import Pay

#: Alarms about one technician's day: nobody is called about somebody who has not the work any more.
OF_A_TECHNICIAN = ("not_confirmed", "not_left", "no_check_in", "overdue", "next_visit_at_risk")
HOURS = (0, 1, 3, 5, 30)
MISSING = ("wanted", "ordered", "shipped", "lost")
MAX_PARTS = 6


class Terms(Day):
    """What both sides agree anew, and what the work needs."""

    @rule(number=numbers, asks=st.sampled_from(("time", "time", "pay", "several")), later=st.sampled_from(HOURS))
    @with_some(lambda self: self.open_to_proposals())
    def propose_a_change(self, number: int, asks: str, later: int) -> None:
        self.propose(one_of(self.open_to_proposals(), number), number, asks, later)

    def open_to_proposals(self) -> list[ModelAssignment]:
        return [each for each in self.model.assignments.values() if each.is_to_come()]

    @rule(number=numbers, asks=st.sampled_from(("time", "pay")))
    @with_some(lambda self: self.model.assignments)
    def propose_out_of_turn(self, number: int, asks: str) -> None:
        self.propose(one_of(list(self.model.assignments.values())[::-1], number), number, asks, 1)

    def propose(self, assignment: ModelAssignment, number: int, asks: str, later: int) -> None:
        side = ("client", "technician")[number % 2]
        pay = Pay("fixed", Decimal(200 + len(self.model.proposals)), "USD") if asks != "time" else None
        start_at = self.world.start + timedelta(hours=later) if asks != "pay" else None
        wanted = Wanted(start_at=start_at, pay=pay)
        answer = self.do(
            propose,
            self.speaker(assignment, side),
            assignment.visit.id,
            wanted,
            reason="other",
            assignment_id=assignment.id,
        )
        begun = assignment.visit.state not in ("planned", "confirmed", "on_the_way")
        if assignment.state != "live" or begun:
            assert isinstance(answer, (Conflict, NotFound)), answer
        elif wanted == Wanted(start_at=assignment.busy[0]):
            assert isinstance(answer, BadInput), answer
        elif self.open_proposal(assignment, side) or (start_at is None and assignment.busy[0] <= self.model.now):
            assert isinstance(answer, Conflict), answer
        else:
            assert isinstance(answer, UUID), answer
            made = ModelProposal(answer, assignment, side, assignment.terms_version, start_at)
            self.model.proposals[answer] = made
            with self.world.as_engine() as (session, _):
                # Until the start at the longest, which may be in a minute: here time passes only when a rule says so.
                session.execute(
                    text("UPDATE proposals SET expires_at = made_at + interval '1 h' WHERE id = :id"), {"id": answer}
                )

    def open_proposal(self, assignment: ModelAssignment, side: str) -> bool:
        mine = [each for each in self.model.proposals.values() if each.assignment is assignment]
        return any(each.state == "open" and each.side == side for each in mine)

    def speaker(self, assignment: ModelAssignment, side: str) -> Actor:
        return self.world.staff if side == "client" else self.actor(assignment.technician)

    def a_proposal(self, number: int) -> ModelProposal:
        """Three times of four one that is open."""
        found = list(self.model.proposals.values())
        still = [each for each in found if each.state == "open"]
        return one_of(still if still and number % 4 else found, number // 4)

    @rule(number=numbers, is_own=st.sampled_from((False, False, False, True)))
    @with_some(lambda self: self.model.proposals)
    def accept_a_change(self, number: int, is_own: bool) -> None:
        proposal = self.a_proposal(number)
        side = proposal.side if is_own else {"client": "technician", "technician": "client"}[proposal.side]
        answer = self.do(accept_proposal, self.speaker(proposal.assignment, side), proposal.id)
        if is_own:
            assert isinstance(answer, Refused), answer
        elif proposal.state != "open" or proposal.is_late or proposal.is_stale:
            assert isinstance(answer, Conflict), answer
        elif isinstance(answer, NotPossible):
            assert self.may_change(proposal) is not True, answer
        else:
            assert isinstance(answer, Agreed), answer
            assert self.may_change(proposal) is not False
            self.agree(proposal, answer)

    def may_change(self, proposal: ModelProposal) -> bool | None:
        """Whether the rules allow it; None: the agreed start has passed, and no other is proposed."""
        mine = proposal.assignment
        start_at = proposal.start_at or mine.busy[0]
        span = start_at, start_at + (mine.busy[1] - mine.busy[0])
        if mine.technician not in self.model.active or not self.model.is_free(mine.technician, *span, but=mine):
            return False
        return None if start_at <= self.model.now else True

    def agree(self, proposal: ModelProposal, answer: Agreed) -> None:
        mine, job = proposal.assignment, proposal.assignment.job
        proposal.state = move(PROPOSAL, proposal.state, "accept")
        job.terms_version += 1
        assert answer.terms_version == job.terms_version
        assert proposal.start_at in (None, answer.start_at)
        if answer.start_at != mine.busy[0]:
            mine.presence = "assigned"
        mine.terms_version = job.terms_version
        self.overtake([mine])
        if proposal.start_at is not None:
            was_offered = any(each.is_open for each in job.rounds.values())
            self.model.end_offers(job, "withdraw")
            if was_offered:
                self.expect_rounds(job)
        self.take_over_times()
        assert mine.busy == (answer.start_at, answer.end_at)

    @rule(number=numbers, wish=st.sampled_from(("refuse", "withdraw")))
    @with_some(lambda self: self.model.proposals)
    def say_no_to_a_change(self, number: int, wish: str) -> None:
        proposal = self.a_proposal(number)
        other = {"client": "technician", "technician": "client"}[proposal.side]
        side = proposal.side if wish == "withdraw" else other
        use_case = withdraw if wish == "withdraw" else refuse
        answer = self.do(use_case, self.speaker(proposal.assignment, side), proposal.id, "other")
        can = proposal.state == "open" and not proposal.is_late
        assert isinstance(answer, Conflict) != can, answer
        proposal.state = move(PROPOSAL, proposal.state, wish) if can else proposal.state

    @rule(number=numbers)
    @with_some(lambda self: [each for each in self.model.proposals.values() if each.state == "open"])
    def leave_a_proposal_unanswered(self, number: int) -> None:
        proposal = one_of([each for each in self.model.proposals.values() if each.state == "open"], number)
        with self.world.as_engine() as (session, _):
            session.execute(
                update(ProposalRow).where(ProposalRow.id == proposal.id).values(expires_at=ProposalRow.made_at)
            )
        proposal.is_late = True

    # Parts

    @rule(number=numbers)
    @with_some(lambda self: self.model.jobs)
    def need_a_part(self, number: int) -> None:
        job = self.a_job(number)
        if len(self.model.parts) == MAX_PARTS:
            return
        answer = self.do(add_part, self.world.staff, job.id, PartWish("drive belt"))
        ended = job.state in ("approved", "cancelled")
        assert isinstance(answer, Conflict) == ended
        if not ended:
            self.model.parts[answer] = ModelPart(answer, job)

    @rule(number=numbers, wish=st.sampled_from(sorted({wish for moves in PART.values() for wish in moves})))
    @with_some(lambda self: self.model.parts)
    def move_a_part(self, number: int, wish: str) -> None:
        part = one_of(list(self.model.parts.values()), number)
        possible = sorted(PART[part.state])
        wish = wish if number % 3 == 0 or not possible else one_of(possible, number // 3)
        answer = self.do(move_part, self.world.staff, part.id, wish, {})
        assert isinstance(answer, Conflict) != (wish in PART[part.state])
        if wish in PART[part.state]:
            part.state = move(PART, part.state, wish)
            assert answer == part.state

    # The watch

    @rule()
    @with_some(lambda self: self.model.assignments)
    def watch(self) -> None:
        """What is due is done; then every open alarm is about something that is so."""
        sweep_visits(lambda: self.world.transaction(ENGINE, "engine"))
        for each in self.model.proposals.values():
            if each.state == "open" and each.is_late:
                each.state = move(PROPOSAL, each.state, "expire")
            elif each.state == "open" and each.is_stale:
                each.state = move(PROPOSAL, each.state, "overtake")
        with self.world.as_engine() as (session, _):
            alarms = session.execute(
                text("SELECT kind, job_id, visit_id, subject_id FROM alarms WHERE cleared_at IS NULL")
            ).all()
        for alarm in alarms:
            self.assert_alarm_holds(alarm.kind, alarm.job_id, alarm.visit_id, alarm.subject_id)
        flagged = {alarm.visit_id for alarm in alarms if alarm.kind == "part_missing"}
        for assignment in self.late():
            if assignment.visit.state in ("planned", "confirmed") and self.lacks_a_part(assignment.job.id):
                assert assignment.visit.id in flagged, "nobody hears of a missing part"

    def assert_alarm_holds(self, kind: str, job: UUID, visit: UUID | None, subject: UUID) -> None:
        of = self.model.jobs[job]
        assert of.state not in ("done", "approved", "cancelled"), f"{kind}, and the job has ended"
        if kind in OF_A_TECHNICIAN:
            about = self.model.assignments[subject]
            assert about.state == "live", f"{kind} of somebody who has not the work any more"
            assert not about.visit.ended
            assert about.is_to_come() == (kind != "overdue")
            assert kind not in ("not_confirmed", "not_left", "no_check_in") or self.is_due(kind, about)
        if kind == "part_missing":
            assert self.lacks_a_part(job)
            assert visit == of.visit

    def is_due(self, kind: str, about: ModelAssignment) -> bool:
        """Agreed for another day, somebody has not failed to come."""
        far = about.busy[0] - self.model.now > timedelta(hours=12)
        return not far and (kind != "not_confirmed" or about.presence == "assigned")

    def lacks_a_part(self, job: UUID) -> bool:
        return any(each.job.id == job and each.state in MISSING for each in self.model.parts.values())
