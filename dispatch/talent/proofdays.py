"""Through which day do somebody's proofs count, by kind and by what each client asks of it? Of what the record holds.

The half of `reading` that knows proofs: what is selected of them, and how it becomes days. Many technicians share
their proofs to the day: what is read alike is kept once.
"""

import json
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from uuid import UUID

from matching.proof import NEVER, Proof, Requirement, last_days, read_requirements, run_end

#: The proofs in force, as one JSON value a technician.
PROOFS = (
    "SELECT technician_id, json_agg(json_build_array(kind, valid_until - DATE '0001-01-01' + 1,"
    " facts, for_client_id, CASE WHEN valid_from > :today THEN valid_from - DATE '0001-01-01' + 1 ELSE 0 END)"
    " ORDER BY kind, valid_until, id) FROM credentials"
    " WHERE {them} AND state IN ('verified', 'expiring') AND revoked_at IS NULL"
)

#: What holds for all: what clients ask of proofs beyond their days, and which kinds prove a US person.
ASKED_OF_ALL = (
    "SELECT '', 'asked', json_agg(json_build_array(id, proof_policy) ORDER BY id)::text FROM clients"
    " WHERE proof_policy <> '{}' HAVING count(*) > 0",
    "SELECT '', 'clearing', json_agg(code)::text FROM credential_kinds WHERE family = 'clearance' HAVING count(*) > 0",
)

#: What clients ask of proofs.
Asked = tuple[Requirement, ...]


@lru_cache(maxsize=65536)
def days_of(document: str, asked: Asked) -> Mapping[str, int]:
    """By kind, and by what each client asks of a kind; many have the same proofs to the day."""
    return MappingProxyType(last_days(_proofs(document), asked))


@lru_cache(maxsize=65536)
def cleared_until(document: str, clearing: frozenset[str], word_until: date | None) -> int:
    """The last day of the proofs that somebody is a US person; one that was made for a client alone clears for nobody.

    Where the catalogue has no kind that could prove it, the operator's own word is all there is, through its last day.
    """
    if not clearing:
        return NEVER if word_until is None else word_until.toordinal()
    proofs = (proof for proof in _proofs(document) if proof.kind in clearing and proof.client_id is None)
    return run_end((proof.from_day, proof.until_day) for proof in proofs)


def _proofs(document: str) -> list[Proof]:
    return [
        Proof(kind, day, facts, UUID(client) if client else None, first)
        for kind, day, facts, client, first in json.loads(document)
    ]


@lru_cache(maxsize=64)
def asked_of(document: str) -> Asked:
    """What all clients ask, each once."""
    of_clients = [read_requirements(policy, UUID(client)) for client, policy in json.loads(document)]
    return tuple(dict.fromkeys(asked for policy in of_clients for asked in policy.values()))


@lru_cache(maxsize=8)
def codes_of(document: str) -> frozenset[str]:
    """The kinds that prove a US person."""
    return frozenset(json.loads(document))
