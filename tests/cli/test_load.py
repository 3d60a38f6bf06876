"""`truckroll import` from a file to the record: all rows or none, and every bad row named.

Ann lives in Chicago, ZIP 60601. The client has a store in Alpine, Texas, store number 1147.
"""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import typer
from click.testing import Result
from sqlalchemy import func, select
from typer.testing import CliRunner
from worlds import World, small_world

from cli.csvfiles import BadRows
from cli.load import load
from dispatch.errors import BadInput
from dispatch.money.budgets import BudgetWish, create_budget
from dispatch.money.funds import set_rules
from dispatch.record.session import Actor
from dispatch.record.tables import JobRow, RoundRow, SlotRow, TechnicianRow, new_id
from dispatch.talent.reading import read_technicians

HEADER = "id,name,lat,lng,postcode,skills,hours,rate"
ANN = "N-1,Ann Lee,41.88,-87.63,60601,hvac:3;wifi,mon-fri 08:00-18:00;fri 22:00-06:00,45.50"
BOB = 'N-2,"=cmd|calc, Bob",30.35,-103.66,,,,'
MATCH_HEADER = "id,lat,lng,skills,credentials,radius_km,capacity,max_hours,rate,rating"
JOB_HEADER = "id,site,title,type,start,end,duration_min,pay,skills"

app = typer.Typer()
app.command()(load)

Import = Callable[..., Result]


@pytest.fixture
def world(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("TRUCKROLL_DATABASE_URL", database_url)
    monkeypatch.setenv("TRUCKROLL_REDIS_URL", "redis://127.0.0.1:1")
    with small_world(database_url, num_technicians=1) as made:
        yield made


@pytest.fixture
def imports(tmp_path: Path) -> Import:
    """Runs the command on a file of these lines."""

    def run(what: str, *lines: str, options: tuple[str, ...] = (), raw: bytes | None = None) -> Result:
        path = tmp_path / "file.csv"
        path.write_bytes("\n".join([*lines, ""]).encode("utf-8", "surrogatepass") if raw is None else raw)
        return CliRunner().invoke(app, [what, str(path), "--json", *options])

    return run


def flaws(result: Result) -> list[tuple[int, str, str]]:
    """(line, field, value) of all that is refused."""
    assert isinstance(result.exception, BadRows), result.output
    return [(flaw.line, flaw.field, flaw.value) for flaw in result.exception.flaws]


def num_technicians(world: World) -> int:
    with world.as_engine() as (session, _):
        return session.scalar(select(func.count()).select_from(TechnicianRow)) or 0


def test_a_file_comes_in_and_again_changes_nothing(world: World, imports: Import) -> None:
    assert json.loads(imports("technicians", HEADER, ANN, BOB).stdout)["technicians"] == {
        "created": 2, "updated": 0, "unchanged": 0
    }  # fmt: skip
    again = json.loads(imports("technicians", HEADER, ANN, BOB).stdout)["technicians"]
    assert again == {"created": 0, "updated": 0, "unchanged": 2}
    with world.as_engine() as (session, now):
        rows = {row.number: row for row in session.scalars(select(TechnicianRow))}
        ann = read_technicians(session, [rows["N-1"].id], now=now)[0]
    assert rows["N-2"].name == "=cmd|calc, Bob", "text stays text"
    assert (rows["N-1"].time_zone, str(rows["N-1"].min_hourly)) == ("America/Chicago", "45.50")
    assert ann.skills == {"hvac": 3, "wifi": 1}
    assert ann.hours == (*((day, 480, 1080) for day in range(5)), (4, 1320, 1440), (5, 0, 360))


def test_columns_that_are_missing_leave_what_is_there_and_empty_cells_empty_it(world: World, imports: Import) -> None:
    imports("technicians", HEADER, ANN)
    assert imports("technicians", "id,name,lat,lng,rate", "N-1,Ann Lee,41.88,-87.63,").exit_code == 0
    with world.as_engine() as (session, now):
        row = session.scalars(select(TechnicianRow).where(TechnicianRow.number == "N-1")).one()
        ann = read_technicians(session, [row.id], now=now)[0]
    assert (ann.min_hourly, ann.skills) == (None, {"hvac": 3, "wifi": 1})


def test_a_file_for_match_will_do_once_it_has_names(world: World, imports: Import) -> None:
    row = "N-1,41.88,-87.63,hvac:3,background_check@2099-05-31,80,3,,50,4.5,Ann"
    result = imports("technicians", f"{MATCH_HEADER},name", row)
    assert result.exit_code == 0, result.output
    with world.as_engine() as (session, now):
        ann = {each.day_capacity: each for each in read_technicians(session, now=now)}[3]
        everybody = {each.reputation for each in read_technicians(session, now=now)}
    assert (ann.radius_km, list(ann.credentials)) == (80.0, ["background_check"])
    assert everybody == {ann.reputation}, "a star in a file is no outcome"


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("N-1,Ann,-87.63,41.88,60601,,,", "lat"),
        ("N-1,Ann,41.88,87.63,60601,,,", "lat"),
        ("N-1,Ann,0,0,,,,", "lat"),
        ("N-1,Ann,nan,-87.63,,,,", "lat"),
        ("N-1,Ann,95,-87.63,,,,", "lat"),
        ("N-1,Ann,41.88,-87.63,00000,,,", "postcode"),
        ("N-1,Ann,41.88,-87.63,,hvac:9,,", "skills"),
        ("N-1,Ann,41.88,-87.63,,hvac:3;hvac:4,,", "skills"),
        ("N-1,Ann,41.88,-87.63,,magic,,", "skills"),
        ("N-1,Ann,41.88,-87.63,,HVAC,,", "skills"),
        ("N-1,Ann,41.88,-87.63,,,mon-fri 8-18,", "hours"),
        ("N-1,Ann,41.88,-87.63,,,mon 08:00-12:00;mon 11:00-13:00,", "hours"),
        ("N-1,Ann,41.88,-87.63,,,,12.345", "rate"),
        ("N-1,Ann,41.88,-87.63,,,,NaN", "rate"),
        ("N-1,Ann,41.88,-87.63,,,,1000000", "rate"),
        (",Ann,41.88,-87.63,,,,", "id"),
        ("N-1,,41.88,-87.63,,,,", "name"),
        ("N-1,Ann\u202egpj,41.88,-87.63,,,,", "name"),
        ("N-1,Ann\x00,41.88,-87.63,,,,", "name"),
        (f"{'N' * 65},Ann,41.88,-87.63,,,,", "id"),
        ("N-1,Ann,41.88,-87.63,,,", "row"),
        ("N-1,Ann,41.88,-87.63,,,,,", "row"),
        (f"N-1,{'A' * 200_000},41.88,-87.63,,,,", "row"),
        ('N-1,"Ann,41.88,-87.63,,,,', "row"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_and_no_other_is_written(
    world: World, imports: Import, row: str, field: str
) -> None:
    result = imports("technicians", HEADER, BOB, row)
    assert {(line, name) for line, name, _ in flaws(result)} <= {(3, field), (4, field)}
    assert num_technicians(world) == 1


def test_all_bad_rows_are_told_at_once_in_the_order_of_the_file(world: World, imports: Import) -> None:
    result = imports(
        "technicians", HEADER, "N-9,Ann,41.88,87.63,60601,,,", ANN, "N-3,,x,0,,,,", "N-1,Ann,41.88,-87.63,,,,", BOB
    )
    assert [(line, field) for line, field, _ in flaws(result)] == [(2, "lat"), (4, "name"), (4, "lat"), (5, "id")]
    assert "nothing was done" in str(result.exception)


@pytest.mark.parametrize("header", ["id,name,lat", "id,name,lat,lng,nationality", "id,name,lat,lng,lat"])
def test_the_header_has_the_columns_that_are_known_each_once(world: World, imports: Import, header: str) -> None:
    assert flaws(imports("technicians", header, "1,2,3,4,5"))[0][:2] == (1, "header")


def test_a_byte_order_mark_and_other_line_ends_are_no_part_of_the_text(world: World, imports: Import) -> None:
    raw = "\ufeff" + f"{HEADER}\r\n{ANN}\r\n"
    assert imports("technicians", raw=raw.encode()).exit_code == 0
    assert num_technicians(world) == 2


def test_bytes_that_are_no_utf_8_are_named_by_their_line(world: World, imports: Import) -> None:
    for bad in ("José".encode("latin-1"), "\ud800".encode("utf-8", "surrogatepass")):
        result = imports("technicians", raw=f"{HEADER}\n{ANN}\nN-2,".encode() + bad + b",41.88,-87.63,,,,\n")
        assert [(line, field) for line, field, _ in flaws(result)] == [(3, "byte")]


def test_skills_that_nobody_knows_can_be_added(world: World, imports: Import) -> None:
    row = "N-1,Ann,41.88,-87.63,,magic:2,,"
    result = imports("technicians", HEADER, row)
    assert flaws(result) == [(2, "skills", "magic")]
    assert "--add-missing" in str(result.exception)
    assert imports("technicians", HEADER, row, options=("--add-missing",)).exit_code == 0
    assert num_technicians(world) == 2


def job(world: World, number: str, **cells: Any) -> str:
    row = {
        "id": number, "site": "1147", "title": "Replace drive", "type": "hardware",
        "start": world.start.isoformat(), "end": (world.start + timedelta(hours=4)).isoformat(),
        "duration_min": 120, "pay": "140.50", "skills": "hvac:2",
    } | cells  # fmt: skip
    return ",".join(str(cell) for cell in row.values())


def test_jobs_are_posted_and_due_and_a_number_that_is_known_is_left_as_it_is(world: World, imports: Import) -> None:
    options = ("--client", "Acme service")
    rows = [job(world, "WO-1"), job(world, "WO-2", skills="")]
    result = imports("jobs", JOB_HEADER, *rows, options=options)
    assert json.loads(result.stdout)["jobs"] == {"created": 2, "known": 0}, result.output
    again = imports("jobs", JOB_HEADER, *rows, job(world, "WO-3"), options=options)
    assert json.loads(again.stdout)["jobs"] == {"created": 1, "known": 2}
    with world.as_engine() as (session, now):
        slots = session.scalars(select(SlotRow).join(JobRow, JobRow.id == SlotRow.job_id).order_by(JobRow.number)).all()
        due = session.scalars(select(RoundRow.next_wave_at)).all()
    assert [slot.needs["skills"] for slot in slots] == [{"hvac": 2}, {}, {"hvac": 2}]
    assert {str(slot.pay_amount) for slot in slots} == {"140.50"}
    assert all(at is not None and at <= now for at in due)


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ({"site": "9999"}, "site"),
        ({"skills": "magic"}, "skills"),
        ({"skills": "hvac:9"}, "skills"),
        ({"start": "2020-01-01T09:00:00Z", "end": "2020-01-01T12:00:00Z"}, "end"),
        ({"duration_min": 500}, "end"),
        ({"duration_min": 0}, "duration_min"),
        ({"start": "2030-01-01T09:00:00"}, "start"),
        ({"pay": "-1"}, "pay"),
        ({"title": ""}, "title"),
    ],
)
def test_one_bad_job_is_named_and_none_is_posted(
    world: World, imports: Import, cells: dict[str, Any], field: str
) -> None:
    rows = [job(world, "WO-1"), job(world, "WO-2", **cells)]
    result = imports("jobs", JOB_HEADER, *rows, options=("--client", str(world.client)))
    assert [(line, name) for line, name, _ in flaws(result)] == [(3, field)]
    with world.as_engine() as (session, _):
        assert session.scalar(select(func.count()).select_from(JobRow)) == 0


def test_jobs_of_a_file_are_counted_under_their_budget_and_those_that_do_not_fit_are_named(
    world: World, imports: Import
) -> None:
    operator = Actor("operator", new_id())
    with world.as_engine() as (session, now):
        set_rules(session, operator, world.client, {"credit_limit": "9000"}, now=now)
        wish = BudgetWish("PO-1", "Refit", "USD", Decimal("150"), True, now.date())
        made = create_budget(session, operator, world.client, wish, now=now)
    rows = [job(world, "WO-1") + ",PO-1", job(world, "WO-2", pay="150.01") + ",PO-1", job(world, "WO-3") + ",PO-9"]
    options = ("--client", str(world.client))
    result = imports("jobs", JOB_HEADER + ",budget", *rows, options=options)
    assert [(line, name) for line, name, _ in flaws(result)] == [(3, "budget"), (4, "budget")]
    assert imports("jobs", JOB_HEADER + ",budget", rows[0], options=options).exit_code == 0
    with world.as_engine() as (session, _):
        assert session.scalars(select(JobRow.budget_id)).all() == [made]


def test_jobs_have_a_client_that_exists_and_technicians_have_none(world: World, imports: Import) -> None:
    for what, options in (
        ("jobs", ()),
        ("jobs", ("--client", "Nobody")),
        ("technicians", ("--client", "Acme service")),
    ):
        header = JOB_HEADER if what == "jobs" else HEADER
        row = job(world, "WO-1") if what == "jobs" else ANN
        result = imports(what, header, row, options=options)
        assert isinstance(result.exception, BadInput)
        assert result.exception.field == "--client"
