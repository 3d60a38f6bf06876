"""What of a job goes into its bundle? Ids, codes, times, hashes and distances: no name, no place, no words of people.

Positions are told as they were judged (how far from the site, how sure, within the fence or not), never as coordinates;
files and decisions by their hashes, to be compared with copies that a party has.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session, undefer

from dispatch.record.chain import verify
from dispatch.record.tables import (
    AssignmentRow,
    ClearedTextRow,
    DecisionRow,
    DeliverableRow,
    DisputeRow,
    FileRow,
    JobRow,
    OfferRow,
    PaymentRow,
    SealRow,
    TermsRow,
    TimeEntryRow,
    VisitRow,
)

_PROOF = ("distance_m", "accuracy_m", "is_within", "signs")
#: Tables whose rows are told by these columns; all have `id` and `job_id`.
_TOLD: tuple[tuple[str, Any, tuple[str, ...]], ...] = (
    ("visit", VisitRow, ("num", "state", "planned_start_at", "planned_end_at", "checked_in_at", "checked_out_at")),
    ("offer", OfferRow, ("technician_id", "state", "terms_version", "sent_at", "answered_at")),
    (
        "assignment",
        AssignmentRow,
        ("technician_id", "slot_id", "state", "terms_version", "pay_kind", "pay_amount", "currency", "start_at",
         "end_at", "assigned_at", "ended_at"),
    ),
    ("deliverable", DeliverableRow, ("item", "num", "version", "state", "file_id", "handed_in_at", "judged_at")),
    ("file", FileRow, ("kind", "content_type", "num_bytes", "sha256", "received_at")),
)  # fmt: skip

#: The same of money, with columns that are documents of codes and sums, and those of which the hash is told.
_OF_MONEY: tuple[tuple[str, Any, tuple[str, ...], tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "payment",
        PaymentRow,
        ("assignment_id", "technician_id", "state", "currency", "held", "due", "paid", "fee", "refunded", "approve_by",
         "approved_at", "due_at"),
        ("approvals",),
        (),
    ),
    (
        "dispute",
        DisputeRow,
        ("payment_id", "technician_id", "state", "reason", "currency", "amount", "awarded", "opened_by", "opened_at",
         "decider_id", "decide_by", "decided_at"),
        ("positions",),
        ("note", "decided_note"),
    ),
)  # fmt: skip


def collect(session: Session, job: JobRow, *, now: datetime, walks_chains: bool = True) -> Iterator[dict[str, Any]]:
    """The records of a job's bundle, in a fixed order. Runs as the engine.

    With `walks_chains` the client's whole history is verified for the head, which takes as long as it is large.
    """
    yield _head(session, job, now, walks_chains)
    yield from _events(session, job.id)
    for what, table, columns in _TOLD:
        for row in session.scalars(select(table).where(table.job_id == job.id).order_by(table.id)):
            yield {"what": what, "id": str(row.id)} | {name: _plain(getattr(row, name)) for name in columns}
    yield from _times(session, job.id)
    for terms in session.scalars(select(TermsRow).where(TermsRow.job_id == job.id).order_by(TermsRow.version)):
        yield {"what": "terms", "version": terms.version, "sha256": _digest(terms.terms)}
    yield from _decisions(session, job.id)
    yield from _money(session, job.id)
    yield from _cleared(session, job.id)


def _head(session: Session, job: JobRow, now: datetime, walks_chains: bool) -> dict[str, Any]:
    """Whose bundle it is, when it was made, and how the client's chains and seals stood then."""
    walked = _walked(session, job.client_id) if walks_chains else {}
    seal = session.scalars(
        select(SealRow).where(SealRow.client_id == job.client_id).order_by(SealRow.num.desc()).limit(1)
    ).one_or_none()
    return {
        "what": "job",
        "id": str(job.id),
        "client_id": str(job.client_id),
        "state": job.state,
        "exported_at": _plain(now),
        **walked,
        "last_seal": None if seal is None else {"num": seal.num, "hash": seal.hash.hex()},
    }


def _walked(session: Session, client_id: UUID) -> dict[str, Any]:
    verdict = verify(session, client_id)
    found = verdict.first_break
    return {
        "first_break": None if found is None else f"{found.what}: {found.place}",
        "num_client_events": verdict.num_events,
        "num_unsealed": verdict.num_unsealed,
    }


def _events(session: Session, job_id: UUID) -> Iterator[dict[str, Any]]:
    """Whole chains, subject by subject: with one event left out they could not be proved."""
    for row in session.execute(_EVENTS, {"job_id": job_id}):
        yield {
            "what": "event",
            "id": str(row.id),
            "subject": f"{row.subject_kind} {row.subject_id}",
            "seq": row.seq,
            "kind": row.kind,
            "actor_kind": row.actor_kind,
            "at": row.at_text,
            "text": row.text,
            "prev_hash": (row.prev_hash or b"").hex(),
            "hash": row.hash.hex(),
        }


def _times(session: Session, job_id: UUID) -> Iterator[dict[str, Any]]:
    """Every version of the time log, with what the positions proved."""
    entries = select(TimeEntryRow).where(TimeEntryRow.job_id == job_id)
    columns = ("technician_id", "kind", "state", "version", "source", "started_at", "ended_at", "agreed_at")
    for row in session.scalars(entries.order_by(TimeEntryRow.entry_id, TimeEntryRow.version)):
        proofs = {"arrival": _proof(row.proof_in), "departure": _proof(row.proof_out)}
        yield {"what": "time", "id": str(row.id)} | {name: _plain(getattr(row, name)) for name in columns} | proofs


def _proof(proof: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if proof is None else {name: proof.get(name) for name in _PROOF}


def _decisions(session: Session, job_id: UUID) -> Iterator[dict[str, Any]]:
    wanted = select(DecisionRow).where(DecisionRow.job_id == job_id).options(undefer(DecisionRow.inputs))
    for row in session.scalars(wanted.order_by(DecisionRow.decided_at, DecisionRow.id)):
        names = ("kind", "digest", "policy_version", "engine_version", "seed", "decided_at")
        told = {name: _plain(getattr(row, name)) for name in names}
        yield {"what": "decision", "id": str(row.id)} | told | {"inputs_sha256": hashlib.sha256(row.inputs).hexdigest()}


def _money(session: Session, job_id: UUID) -> Iterator[dict[str, Any]]:
    """What was paid, who approved what, and what each side of a dispute states: sums, hours, ids of its evidence."""
    for what, table, columns, documents, words in _OF_MONEY:
        for row in session.scalars(select(table).where(table.job_id == job_id).order_by(table.id)):
            told = {name: _plain(getattr(row, name)) for name in columns}
            stated = {name: _stated(getattr(row, name)) for name in documents}
            said = {f"{name}_sha256": _hash_of_words(getattr(row, name)) for name in words}
            yield {"what": what, "id": str(row.id)} | told | stated | said


def _hash_of_words(words: str | None) -> str | None:
    return None if words is None else hashlib.sha256(words.encode()).hexdigest()


def _stated(document: Any) -> Any:
    """A stored document with whole numbers as such and any other number as text: there is one way to write it.

    Of somebody's own words only the hash is told.
    """
    if isinstance(document, dict):
        told = {name: _stated(value) for name, value in document.items() if name != "note"}
        return told | ({"note_sha256": _hash_of_words(document["note"])} if "note" in document else {})
    if isinstance(document, list):
        return [_stated(value) for value in document]
    return str(document) if isinstance(document, float) else document


def _cleared(session: Session, job_id: UUID) -> Iterator[dict[str, Any]]:
    """That there were texts for the cleared alone: the hash of the sealed bytes, of which nobody can guess the text."""
    wanted = select(ClearedTextRow).where(ClearedTextRow.job_id == job_id).order_by(ClearedTextRow.name)
    for row in session.scalars(wanted):
        told = {"name": row.name, "key_id": row.key_id, "sealed_at": _plain(row.sealed_at)}
        yield {
            "what": "cleared_text",
            "id": str(row.id),
            "sealed_sha256": hashlib.sha256(row.sealed).hexdigest(),
        } | told


def _digest(document: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)


_EVENTS = text("""
SELECT e.id, e.subject_kind, e.subject_id, e.seq, e.kind, e.actor_kind, e.prev_hash, e.hash, event_text(e) AS text,
    to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') AS at_text
FROM events e
WHERE (e.subject_kind = 'job' AND e.subject_id = :job_id)
    OR (e.subject_kind = 'visit' AND e.subject_id IN (SELECT id FROM visits WHERE job_id = :job_id))
    OR (e.subject_kind = 'offer' AND e.subject_id IN (SELECT id FROM offers WHERE job_id = :job_id))
    OR (e.subject_kind = 'assignment' AND e.subject_id IN (SELECT id FROM assignments WHERE job_id = :job_id))
    OR (e.subject_kind = 'proposal' AND e.subject_id IN (SELECT id FROM proposals WHERE job_id = :job_id))
    OR (e.subject_kind = 'part' AND e.subject_id IN (SELECT id FROM parts WHERE job_id = :job_id))
    OR (e.subject_kind = 'alarm' AND e.subject_id IN (SELECT id FROM alarms WHERE job_id = :job_id))
    OR (e.subject_kind = 'dispute' AND e.subject_id IN (SELECT id FROM disputes WHERE job_id = :job_id))
    OR (e.subject_kind IN ('appeal', 'review', 'excuse') AND e.subject_id IN (
        SELECT r.id FROM reviews r JOIN assignments a ON a.id = r.assignment_id WHERE a.job_id = :job_id
        UNION ALL SELECT r.id FROM reviews r JOIN decisions d ON d.id = r.decision_id WHERE d.job_id = :job_id))
ORDER BY e.subject_kind, e.subject_id, e.seq
""")
