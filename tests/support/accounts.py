"""What must hold of the rows after any fault? And do the replies say the same as the rows?"""

import logging
import os
import time
from typing import Any

from crowd import LIMIT_S, Crowd, Request
from processes import System, until

from dispatch.record.chain import verify

_log = logging.getLogger(__name__)

#: Each query names what must not be; it finds nothing.
FORBIDDEN = {
    "two live assignments of a slot": """
        SELECT slot_id FROM assignments WHERE state = 'live' GROUP BY slot_id HAVING count(*) > 1""",
    "a filled slot without its assignment, or an assignment without its slot": """
        SELECT s.id FROM slots s FULL JOIN (SELECT * FROM assignments WHERE state = 'live') a ON a.slot_id = s.id
        WHERE (s.state = 'filled') IS DISTINCT FROM (a.id IS NOT NULL)
           OR a.technician_id IS DISTINCT FROM s.technician_id""",
    "an accepted offer without its assignment, or an assignment without its offer": """
        SELECT o.id FROM offers o FULL JOIN assignments a ON a.offer_id = o.id
        WHERE (o.state = 'accepted') IS DISTINCT FROM (a.id IS NOT NULL)
           OR a.technician_id IS DISTINCT FROM CASE WHEN a.id IS NOT NULL THEN o.technician_id END""",
    "a technician in two places": """
        SELECT a.id FROM bookings a JOIN bookings b
        ON a.technician_id = b.technician_id AND a.id < b.id AND a.live AND b.live AND a.busy && b.busy""",
    "a technician asked twice in a round": """
        SELECT round_id FROM offers WHERE ask_num = 0 GROUP BY round_id, technician_id HAVING count(*) > 1""",
    "a gap in the waves of a round": """
        SELECT r.id FROM rounds r LEFT JOIN waves w ON w.round_id = r.id GROUP BY r.id
        HAVING r.num_waves <> count(w.id) OR r.num_waves <> coalesce(max(w.num), 0)""",
    "a wave that is not its offers": """
        SELECT w.id FROM waves w LEFT JOIN offers o ON o.wave_id = w.id GROUP BY w.id
        HAVING w.num_asked <> count(o.id)""",
    "a wave that is not told by one event": """
        SELECT w.id FROM waves w LEFT JOIN events e
        ON e.kind = 'wave_sent' AND e.subject_id = (SELECT job_id FROM rounds WHERE id = w.round_id)
           AND e.data ->> 'decision' = w.decision_id::text
        GROUP BY w.id HAVING count(e.id) <> 1""",
    "an assignment that is not told by one event": """
        SELECT a.id FROM assignments a LEFT JOIN events e
        ON e.subject_kind = 'assignment' AND e.subject_id = a.id AND e.kind = 'made'
        GROUP BY a.id HAVING count(e.id) <> 1""",
    "a job that is not told by one event": """
        SELECT j.id FROM jobs j LEFT JOIN events e
        ON e.subject_kind = 'job' AND e.subject_id = j.id AND e.kind = 'posted'
        GROUP BY j.id HAVING count(e.id) <> 1""",
    "a gap in the events of a subject": """
        SELECT subject_id FROM events GROUP BY subject_kind, subject_id
        HAVING min(seq) <> 1 OR max(seq) <> count(*)""",
    "a gap in the board's log": """
        SELECT client_id FROM board_frames GROUP BY client_id HAVING max(seq) - min(seq) + 1 <> count(*)""",
}

_OVERDUE = """
    SELECT (SELECT count(*) FROM rounds r WHERE closed_at IS NULL AND next_wave_at <= clock_timestamp())
         + (SELECT count(*) FROM offers WHERE expires_at <= clock_timestamp()
            AND state IN ('sent', 'viewed', 'requested', 'countered'))"""


#: Within this, due work goes on after healing, on a machine that does not do more at once than it has cores.
HEALED_WITHIN_S = 10.0


def assert_due_work_goes_on(crowd: Crowd) -> float:
    """From this moment on, in time: what became due meanwhile is done, and a new job is offered. How long it took."""
    healed_s = time.monotonic()
    job = crowd.post_job()
    asked = "SELECT count(*) FROM waves w JOIN rounds r ON r.id = w.round_id WHERE r.job_id = %(job)s::uuid"
    until(lambda: crowd.system.rows(asked, job=job.answer["id"])[0][0], "a new job is offered")
    until(lambda: crowd.system.rows(_OVERDUE)[0][0] == 0, "what is due is done")
    took_s = time.monotonic() - healed_s
    crowding = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    assert took_s <= HEALED_WITHIN_S * crowding, f"{took_s:.2f} s on a machine with {crowding:.1f} times its load"
    _log.info("due work went on after %.2f s", took_s)
    return took_s


def wait_until_settled(crowd: Crowd) -> None:
    """Post no more, until every job is assigned or unfilled, and every event stands in the board's log."""
    system = crowd.system
    crowd.end_posting()
    until(lambda: not _open_jobs(system), "every job ends")
    unrelayed = "SELECT count(*) FROM events e LEFT JOIN board_frames f ON f.event_id = e.id WHERE f.seq IS NULL"
    of_clients = " AND e.client_id IS NOT NULL"
    until(lambda: system.rows(unrelayed + of_clients)[0][0] == 0, "the board tells every event")


def assert_rows_are_sound(system: System) -> None:
    """Nothing lost, doubled or torn, whatever was killed."""
    for name, query in FORBIDDEN.items():
        assert not system.rows(query), name
    system.world.engine.dispose()  # its connections may have been cut
    with system.world.as_engine() as (session, _):
        for client in (system.world.client, None):
            assert verify(session, client).first_break is None


def assert_replies_are_rows(crowd: Crowd) -> None:
    """Everyone who was told `assigned` has the work, nobody else has; every job that was told `posted` is there, once.

    And nobody was told nonsense, or waited longer than the limit.
    """
    system = crowd.system
    assert not crowd.unclear
    assert crowd.slowest_s <= LIMIT_S, crowd.statuses
    told = {(each.answer["assignment_id"], each.url.split("/")[3]) for each in crowd.yeses if each.status == 200}
    jobs = [each.answer["id"] for each in crowd.jobs if each.status == 201]
    assert len(jobs) == len(crowd.jobs)
    there = "SELECT id::text, offer_id::text FROM assignments WHERE state = 'live' AND job_id = ANY(%(jobs)s::uuid[])"
    assert told == set(system.rows(there, jobs=jobs))
    numbers = system.rows("SELECT id::text, number FROM jobs WHERE number LIKE %(ours)s", ours=f"WO-{crowd.seed}-%")
    assert sorted(numbers) == sorted((each.answer["id"], each.body["number"]) for each in crowd.jobs)


def assert_yours_are_there(crowd: Crowd) -> None:
    """Whoever has been told by now that the work is theirs has it."""
    ids = [each.answer["assignment_id"] for each in list(crowd.yeses) if each.status == 200]
    kept = "SELECT id::text FROM assignments WHERE state = 'live' AND id = ANY(%(ids)s::uuid[])"
    there = crowd.system.rows(kept, ids=ids)
    assert sorted(ids) == sorted(id_ for (id_,) in there)


def assert_repeated_doubts_change_nothing(crowd: Crowd) -> None:
    """Requests whose outcome was unknown for a while, sent once more, get the recorded answer, word for word."""
    requests = [each for each in [*crowd.jobs, *crowd.yeses] if each.num_doubts]
    before = _counts(crowd.system)
    with crowd.connected():
        for request in requests:
            again = crowd.insist(Request(request.url, request.body, request.secret, request.key))
            assert again.was_replayed
            assert (again.status, again.answer) == (request.status, request.answer)
    assert _counts(crowd.system) == before


def _open_jobs(system: System) -> list[Any]:
    return system.rows("SELECT number, state FROM jobs WHERE state NOT IN ('assigned', 'unfilled')")


def _counts(system: System) -> dict[str, Any]:
    """How many there are of what a request makes; the engine's own events come and go by the clock."""
    tables = ("jobs", "offers", "assignments", "bookings", "idempotency_keys", "events WHERE actor_kind <> 'engine'")
    return {table: system.rows(f"SELECT count(*) FROM {table}") for table in tables}
