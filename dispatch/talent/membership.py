"""Who is in an open pool? Whoever meets its requirements, by the facts as they stand; kept in step by a sweep.

Facts that change move a technician's `changed_xid`; the sweep reads those who moved since its last look, as the index
does, and holds everyone against every pool once a day, since days end credentials with no row changing. What is
decided is decided by `matching.membership` alone; an exception (`overrides`) wins while it lasts. Whoever leaves is
judged again by what they have and are asked for: work that the pool alone opened may rest on a proof that it asks for.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.orm import Session

from dispatch.record.events import record
from dispatch.record.session import ENGINE
from dispatch.record.tables import ClientRow, PoolMemberRow, PoolOverrideRow, PoolRow, TechnicianRow
from dispatch.talent.credentials import LOOK_AGAIN, look_again
from dispatch.talent.reading import read_technicians
from matching.membership import Requirements, checks, meets
from matching.proof import read_requirements
from matching.technician import Technician

#: The row of `cursors` that says up to which change everyone was looked at; the migration makes it.
CURSOR = "open_pools"
#: Technicians held against the pools in one transaction.
CHUNK = 1000
#: Technicians named by one event.
_EVENT_BATCH = 1000
#: The checks of a pool's requirements that are of proofs.
_PROOFS = ("credential", "agreement")

_HOLD = text("SELECT below_xid::text FROM cursors WHERE name = :cursor FOR UPDATE SKIP LOCKED")
_HORIZON = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")
_CHANGED = text("SELECT id FROM technicians WHERE changed_xid >= CAST(:since AS xid8) ORDER BY id LIMIT :most")
_MOVE_ON = text(
    "UPDATE cursors SET below_xid = CAST(:to AS xid8) WHERE name = :cursor AND below_xid < CAST(:to AS xid8)"
)


def sweep_memberships(session: Session, now: datetime) -> int:
    """Bring the members of open pools in step with what changed, a batch at a time: how many joined or left.

    Runs as the engine. Answers 0 while another is at it.
    """
    pools = _open_pools(session)
    since = session.scalar(_HOLD, {"cursor": CURSOR}) if pools else None
    if since is None:
        return 0
    horizon = session.execute(_HORIZON).scalar_one()
    changed = list(session.scalars(_CHANGED, {"since": since, "most": CHUNK + 1}))
    if len(changed) > CHUNK:  # an import: everyone is looked at, from the first on
        session.execute(update(PoolRow).where(PoolRow.requirements.is_not(None)).values(judged_on=None))
        changed, pools = [], _open_pools(session)
    if int(horizon) > int(since):
        session.execute(_MOVE_ON, {"cursor": CURSOR, "to": horizon})
    moved = _renew(session, pools, changed, now) if changed else 0
    return moved + _look_at_everyone(session, pools, now)


def renew_memberships(session: Session, technicians: Sequence[UUID], *, now: datetime) -> int:
    """Bring these technicians' memberships of all open pools in step at once: how many joined or left."""
    pools = _open_pools(session)
    return _renew(session, pools, technicians, now) if pools else 0


def proofs_lacking(
    session: Session, pools: Collection[UUID], who: Technician, *, now: datetime
) -> Mapping[str, date | None]:
    """What keeps somebody out of these pools of which they are no member: kinds of proof, each with its last day.

    Empty for a member, and where none of the open ones among them asks for a proof that they lack.
    """
    if who.pools & set(pools):
        return {}
    wanted = select(PoolRow).where(PoolRow.id.in_(pools), PoolRow.requirements.is_not(None)).order_by(PoolRow.id)
    rows = session.scalars(wanted).all()
    asked = requirements_of(session, rows) if rows else {}
    found: dict[str, date | None] = {}
    for pool in rows:
        for check in checks(asked[pool.id], who, pool.client_id, _day(now)):
            if check.code in _PROOFS and not check.holds:
                day = asked[pool.id].until(check.subject, who)
                found[check.subject] = date.fromordinal(day) if day else None
    return found


def members_by_the_rules(session: Session, pool: PoolRow, *, now: datetime) -> set[UUID]:
    """Who should be in an open pool at this moment, from scratch: everyone held against it, exceptions applied."""
    assert pool.requirements is not None
    wanted = requirements_of(session, [pool])[pool.id]
    found = {who.id for who in read_technicians(session, now=now) if meets(wanted, who, pool.client_id, _day(now))}
    for technician_id, is_member in _overrides(session, [pool.id], now=now)[pool.id].items():
        (found.add if is_member else found.discard)(technician_id)
    return found


def requirements_of(session: Session, pools: Sequence[PoolRow]) -> dict[UUID, Requirements]:
    """What these pools ask, by pool, with what their clients ask of each kind of proof as it is now."""
    clients = {pool.client_id for pool in pools}
    policies = select(ClientRow.id, ClientRow.proof_policy).where(ClientRow.id.in_(clients))
    asks = {client: read_requirements(policy, client) for client, policy in session.execute(policies)}
    return {pool.id: Requirements.from_document(pool.requirements or {}, asks[pool.client_id]) for pool in pools}


def _open_pools(session: Session) -> list[PoolRow]:
    wanted = select(PoolRow).where(PoolRow.requirements.is_not(None)).order_by(PoolRow.id)
    return list(session.scalars(wanted.execution_options(populate_existing=True)))


def _look_at_everyone(session: Session, pools: Sequence[PoolRow], now: datetime) -> int:
    """The next technicians of the day's look at everyone, for the pools that are furthest behind."""
    today = _day(now)
    due = [pool for pool in pools if pool.judged_on != today]
    if not due:
        return 0
    after = min((pool.judged_through for pool in due), key=lambda each: (each is not None, each))
    behind = [pool for pool in due if pool.judged_through == after]
    page = select(TechnicianRow.id).order_by(TechnicianRow.id).limit(CHUNK)
    ids = list(session.scalars(page if after is None else page.where(TechnicianRow.id > after)))
    moved = _renew(session, behind, ids, now)
    is_done = len(ids) < CHUNK
    values = {"judged_on": today, "judged_through": None} if is_done else {"judged_through": ids[-1]}
    # Requirements that were changed meanwhile begin anew: their row was written after it was read here.
    for pool in behind:
        session.execute(
            update(PoolRow).where(PoolRow.id == pool.id, PoolRow.requirements == pool.requirements).values(values)
        )
    return moved


def _renew(session: Session, pools: Sequence[PoolRow], technicians: Iterable[UUID], now: datetime) -> int:
    """Who is to move is found without a lock, locked, and judged again as they stand then."""
    ids = sorted(set(technicians))
    movers = {who for joined, left in _moves(session, pools, ids, now).values() for who in (*joined, *left)}
    if not movers:
        return 0
    held = sorted(movers)
    session.execute(
        select(TechnicianRow.id)
        .where(TechnicianRow.id.in_(held))
        .order_by(TechnicianRow.id)
        .with_for_update(key_share=True)
    )
    moves = _moves(session, pools, held, now)
    for pool in pools:
        _write(session, pool, *moves[pool.id], now)
    return sum(len(joined) + len(left) for joined, left in moves.values())


def _moves(
    session: Session, pools: Sequence[PoolRow], ids: Sequence[UUID], now: datetime
) -> dict[UUID, tuple[list[UUID], list[UUID]]]:
    """Pool -> who is to join and who to leave, of these technicians."""
    pool_ids = [pool.id for pool in pools]
    overrides = _overrides(session, pool_ids, ids, now=now)
    members = _members(session, pool_ids, ids)
    people = read_technicians(session, ids, now=now)
    found: dict[UUID, tuple[list[UUID], list[UUID]]] = {}
    asked = requirements_of(session, pools)
    for pool in pools:
        wanted = asked[pool.id]
        is_in = {
            who.id: overrides[pool.id].get(who.id, meets(wanted, who, pool.client_id, _day(now))) for who in people
        }
        joined = [who for who, is_member in is_in.items() if is_member and who not in members[pool.id]]
        left = [who for who, is_member in is_in.items() if not is_member and who in members[pool.id]]
        found[pool.id] = (joined, left)
    return found


def _write(session: Session, pool: PoolRow, joined: Sequence[UUID], left: Sequence[UUID], now: datetime) -> None:
    if joined:
        rows = [
            {"pool_id": pool.id, "technician_id": who, "client_id": pool.client_id, "joined_at": now} for who in joined
        ]
        session.execute(insert(PoolMemberRow), rows)
    if left:
        session.execute(
            delete(PoolMemberRow).where(PoolMemberRow.pool_id == pool.id, PoolMemberRow.technician_id.in_(left))
        )
        look_again(session, left, now + LOOK_AGAIN)
    for kind, who in (("pool_joined", joined), ("pool_left", left)):
        for at in range(0, len(who), _EVENT_BATCH):
            data = {"pool": str(pool.id), "technicians": [str(each) for each in who[at : at + _EVENT_BATCH]]}
            record(session, ENGINE, ("client", pool.client_id), kind, data, client_id=pool.client_id, now=now)


def _overrides(
    session: Session, pools: Sequence[UUID], ids: Sequence[UUID] | None = None, *, now: datetime
) -> Mapping[UUID, dict[UUID, bool]]:
    """Pool -> technician -> whether they are a member all the same; those that have run out count no more."""
    wanted = select(PoolOverrideRow.pool_id, PoolOverrideRow.technician_id, PoolOverrideRow.is_member).where(
        PoolOverrideRow.pool_id.in_(pools), PoolOverrideRow.ended_at.is_(None), PoolOverrideRow.until_at > now
    )
    if ids is not None:
        wanted = wanted.where(PoolOverrideRow.technician_id.in_(ids))
    found: dict[UUID, dict[UUID, bool]] = defaultdict(dict)
    for pool_id, technician_id, is_member in session.execute(wanted):
        found[pool_id][technician_id] = is_member
    return found


def _members(session: Session, pools: Sequence[UUID], ids: Sequence[UUID]) -> Mapping[UUID, set[UUID]]:
    found: dict[UUID, set[UUID]] = defaultdict(set)
    wanted = select(PoolMemberRow.pool_id, PoolMemberRow.technician_id).where(
        PoolMemberRow.pool_id.in_(pools), PoolMemberRow.technician_id.in_(ids)
    )
    for pool_id, technician_id in session.execute(wanted):
        found[pool_id].add(technician_id)
    return found


def _day(now: datetime) -> date:
    return now.astimezone(UTC).date()
