"""A private PostgreSQL: shared, healed, and stopped by the last. Every process here is a real one, every kill a -9."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from dispatch.daemons import is_running, remove_socket_dir
from dispatch.errors import MissingService
from dispatch.private_postgres import PrivatePostgres, answering, private_postgres

NOBODY = 65534

#: Uses the server of a folder until its standard input ends; as an ordinary user when told so and it may choose.
USER = f"""
import os, sys
from pathlib import Path
from dispatch.private_postgres import private_postgres
if "ordinary" in sys.argv and os.geteuid() == 0:
    os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})
with private_postgres(Path(sys.argv[1]), is_durable=False) as server:
    print(server.socket_dir, server.is_started_here, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _precious(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Whatever goes wrong with a server, the folder that we happen to stand in keeps its files.

    A state file that was cut short once stood for this folder, and a failed start removed it.
    """
    here = tmp_path_factory.mktemp("here")
    (here / "precious.lock").touch()
    monkeypatch.chdir(here)
    yield
    assert (here / "precious.lock").exists()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cluster for this module; each test finds it stopped and leaves it stopped."""
    return tmp_path_factory.mktemp("private") / "postgres"


@pytest.fixture
def stopped(folder: Path) -> Path:
    with private_postgres(folder, is_durable=False):
        pass
    assert answering(folder) is None
    return folder


@contextlib.contextmanager
def user(folder: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", USER, str(folder), *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        yield process
        process.kill()


def said(process: subprocess.Popen[str]) -> tuple[str, bool]:
    assert process.stdout is not None
    socket_dir, is_started_here = process.stdout.readline().split()
    return socket_dir, is_started_here == "True"


def leave(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(timeout=30) == 0


def postmaster(folder: Path) -> int:
    return int((folder / "data" / "postmaster.pid").read_text().split("\n")[0])


def kill(pid: int, folder: Path) -> None:
    os.kill(pid, signal.SIGKILL)
    while is_running(pid, "postgres", str(folder / "data")):
        time.sleep(0.005)


def rows(server: PrivatePostgres, query: str) -> list[tuple[object, ...]]:
    with contextlib.closing(server.connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall() if cursor.description else []


def refused(folder: Path) -> str:
    """Return why no server starts in this folder."""
    with pytest.raises(MissingService) as caught, private_postgres(folder, is_durable=False):
        pytest.fail("a server started")
    return str(caught.value)


def test_two_who_start_at_once_share_one_server_and_the_last_to_leave_stops_it(stopped: Path) -> None:
    with user(stopped) as first, user(stopped) as second:
        (one_socket, one_started), (other_socket, other_started) = said(first), said(second)
        assert one_socket == other_socket
        assert one_started != other_started
        leave(first)
        assert answering(stopped) is not None
        leave(second)
        assert answering(stopped) is None
        assert not Path(one_socket).exists()


def test_a_server_whose_user_was_killed_is_found_again_and_stopped_by_the_next(stopped: Path) -> None:
    with user(stopped) as process:
        socket_dir, _ = said(process)
        process.kill()
    pid = postmaster(stopped)
    with private_postgres(stopped, is_durable=False) as server:
        assert str(server.socket_dir) == socket_dir
        assert not server.is_started_here
        assert postmaster(stopped) == pid
    assert answering(stopped) is None


def test_a_killed_server_is_revived_where_it_was_with_all_that_was_committed(stopped: Path) -> None:
    with private_postgres(stopped, is_durable=False) as server:
        assert server.revive() is False
        rows(server, "CREATE TABLE kept AS SELECT 42 AS answer")
        kill(postmaster(stopped), stopped)
        assert server.revive() is True
        assert rows(server, "SELECT answer FROM kept") == [(42,)]
        rows(server, "DROP TABLE kept")


def test_one_who_comes_after_the_server_was_killed_starts_it_for_everybody(stopped: Path) -> None:
    with private_postgres(stopped, is_durable=False) as server:
        kill(postmaster(stopped), stopped)
        with user(stopped) as process:
            assert said(process) == (str(server.socket_dir), True)
            leave(process)
        assert rows(server, "SELECT 1") == [(1,)]


@pytest.mark.parametrize(
    "left",
    ["", "no number", "{gone}\n{data}\n", "{gone}\n{data}\n1\n5432\n\n\n", "{gone}\n{data}\n1\n5432\n.\n",
     "{gone}\n{data}\n1\n5432\n{here}\n", "{living}\n{data}\n1\n5432\n/nowhere\n"],
)  # fmt: skip
def test_a_state_file_that_is_cut_short_or_lies_stops_no_start_and_removes_nothing(stopped: Path, left: str) -> None:
    words = {"gone": 4_194_303, "living": os.getpid(), "data": stopped / "data", "here": Path.cwd()}
    (stopped / "data" / "postmaster.pid").write_text(left.format(**words))
    with private_postgres(stopped, is_durable=False) as server:
        assert server.is_started_here
        assert rows(server, "SELECT 1") == [(1,)]


def test_only_a_socket_folder_of_ours_is_ever_removed_and_only_when_nothing_else_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "truckroll-mine").mkdir()
    kept = tmp_path / "truckroll-mine" / "letter"
    kept.touch()
    for folder in (Path(), Path.cwd(), tmp_path, tmp_path / "empty", kept.parent):
        remove_socket_dir(folder)
        assert folder.is_dir()
    assert kept.exists()
    kept.unlink()
    remove_socket_dir(kept.parent)
    assert not kept.parent.exists()


def test_a_half_made_cluster_is_thrown_away_and_made_anew(tmp_path: Path) -> None:
    (tmp_path / "data.new").mkdir()
    (tmp_path / "data.new" / "PG_VERSION").write_text("15\n")
    with private_postgres(tmp_path, is_durable=False) as server:
        assert rows(server, "SELECT 1") == [(1,)]
    assert not (tmp_path / "data.new").exists()


def test_somebodys_data_survive_a_power_cut_and_nobody_else_can_connect(stopped: Path) -> None:
    with private_postgres(stopped) as server:
        names = ("fsync", "full_page_writes", "synchronous_commit", "listen_addresses")
        assert [rows(server, f"SHOW {name}")[0][0] for name in names] == ["on", "on", "on", ""]
        assert server.socket_dir.stat().st_mode & 0o777 == 0o700
    assert stopped.stat().st_mode & 0o777 == 0o700


def test_an_ordinary_user_gets_a_server_too() -> None:
    me = NOBODY if os.geteuid() == 0 else os.geteuid()
    with tempfile.TemporaryDirectory() as home:
        os.chown(home, me, -1)
        folder = Path(home) / "postgres"
        with user(folder, "ordinary") as process:
            assert said(process)[1] is True
            assert Path(f"/proc/{postmaster(folder)}").stat().st_uid == me
            leave(process)


def test_a_project_folder_with_a_path_longer_than_a_socket_may_have_still_works(tmp_path: Path) -> None:
    with private_postgres(tmp_path / ("a" * 100) / ("b" * 100), is_durable=False) as server:
        assert len(str(server.socket_dir / ".s.PGSQL.5432")) <= 107
        assert rows(server, "SELECT current_database()") == [("truckroll",)]


def test_data_of_a_version_that_is_not_installed_name_the_package_to_install(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "PG_VERSION").write_text("9\n")
    why = refused(tmp_path)
    assert "was written by version 9" in why
    assert "postgresql-9-postgis-3" in why


def test_a_server_that_does_not_start_says_why_with_its_own_last_words_however_often(stopped: Path) -> None:
    control = stopped / "data" / "global" / "pg_control"
    whole = control.read_bytes()
    control.write_bytes(b"broken")
    whys = [refused(stopped), refused(stopped)]
    control.write_bytes(whole)
    for why in whys:
        assert f"does not start; see {stopped / 'postgres.log'}\n" in why
        assert "PANIC" in why
    with private_postgres(stopped, is_durable=False) as server:
        assert rows(server, "SELECT 1") == [(1,)]


def test_a_socket_folder_that_somebody_cleaned_away_is_made_anew(stopped: Path) -> None:
    with private_postgres(stopped, is_durable=False) as server:
        remove_socket_dir(server.socket_dir)
        assert not server.socket_dir.exists()
        with private_postgres(stopped, is_durable=False) as again:
            assert rows(again, "SELECT 1") == [(1,)]
            with pytest.raises(psycopg2.OperationalError):
                server.connect()
