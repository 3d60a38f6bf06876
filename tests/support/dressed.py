"""A week at Acme, for whoever looks at the desk: work of every ending, money, pools, hours, proofs, reviews.

Everything that a person does is done over HTTP; only what the clock or somebody outside would do is written.
"""

import itertools
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pictures import picture
from signing import add_staff
from sqlalchemy import insert, update
from town import Caller, Town

from dispatch.record.session import ENGINE, transaction
from dispatch.record.tables import CredentialKindRow, CredentialRow, OfferRow, TechnicianRow, new_id
from dispatch.visits.sweeps import sweep_visits

ADMIN, DISPATCHER, OPERATOR = "clara@acme.example", "rosa@acme.example", "olga@network.example"
NAMES = (
    "Maria Lopez", "Ray Diaz", "Dana Whitefeather", "Kofi Mensah", "Lena Brandt", "Tom Okafor", "Priya Nair",
    "Sam Ortega",
)  # fmt: skip
BRIEFED = "site_briefing"
RETURN = {"outcome": "return_needed", "why": "part", "note": "A blower motor, 3/4 hp"}
_keys = itertools.count(1)


@dataclass
class Dressed:
    """The town with its week; `jobs` are numbers by what became of them."""

    town: Town
    jobs: dict[str, str] = field(default_factory=dict)
    pool: str = ""

    @property
    def admin(self) -> Caller:
        return self.town.key("client_admin", client_id=self.town.world.client)

    @property
    def operator(self) -> Caller:
        return self.town.key("operator")


@dataclass
class Taken:
    """Work that somebody has."""

    job: dict[str, Any]
    offer: OfferRow
    technician: Caller
    visit: str
    assignment_id: str

    def does(self, *wishes: str) -> None:
        for wish in wishes:
            done(self.technician.post(f"{self.visit}/{wish}"))

    def finishes(self) -> None:
        self.does("confirm", "leave", "check-in", "check-out")
        done(self.technician.post(f"/v1/jobs/{self.job['id']}/finish"))


def done(answer: Any) -> Any:
    """What was answered; it must be a success."""
    assert answer.status_code < 300, answer.text
    return answer.json() if answer.content else None


def dress(town: Town) -> Dressed:
    """All of it."""
    here = Dressed(town)
    _people(town)
    _money(here)
    _limits(here)
    _week(here)
    _pool(here)
    _asks_of_people(here)
    with town.world.as_engine() as (session, _):
        session.connection().exec_driver_sql("UPDATE usage SET judge_at = now() WHERE days <> '{}'")
    sweep_visits(lambda: transaction(town.world.engine, ENGINE, role="engine"))
    return here


def _people(town: Town) -> None:
    with town.world.as_engine() as (session, now):
        session.add(CredentialKindRow(code=BRIEFED, name="Site briefing"))
        session.flush()
        proof = {"kind": BRIEFED, "state": "verified", "valid_from": now.date(), "created_at": now}
        proof |= {"valid_until": now.date() + timedelta(days=90)}
        rows = [{"id": new_id(), "technician_id": each, **proof} for each in town.world.technicians]
        session.execute(insert(CredentialRow), rows)
        for who, name in zip(town.world.technicians, NAMES, strict=True):
            session.execute(update(TechnicianRow).where(TechnicianRow.id == who).values(name=name))
    add_staff(town, "client_admin", ADMIN, "Clara Whitfield")
    add_staff(town, "dispatcher", DISPATCHER, "Rosa Marsh")
    add_staff(town, "operator", OPERATOR, "Olga Brandt")


def _money(here: Dressed) -> None:
    url = f"/v1/clients/{here.town.world.client}"
    rules = {"fee_share": "0.10", "approve_after_days": 5, "second_above": "300", "pay_after_days": 7}
    done(here.operator.post(f"{url}/money", {"rules": rules}))
    done(here.operator.post(f"{url}/funds", {"amount": "5000.00"}))


def _limits(here: Dressed) -> None:
    url = f"/v1/clients/{here.town.world.client}/limits"
    own = [{"id": "acme-quarter", "hours": 2.4, "window_months": 3, "binding": "soft"}]
    done(here.admin.patch(url, {"limits": {"own": own}}, here.admin.get(url).headers["ETag"]))


def take(town: Town, title: str, who: int, *, amount: str = "140.00", starts_min: int = 5, **more: Any) -> Taken:
    """A job of a day of its own, taken by one of those asked; the agreed start was so many minutes ago (0: to come)."""
    needs = {"skills": {"hvac": 2}, "credentials": [BRIEFED]}
    num = next(_keys)
    start = town.world.start + timedelta(days=num % 20)
    window = {"start_at": start.isoformat(), "end_at": (start + timedelta(hours=4)).isoformat()}
    job, offers = town.offered(title=title, slots=[{"needs": needs, "pay": {"amount": amount}}], window=window, **more)
    offer = next(each for each in offers if each.technician_id == town.world.technicians[who])
    technician = town.technician(who)
    won = done(technician.post(f"/v1/offers/{offer.id}/accept", {"terms_version": offer.terms_version}))
    shift = "UPDATE assignments SET start_at = now() - make_interval(mins => %(m)s) WHERE id = %(a)s"
    slow = "UPDATE jobs SET posted_at = posted_at - make_interval(mins => %(m)s) WHERE id = %(j)s"
    with town.world.as_engine() as (session, _):
        if starts_min:
            session.connection().exec_driver_sql(shift, {"m": starts_min, "a": won["assignment_id"]})
        session.connection().exec_driver_sql(slow, {"m": 6 + num % 7 * 4, "j": job["id"]})
    return Taken(job, offer, technician, f"/v1/visits/{won['visit_id']}", won["assignment_id"])


def _week(here: Dressed) -> None:
    town = here.town
    for who, title in enumerate(("Swap the till printer", "Mount two access points", "Replace the drive")):
        work = take(town, title, who)
        work.finishes()
        done(town.staff.post(f"/v1/jobs/{work.job['id']}/approve"))
    waits = take(town, "Re-cable the stock room", 3)
    waits.finishes()
    large = take(town, "Move the server rack", 4, amount="480.00")
    large.finishes()
    back = take(town, "Replace the blower motor", 5, starts_min=40)
    back.does("confirm", "leave", "check-in")
    done(back.technician.post(f"{back.visit}/check-out", RETURN))
    missed = take(town, "Reboot the controller", 6, starts_min=90)
    done(town.staff.post(f"{missed.visit}/no-show", {"why": "called_no_answer"}))
    cleared = {"kinds": [BRIEFED], "texts": [{"name": "alarm_code", "text": "4471"}]}
    to_come = take(town, "Check the vault's sensors", 7, starts_min=0, cleared=cleared)
    for title in ("Label the patch panel", "Test the standby power"):
        take(town, title, 0, starts_min=0)
    done(town.staff.get(f"/v1/jobs/{to_come.job['id']}/cleared"))
    _ends_before(town, to_come)
    hard = [{"needs": {"skills": {"hvac": 5}}, "pay": {"amount": "90.00"}}]
    nobody, _ = town.offered(title="Certify the boiler", slots=hard)
    disputed = take(town, "Seal the door frame", 1)
    disputed.finishes()
    [payment] = done(town.staff.get(f"/v1/payments?job_id={disputed.job['id']}"))["items"]
    said = {"amount": "60.00", "reason": "hours", "position": {"note": "Left after an hour", "amount": "80.00"}}
    done(town.staff.post(f"/v1/payments/{payment['id']}/dispute", said))
    for name, job in (("waits", waits.job), ("large", large.job), ("late", back.job), ("missed", missed.job),
                      ("nobody", nobody), ("to_come", to_come.job), ("disputed", disputed.job)):  # fmt: skip
        here.jobs[name] = job["number"]


def _ends_before(town: Town, work: Taken) -> None:
    """A proof that was good for the work when they said yes ends a day too early."""
    with town.world.as_engine() as (session, _):
        ends = update(CredentialRow).where(
            CredentialRow.technician_id == work.offer.technician_id, CredentialRow.kind == BRIEFED
        )
        session.execute(ends.values(valid_until=town.world.start.date() - timedelta(days=1)))


def _pool(here: Dressed) -> None:
    admin, town = here.admin, here.town
    here.pool = done(admin.post("/v1/pools", {"name": "Night crew"}))["id"]
    done(admin.post("/v1/pools", {"name": "Regulars"}))
    url = f"/v1/pools/{here.pool}/requirements"
    asks = {"skills": {"hvac": 3}, "credentials": [BRIEFED], "near": [{"lat": 30.3585, "lng": -103.661, "km": 6}]}
    done(admin.patch(url, {"requirements": asks}, admin.get(url).headers["ETag"]))
    until = (town.world.start + timedelta(days=30)).isoformat()
    wish = {"is_member": True, "reason": "Trained by us in May", "until": until}
    done(admin.call("PUT", f"/v1/pools/{here.pool}/overrides/{town.world.technicians[7]}", json=wish))


def _asks_of_people(here: Dressed) -> None:
    """Who asks to be let in; a proof with its page; a removal; a decision to be looked at; a company that applies."""
    town = here.town
    for num in (1, 2):
        done(town.technician(num).post("/v1/admissions", {"client_id": str(town.world.client)}))
    invited = {"technician_id": str(town.world.technicians[5]), "pools": []}
    done(here.admin.post("/v1/invitations", invited))
    _hands_in(town, 4)
    is_told(here, 3)
    [offer] = town.world.offers()[:1]
    asker = town.by_id(offer.technician_id)
    decision = done(asker.get(f"/v1/offers/{offer.id}/decision"))["decision_id"]
    done(asker.post("/v1/reviews", {"decision_id": decision, "words": "I live next door and was not asked first."}))
    done(here.operator.post("/v1/clients/applications", {"name": "Initech field services", "regions": ["TX", "NM"]}))


def _hands_in(town: Town, num: int) -> None:
    today = datetime.now().astimezone().date()
    until = str(today + timedelta(days=365))
    proof = {"kind": BRIEFED, "valid_from": str(today), "valid_until": until, "is_submitted": False}
    made = done(town.technician(num).post(f"/v1/technicians/{town.world.technicians[num]}/credentials", proof))
    headers = {"Idempotency-Key": f"dressed-{next(_keys)}", "Content-Type": "image/jpeg"}
    page = picture(size=(320, 200))
    done(town.technician(num).call("POST", f"/v1/credentials/{made['id']}/documents", content=page, headers=headers))
    done(town.technician(num).post(f"/v1/credentials/{made['id']}/submit", {"evidence": "Card 8842"}))


def is_told(here: Dressed, num: int) -> None:
    """A screening said something of a technician, and the operator has told them."""
    town, who = here.town, here.town.world.technicians[num]
    proof_id = new_id()
    with town.world.as_engine() as (session, now):
        session.execute(
            update(CredentialKindRow).where(CredentialKindRow.code == "background_check").values(is_screening=True)
        )
        session.add(
            CredentialRow(
                id=proof_id, technician_id=who, kind="background_check", state="verified", valid_from=now.date(),
                valid_until=now.date() + timedelta(days=300), created_at=now, verified_at=now,
            )
        )  # fmt: skip
    notice = {"credential_id": str(proof_id), "notice": "The report of 2 March names an open case. Your rights: …"}
    notice["no_copy"] = "The vendor sent it to you."
    done(here.operator.post("/v1/removals", notice))
