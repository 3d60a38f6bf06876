"""Where do the bytes lie? In a folder of this machine, written whole; and what nobody owns is swept away."""

import os
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from dispatch.errors import MissingService
from dispatch.files.storing import open_store

CLIENT, FILE = uuid4(), uuid4()


def test_what_was_put_is_got_and_what_was_removed_is_gone(tmp_path):
    store = open_store(None, tmp_path)
    store.put(CLIENT, FILE, b"bytes")
    assert store.get(CLIENT, FILE) == b"bytes"
    assert (tmp_path / "files" / str(CLIENT) / str(FILE)).read_bytes() == b"bytes"
    store.remove(CLIENT, FILE)
    store.remove(CLIENT, FILE)
    with pytest.raises(MissingService, match="does not give this file"):
        store.get(CLIENT, FILE)


def test_a_url_names_another_place(tmp_path):
    store = open_store(f"file://{tmp_path}/elsewhere", tmp_path / "unused")
    store.put(CLIENT, FILE, b"bytes")
    assert (tmp_path / "elsewhere" / str(CLIENT) / str(FILE)).exists()
    assert not (tmp_path / "unused").exists()


@pytest.mark.parametrize("url", ["nonsense", "gopher://x/y", "ftp://somewhere/"])
def test_a_url_that_nobody_knows_says_so(url, tmp_path):
    with pytest.raises(MissingService, match="TRUCKROLL_FILES_URL"):
        open_store(url, tmp_path)


def test_a_store_that_does_not_answer_says_so_in_seconds(tmp_path):
    store = open_store("s3://bucket/x?region=us-east-1&skip_signature=true", tmp_path)
    dead = open_store("https://127.0.0.1:9/files", tmp_path)
    assert store.folder is None
    began = time.monotonic()
    with pytest.raises(MissingService, match="takes no files"):
        dead.put(CLIENT, FILE, b"bytes")
    assert time.monotonic() - began < 10


def test_only_what_is_old_and_ours_is_listed(tmp_path):
    store = open_store(None, tmp_path)
    young, old = uuid4(), uuid4()
    for each in (young, old):
        store.put(CLIENT, each, b"bytes")
    (tmp_path / "files" / "README").write_text("somebody's own")
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    stamp = an_hour_ago.timestamp() - 60
    os.utime(tmp_path / "files" / str(CLIENT) / str(old), (stamp, stamp))
    assert list(store.written_before(an_hour_ago)) == [(CLIENT, old)]
