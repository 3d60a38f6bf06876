"""What can I ask for, and what does the exit code mean?"""

import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from cli.main import Commands, app, exit_code, run
from dispatch.errors import BadInput, Conflict, MissingService, NotFound
from geo.errors import PointError
from matching.errors import PolicyError


def truckroll(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli.main", *words]
    environment = {**os.environ, **environment}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=60)


def test_help_lists_every_command_and_loads_none_of_them() -> None:
    program = "import sys, cli.main\ntry: cli.main.app(['--help'])\nexcept SystemExit: print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    shown, _, modules = done.stdout.rpartition("\n[")
    assert [name for name in Commands.entries if f"\n  {name} " not in shown] == []
    heavy = {"sqlalchemy", "pydantic", "fastapi", "numpy", "redis", "psycopg2", "alembic", "ortools", "h3"}
    assert [name for name in heavy if f"'{name}'" in modules] == []


@pytest.mark.parametrize("name", Commands.entries)
def test_every_command_loads_and_shows_an_example(name: str) -> None:
    shown = CliRunner().invoke(app, [name, "--help"])
    assert shown.exit_code == 0, shown.output
    assert f"For example: truckroll {name}" in " ".join(shown.output.split())


def test_the_version_is_the_installed_one() -> None:
    done = truckroll("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("truckroll 0.")


@pytest.mark.parametrize("words", [["nonsense"], ["doctor", "--nonsense"]])
def test_bad_usage_leaves_with_2_and_says_so_on_standard_error_alone(words: list[str]) -> None:
    done = truckroll(*words)
    assert done.returncode == 2
    assert "nonsense" in done.stderr
    assert done.stdout == ""


def test_a_bad_setting_leaves_with_2_in_one_line() -> None:
    done = truckroll("doctor", TRUCKROLL_PORT="eighty")
    assert done.returncode == 2
    assert done.stderr.startswith("truckroll: TRUCKROLL_PORT: 'eighty'")
    assert done.stderr.count("\n") == 1


def test_a_form_of_log_that_does_not_exist_leaves_with_2() -> None:
    done = truckroll("doctor", TRUCKROLL_LOG="loud")
    assert done.returncode == 2
    assert "set it to human or json" in done.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MissingService("PostgreSQL", "is not installed", "install it"), 3),
        (BadInput("--seed", "x", "write a number"), 2),
        (NotFound("job", "J-1"), 2),
        (PointError("latitude 95 is no place"), 2),
        (PolicyError("reach 0 is no reach"), 2),
        (Conflict("assigned", "cancel", ["release"]), 1),
    ],
)
def test_an_expected_error_leaves_with_its_code_and_its_message(
    error: Exception, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails() -> None:
        raise error

    with pytest.raises(SystemExit) as caught:
        run(fails)
    assert caught.value.code == code
    assert capsys.readouterr().err == f"truckroll: {error}\n"


def test_an_unexpected_error_keeps_its_traceback() -> None:
    def fails() -> None:
        raise ZeroDivisionError("a fault of ours")

    assert exit_code(ZeroDivisionError()) is None
    with pytest.raises(ZeroDivisionError):
        run(fails)
