"""Each form against plain dictionaries of lists and sets, through any series of changes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dispatch.index.columns import Columns, Records, RowSets

records = st.lists(st.tuples(st.integers(0, 2**53 - 1), st.integers(0, 99)), max_size=4)
keys = st.frozensets(st.sampled_from("abc"), max_size=3)


@given(changes=st.lists(st.tuples(st.integers(0, 30), records), max_size=60), asked=st.lists(st.integers(0, 30)))
def test_records_are_those_last_put_in_their_order(
    changes: list[tuple[int, list[tuple[int, int]]]], asked: list[int]
) -> None:
    stored, plain = Records(2), {row: list[tuple[int, int]]() for row in range(31)}
    stored.reserve(31)
    for row, each in changes:
        stored.put(row, each)
        plain[row] = each
    owner, found = stored.take(np.array(asked, dtype=np.int64))
    expected = [(place, *record) for place, row in enumerate(asked) for record in plain[row]]
    assert [(int(who), int(a), int(b)) for who, (a, b) in zip(owner, found, strict=True)] == expected


def test_records_that_are_replaced_for_ever_take_no_more_room() -> None:
    stored = Records(1)
    for turn in range(10_000):
        stored.put(turn % 3, [[turn], [turn + 1]])
    assert stored.nbytes < 1000


@given(changes=st.lists(st.tuples(st.integers(0, 9), keys), max_size=40), wanted=keys)
def test_rows_having_a_key_are_those_that_were_given_it_last(
    changes: list[tuple[int, frozenset[str]]], wanted: frozenset[str]
) -> None:
    stored, plain = RowSets[str](), dict.fromkeys(range(10), frozenset[str]())
    for row, after in changes:
        stored.put(row, plain[row], after)
        plain[row] = after
        rows = np.arange(9, -1, -1)
        assert stored.having(wanted, rows, 10).tolist() == [bool(plain[row] & wanted) for row in rows.tolist()]


def test_columns_keep_their_numbers_as_they_grow_and_new_rows_are_zero() -> None:
    columns = Columns({"a": "i8"})
    columns["a"][:3] = [1, 2, 3]
    columns.reserve(100)
    columns.of("b", "u1")[99] = 7
    rows = np.array([2, 50, 99])
    assert columns.take(rows)["a"].tolist() == [3, 0, 0]
    assert columns.table(["b", "nobody has this"], rows).tolist() == [[0, 0], [0, 0], [7, 0]]
