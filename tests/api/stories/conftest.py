"""The words in which the stories of a day are told, over the real HTTP API.

Extend it with verbs that more than one story needs; a story itself should read as what people do.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from town import Caller, Town

from dispatch.record.session import ENGINE, transaction
from dispatch.visits.sweeps import sweep_visits


@dataclass
class Given:
    """A job that somebody has: who does the work, who posted it, and where to speak of it."""

    town: Town
    job: dict[str, Any]
    technician: Caller
    technician_id: UUID
    visit_id: str
    assignment_id: str

    @property
    def staff(self) -> Caller:
        """The client's dispatcher."""
        return self.town.staff

    @property
    def visit(self) -> str:
        """The visit's address."""
        return f"/v1/visits/{self.visit_id}"

    @property
    def job_url(self) -> str:
        """The job's address."""
        return f"/v1/jobs/{self.job['id']}"

    def does(self, *wishes: str) -> None:
        """The technician moves the visit: `confirm`, `leave`, `check-in`, `check-out`."""
        for wish in wishes:
            answer = self.technician.post(f"{self.visit}/{wish}")
            assert answer.status_code == 200, answer.text

    def state(self) -> str:
        """The job's state, as the client sees it."""
        return self.staff.get(self.job_url).json()["state"]


class Storyteller:
    """What happens before and around a story."""

    def __init__(self, town: Town) -> None:
        self.town = town

    def assigned(self, **job: Any) -> Given:
        """A job that was posted, offered and taken by the best one asked."""
        posted, offers = self.town.offered(**job)
        technician = self.town.by_id(offers[0].technician_id)
        won = technician.post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1})
        assert won.status_code == 200, won.text
        answer = won.json()
        return Given(
            self.town, posted, technician, offers[0].technician_id, answer["visit_id"], answer["assignment_id"]
        )

    def time_passes(self, sql: str, **values: Any) -> None:
        """What only the clock could do: set times back in the record, as its administrator."""
        with self.town.world.as_engine() as (session, _):
            session.connection().exec_driver_sql(sql, values)

    def sweeps(self) -> int:
        """The dispatcher's next look at what is due."""
        return sweep_visits(lambda: transaction(self.town.world.engine, ENGINE, role="engine"))


@pytest.fixture
def story(town: Town) -> Storyteller:
    """A town in which the story plays."""
    return Storyteller(town)
