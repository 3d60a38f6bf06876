"""What a file of people may say, and every way in which it goes wrong, named by line, field and value."""

import pytest

from dispatch.admission.peoplefile import MAX_BYTES, MAX_ROWS, read_people
from dispatch.errors import BadInput
from dispatch.talent.loading import BadEntries

HEADER = "name,email,phone,postcode,lat,lng,skills\n"
ROW = "Rosa Marsh,Rosa@Example.org,(432) 555-0147,79830,,,hvac:3;wifi\n"


def test_a_row_is_read_with_its_place_from_the_zip_code():
    (rosa,) = read_people((HEADER + ROW).encode())
    assert (rosa.line, rosa.name, rosa.email, rosa.phone) == (2, "Rosa Marsh", "rosa@example.org", "+14325550147")
    assert rosa.skills == {"hvac": 3, "wifi": 1}
    assert abs(float(str(rosa.place["lat"])) - 30.36) < 1
    assert rosa.place["time_zone"] == "America/Chicago"


def test_spreadsheets_marks_are_no_matter_empty_lines_neither():
    words = "\ufeff" + (HEADER + "\n" + ROW + ",,,,,,\n").replace("\n", "\r\n")
    assert len(read_people(words.encode())) == 1


def test_all_bad_rows_are_named_at_once_each_by_line_field_and_value():
    rows = [
        '=HYPERLINK("x"),a@example.org,,79830,,,',
        "Anna,not an address,,79830,,,",
        "Bo,bo@example.org,123,79830,,,",
        "Cy,cy@example.org,,00000,,,",
        "Di,di@example.org,,,95,0,",
        "Ed,ed@example.org,,79830,47.6,-122.3,",
        "Fay,fay@example.org,,,,,",
        "Gus,gus@example.org,,79830,,,hvac:9",
        "Hal,hal@example.org,,79830,,,hvac;hvac:2",
        "Ida,ida@example.org,,,nan,1,",
        "Jo,jo@example.org,,79830,,,",
        "Jo,JO@example.org,,79830,,,",
        "Ki\u202eng,ki@example.org,,79830,,,",
        ",li@example.org,,79830,,,",
    ]
    text = HEADER + "\n".join(rows).replace('=HYPERLINK("x")', '"=HYPERLINK(""x"")"') + "\n"
    with pytest.raises(BadEntries) as caught:
        read_people(text.encode())
    named = [(each.line, each.error.field) for each in caught.value.problems]
    fields = [
        "name",
        "email",
        "phone",
        "postcode",
        "lat",
        "lat",
        "postcode",
        "skills",
        "skills",
        "lat",
        "email",
        "name",
        "name",
    ]
    lines = [line for line in range(2, 16) if line != 12]
    assert named == list(zip(lines, fields, strict=True))
    assert all(each.error.way_out for each in caught.value.problems)
    twin = next(each for each in caught.value.problems if each.line == 13)
    assert (twin.error.value, "line 12" in twin.error.way_out) == ("jo@example.org", True)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (b"", "header"),
        (b"name,email\nA,a@example.org\n", "header"),
        (b"name,email,postcode,shoe_size\n", "header"),
        (b"name,email,email,postcode\n", "header"),
        ((HEADER + ROW).encode("utf-16"), "file"),
        ((HEADER + "Jos\u00e9,j@example.org,,79830,,,\n").encode("latin-1"), "file"),
        ((HEADER + "A\x00,a@example.org,,79830,,,\n").encode(), "file"),
        ((HEADER + '"open,a@example.org,,79830,,,\n').encode(), "file"),
        (b"x" * (MAX_BYTES + 1), "file"),
        ((HEADER + "".join(f"A,a{num}@example.org,,79830,,,\n" for num in range(MAX_ROWS + 1))).encode(), "file"),
        ((HEADER + "A,a@example.org\n" + ROW + "B\n").encode(), "line 2, row"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_as_a_whole(data: bytes, field: str):
    with pytest.raises(BadInput) as caught:
        read_people(data)
    assert caught.value.field == field
