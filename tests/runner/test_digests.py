"""Digests of files: right, and remembered only where that is safe."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from runner.digests import ChangingError, Digests, default_store

MINUTE_NS = 60 * 10**9


def later() -> int:
    return time.time_ns() + MINUTE_NS


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "digests.sqlite3"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "data.bin"
    path.write_bytes(b"\x00" * 100_000)
    return path


def test_a_digest_is_that_of_the_content(store: Path, file: Path) -> None:
    assert Digests(store).of(file) == hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_settled_file_is_read_once(store: Path, file: Path) -> None:
    digests = Digests(store, later)
    digest = digests.of(file)
    assert digests.remembers(file)
    file.chmod(0)  # whoever is root could still read it, so look at what is remembered as well
    os.utime(file, ns=(0, file.stat().st_mtime_ns))
    assert not Digests(store, later).remembers(file)  # its ctime has changed
    file.chmod(0o600)
    assert digests.of(file) == digest


def test_a_file_written_just_now_is_read_again(store: Path, file: Path) -> None:
    digests = Digests(store)
    digests.of(file)
    assert not digests.remembers(file)


@pytest.mark.parametrize("change", ["content", "size", "replaced"])
def test_a_changed_file_is_read_again(store: Path, file: Path, change: str) -> None:
    digests = Digests(store, later)
    before = digests.of(file)
    if change == "replaced":
        other = file.with_name("other")
        other.write_bytes(b"\x01" * 100_000)
        os.utime(other, ns=(file.stat().st_mtime_ns, file.stat().st_mtime_ns))
        other.replace(file)
    else:
        file.write_bytes(b"\x01" * (100_000 if change == "content" else 5))
    assert digests.of(file) != before
    assert digests.of(file) == hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_file_that_is_written_meanwhile_has_no_digest(
    store: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = hashlib.file_digest

    def slowly(opened: object, name: str) -> object:
        file.write_bytes(b"more than before" * 10_000)
        return real(opened, name)  # type: ignore[arg-type]  # whatever the caller gave

    monkeypatch.setattr("runner.digests.hashlib.file_digest", slowly)
    with pytest.raises(ChangingError):
        Digests(store, later).of(file)


def test_a_damaged_memory_costs_nothing_but_time(store: Path, file: Path) -> None:
    store.parent.mkdir()
    store.write_bytes(b"this is no database, but long enough to be looked at" * 100)
    digests = Digests(store, later)
    assert digests.of(file) == hashlib.sha256(file.read_bytes()).hexdigest()
    digests.of(file)
    assert digests.remembers(file)


def test_it_lies_where_the_user_wants_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert default_store() == Path("/somewhere/excursions/digests.sqlite3")
