"""A folder becomes a template, or is refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import RequestError
from bot.excursion import Kind
from bot.template import built_in_templates, find_template, read_template, template_names

MANIFEST = 'question = "What if …?"\nsummary = "S."\n'


def make(root: Path, name: str, manifest: str = MANIFEST, **files: str | bytes) -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "template.toml").write_text(manifest, encoding="utf-8")
    for file, content in files.items():
        data = content if isinstance(content, bytes) else content.encode()
        (folder / file.replace("__", ".")).write_bytes(data)
    return folder


BUILT_IN = (built_in_templates(),)


def test_every_kind_comes_with_a_template_of_its_own() -> None:
    for kind, name in (("docs", "write-up"), ("demos", "blank"), ("libs", "prototype")):
        assert f"{kind}/{name}" in template_names(BUILT_IN)
        assert find_template(None, Kind(kind), BUILT_IN).full_name == f"{kind}/{name}"


@pytest.mark.parametrize("full_name", sorted(template_names(BUILT_IN)))
def test_every_built_in_template_says_what_it_is(full_name: str) -> None:
    template = find_template(full_name, None, BUILT_IN)
    assert template.full_name == full_name
    assert template.manifest.summary
    assert "README.md.j2" in template.files
    assert "template.toml" not in template.files
    assert template.shared


def test_nothing_said_means_a_blank_demo() -> None:
    assert find_template(None, None, BUILT_IN).full_name == "demos/blank"


def test_a_repository_s_own_template_goes_before_the_built_in(tmp_path: Path) -> None:
    make(tmp_path, "demos/blank", MANIFEST.replace("S.", "Ours."))
    found = find_template("blank", None, (tmp_path, *BUILT_IN))
    assert found.manifest.summary == "Ours."
    assert "head.md.j2" in found.shared  # what it includes may still be the built-in


def test_an_unknown_template_names_the_nearest() -> None:
    with pytest.raises(RequestError) as refused:
        find_template("blanc", None, BUILT_IN)
    assert str(refused.value).startswith(
        "--template: there is no template 'blanc'\n  Did you mean 'blank'?"
    )


@pytest.mark.parametrize("name", ["../demos/blank", "demos/../demos/blank", "", "/etc", "shared"])
def test_a_name_that_is_a_path_finds_nothing(name: str) -> None:
    with pytest.raises(RequestError, match="there is no template"):
        find_template(name, None, BUILT_IN)


def test_a_template_of_another_kind_is_refused() -> None:
    with pytest.raises(RequestError, match="is for demos, not docs"):
        find_template("blank", Kind.DOCS, BUILT_IN)


def test_a_name_that_two_kinds_have_needs_its_kind(tmp_path: Path) -> None:
    make(tmp_path, "demos/probe")
    make(tmp_path, "docs/probe")
    with pytest.raises(RequestError, match="demos/probe, docs/probe"):
        find_template("probe", None, (tmp_path,))
    assert find_template("probe", Kind.DOCS, (tmp_path,)).full_name == "docs/probe"
    assert find_template("demos/probe", None, (tmp_path,)).full_name == "demos/probe"


def test_a_folder_whose_name_is_no_template_s_is_passed_over(tmp_path: Path) -> None:
    for name in ("Bad Name", "a_b", "-a", "a--b"):
        make(tmp_path, f"demos/{name}")
    (tmp_path / "demos" / "empty").mkdir()
    assert template_names((tmp_path, tmp_path / "missing")) == {}


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ('summary = "S."', "templates/demos/x/template.toml: the key 'question' is missing"),
        (f"{MANIFEST}sumary = 1", "Did you mean 'summary'?"),
        ("= 1", "is not valid TOML"),
        (f'{MANIFEST}timeout = "soon"', "is not a duration"),
        (f'{MANIFEST}[parameters."a b"]\ntype = "int"\ndefault = 1', "is not an identifier"),
        (f'{MANIFEST}[parameters.a]\ntype = "int"\ndefault = "1"', "is not a whole number"),
    ],
)
def test_a_broken_manifest_is_refused_with_its_place(
    tmp_path: Path, manifest: str, message: str
) -> None:
    folder = make(tmp_path, "demos/x", manifest)
    with pytest.raises(RequestError) as refused:
        read_template("demos/x", folder)
    assert message in str(refused.value)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    folder = make(tmp_path, "demos/x", picture__png=b"\x89PNG\xff")
    with pytest.raises(RequestError, match=r"templates/demos/x/picture\.png: is not UTF-8 text"):
        read_template("demos/x", folder)


def test_what_python_left_behind_is_no_part_of_a_template(tmp_path: Path) -> None:
    folder = make(tmp_path, "demos/x", README__md="hello")
    make(tmp_path, "demos/x/__pycache__", a__pyc=b"\xff")
    assert list(read_template("demos/x", folder).files) == ["README.md"]
