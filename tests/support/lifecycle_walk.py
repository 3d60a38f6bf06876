"""Where must the machine of lifecycles have been? Everywhere: its own steps, in an order that chance seldom finds."""

from datetime import timedelta
from typing import Any

from lifecycle_model import ModelAssignment, ModelJob, ModelProposal

#: `numbers` of which the rest by three or four says what a rule chooses from: an index into all that there is.
_FOURTH = 4


class Walk:
    """One machine taken through every turn that work can take; after each step all must agree."""

    def __init__(self, machine: Any) -> None:
        self.machine = machine
        machine.begin()

    def take_every_turn(self) -> None:
        for turn in (
            self.done_sent_back_and_approved,
            self.to_come_again,
            self.before_a_closed_door,
            self.told_to_stop,
            self.nobody_came,
            self.given_back_and_withdrawn,
            self.agreed_anew,
            self.parts,
        ):
            # A day for each: nobody's time is taken by the turn before.
            self.machine.world.start += timedelta(days=1)
            turn()

    def step(self, rule: Any, *args: Any, **more: Any) -> None:
        rule(*args, **more)
        self.machine.rows_model_and_events_agree()

    def post(self, shape: str = "one") -> ModelJob:
        self.step(self.machine.post, mode="first", shape=shape, at=0)
        self.step(self.machine.send_waves)
        return list(self.machine.model.jobs.values())[-1]

    def assigned(self) -> ModelAssignment:
        """Somebody of those who were asked has the work; the others were not chosen."""
        job = self.post()
        asked = [offer for offer in self.machine.model.offers.values() if offer.job is job and offer.is_live()]
        assert len(asked) == 2
        self.step(self.machine.say_yes, asked[0])
        (assignment,) = job.now.people
        return assignment

    def work(self, assignment: ModelAssignment, *wishes: str) -> None:
        for wish in wishes:
            self.step(self.machine.work, assignment, wish)

    def done_sent_back_and_approved(self) -> None:
        mine = self.assigned()
        self.work(mine, "confirm", "leave", "check_in", "wait", "work", "step_out", "check_in", "check_out")
        assert mine.visit.outcome == "complete"
        self.work(mine, "finish", "send_back", "finish", "approve")
        assert mine.job.state == "approved"

    def to_come_again(self) -> None:
        mine = self.assigned()
        self.work(mine, "leave", "check_in", "return")
        assert mine.job.state == "open"
        self.step(self.machine.send_waves)

    def before_a_closed_door(self) -> None:
        mine = self.assigned()
        self.work(mine, "check_in", "no_access", "finish")
        assert mine.visit.outcome == "could_not_start"

    def told_to_stop(self) -> None:
        mine = self.assigned()
        self.work(mine, "check_in")
        self.step(self.machine.cancel, mine.job)
        assert (mine.job.state, mine.visit.outcome) == ("cancelled", "cancelled")

    def nobody_came(self) -> None:
        mine = self.assigned()
        made = self.proposed(mine, number=1)
        self.step(self.machine.its_time_comes, self.machine.coming().index(mine))
        self.step(self.machine.watch)
        self.step(self.machine.miss, mine)
        assert (mine.visit.state, made.state) == ("missed", "overtaken")
        self.step(self.machine.send_waves)

    def given_back_and_withdrawn(self) -> None:
        mine = self.assigned()
        made = self.proposed(mine, number=1)
        newest_first = list(self.machine.model.assignments.values())[::-1]
        self.step(self.machine.give_back, newest_first.index(mine), by_technician=True)
        assert (mine.state, made.state) == ("released", "overtaken")
        self.step(self.machine.send_waves)
        live = [offer for offer in self.machine.model.offers.values() if offer.is_live()]
        # Not a multiple of four: of those that can still be answered.
        self.step(self.machine.withdraw, (len(live) - 1) * _FOURTH + 1)
        assert live[-1].state == "withdrawn"

    def agreed_anew(self) -> None:
        mine = self.assigned()
        for number, end in enumerate(("refuse", "withdraw", "expire", "accept")):
            made = self.proposed(mine, number=number)
            at = list(self.machine.model.proposals.values()).index(made) * _FOURTH
            if end in ("refuse", "withdraw"):
                self.step(self.machine.say_no_to_a_change, at, wish=end)
            elif end == "accept":
                self.step(self.machine.accept_a_change, at, is_own=False)
            else:
                self.step(self.machine.leave_a_proposal_unanswered, 0)
                self.step(self.machine.watch)
        ends = [each.state for each in self.machine.model.proposals.values() if each.assignment is mine]
        assert ends == ["refused", "withdrawn", "expired", "accepted"]

    def proposed(self, assignment: ModelAssignment, number: int) -> ModelProposal:
        """By the client when `number` is even, else by the technician."""
        self.step(self.machine.propose, assignment, number, "time", 3)
        made: ModelProposal = list(self.machine.model.proposals.values())[-1]
        assert (made.assignment, made.state) == (assignment, "open")
        return made

    def parts(self) -> None:
        job = self.post()
        number = list(self.machine.model.jobs.values()).index(job) * _FOURTH
        self.step(self.machine.need_a_part, number)
        self.step(self.machine.need_a_part, number)
        for at, wishes in enumerate((("order", "ship", "lose", "order", "receive", "call_back"), ("order", "lose"))):
            for wish in wishes:
                # A multiple of three: what is wished for, not what is possible.
                number = next(each for each in range(0, 9, 3) if each % 2 == at)
                self.step(self.machine.move_a_part, number, wish=wish)
        assert [each.state for each in self.machine.model.parts.values()] == ["to_return", "lost"]
