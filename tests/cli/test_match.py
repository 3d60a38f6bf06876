"""`truckroll match` from files to exit code: what it prints where, and how it refuses what it can't use.

The world: Ann and Bob live 1.1 km apart in Chicago; J1 and J2 overlap, J3 comes after both.
"""

import csv
import json
import os
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from cli.csvfiles import MAX_SHOWN, BadRows
from cli.match import match
from dispatch.errors import BadInput

TECHNICIANS = "id,lat,lng,skills,credentials,radius_km,capacity,max_hours,rate,rating"
ANN = "Ann,41.88,-87.63,hvac:3;wifi,check@2027-05-31,,,,50,4.5"
BOB = "Bob,41.89,-87.63,hvac,,50,1,8,45.50,"
JOBS = "id,lat,lng,skills,credentials,start,end,duration_min,priority,budget"
J1 = "J1,41.88,-87.63,hvac:2,check,2027-05-31T09:00:00-05:00,2027-05-31T12:00:00-05:00,120,,100"
J2 = "J2,41.88,-87.63,hvac,,2027-05-31T11:00:00-05:00,2027-05-31T13:00:00-05:00,60,3,100"
J3 = "J3,41.88,-87.63,hvac:9,,2027-05-31T20:00:00Z,2027-05-31T23:59:00Z,60,3,"

app = typer.Typer()
app.command()(match)


@pytest.fixture
def files(tmp_path):
    """Writes the two files; the arguments that name them."""

    def write(technicians=(TECHNICIANS, ANN, BOB), jobs=(JOBS, J1, J2, J3), end="\n", encoding="utf-8"):
        arguments = []
        for name, lines in (("technicians", technicians), ("jobs", jobs)):
            path = tmp_path / f"{name}.csv"
            path.write_bytes(end.join([*lines, ""]).encode(encoding))
            arguments += [f"--{name}", str(path)]
        return arguments

    return write


def run(arguments):
    return CliRunner().invoke(app, arguments)


def document(arguments):
    result = run([*arguments, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def flaws(arguments):
    """(file, line, field, value) of all that is refused."""
    result = run([*arguments, "--json"])
    assert isinstance(result.exception, BadRows)
    assert result.stdout == ""
    assert all(flaw.way_out for flaw in result.exception.flaws)
    return [(flaw.file, flaw.line, flaw.field, flaw.value) for flaw in result.exception.flaws]


def test_json_is_one_document_of_the_documented_form(files):
    answer = document([*files(), "--objective", "distance"])
    assert list(answer) == ["assignments", "unassigned", "objective", "optimal", "seconds"]
    assert answer["optimal"] is True
    assert [(pair["job"], pair["technician"], pair["distance_m"]) for pair in answer["assignments"]] == [
        ("J1", "Ann", 0),
        ("J2", "Bob", 1112),
    ]
    assert answer["unassigned"] == [{"job": "J3", "reasons": {"level": 2, "capacity": 1}}]
    assert answer["objective"] == {"priority_served": 4, "distance_m": 1112}
    assert all(0 <= pair["score"] <= 1 for pair in answer["assignments"])


def test_a_deadline_of_nothing_still_answers_and_tells_the_gap(files):
    answer = document([*files(), "--objective", "distance", "--seconds", "0"])
    assert answer["optimal"] is False
    assert answer["gap"] == {"priority_served": 1, "distance_m": None}
    assert answer["objective"]["priority_served"] == 3


def test_people_get_tables_with_the_reasons_and_the_proof(files):
    result = run(files())
    assert result.exit_code == 0
    for words in ("Ann", "Bob", "level 2", "2 of 3 jobs assigned", "proved to be the best"):
        assert words in result.stdout


def test_ids_that_look_like_markup_are_printed_as_they_are(files):
    result = run(files(technicians=(TECHNICIANS, ANN.replace("Ann", "[red]Ann[/]"))))
    assert result.exit_code == 0
    assert "[red]Ann[/]" in result.stdout


def test_out_disarms_formulas_and_leaves_numbers_numbers(files, tmp_path):
    out = tmp_path / "out.csv"
    arguments = files(technicians=(TECHNICIANS, ANN.replace("Ann", "=cmd()")), jobs=(JOBS, J1.replace("J1", "-1+1")))
    assert run([*arguments, "--out", str(out)]).exit_code == 0
    header, row = list(csv.reader(out.read_text().splitlines()))
    assert header == ["job", "technician", "distance_m", "score"]
    assert row[:3] == ["'-1+1", "'=cmd()", "0"]
    assert float(row[3]) > 0


@pytest.mark.parametrize(("end", "encoding"), [("\r\n", "utf-8"), ("\n", "utf-8-sig"), ("\r", "utf-8")])
def test_any_line_end_and_a_byte_order_mark_are_read(files, end, encoding):
    answer = document(files(end=end, encoding=encoding))
    assert len(answer["assignments"]) == 2


def test_limits_of_zero_are_legal(files):
    zero = "Zoe,41.88,-87.63,hvac:9,,0,0,0,0,0"
    answer = document(files(technicians=(TECHNICIANS, zero), jobs=(JOBS, J3)))
    assert answer["unassigned"] == [{"job": "J3", "reasons": {"capacity": 1, "max_hours": 1}}]


def test_columns_whose_empty_cell_means_no_limit_may_be_missing(files):
    people = ("lng,id,lat,skills,credentials", "-87.63,Ann,41.88,hvac:3,check@2027-05-31")
    work = ("id,lat,lng,skills,credentials,start,end,duration_min", J1.rsplit(",", 2)[0])
    assert len(document(files(technicians=people, jobs=work))["assignments"]) == 1


def test_files_with_a_header_alone_have_nothing_to_assign(files):
    assert document(files(technicians=(TECHNICIANS,), jobs=(JOBS,)))["assignments"] == []


@pytest.mark.parametrize(
    ("end", "last_day", "is_valid"),
    [
        ("2027-05-31T23:59:59-05:00", "2027-05-31", True),
        ("2027-06-01T00:00:00-05:00", "2027-05-31", False),
        ("2027-06-01T04:59:59Z", "2027-05-31", False),
        ("2027-06-01T05:30:00+05:45", "2027-06-01", True),
    ],
)
def test_credentials_are_judged_on_the_day_of_the_end_at_its_own_offset(files, end, last_day, is_valid):
    person = ANN.replace("2027-05-31", last_day)
    work = f"J,41.88,-87.63,,check,2027-05-31T20:00:00Z,{end},60,,"
    answer = document(files(technicians=(TECHNICIANS, person), jobs=(JOBS, work)))
    assert [line["reasons"] for line in answer["unassigned"]] == ([] if is_valid else [{"credential": 1}])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", ""),
        ("id", "A\u202enn"),
        ("id", "A\x00nn"),
        ("id", "x" * 201),
        ("lat", "NaN"),
        ("lat", "inf"),
        ("lat", "95"),
        ("lat", ""),
        ("lat", "4_1"),
        ("lat", "٤١"),
        ("lng", "200"),
        ("lng", "1e400"),
        ("skills", "hvac:0"),
        ("skills", "hvac:high"),
        ("skills", "hvac:1.5"),
        ("skills", "hvac;;wifi"),
        ("skills", "hvac;hvac:2"),
        ("skills", ":2"),
        ("credentials", "check"),
        ("credentials", "check@2027-02-30"),
        ("credentials", "check@31.05.2027"),
        ("credentials", "@2027-05-31"),
        ("radius_km", "-1"),
        ("radius_km", "nan"),
        ("capacity", "1.5"),
        ("capacity", "-1"),
        ("capacity", "9" * 5000),
        ("max_hours", "inf"),
        ("max_hours", "-0.5"),
        ("rate", "12.345"),
        ("rate", "-5"),
        ("rate", "NaN"),
        ("rate", "$50"),
        ("rating", "5.1"),
    ],
)
def test_a_bad_cell_of_a_technician_is_named_by_line_field_and_value(files, field, value):
    cells = dict(zip(TECHNICIANS.split(","), ANN.split(","), strict=True))
    row = ",".join({**cells, field: value}.values())
    assert flaws(files(technicians=(TECHNICIANS, BOB, row))) == [("technicians.csv", 3, field, value)]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("start", "2027-05-31T09:00:00"),
        ("start", "2027-05-31"),
        ("start", "9999-12-31T23:00:00-05:00"),
        ("start", "2027-02-30T09:00:00Z"),
        ("start", "2027-05-31T24:00:00Z"),
        ("start", "2027-05-31T09:00:60Z"),
        ("start", ""),
        ("end", "2027-05-31T09:00:00-05:00"),
        ("end", "2027-05-31T08:00:00-05:00"),
        ("end", "2029-05-31T08:00:00-05:00"),
        ("end", "infinity"),
        ("credentials", "check@2027-05-31"),
        ("duration_min", "181"),
        ("duration_min", "0"),
        ("duration_min", "-5"),
        ("duration_min", "nan"),
        ("priority", "0"),
        ("priority", "1.5"),
        ("priority", "true"),
        ("priority", "-1"),
        ("budget", "99.999"),
        ("budget", "-1"),
        ("budget", "NaN"),
    ],
)
def test_a_bad_cell_of_a_job_is_named_by_line_field_and_value(files, field, value):
    cells = dict(zip(JOBS.split(","), J1.split(","), strict=True))
    row = ",".join({**cells, field: value}.values())
    assert flaws(files(jobs=(JOBS, J2, row))) == [("jobs.csv", 3, field, value)]


def test_ids_that_come_twice_name_the_first_line(files):
    arguments = files(technicians=(TECHNICIANS, ANN, BOB, ANN))
    assert flaws(arguments) == [("technicians.csv", 4, "id", "Ann")]
    assert "line 2" in str(run(arguments).exception)


def test_a_row_with_too_few_or_too_many_cells_is_named_whole(files):
    short, long = "Cid,41.88,-87.63", BOB + ",extra"
    found = flaws(files(technicians=(TECHNICIANS, ANN, short, long)))
    assert found == [("technicians.csv", 3, "row", short), ("technicians.csv", 4, "row", long)]


def test_a_cell_of_ten_megabytes_is_refused_and_the_lines_after_it_are_still_read(files):
    huge = ANN.replace("Ann", "x" * 10_000_000)
    found = flaws(files(technicians=(TECHNICIANS, huge, BOB, "bad,row")))
    assert [entry[:3] for entry in found] == [("technicians.csv", 2, "row"), ("technicians.csv", 4, "row")]


def test_quotes_that_do_not_close_are_refused(files):
    found = flaws(files(technicians=(TECHNICIANS, BOB, '"' + ANN)))
    assert [entry[0] for entry in found] == ["technicians.csv"]


@pytest.mark.parametrize(
    ("header", "named"),
    [
        (TECHNICIANS + ",shoe_size", "shoe_size"),
        (TECHNICIANS.replace("lat,", ""), "lat"),
        (TECHNICIANS.replace("skills,", ""), "skills"),
        (TECHNICIANS + ",lat", "lat"),
        (TECHNICIANS.replace(",", ";"), TECHNICIANS.replace(",", ";")),
    ],
)
def test_columns_unknown_missing_or_twice_are_named(files, header, named):
    assert ("technicians.csv", 1, "header", named) in flaws(files(technicians=(header, ANN)))


def test_an_empty_file_and_bytes_that_are_no_text_are_named(files, tmp_path):
    arguments = files()
    (tmp_path / "technicians.csv").write_bytes(b"")
    (tmp_path / "jobs.csv").write_bytes(f"{JOBS}\n{J1}\n".encode() + b"J\xff9")
    found = flaws(arguments)
    assert [entry[:3] for entry in found] == [("technicians.csv", 1, "header"), ("jobs.csv", 3, "byte")]


def test_all_bad_rows_of_both_files_are_told_together_and_a_long_list_is_counted(files):
    bad = [f"T{number},95,0,,,,,,," for number in range(30)]
    arguments = files(technicians=(TECHNICIANS, *bad), jobs=(JOBS, J1.replace("41.88", "x")))
    found = flaws(arguments)
    assert len(found) == 31
    assert found[-1] == ("jobs.csv", 2, "lat", "x")
    message = str(run(arguments).exception)
    assert f"and {31 - MAX_SHOWN} more" in message
    assert message.count("technicians.csv, line") == MAX_SHOWN


def test_hidden_characters_and_long_values_are_shown_harmlessly(files):
    message = str(run(files(technicians=(TECHNICIANS, ANN.replace("Ann", "A\u202enn\x1b[31m")))).exception)
    assert "\u202e" not in message
    assert "\x1b" not in message
    assert "U+202E" in message


@pytest.mark.parametrize(
    "words",
    [
        ["--reach-km", "nan"],
        ["--reach-km", "-1"],
        ["--seconds", "inf"],
        ["--seconds", "-1"],
        ["--out", "no/such/o.csv"],
    ],
)
def test_options_out_of_range_are_named(files, words):
    error = run([*files(), *words]).exception
    assert isinstance(error, BadInput)
    assert error.field == words[0]


def test_out_never_overwrites_an_input(files):
    arguments = files()
    error = run([*arguments, "--out", arguments[1]]).exception
    assert isinstance(error, BadInput)
    assert error.field == "--out"


def test_the_program_leaves_with_2_and_says_on_standard_error_alone_what_is_wrong(files):
    command = [sys.executable, "-m", "cli.main", "match", *files(jobs=(JOBS, J1.replace("120", "-1")))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ}, timeout=120)
    assert (done.returncode, done.stdout) == (2, "")
    assert 'jobs.csv, line 2, duration_min "-1"' in done.stderr


def test_a_file_that_is_not_there_is_bad_usage(files, tmp_path):
    assert run([*files(), "--jobs", str(tmp_path / "none.csv")]).exit_code == 2


def test_nothing_of_database_or_network_is_loaded():
    program = "import cli.match, sys; print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    remote = {"sqlalchemy", "psycopg2", "redis", "fastapi", "httpx2", "uvicorn", "alembic"}
    assert [name for name in remote if f"'{name}'" in done.stdout] == []
