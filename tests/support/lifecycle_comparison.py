"""How is a step compared? The base of the machine of `test_lifecycle_machine.py`: rows, events and model together."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from event_fold import Fold
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant
from lifecycle_model import Model, ModelJob, ModelOffer, ModelRound
from sqlalchemy import text
from worlds import World

from dispatch.errors import BadInput, Conflict, NotFound, Refused
from dispatch.jobs.acceptance import Answer, Lost, Noted, Won
from dispatch.jobs.lifecycle import OFFER
from dispatch.record.session import Actor

STATES = text(
    """
SELECT json_build_object(
  'job', (SELECT coalesce(json_object_agg(id, state), '{}') FROM jobs WHERE client_id = :client),
  'terms', (SELECT coalesce(json_object_agg(id, terms_version), '{}') FROM jobs WHERE client_id = :client),
  'visit', (SELECT coalesce(json_object_agg(id, state), '{}') FROM visits WHERE client_id = :client),
  'slot', (SELECT coalesce(json_object_agg(id, json_build_array(state, technician_id)), '{}')
           FROM slots WHERE client_id = :client),
  'offer', (SELECT coalesce(json_object_agg(id, state), '{}') FROM offers WHERE client_id = :client),
  'counter', (SELECT coalesce(json_object_agg(id, state), '{}') FROM counters WHERE client_id = :client),
  'assignment', (SELECT coalesce(json_object_agg(id, state), '{}') FROM assignments WHERE client_id = :client),
  'round', (SELECT coalesce(json_agg(id), '[]') FROM rounds WHERE client_id = :client AND closed_at IS NULL),
  'busy', (SELECT count(*) FROM bookings WHERE live),
  'overlaps', (SELECT count(*) FROM bookings a JOIN bookings b
               ON a.technician_id = b.technician_id AND a.id < b.id AND a.busy && b.busy WHERE a.live AND b.live),
  'shared_slots', (SELECT count(*) FROM (SELECT FROM assignments WHERE state = 'live'
                   GROUP BY slot_id HAVING count(*) > 1) s),
  'gaps', (SELECT count(*) FROM (SELECT FROM events GROUP BY subject_id HAVING max(seq) <> count(*)) s))
"""
)
NEW_EVENTS = text(
    "SELECT subject_kind, subject_id::text, kind, data, xid::text::bigint FROM events"
    " WHERE client_id = :client AND xid > CAST(:after AS xid8) ORDER BY xid, subject_id, seq"
)
NEW_ROUNDS = text(
    "SELECT id, visit_id, role FROM rounds WHERE job_id = :job AND closed_at IS NULL AND NOT id = ANY(:known)"
)
NEW_OFFERS = text(
    "SELECT id, job_id, role, technician_id, round_id, terms_version FROM offers WHERE NOT id = ANY(:known)"
)
NEW_ASSIGNMENTS = text("SELECT id, job_id, slot_id, technician_id FROM assignments WHERE NOT id = ANY(:known)")

Some = TypeVar("Some")


def one_of(some: Sequence[Some], number: int) -> Some:
    return some[number % len(some)]


class Compared(RuleBasedStateMachine):
    """One client's jobs, each step a transaction of its own; after it rows, events and model must agree."""

    world: World
    #: (kind, state) of everything that any machine of this class came to.
    reached: ClassVar[Counter[tuple[str, str]]]

    @initialize()
    def begin(self) -> None:
        self.model = Model(list(self.world.technicians), set(self.world.technicians))
        self.fold = Fold()
        self.last_xid = 0
        self.ended: dict[str, str] = {}

    @invariant()
    def rows_model_and_events_agree(self) -> None:
        if not hasattr(self, "model"):
            return
        with self.world.as_engine() as (session, _):
            rows = session.execute(STATES, {"client": self.world.client}).scalar_one()
            events = session.execute(NEW_EVENTS, {"client": self.world.client, "after": str(self.last_xid)}).all()
        self.fold.add([tuple(event[:4]) for event in events])  # type: ignore[misc]
        self.last_xid = max([self.last_xid, *(event[4] for event in events)])
        assert self.expected_rows() == {kind: rows[kind] for kind in self.expected_rows()}
        assert sorted(rows["round"]) == sorted(
            str(each.id) for job in self.model.jobs.values() for each in job.rounds.values() if each.is_open
        )
        for kind, states in self.fold.states.items():
            self.reached.update((kind, state) for state in states.values())
            assert states == rows[kind], f"the events tell another {kind}"
        self.assert_sound(rows)

    def expected_rows(self) -> dict[str, dict[str, Any]]:
        model, jobs = self.model, self.model.jobs.values()
        return {
            "job": {str(job.id): job.state for job in jobs},
            "terms": {str(job.id): job.terms_version for job in jobs},
            "visit": {str(job.visit): job.visit_state for job in jobs},
            "slot": {
                str(slot.id): [slot.state, str(slot.technician) if slot.technician else None]
                for job in jobs
                for slot in job.slots
            },
            "offer": {str(offer.id): offer.state for offer in model.offers.values()},
            "counter": {str(counter): state for counter, (state, _) in model.counters.items()},
            "assignment": {str(each.id): each.state for each in model.assignments.values()},
        }

    def assert_sound(self, rows: dict[str, Any]) -> None:
        assert (rows["overlaps"], rows["shared_slots"], rows["gaps"]) == (0, 0, 0)
        working = [each for each in self.model.assignments.values() if each.state in ("live", "finished")]
        assert rows["busy"] == len(working), "a booking without work, or work without a booking"
        assert len(set(self.fold.asked)) == len(self.fold.asked), "somebody was asked twice in a round"
        for offer, state in self.ended.items():
            assert rows["offer"][offer] == state, "an offer that had ended changed"
        self.ended = {offer: state for offer, state in rows["offer"].items() if not OFFER[state]}
        for job in self.model.jobs.values():
            assert not (job.state in ("assigned", "in_progress", "done", "approved") and job.open_slots())
            assert job.state not in ("open", "unfilled", "on_hold") or job.open_slots()
            for role, each in job.rounds.items():
                assert not each.is_open or job.open_slots(role), "a round without an open slot"
                assert not each.is_open or job.state in ("open", "unfilled"), "asking for a job that is not open"

    def do(self, use_case: Callable[..., Any], *args: Any, **more: Any) -> Any:
        """Run a use case in a transaction: its answer, or the refusal that rolled it back."""
        try:
            with self.world.as_engine() as (session, now):
                return use_case(session, *args, now=now, **more)
        except (BadInput, Conflict, NotFound, Refused) as refusal:
            return refusal

    def actor(self, technician: UUID) -> Actor:
        return Actor("technician", technician, technician_id=technician)

    def an_offer(self, number: int) -> ModelOffer:
        """Three times of four one that can still be answered."""
        offers = list(self.model.offers.values())
        live = [offer for offer in offers if offer.is_live()]
        return one_of(live if live and number % 4 else offers, number // 4)

    def a_job(self, number: int) -> ModelJob:
        """Three times of four one that has not ended."""
        jobs = list(self.model.jobs.values())
        living = [job for job in jobs if job.state not in ("cancelled", "approved")]
        return one_of(living if living and number % 4 else jobs, number // 4)

    def change_state(self, job: ModelJob, wish: str, answer: Any) -> None:
        """What the client wished for the whole job happened, if the table of moves says so."""
        assert isinstance(answer, Conflict) != job.can(wish), answer
        if job.can(wish):
            job.state = "on_hold" if wish == "hold" else "open"
            if wish != "resume":
                self.model.end_offers(job, "withdraw")
            self.expect_rounds(job)

    def expect_yes(self, offer: ModelOffer, answer: Answer, expected: str) -> None:
        if isinstance(answer, Won):
            assert expected == "won"
            self.model.end_offer(offer, "accept")
            self.model.fill(offer.job, answer.slot_id, offer.technician, answer.assignment_id)
        elif isinstance(answer, Noted):
            assert expected == "noted"
            self.model.end_offer(offer, "request")
        else:
            assert isinstance(answer, Lost)
            assert answer.code == expected

    def expect_rounds(self, job: ModelJob) -> None:
        """A new round for each role that is asked for; none while nobody is."""
        known = [each.id for each in job.rounds.values()]
        with self.world.as_engine() as (session, _):
            rows = session.execute(NEW_ROUNDS, {"job": job.id, "known": known}).all()
        for row in rows:
            job.rounds[row.role] = ModelRound(row.id, row.role)
        wanted = {slot.role for slot in job.open_slots()} if job.state == "open" else set()
        assert {each.role for each in job.rounds.values() if each.is_open} >= wanted

    def add_offer(self, offer: UUID, job: ModelJob, role: str, technician: UUID, round_id: UUID, version: int) -> None:
        current = job.rounds[role]
        assert (current.id, current.is_open) == (round_id, True), "asked in a round that is over"
        assert technician not in current.asked, "asked twice in a round"
        assert job.open_slots(role), "asked for a slot that is filled"
        assert technician in self.model.active, "asked while suspended"
        assert version == job.terms_version
        current.asked.add(technician)
        self.model.offers[offer] = ModelOffer(offer, job, role, technician, round_id, version)

    def take_over_waves(self) -> None:
        """Whom waves asked and standing consent chose, in the order in which it happened: ids ascend with time."""
        with self.world.as_engine() as (session, _):
            chosen = session.execute(NEW_ASSIGNMENTS, {"known": list(self.model.assignments)}).all()
            asked = session.execute(NEW_OFFERS, {"known": list(self.model.offers)}).all()
        for row in sorted((*chosen, *asked), key=lambda row: row.id):
            job = self.model.jobs[row.job_id]
            assert self.model.may(row.technician_id, job), "asked or chosen who may not do it"
            if row in asked:
                self.add_offer(row.id, job, *row[2:])
            else:
                assert job.mode == "auto"
                assert row.technician_id == self.model.technicians[0], "assigned at once without consent"
                self.model.fill(job, row.slot_id, row.technician_id, row.id)

    def take_over_unfilled(self) -> None:
        """A round closes unfilled only when nobody of it can still answer, and nobody waits for the dispatcher."""
        with self.world.as_engine() as (session, _):
            open_now = set(session.scalars(text("SELECT id FROM rounds WHERE closed_at IS NULL")))
        for job in self.model.jobs.values():
            for each in job.rounds.values():
                if each.is_open and each.id not in open_now:
                    assert job.state in ("open", "unfilled")
                    live = [offer for offer in self.model.offers.values() if offer.round == each.id and offer.is_live()]
                    assert not live, "given up while somebody could still answer"
                    self.model.end_offers(job, "withdraw", each.role)
                    job.state = "unfilled"
