"""Proofs about technicians, as they come in and go out."""

from datetime import date
from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from api.schemas.talent import Day
from api.schemas.values import Code, In, Instant, Line, Out

CredentialState = Literal["claimed", "submitted", "verified", "expiring", "expired", "revoked", "rejected"]
Fate = Literal["flag", "withdraw", "keep"]

_UUID = "01973b2e-7c1a-7000-8000-0000000000c1"


class CredentialIn(In):
    """A proof, valid from its first through its last day."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "background_check", "valid_from": "2026-06-01", "valid_until": "2027-05-31",
                    "evidence": "Report 8842", "facts": {"scope": ["county_7y"], "issued_on": "2026-06-01"},
                }
            ]
        }
    )  # fmt: skip
    kind: Code
    valid_from: Day
    valid_until: Day
    evidence: Line | None = Field(default=None, description="Where it can be looked up; needed to be reviewed.")
    facts: dict[str, Any] = Field(
        default={},
        max_length=20,
        description="What the family of its kind has: of an insurance `per_occurrence`, `aggregate`, `currency` and"
        " `named_insured`, of a report `scope` and `issued_on`, of a licence `states` … Left out they are to be said by"
        " whoever verifies it: nothing counts without them.",
    )
    for_client_id: UUID | None = Field(default=None, description="For whom alone it is; left out: for everybody.")
    is_submitted: bool = Field(default=True, description="False: claimed, to be handed in later.")


class SubmitIn(In):
    """Hand in what was claimed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"evidence": "Report 8842"}]})
    evidence: Line
    facts: dict[str, Any] | None = Field(default=None, max_length=20, description="As when handing in a proof.")


class ProofPageOut(Out):
    """A page of what shows a proof. Read its bytes at `/v1/credentials/{credential_id}/documents/{num}`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "num": 1, "content_type": "image/jpeg", "num_bytes": 81_234, "sha256": "0" * 64,
                    "width": 3024, "height": 4032, "received_at": "2027-03-01T15:06:40Z",
                }
            ]
        }
    )  # fmt: skip
    num: int
    content_type: Literal["image/jpeg", "image/png", "image/webp", "application/pdf"]
    num_bytes: int
    sha256: str = Field(description="Of the bytes as they are kept; whoever verifies the proof sends it as seen.")
    width: int | None
    height: int | None
    received_at: Instant


class VerifyIn(In):
    """What was looked at before saying that a proof is genuine."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"seen": ["0" * 64], "facts": {"states": ["TX"]}, "valid_until": "2027-05-31"}]}
    )
    seen: list[str] = Field(
        default=[], max_length=20, description="The hashes of its documents, page by page; none where it has none."
    )
    facts: dict[str, Any] | None = Field(
        default=None,
        max_length=20,
        description="What was read in it and not handed in with it, or wrongly; checked as when handing in a proof."
        " Which facts there are says its kind (`GET /v1/credential-kinds`); null: it says nothing of it.",
    )
    valid_from: Day | None = Field(default=None, description="Its first day, where it was handed in wrongly.")
    valid_until: Day | None = Field(default=None, description="Its last day, where it was handed in wrongly.")


class GroundIn(In):
    """What is wrong with a proof itself, whatever it says of somebody."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ground": "wrong_person"}]})
    ground: Literal["forged", "wrong_person", "unreadable", "incomplete"] | None = Field(
        default=None, description="A screening ends on such a ground, or by a removal in which its holder was heard."
    )


class CredentialOut(Out):
    """A proof about a technician. Clients see what is verified, and neither the evidence nor the facts.

    `documents` are for whoever has the proof and whoever reviews it.
    """

    id: UUID
    technician_id: UUID
    kind: str
    is_screening: bool = Field(description="It says something of a person: it ends on a ground, or by a removal.")
    state: CredentialState
    valid_from: date
    valid_until: date
    for_client_id: UUID | None
    facts: dict[str, Any] | None
    evidence: str | None
    documents: list[ProofPageOut] | None
    days_left: int | None = Field(description="Until its last day, by UTC; empty: it has ended, or has no last day.")
    due_at: Instant | None = Field(
        description="By when its reviewer is to look at it; in the queue also of a screening that turned adverse later."
    )
    verified_at: Instant | None
    revoked_at: Instant | None
    ground: str | None = Field(description="What was wrong with it, where it was rejected or revoked for that.")


class Fallen(Out):
    """An assignment that a proof no longer covers, and what became of it by its client's policy."""

    assignment_id: UUID
    fate: Fate


class CredentialMoved(Out):
    """What became of a proof; when it ended, the offers withdrawn and the assignments that it leaves uncovered."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": _UUID,
                    "state": "revoked",
                    "offers_withdrawn": [],
                    "assignments": [{"assignment_id": _UUID, "fate": "flag"}],
                }
            ]
        }
    )
    id: UUID
    state: CredentialState
    offers_withdrawn: list[UUID] = Field(default_factory=list)
    assignments: list[Fallen] = Field(default_factory=list)


class ProofPolicyIn(In):
    """What is asked of each kind beyond its last day."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "policy": {
                        "background_check": {"scope": ["county_7y"], "max_age_days": 730},
                        "insurance": {"per_occurrence": "1000000", "aggregate": "2000000", "slack_days": 30},
                        "electrical_licence": {"by_state": True},
                    }
                }
            ]
        }
    )
    policy: dict[str, dict[str, Any]] = Field(max_length=100)


class ProofPolicyOut(Out):
    """What is asked of each kind; of agreements the versions with the days from which they must have been signed."""

    policy: dict[str, dict[str, Any]]


class AgreementIn(In):
    """The next version of an agreement."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"kind": "nda", "words": "What we tell you stays with you.", "sign_again_from": "2027-01-01"}]
        }
    )
    kind: Code
    words: str = Field(min_length=1, max_length=100_000)
    sign_again_from: Day | None = Field(
        default=None, description="From this day on older signatures do not count; left out: they go on counting."
    )


class AgreementOut(Out):
    """An agreement as it was published."""

    id: UUID
    client_id: UUID
    kind: str
    version: int
    words: str
    sha256: str
    sign_again_from: date | None
    published_at: Instant


class AgreementsOut(Out):
    """The versions in force, one of each kind."""

    items: list[AgreementOut]


class SignIn(In):
    """The hash of the text that was shown."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"sha256": "0" * 64}]})
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class ScreeningIn(In):
    """What to search for."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"kind": "background_check", "scope": ["county_7y", "sex_offender"]}]}
    )
    kind: Code
    scope: list[Code] = Field(min_length=1, max_length=50)


class ScreeningResultIn(In):
    """What the vendor says; signed, with a `seq` that grows with every answer to the same order."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"ref": _UUID, "seq": 1, "status": "clear", "scope": ["county_7y"], "issued_on": "2026-06-01"}]
        }
    )
    ref: str = Field(min_length=1, max_length=64)
    seq: int = Field(ge=1, le=2_000_000_000, strict=True)
    status: Literal["pending", "clear", "adverse"]
    scope: list[Code] = Field(default_factory=list, max_length=50)
    issued_on: Day | None = None
    valid_until: Day | None = None


class ScreeningTaken(Out):
    """What became of an answer: taken, taken before, or too late."""

    outcome: Literal["taken", "already_taken", "too_late"]


class RemovalIn(In):
    """The notice before somebody is removed: what the report says, with the copy and the rights."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "credential_id": _UUID,
                    "notice": "The report of 2 March says … Your rights: …",
                    "enclosed": ["0" * 64],
                    "wait_days": 5,
                }
            ]
        }
    )
    credential_id: UUID
    notice: str = Field(min_length=1, max_length=20_000)
    enclosed: list[str] = Field(
        default=[],
        max_length=20,
        description="The copy: the hashes of the report's pages among the screening's documents, where you add them.",
    )
    no_copy: str | None = Field(
        default=None, min_length=1, max_length=500, description="Why there is no copy; the technician reads it."
    )
    wait_days: int = Field(default=5, strict=True, description="Business days to answer, at least 5.")


class RemovalAnswerIn(In):
    """What is wrong with the report."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"answer": "That is somebody else of my name."}]})
    answer: str = Field(min_length=1, max_length=20_000)


class RemovalFinishIn(In):
    """What was weighed before it is final: how grave it is, how long ago, what it has to do with the work."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"weighed": "A theft at work, eight months ago; the work is alone in shops after hours."}]
        }
    )
    weighed: str = Field(min_length=1, max_length=20_000, description="The technician reads it.")


class RemovalStep(Out):
    """Who did what, and when."""

    step: str
    by_kind: str
    at: Instant


class RemovalOut(Out):
    """A removal: for the operator and the technician alone."""

    id: UUID
    technician_id: UUID
    credential_id: UUID
    state: Literal["noticed", "answered", "under_review", "withdrawn", "final"]
    notice: str
    enclosed: list[str] = Field(
        description="The copy, by hash: read it at `/v1/credentials/{credential_id}/documents`, page by page."
    )
    answer: str | None
    weighed: str | None = Field(description="What a person weighed before it was made final.")
    respond_by: Instant
    ended_at: Instant | None
    steps: list[RemovalStep]
    moves: list[str]
