"""How is a step compared? The base of the machine of `test_lifecycle_machine.py`: rows, events and model together."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from event_fold import Fold
from hypothesis.stateful import RuleBasedStateMachine, invariant
from lifecycle_model import Model, ModelJob, ModelOffer, ModelRound
from sqlalchemy import text
from worlds import World

from dispatch.errors import BadInput, Conflict, NotFound, Refused
from dispatch.jobs.acceptance import Answer, Lost, Noted, Won
from dispatch.jobs.lifecycle import ASSIGNMENT, JOB, OFFER, PART, PROPOSAL, VISIT
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
  'presence', (SELECT coalesce(json_object_agg(id, json_build_array(presence, terms_version)), '{}')
               FROM assignments WHERE client_id = :client),
  'clock', (SELECT coalesce(json_object_agg(assignment_id, kind), '{}')
            FROM time_entries WHERE client_id = :client AND state = 'current' AND ended_at IS NULL),
  'proposal', (SELECT coalesce(json_object_agg(id, state), '{}') FROM proposals WHERE client_id = :client),
  'part', (SELECT coalesce(json_object_agg(id, state), '{}') FROM parts WHERE client_id = :client),
  'excuse', (SELECT coalesce(json_object_agg(id, state), '{}') FROM reviews
             WHERE client_id = :client AND about = 'excuse'),
  'outcome', (SELECT coalesce(json_object_agg(id, outcome), '{}') FROM visits
              WHERE client_id = :client AND outcome IS NOT NULL),
  'charge', (SELECT coalesce(json_object_agg(assignment_id, kinds), '{}') FROM (
             SELECT assignment_id, array_agg(kind ORDER BY kind) AS kinds FROM charges
             WHERE client_id = :client GROUP BY assignment_id) c),
  'alarm', (SELECT coalesce(json_object_agg(id, CASE WHEN cleared_at IS NULL THEN 'raised' ELSE 'cleared' END), '{}')
            FROM alarms WHERE client_id = :client),
  'open_alarms', (SELECT coalesce(json_agg(json_build_array(kind, job_id, subject_id)), '[]')
                  FROM alarms WHERE client_id = :client AND cleared_at IS NULL),
  'round', (SELECT coalesce(json_agg(id), '[]') FROM rounds WHERE client_id = :client AND closed_at IS NULL),
  'busy', (SELECT count(*) FROM bookings WHERE live),
  'overlaps', (SELECT count(*) FROM bookings a JOIN bookings b
               ON a.technician_id = b.technician_id AND a.id < b.id AND a.busy && b.busy WHERE a.live AND b.live),
  'astray', (SELECT count(*) FROM assignments a JOIN visits v ON v.id = a.visit_id JOIN bookings b
             ON b.id = a.booking_id WHERE a.state = 'live' AND NOT (b.live AND b.technician_id = a.technician_id
             AND CASE WHEN v.state = 'checked_out' THEN b.busy <@ tstzrange(a.start_at, a.end_at)
                      ELSE b.busy = tstzrange(a.start_at, a.end_at) END)),
  'shared_bookings', (SELECT count(*) FROM (SELECT FROM assignments GROUP BY booking_id HAVING count(*) > 1) s),
  'two_proposals', (SELECT count(*) FROM (SELECT FROM proposals WHERE state = 'open'
                    GROUP BY assignment_id, by_side HAVING count(*) > 1) s),
  'twice_there', (SELECT count(*) FROM time_entries a JOIN time_entries b
                  ON a.technician_id = b.technician_id AND a.id < b.id
                  AND tstzrange(a.started_at, a.ended_at) && tstzrange(b.started_at, b.ended_at)
                  WHERE a.state = 'current' AND b.state = 'current'),
  'terms_astray', (SELECT count(*) FROM jobs j WHERE j.client_id = :client AND j.terms_version <>
                   (SELECT max(version) FROM terms t WHERE t.job_id = j.id AND
                    (SELECT count(*) FROM terms u WHERE u.job_id = j.id) = t.version)),
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
NEW_ASSIGNMENTS = text(
    "SELECT id, job_id, slot_id, technician_id, start_at, end_at FROM assignments WHERE NOT id = ANY(:known)"
)
#: Of which nothing must be found, ever.
UNSOUND = (
    "overlaps",
    "shared_slots",
    "gaps",
    "astray",
    "shared_bookings",
    "two_proposals",
    "twice_there",
    "terms_astray",
)
#: What comes to an end, and never comes back.
ENDS = {"offer": OFFER, "proposal": PROPOSAL, "part": PART, "assignment": ASSIGNMENT, "visit": VISIT, "job": JOB}

Some = TypeVar("Some")


def one_of(some: Sequence[Some], number: int) -> Some:
    return some[number % len(some)]


def _differences(expected: dict[str, Any], found: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """(expected, found) of each that differs."""
    each_of = expected.keys() | found.keys()
    return {each: (expected.get(each), found.get(each)) for each in each_of if expected.get(each) != found.get(each)}


class Compared(RuleBasedStateMachine):
    """One client's jobs, each step a transaction of its own; after it rows, events and model must agree."""

    world: World
    #: (kind, state) of everything that any machine of this class came to.
    reached: ClassVar[Counter[tuple[str, str]]]

    def begin(self) -> None:
        self.model = Model(list(self.world.technicians), set(self.world.technicians))
        self.fold = Fold()
        self.last_xid = 0
        self.ended: dict[tuple[str, str], str] = {}

    @invariant()
    def rows_model_and_events_agree(self) -> None:
        if not hasattr(self, "model"):
            return
        with self.world.as_engine() as (session, _):
            rows = session.execute(STATES, {"client": self.world.client}).scalar_one()
            events = session.execute(NEW_EVENTS, {"client": self.world.client, "after": str(self.last_xid)}).all()
        self.fold.add([tuple(event[:4]) for event in events])  # type: ignore[misc]
        self.last_xid = max([self.last_xid, *(event[4] for event in events)])
        expected = self.expected_rows()
        different = {kind: _differences(states, rows[kind]) for kind, states in expected.items()}
        assert not any(different.values()), {kind: each for kind, each in different.items() if each}
        assert sorted(rows["round"]) == sorted(
            str(each.id)
            for job in self.model.jobs.values()
            for visit in job.visits
            for each in visit.rounds.values()
            if each.is_open
        )
        for kind, states in self.fold.states.items():
            self.reached.update((kind, state) for state in states.values())
            assert states == rows[kind], f"the events tell another {kind}"
        self.reached.update(("outcome", outcome) for outcome in rows["outcome"].values())
        self.assert_sound(rows)

    def expected_rows(self) -> dict[str, dict[str, Any]]:
        model, jobs = self.model, self.model.jobs.values()
        return {
            "job": {str(job.id): job.state for job in jobs},
            "terms": {str(job.id): job.terms_version for job in jobs},
            "visit": {str(visit.id): visit.state for job in jobs for visit in job.visits},
            "outcome": {str(visit.id): visit.outcome for job in jobs for visit in job.visits if visit.outcome},
            "slot": {
                str(slot.id): [slot.state, str(slot.technician) if slot.technician else None]
                for job in jobs
                for visit in job.visits
                for slot in visit.slots
            },
            "offer": {str(offer.id): offer.state for offer in model.offers.values()},
            "counter": {str(counter): state for counter, (state, _) in model.counters.items()},
            "assignment": {str(each.id): each.state for each in model.assignments.values()},
            "presence": {str(each.id): [each.presence, each.terms_version] for each in model.assignments.values()},
            "clock": {str(each.id): each.clock for each in model.assignments.values() if each.clock},
            "charge": {str(each.id): sorted(each.charges) for each in model.assignments.values() if each.charges},
            "proposal": {str(each.id): each.state for each in model.proposals.values()},
            "part": {str(each.id): each.state for each in model.parts.values()},
        }

    def assert_sound(self, rows: dict[str, Any]) -> None:
        assert {name: rows[name] for name in UNSOUND if rows[name]} == {}
        working = [each for each in self.model.assignments.values() if each.state in ("live", "finished")]
        assert rows["busy"] == len(working), "a booking without work, or work without a booking"
        assert len(set(self.fold.asked)) == len(self.fold.asked), "somebody was asked twice in a round"
        for (kind, subject), state in self.ended.items():
            assert rows[kind][subject] == state, f"this {kind} had ended and changed"
        self.ended = {
            (kind, subject): state
            for kind, moves in ENDS.items()
            for subject, state in rows[kind].items()
            if not moves[state]
        }
        self.assert_alarms(rows["open_alarms"])
        for job in self.model.jobs.values():
            assert not (job.state in ("assigned", "in_progress", "done", "approved") and job.open_slots())
            assert job.state not in ("open", "unfilled", "on_hold") or job.open_slots()
            for role, each in job.rounds.items():
                assert not each.is_open or job.open_slots(role), "a round without an open slot"
                assert not each.is_open or job.state in ("open", "unfilled"), "asking for a job that is not open"

    def assert_alarms(self, alarms: list[list[str]]) -> None:
        """Those that the use cases raise and clear; what the watch sees is compared after a watch."""
        found = {(kind, subject) for kind, _, subject in alarms}
        waiting = {
            str(each.id) for each in self.model.proposals.values() if each.state == "open" and each.side == "technician"
        }
        warned = {str(each.id) for each in self.model.proposals.values() if each.state == "open"}
        assert waiting <= {subject for kind, subject in found if kind == "proposal_waiting"} <= warned
        undecided = {
            str(job.visit)
            for job in self.model.jobs.values()
            if job.now.ended
            and job.now.outcome == "could_not_start"
            and job.state in ("in_progress", "sent_back")
            and not job.was_done
        }
        alarmed = {subject for kind, subject in found if kind == "could_not_start"}
        assert alarmed == undecided, f"alarms {alarmed}, to be decided {undecided}"
        for kind, job, _ in alarms:
            assert self.model.jobs[UUID(job)].state != "cancelled", f"a cancelled job has an alarm: {kind}"

    def do(self, use_case: Callable[..., Any], *args: Any, **more: Any) -> Any:
        """Run a use case in a transaction: its answer, or the refusal that rolled it back."""
        try:
            with self.world.as_engine() as (session, now):
                self.model.now = now
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

    def expect_yes(self, offer: ModelOffer, answer: Answer, expected: set[str]) -> None:
        if isinstance(answer, Won):
            assert "won" in expected
            self.model.end_offer(offer, "accept")
            busy = answer.start_at, answer.end_at
            self.model.fill(offer.job, answer.slot_id, offer.technician, answer.assignment_id, busy)
        elif isinstance(answer, Noted):
            assert "noted" in expected
            self.model.end_offer(offer, "request")
            with self.world.as_engine() as (session, _):
                later = "UPDATE offers SET expires_at = greatest(expires_at, now() + interval '1 h') WHERE id = :id"
                session.execute(text(later), {"id": offer.id})
        else:
            assert isinstance(answer, Lost)
            assert answer.code in expected

    def expect_rounds(self, job: ModelJob) -> None:
        """A new round for each role that is asked for; none while nobody is."""
        known = [each.id for each in job.rounds.values()]
        with self.world.as_engine() as (session, _):
            rows = session.execute(NEW_ROUNDS, {"job": job.id, "known": known}).all()
        for row in rows:
            assert row.visit_id == job.visit, "asked for a visit that is over"
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
            assert self.model.may(row.technician_id, job) is not False, "asked or chosen who may not do it"
            assert row.technician_id not in job.stayed_away, "asked who stayed away"
            if row in asked:
                self.add_offer(row.id, job, *row[2:])
            else:
                assert job.mode == "auto"
                assert row.technician_id == self.model.technicians[0], "assigned at once without consent"
                self.model.fill(job, row.slot_id, row.technician_id, row.id, (row.start_at, row.end_at))

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
