"""Which fields does this actor see? One function, one table; the test of it prints the same table.

What a person is to a piece of work decides, beside their role: a technician who was asked sees the town, one who is
assigned sees the door.
"""

from dataclasses import dataclass
from typing import Literal

#: What the actor's technician is to the work, or the work's technician to the actor's client.
Relation = Literal["none", "asked", "assigned"]

#: The cell whose centre stands for a site before assignment: about 36 km², three and a half kilometres to a side.
HIDDEN_RESOLUTION = 6
#: Metres to which a distance is rounded before assignment: a finer one would find the door from three offers.
HIDDEN_STEP_M = 1000
#: Seconds to which travel is rounded then.
HIDDEN_STEP_S = 300
#: Metres for those who see both ends: somebody's own day, the operator.
SHOWN_STEP_M = 100


@dataclass(frozen=True, slots=True)
class View:
    """What is shown.

    `place`: address, exact coordinates, distance, access, parking and the site's contact. `own_numbers`: purchase
    order, project and other things the client keeps for itself. `technician_name` and `technician_contact` of whoever
    was asked or has the work; `ranking`: place, score and how many were asked.
    """

    place: bool
    own_numbers: bool
    technician_name: bool
    technician_contact: bool
    ranking: bool


NOTHING = View(False, False, False, False, False)

_STAFF = View(place=True, own_numbers=True, technician_name=True, technician_contact=False, ranking=True)
_STAFF_ASSIGNED = View(place=True, own_numbers=True, technician_name=True, technician_contact=True, ranking=True)
_TALENT = View(place=False, own_numbers=False, technician_name=True, technician_contact=False, ranking=False)
_TALENT_ASSIGNED = View(place=True, own_numbers=False, technician_name=True, technician_contact=True, ranking=False)

_TABLE: dict[tuple[str, Relation], View] = {
    **{(kind, "none"): _STAFF for kind in ("client_admin", "requester", "dispatcher")},
    **{(kind, "asked"): _STAFF for kind in ("client_admin", "requester", "dispatcher")},
    **{(kind, "assigned"): _STAFF_ASSIGNED for kind in ("client_admin", "requester", "dispatcher")},
    **{("operator", relation): _STAFF_ASSIGNED for relation in ("none", "asked", "assigned")},
    **{(kind, relation): _TALENT for kind in ("technician", "company", "gateway") for relation in ("none", "asked")},
    **{(kind, "assigned"): _TALENT_ASSIGNED for kind in ("technician", "company", "gateway")},
}


def view(kind: str, relation: Relation) -> View:
    """What an actor of this kind sees of work, or of a technician, in this relation; whoever is unknown, nothing.

    Which rows there are at all is decided before, by row-level security and by the use case.
    """
    return _TABLE.get((kind, relation), NOTHING)
