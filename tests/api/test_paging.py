"""Which page of a list? By key: nothing doubled, nothing missed, whatever is added meanwhile."""

import base64
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.paging import read_cursor, write_cursor
from dispatch.errors import BadInput


def test_all_pages_together_are_the_whole_list_newest_first(town):
    posted = [town.posted()["id"] for _ in range(7)]
    seen, url = [], "/v1/jobs?limit=3&state=open"
    while url:
        answer = town.staff.get(url)
        seen += [each["id"] for each in answer.json()["items"]]
        town.posted()
        link = answer.headers.get("Link")
        assert (link is None) == (answer.json()["next"] is None)
        url = link and link.split(";")[0].strip("<>")
        if url:
            assert "limit=3" in url
            assert "state=open" in url
            assert link.endswith('; rel="next"')
    assert seen == posted[::-1]


def test_a_list_that_ends_on_a_full_page_has_no_next(town):
    for _ in range(2):
        town.posted()
    answer = town.staff.get("/v1/jobs?limit=2")
    assert len(answer.json()["items"]) == 2
    assert answer.json()["next"] is None
    assert "Link" not in answer.headers


@given(st.uuids())
def test_a_cursor_is_read_as_it_was_written(key):
    assert read_cursor(write_cursor(key, "/v1/jobs"), "/v1/jobs") == key


@given(st.text(max_size=64))
def test_a_made_up_cursor_is_refused(text):
    with pytest.raises(BadInput):
        read_cursor(text, "/v1/jobs")


def test_a_cursor_of_another_list_or_with_another_id_is_refused():
    cursor = write_cursor(uuid4(), "/v1/jobs")
    with pytest.raises(BadInput):
        read_cursor(cursor, "/v1/bundles")
    raw = bytearray(base64.urlsafe_b64decode(cursor + "="))
    raw[0] ^= 1
    with pytest.raises(BadInput):
        read_cursor(base64.urlsafe_b64encode(raw).decode().rstrip("="), "/v1/jobs")
    assert UUID(bytes=bytes(raw[:16]))
