"""What is seen of the demo? A line for each job that ended, and a summary counted from the database."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from matching.eligibility import Rule
from matching.reasons import WORDS

_ENDED = text("""
SELECT j.id, j.number, j.title, j.state, j.unfilled, s.town, s.region, t.name,
       extract(epoch FROM a.assigned_at - j.posted_at) AS after_s,
       w.num AS wave, d.outcome, o.rank, o.travel_s, o.technician_id,
       (SELECT count(*) FROM offers x WHERE x.job_id = j.id) AS num_asked
FROM jobs j
JOIN sites s ON s.id = j.site_id
LEFT JOIN assignments a ON a.job_id = j.id AND a.state = 'live'
LEFT JOIN technicians t ON t.id = a.technician_id
LEFT JOIN offers o ON o.id = a.offer_id
LEFT JOIN waves w ON w.id = o.wave_id
LEFT JOIN LATERAL (
    SELECT outcome FROM decisions d WHERE d.job_id = j.id AND (w.decision_id IS NULL OR d.id = w.decision_id)
    ORDER BY d.decided_at LIMIT 1
) d ON true
WHERE j.state IN ('assigned', 'unfilled') AND j.id <> ALL(:seen)
ORDER BY coalesce(a.assigned_at, j.posted_at)
""")

#: Without what was worked before the demo: nobody posted that here.
_COUNTS = text("""
SELECT (SELECT count(*) FROM jobs WHERE posted_at IS NOT NULL) AS jobs,
       (SELECT count(*) FROM jobs WHERE state = 'assigned') AS assigned,
       (SELECT count(*) FROM jobs WHERE state = 'unfilled' AND unfilled IS NOT NULL) AS unfilled,
       (SELECT count(*) FROM offers) AS offers,
       (SELECT count(*) FROM technicians) AS technicians,
       (SELECT count(*) FROM (SELECT FROM assignments WHERE state = 'live' GROUP BY slot_id HAVING count(*) > 1) d)
     + (SELECT count(*) FROM bookings a JOIN bookings b ON a.technician_id = b.technician_id AND a.id < b.id
        WHERE a.live AND b.live AND a.busy && b.busy) AS double_assignments
""")

#: How the visits ended, and what it took.
_DAY = text("""
WITH posted AS (SELECT v.* FROM visits v JOIN jobs j ON j.id = v.job_id WHERE j.posted_at IS NOT NULL)
SELECT (SELECT count(*) FROM posted WHERE outcome = 'complete') AS complete,
       (SELECT count(*) FROM posted WHERE outcome = 'return_needed') AS return_needed,
       (SELECT count(*) FROM posted WHERE outcome = 'could_not_start') AS could_not_start,
       (SELECT count(*) FROM posted WHERE state = 'missed') AS missed,
       (SELECT count(*) FROM events WHERE subject_kind = 'visit' AND kind = 'replanned') AS reschedules,
       (SELECT count(*) FROM events WHERE subject_kind = 'alarm' AND kind = 'escalated') AS escalations,
       (SELECT count(*) FROM notices WHERE state = 'sent') AS messages
""")

#: From the moment the API took the job up, its key checked, to the commit of the first wave: from then on it is seen.
_POST_TO_OFFERS = text("""
SELECT extract(epoch FROM pg_xact_commit_timestamp(w.xmin) - j.posted_at) * 1000
FROM jobs j JOIN rounds r ON r.job_id = j.id AND r.num = 1 JOIN waves w ON w.round_id = r.id AND w.num = 1
""")
#: The same where the server keeps no commit times: to the moment the offers were written.
_POST_TO_SENT = text(_POST_TO_OFFERS.text.replace("pg_xact_commit_timestamp(w.xmin)", "w.sent_at"))


@dataclass(frozen=True, slots=True)
class Ended:
    """A job that ended, in one line."""

    job_id: UUID
    line: str


def read_ended(session: Session, seen: set[UUID]) -> list[Ended]:
    """The jobs that ended since, each as its line. Runs as the engine."""
    return [Ended(row.id, _line(row)) for row in session.execute(_ENDED, {"seen": list(seen)})]


def read_counters(session: Session) -> list[tuple[UUID, UUID]]:
    """The counters that wait for a department, each with its client. Runs as the engine."""
    found = session.execute(text("SELECT id, client_id FROM counters WHERE state = 'open' ORDER BY made_at"))
    return [(row.id, row.client_id) for row in found]


def count(session: Session) -> dict[str, Any]:
    """The summary's figures, counted from the rows. Runs as the engine."""
    figures: dict[str, Any] = dict(session.execute(_COUNTS).mappings().one())
    keeps_times = session.execute(text("SELECT current_setting('track_commit_timestamp') = 'on'")).scalar_one()
    waits_ms = [float(ms) for ms in session.scalars(_POST_TO_OFFERS if keeps_times else _POST_TO_SENT)]
    return {**figures, "post_to_offers_ms": percentiles(waits_ms)}


def count_day(session: Session) -> dict[str, Any]:
    """What became of the visits, counted from the rows and the events. Runs as the engine."""
    figures = dict(session.execute(_DAY).mappings().one())
    outcomes = ("complete", "return_needed", "could_not_start", "missed")
    return {"visits": {name: figures.pop(name) for name in outcomes}, **figures}


def percentiles(values_ms: list[float]) -> dict[str, float | None]:
    """The median and the 99th percentile, to a tenth of a millisecond; None where nothing was measured."""
    if not values_ms:
        return {"p50": None, "p99": None}
    return {name: round(float(np.percentile(values_ms, at)), 1) for name, at in (("p50", 50), ("p99", 99))}


def _line(row: Any) -> str:
    reach = f"{row.outcome['num_in_reach']:>4} in reach {row.outcome['num_may']:>3} may" if row.outcome else ""
    where = (
        f"{row.number}  {row.title[:30]:<30} {row.town[:18] + ' ' + row.region:<21} {reach}  {row.num_asked:>3} asked"
    )
    if row.state == "unfilled":
        return f"{where}  [yellow]nobody:[/] {_why_nobody(row.unfilled)}"
    return f"{where}  [green]{row.name}[/] wave {row.wave or 1}, {row.after_s:4.1f} s: {_why_this_one(row)}"


def _why_this_one(row: Any) -> str:
    """Place and the two largest parts of the score."""
    placed = next((each for each in row.outcome["asked"] if each["technician"] == str(row.technician_id)), None)
    if placed is None:
        return "standing consent" if row.rank is None else f"place {row.rank}"
    best = sorted(placed["parts"].items(), key=lambda part: -part[1])[:2]
    parts = ", ".join(f"{name} {part:.2f}" for name, part in best)
    return f"place {placed['place']}, {round((row.travel_s or 0) / 60)} min away ({parts})"


def _why_nobody(unfilled: dict[str, Any]) -> str:
    if unfilled["num_may"] or unfilled["num_asked"]:
        return f"{unfilled['num_asked']} asked, no yes"
    counts = sorted(unfilled["counts"].items(), key=lambda each: -each[1])[:2]
    return "; ".join(f"{num} {WORDS[Rule[code.upper()]]}" for code, num in counts) or "nobody in reach"
