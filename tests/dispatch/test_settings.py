"""What did the person who starts a process set?"""

from pathlib import Path

import pytest

from dispatch.errors import BadInput
from dispatch.settings import read_settings, with_driver, without_driver


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "DATA_DIR", "PORT", "HOST", "TILES_URL"):
        monkeypatch.delenv(f"TRUCKROLL_{name}", raising=False)
    monkeypatch.chdir(tmp_path)


def test_with_nothing_set_the_servers_are_private_and_their_data_lie_here(tmp_path: Path) -> None:
    settings = read_settings()
    assert settings.database_url is None
    assert settings.redis_url is None
    assert settings.data_dir == tmp_path / ".truckroll"


def test_a_variable_set_to_nothing_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUCKROLL_DATABASE_URL", "")
    assert read_settings().database_url is None


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg2"])
def test_the_driver_is_named_whatever_way_the_url_was_written(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setenv("TRUCKROLL_DATABASE_URL", f"{scheme}://anna:secret@db/truckroll")
    assert read_settings().database_url == "postgresql+psycopg2://anna:secret@db/truckroll"


def test_naming_the_driver_and_taking_the_name_away_are_inverse() -> None:
    url = "postgresql://anna@/truckroll?host=/tmp/somewhere"
    assert without_driver(with_driver(url)) == url
    assert with_driver(with_driver(url)) == with_driver(url)


@pytest.mark.parametrize(
    ("name", "value", "way_out"),
    [
        ("TRUCKROLL_DATABASE_URL", "mysql://db/truckroll", "postgresql://"),
        ("TRUCKROLL_DATABASE_URL", "postgresql+psycopg://db/truckroll", "postgresql://"),
        ("TRUCKROLL_REDIS_URL", "localhost:6379", "redis://"),
        ("TRUCKROLL_PORT", "eighty", "integer"),
        ("TRUCKROLL_WEBHOOK_ALLOW", "10.0.0.0/8, home", "networks"),
        ("TRUCKROLL_PORT", "70000", "65535"),
        ("TRUCKROLL_BOARD_KEPT_DAYS", "0", "1"),
    ],
)
def test_a_bad_value_names_the_variable_the_value_and_the_way_out(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, way_out: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BadInput) as caught:
        read_settings()
    assert caught.value.field == name
    assert value in str(caught.value)
    assert way_out in caught.value.way_out


def test_no_password_is_shown_in_a_message_or_in_the_settings_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUCKROLL_DATABASE_URL", "postgresql://anna:secret@db/truckroll")
    assert "secret" not in repr(read_settings())
    monkeypatch.setenv("TRUCKROLL_DATABASE_URL", "mysql://anna:se@cret@db/truckroll")
    with pytest.raises(BadInput) as caught:
        read_settings()
    assert "cret" not in str(caught.value)
