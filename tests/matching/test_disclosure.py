"""Who may read which field? The page `docs/disclosure.md`, written from the one table, and its rule."""

import os
from pathlib import Path

import pytest

from matching.disclosure import CHOOSABLE, FIELDS, STAFF_WHO_READ, class_of, is_shown, lacking

PAGE = Path(__file__).resolve().parents[2] / "docs" / "disclosure.md"

HEAD = """# Who reads which field

Of a job, its site, its visits and documents, a technician sees a field from its class on. The client's own staff see
all, save the cleared texts. `matching/disclosure.py` decides; this page is written from it
(`tests/matching/test_disclosure.py`), and a test compares the two.

- **offer**: when they are asked, or look at open work that they may ask for.
- **assigned**: once the work is theirs.
- **cleared**: once the work is theirs, until they check out, and only while they hold every kind of credential that the
  client names for it. Kept sealed ([how](decisions/0023-what-is-sealed-and-how-keys-go.md)); every reading is an event,
  which the client's administrators read at `GET /v1/cleared-readings`. Of the staff: {staff}.
- **own**: never.

A class that the client chooses job by job (`disclosure`) is told with its default first. What fits none of these fields
and is for the cleared alone is posted as a named text (`cleared`): as many as 20 a job.

| field | class |
|---|---|
"""


def page() -> str:
    rows = [f"| {field} | {' or '.join(CHOOSABLE.get(field, (of,)))} |" for field, of in FIELDS.items()]
    return HEAD.format(staff=", ".join(STAFF_WHO_READ)) + "\n".join(rows) + "\n"


def test_the_page_says_what_the_table_says() -> None:
    if "TRUCKROLL_RENEW" in os.environ:
        PAGE.write_text(page())
    assert PAGE.read_text() == page()


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("is_assigned", [False, True])
def test_a_field_is_shown_from_its_class_on(field: str, is_assigned: bool) -> None:
    expected = {"offer": True, "assigned": is_assigned, "cleared": False, "own": False}
    assert is_shown(field, is_assigned=is_assigned) == expected[FIELDS[field]]


def test_a_client_chooses_a_free_fields_class_and_no_others() -> None:
    assert not is_shown("job.description", is_assigned=False, chosen={"description": "assigned"})
    assert is_shown("job.description", is_assigned=True, chosen={"description": "assigned"})
    assert is_shown("job.description", is_assigned=False, chosen={"description": "offer"})
    # Neither a class that the field has no choice of, nor a field without one.
    assert class_of("job.description", {"description": "own"}) == "offer"
    assert class_of("site.address", {"address": "offer"}) == "assigned"


def test_a_field_that_the_table_does_not_know_is_shown_to_nobody() -> None:
    with pytest.raises(KeyError):
        is_shown("site.vault", is_assigned=True)


def test_every_credential_that_is_demanded_must_count_today() -> None:
    day = 739_000
    held = {"nda": day, "drug_screen": day - 1, "licence#ab12@TX": day + 9}
    assert lacking(["nda", "licence#ab12@TX"], held, day) == ()
    assert lacking(["nda", "drug_screen", "licence#ab12@CA"], held, day) == ("drug_screen", "licence")
    assert lacking(["nda"], held, day + 1) == ("nda",)
