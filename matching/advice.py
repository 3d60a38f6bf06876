"""What can a technician do about a rule that they fail? One sentence a rule, for themselves."""

from collections.abc import Mapping

from matching.eligibility import Rule

#: What would turn a cross of one's own into a tick.
ADVICE: Mapping[Rule, str] = {
    Rule.ACTIVE: "resume your account, or ask the operator what is open",
    Rule.BLOCKED: "take your block of this client back, if you want its work",
    Rule.POOL: "ask this client to admit you, or meet the requirements of one of its open pools",
    Rule.SKILL: "show the operator proof of the skill, and have it added",
    Rule.LEVEL: "show the operator proof of the higher level",
    Rule.CREDENTIAL: "hand in a proof that is valid through that day",
    Rule.CLEARANCE: "hand in the evidence for a US person: citizen, permanent resident or protected individual",
    Rule.AREA: "widen your radius or area, if you want to drive there",
    Rule.HOURS: "widen your working hours, or ask for another start",
    Rule.FREE: "ask for another start inside the window",
    Rule.CAPACITY: "raise the jobs a day that you take on",
    Rule.LIMIT: "your hours with this client free up as time passes; other clients' work is open to you",
    Rule.RATE: "counter with your rate once you are asked, or lower your least rate",
    Rule.ASKED: "answer the offer that you have",
    Rule.SUSPENDED: "ask this client what it takes to be reinstated",
}
