"""How does the roster keep numbers that many readers gather by row?

Three forms, all indexed by row number: one number a row (`Columns`), any number of records a row (`Records`), and for
each key the set of its rows (`RowSets`).
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence, Set
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from matching.candidates import Bools, Floats, Ints

Key = TypeVar("Key", bound=Hashable)
Scalar = TypeVar("Scalar", bound=np.generic)

_FIRST_SIZE = 8


class Columns:
    """Named numpy columns of one length that grows by doubling; new rows are zero."""

    def __init__(self, kinds: Mapping[str, str] | None = None) -> None:
        self._size = _FIRST_SIZE
        self._by_name = {name: np.zeros(self._size, dtype=kind) for name, kind in (kinds or {}).items()}

    def reserve(self, num_rows: int) -> None:
        """Make room for that many rows."""
        if num_rows > self._size:
            self._size = max(num_rows, 2 * self._size)
            self._by_name = {name: _longer(column, self._size) for name, column in self._by_name.items()}

    def of(self, name: str, kind: str) -> NDArray[Any]:
        """The column of this name, made of `kind` if there was none."""
        if name not in self._by_name:
            self._by_name[name] = np.zeros(self._size, dtype=kind)
        return self._by_name[name]

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._by_name[name]

    def take(self, rows: Ints) -> dict[str, NDArray[Any]]:
        """Copies of all columns for some rows (N,), each (N,)."""
        return {name: column[rows] for name, column in self._by_name.items()}

    def table(self, names: Sequence[str], rows: Ints) -> Ints:
        """Columns side by side, (N, names), for some rows (N,); a name without a column is all zeros."""
        table = np.zeros((len(rows), len(names)), dtype=np.int64)
        for place, name in enumerate(names):
            if name in self._by_name:
                table[:, place] = self._by_name[name][rows]
        return table


class Records:
    """Any number of records of `width` numbers a row, kept one after another; exact for whole numbers below 2**53."""

    def __init__(self, width: int) -> None:
        self._flat = np.zeros((_FIRST_SIZE, width))
        self._used = 0
        self._live = 0
        self._first = np.zeros(_FIRST_SIZE, dtype=np.int64)
        self._count = np.zeros(_FIRST_SIZE, dtype=np.int64)

    def reserve(self, num_rows: int) -> None:
        """Make room for that many rows."""
        if num_rows > len(self._first):
            size = max(num_rows, 2 * len(self._first))
            self._first, self._count = _longer(self._first, size), _longer(self._count, size)

    def put(self, row: int, records: Sequence[Sequence[float]]) -> None:
        """Let these be the records of a row, in this order."""
        held = int(self._count[row])
        if not held and not records:
            return
        if self._used + len(records) > len(self._flat):
            self._make_room(len(records))
        if records:
            self._flat[self._used : self._used + len(records)] = records
        self._first[row], self._count[row] = self._used, len(records)
        self._used += len(records)
        self._live += len(records) - held

    def take(self, rows: Ints) -> tuple[Ints, Floats]:
        """The records of some rows (N,): whose each is (R,), as an ascending place in `rows`, and itself (R, width)."""
        count = self._count[rows]
        owner = np.repeat(np.arange(len(rows)), count)
        within = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
        return owner, self._flat[np.repeat(self._first[rows], count) + within]

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the numbers take."""
        return self._flat.nbytes + self._first.nbytes + self._count.nbytes

    def _make_room(self, num: int) -> None:
        """Close the gaps that replaced records left, and double the room if that gives too little."""
        rows = np.flatnonzero(self._count)
        _, kept = self.take(rows)
        self._first[rows] = np.cumsum(self._count[rows]) - self._count[rows]
        self._flat = _longer(kept, max(_FIRST_SIZE, 2 * (self._live + num)))
        self._used = self._live


class RowSets(Generic[Key]):
    """For each key the rows that have it, such as the members of each pool."""

    def __init__(self) -> None:
        self._rows: dict[Key, set[int]] = {}
        self._arrays: dict[Key, Ints] = {}

    def put(self, row: int, before: Set[Key], after: Set[Key]) -> None:
        """Let a row have the keys `after` instead of `before`."""
        for key in before - after:
            self._rows[key].discard(row)
            self._arrays.pop(key, None)
            if not self._rows[key]:
                del self._rows[key]
        for key in after - before:
            self._rows.setdefault(key, set()).add(row)
            self._arrays.pop(key, None)

    @property
    def having_rows(self) -> Set[Key]:
        """The keys that some row has."""
        return self._rows.keys()

    def having(self, keys: Iterable[Key], rows: Ints, num_rows: int) -> Bools:
        """(N,) which of the rows (N,), all below `num_rows`, have at least one of the keys."""
        table = np.zeros(num_rows, dtype=np.bool_)
        for key in keys:
            table[self._array(key)] = True
        return table[rows]

    def _array(self, key: Key) -> Ints:
        found = self._arrays.get(key)
        if found is None:
            members = self._rows.get(key, ())
            found = self._arrays[key] = np.fromiter(members, dtype=np.int64, count=len(members))
        return found


def _longer(column: NDArray[Scalar], size: int) -> NDArray[Scalar]:
    """The same rows and zeros up to `size` rows."""
    longer = np.zeros((size, *column.shape[1:]), dtype=column.dtype)
    longer[: len(column)] = column
    return longer
