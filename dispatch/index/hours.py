"""How does the roster know what each technician has left with the client of a job?

Few have anything left to say: those who work for a client with hard limits. For a client's day one dense column is
made when first asked for, and kept: the lookup of a search is then one gather.
"""

from collections.abc import Mapping
from uuid import UUID

import numpy as np

from matching.candidates import Bools, Ints, Seconds
from matching.job import Job
from matching.technician import COMPANY, CONTRACTOR
from matching.usage import NO_LIMIT, HoursLeft, Steps, left_on

#: At most so many bytes of columns are kept.
_MOST_BYTES = 32 * 2**20


class LeftByClient:
    """By client and row the steps of hours left; `LeftByClient.of` is exact, the columns only make it quick."""

    def __init__(self) -> None:
        self._steps: dict[UUID, dict[int, Steps]] = {}
        #: (client's id as a number, day, what newcomers have) -> a number a row
        self._columns: dict[tuple[int, int, int], Seconds] = {}

    def put(self, row: int, before: Mapping[UUID, HoursLeft], after: Mapping[UUID, HoursLeft]) -> None:
        """Let a row have what `after` says instead of `before`."""
        for client in before.keys() - after.keys():
            del self._steps[client][row]
        changed = {client for client in before.keys() | after.keys() if before.get(client) != after.get(client)}
        for client in changed & after.keys():
            self._steps.setdefault(client, {})[row] = after[client].steps
        if changed:
            self._update(row, changed)

    def of(self, job: Job, rows: Ints, of_company: Bools, num_rows: int) -> Seconds:
        """(N,) the least seconds that the rows (N,), all below `num_rows`, have left on the days of the job's end.

        Whoever never worked for the client begins with a contractor's limits, or, where `of_company` (N,), with those
        of who works through a company.
        """
        if not job.hours_rules.limits:
            return np.full(len(rows), NO_LIMIT, dtype=np.int32)
        left = self._least(job, rows, CONTRACTOR, num_rows)
        if np.count_nonzero(of_company):
            left[of_company] = self._least(job, rows[of_company], COMPANY, num_rows)
        return left

    def _least(self, job: Job, rows: Ints, way: str, num_rows: int) -> Seconds:
        days = iter(job.counted_days)
        left = self._column(job, next(days), way, num_rows).take(rows)
        for day in days:
            np.minimum(left, self._column(job, day, way, num_rows).take(rows), out=left)
        return left

    def _column(self, job: Job, day: int, way: str, num_rows: int) -> Seconds:
        client, fresh_s = job.client_id, job.hours_rules.fresh_on(day, way)
        # By number: a UUID is hashed by Python, a number by the machine.
        key = (client.int, day, fresh_s)
        column = self._columns.pop(key, None)
        if column is None or len(column) < num_rows:
            column = self._made(client, day, fresh_s, num_rows)
        self._columns[key] = column  # the last used at the end
        return column

    def _made(self, client: UUID, day: int, fresh_s: int, num_rows: int) -> Seconds:
        column = np.full(num_rows, fresh_s, dtype=np.int32)
        for row, steps in self._steps.get(client, {}).items():
            column[row] = left_on(steps, (day,))
        while self._columns and (len(self._columns) + 1) * column.nbytes > _MOST_BYTES:
            self._columns.pop(next(iter(self._columns)))
        return column

    def _update(self, row: int, clients: set[UUID]) -> None:
        by_number = {each.int: each for each in clients}
        for (number, day, fresh_s), column in self._columns.items():
            if number in by_number and row < len(column):
                steps = self._steps.get(by_number[number], {}).get(row)
                column[row] = fresh_s if steps is None else left_on(steps, (day,))
