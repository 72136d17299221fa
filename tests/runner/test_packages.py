"""Which packages an interpreter sees, and which code beside them."""

from __future__ import annotations

import importlib.metadata
import json
import os
from pathlib import Path

from runner.packages import installed, loose_code, normalised, site_folders


def test_the_names_of_folders_say_what_their_metadata_says() -> None:
    said = {
        normalised(each.metadata["Name"]): each.version
        for each in importlib.metadata.distributions(path=[str(p) for p in site_folders()])
    }
    assert installed(site_folders()) == dict(sorted(said.items()))


def test_the_first_of_two_versions_is_the_one_that_is_imported(tmp_path: Path) -> None:
    for folder, version in (("first", "1.0"), ("second", "2.0+cpu")):
        (tmp_path / folder / f"My_Thing-{version}.dist-info").mkdir(parents=True)
    first, second = tmp_path / "first", tmp_path / "second"
    assert installed((first, second)) == {"my-thing": "1.0"}
    assert installed((second, first)) == {"my-thing": "2.0+cpu"}


def test_an_old_kind_of_installation_is_read(tmp_path: Path) -> None:
    (tmp_path / "old.egg-info").mkdir()
    (tmp_path / "old.egg-info" / "PKG-INFO").write_text(
        "Metadata-Version: 1.0\nName: Old\nVersion: 3\n"
    )
    assert installed((tmp_path, tmp_path / "missing")) == {"old": "3"}


def test_code_that_is_installed_editable_is_told_from_its_next_state(tmp_path: Path) -> None:
    site, source = tmp_path / "site", tmp_path / "my source"
    (site / "mine-1.0.dist-info").mkdir(parents=True)
    source.mkdir()
    (source / "mine.py").write_text("a = 1\n")
    origin = {"url": source.as_uri(), "dir_info": {"editable": True}}
    (site / "mine-1.0.dist-info" / "direct_url.json").write_text(json.dumps(origin))
    before = loose_code((site,), {})
    assert list(before) == [str(source)]
    assert loose_code((site,), {}) == before

    (source / "mine.py").write_text("a = 22\n")
    assert loose_code((site,), {}) != before


def test_folders_that_are_put_on_the_path_count_and_what_nobody_imports_does_not(
    tmp_path: Path,
) -> None:
    site, named, given = tmp_path / "site", tmp_path / "named", tmp_path / "given"
    for folder in (site, named, given, given / ".hidden", given / "venv"):
        folder.mkdir()
    (site / "paths.pth").write_text(f"# a comment\nimport sys\n{named}\n/missing\n")
    (given / "venv" / "pyvenv.cfg").touch()
    path = os.pathsep.join([str(given), "", "/missing"])
    before = loose_code((site,), {"PYTHONPATH": path})
    assert list(before) == [str(given), str(named)]

    (given / ".hidden" / "a.py").touch()
    (given / "venv" / "a.py").touch()
    (given / "data.csv").touch()
    assert loose_code((site,), {"PYTHONPATH": path}) == before
    (given / "package").mkdir()
    (given / "package" / "__init__.py").touch()
    assert loose_code((site,), {"PYTHONPATH": path}) != before


def test_the_tool_itself_is_known_by_its_version_alone() -> None:
    here = Path(__file__).parent.parent.parent
    assert loose_code((), {"PYTHONPATH": str(here)}) == {}
