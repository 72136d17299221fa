"""Patterns for data files: what they name, and what they must not."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.data import DataError, data_digests, data_files, matches


@pytest.mark.parametrize(
    ("pattern", "named", "others"),
    [
        ("data", ["data/a.csv", "data/b/c.csv"], ["data2/a.csv", "a/data/b", "data/.hidden"]),
        ("data/*.csv", ["data/a.csv"], ["data/b/c.csv", "data/.a.csv", "data/a.txt"]),
        ("data/**/*.csv", ["data/a.csv", "data/b/c/d.csv"], ["data/.b/c.csv", "a.csv"]),
        ("**/a.csv", ["a.csv", "b/c/a.csv"], ["b/a.txt", ".b/a.csv"]),
        ("**", ["a", "b/c"], [".a", "b/.c"]),
        ("data/**", ["data/a", "data/b/c"], ["data"]),
        (".cache/x", [".cache/x"], ["cache/x"]),
        ("run?.[ab]", ["run1.a"], ["run1.c", "run12.a"]),
    ],
)
def test_a_pattern_names(pattern: str, named: list[str], others: list[str]) -> None:
    assert [path for path in [*named, *others] if matches(pattern, path)] == named


_NAME = st.sampled_from(["a", "b", "ab", "a.csv", "b.csv"])
_PATH = st.lists(_NAME, min_size=1, max_size=4).map("/".join)
_PATTERN = st.lists(
    st.sampled_from(["a", "b", "*", "?", "*.csv", "**", "[ab]"]), min_size=1, max_size=4
).map("/".join)


@given(_PATTERN, st.sets(_PATH, min_size=1, max_size=8))
def test_patterns_mean_what_they_mean_to_pathlib(
    tmp_path_factory: pytest.TempPathFactory, pattern: str, paths: set[str]
) -> None:
    folder = tmp_path_factory.mktemp("data")
    files = set()
    for path in sorted(paths, key=len):
        file = folder / path
        if any((folder / parent).is_file() for parent in PurePosixPath(path).parents):
            continue
        if not file.is_dir():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
            files.add(path)
    found = list(folder.glob(pattern))
    theirs = {path for path in files if any((folder / path).is_relative_to(each) for each in found)}
    assert set(data_files([pattern], folder, inside=(folder,))) == theirs


def digests(folder: Path, *patterns: str, tracked: dict[str, str] | None = None) -> dict[str, str]:
    return data_digests(
        patterns, folder, inside=(folder.parent,), tracked=tracked or {}, digest=Path.read_text
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "repository" / "excursion"
    (place / "data").mkdir(parents=True)
    (place / "data" / "a.csv").write_text("A")
    (place / "data" / "b.csv").write_text("B")
    return place


def test_each_file_is_digested_and_what_git_holds_is_not_read(folder: Path) -> None:
    found = digests(folder, "data/*.csv", "data/a.csv", tracked={"data/b.csv": "blob"})
    assert found == {"data/a.csv": "sha256:A", "data/b.csv": "git:blob"}


def test_what_git_holds_is_named_though_it_is_not_on_disk(folder: Path) -> None:
    assert digests(folder / "gone", "x", tracked={"x/y": "blob"}) == {"x/y": "git:blob"}


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("nothing/*", "names no file"),
        ("../other", "leads out of the excursion's folder"),
        ("data/../../x", "leads out of the excursion's folder"),
        ("/etc/hostname", "leads out of the excursion's folder"),
        ("", "is no path"),
        ("a\nb", "is no path"),
        ("data/a.csv/x", "names no file"),
    ],
)
def test_a_pattern_that_cannot_be_is_refused(folder: Path, pattern: str, problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        digests(folder, pattern)


def test_a_link_within_the_repository_is_followed(folder: Path) -> None:
    shared = folder.parent / "shared"
    shared.mkdir()
    (shared / "big.bin").write_text("BIG")
    (folder / "linked").symlink_to(shared)
    (shared / "circle").symlink_to(shared)
    assert digests(folder, "linked") == {"linked/big.bin": "sha256:BIG"}


@pytest.mark.parametrize("pattern", ["out", "out/*", "**", "out/secret"])
def test_a_link_out_of_the_repository_is_refused(
    folder: Path, tmp_path: Path, pattern: str
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret").write_text("S")
    (folder / "out").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DataError, match="leads out of the repository"):
        digests(folder, pattern)


def test_what_cannot_be_read_is_named(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "dangling").symlink_to(folder / "missing")
    with pytest.raises(DataError, match="names what is no file"):
        digests(folder, "pipe")
    with pytest.raises(DataError, match="cannot be read"):
        digests(folder, "dangling")
