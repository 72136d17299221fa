"""A folder under `templates/` ─► Template: its manifest and the texts of its files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from bot.config import Duration
from bot.errors import RequestError, did_you_mean
from bot.excursion import Kind
from bot.parameters import Declaration, ParameterSet, check_names, check_sets
from bot.strict_toml import Strict, load

MANIFEST = "template.toml"
SHARED = "shared"
DEFAULT_TEMPLATE = {Kind.DOCS: "write-up", Kind.DEMOS: "blank", Kind.LIBS: "prototype"}
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class Metrics(Strict):
    """What the template's notebook records."""

    main: str = ""
    goal: Literal["highest", "lowest"] = "highest"  # which value of `main` is the best
    headline: tuple[str, ...] = Field(default=(), strict=False)
    tolerance: dict[str, Annotated[float, Field(ge=0)]] = Field(
        default_factory=dict  # how far apart, absolutely, two values may be that agree
    )
    descriptions: dict[str, str] = Field(default_factory=dict)


class Manifest(Strict):
    """What a template says about itself in `template.toml`."""

    question: str = Field(min_length=1)
    summary: str = Field(min_length=1)
    runtime: str = ""
    picture: str = ""  # what the key figure shows
    prediction: str = ""
    timeout: Duration | None = None
    cell_timeout: Duration | None = None
    time_box: str = "2 days"
    data: tuple[str, ...] = Field(default=(), strict=False)
    requirements: tuple[str, ...] = Field(default=(), strict=False)
    key_figure: int = Field(default=1, ge=1)
    parameters: dict[str, Declaration] = Field(default_factory=dict)
    sets: dict[str, ParameterSet] = Field(default_factory=dict)
    metrics: Metrics = Field(default_factory=Metrics)

    @model_validator(mode="after")
    def _names_are_identifiers(self) -> Self:
        check_names(self.parameters)
        check_sets(self.sets, self.parameters)
        return self


@dataclass(frozen=True)
class Template:
    """A recipe for an excursion's first files."""

    kind: Kind
    name: str
    manifest: Manifest
    files: Mapping[str, str]  # path within the template, Jinja2 in names and texts ─► text
    shared: Mapping[str, str]  # what templates include from `templates/shared/`

    @property
    def full_name(self) -> str:
        """`demos/no-positions`: the name that no other template has."""
        return f"{self.kind.value}/{self.name}"


def built_in_templates() -> Path:
    """Find the templates that came with this package: inside the wheel, or beside the source."""
    here = Path(__file__).resolve().parent
    inside = here / "templates"
    return inside if inside.is_dir() else here.parent / "templates"


def template_names(roots: tuple[Path, ...]) -> dict[str, Path]:
    """List the templates below the roots as `kind/name` ─► folder; earlier roots win."""
    found: dict[str, Path] = {}
    for root in roots:
        for kind in Kind:
            for manifest in sorted((root / kind.value).glob(f"*/{MANIFEST}")):
                folder = manifest.parent
                if _NAME.fullmatch(folder.name):
                    found.setdefault(f"{kind.value}/{folder.name}", folder)
    return found


def read_all(roots: tuple[Path, ...]) -> tuple[tuple[Template, ...], tuple[RequestError, ...]]:
    """Read every template below the roots: those that are right, and what is wrong with others."""
    found: list[Template] = []
    wrong: list[RequestError] = []
    for name, folder in template_names(roots).items():
        try:
            found.append(read_template(name, folder))
        except RequestError as error:  # one that is broken shall not hide the others
            wrong.append(error)
    return tuple(found), tuple(wrong)


def find_template(name: str | None, kind: Kind | None, roots: tuple[Path, ...]) -> Template:
    """Read the template called `name` or `kind/name`, or the kind's default.

    Raises:
        RequestError: There is none of that name, it belongs to another kind, or it is broken.
    """
    known = template_names(roots)
    if name is None:
        chosen = kind or Kind.DEMOS
        full_name = f"{chosen.value}/{DEFAULT_TEMPLATE[chosen]}"
    else:
        candidates = [full for full in known if name in (full, full.partition("/")[2])]
        if kind is not None and len(candidates) > 1:
            candidates = [full for full in candidates if full.startswith(f"{kind.value}/")]
        if not candidates:
            names = [full.partition("/")[2] for full in known]
            raise RequestError(
                f"there is no template {name!r}",
                where="--template",
                right=did_you_mean(name, names, noun="templates")
                + " `excursion templates` shows them all.",
            )
        if len(candidates) > 1:
            raise RequestError(
                f"{name!r} is the name of several templates",
                where="--template",
                right=f"Say which: {', '.join(sorted(candidates))}.",
            )
        full_name = candidates[0]
    template = read_template(full_name, known[full_name])
    if kind is not None and template.kind is not kind:
        raise RequestError(
            f"the template {template.full_name!r} is for {template.kind.value}, not {kind.value}",
            where="--kind",
            right=f"Leave --kind out, or choose a template of {kind.value}.",
        )
    return template


def read_template(full_name: str, folder: Path) -> Template:
    """Read one template's folder.

    Raises:
        RequestError: Its manifest is broken, or a file is no text.
    """
    kind, _, name = full_name.partition("/")
    where = f"templates/{full_name}"
    manifest = load(Manifest, (folder / MANIFEST).read_bytes(), where=f"{where}/{MANIFEST}")
    ours = built_in_templates()
    theirs = folder.parents[1]
    files = dict(_texts(folder, where, None if theirs == ours else theirs))
    files.pop(MANIFEST)
    shared = {  # a team's own parts go before those that came with us
        path: text
        for root, bounds in ((ours, None), (theirs, None if theirs == ours else theirs))
        for path, text in _texts(root / SHARED, f"templates/{SHARED}", bounds)
    }
    return Template(Kind(kind), name, manifest, files, shared)


def _texts(folder: Path, where: str, bounds: Path | None) -> Iterator[tuple[str, str]]:
    """Read every file below a folder, by its path within; no link may lead out of the bounds."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or "__pycache__" in path.parts:
            continue
        relative = path.relative_to(folder).as_posix()
        if bounds and not path.resolve().is_relative_to(bounds.resolve()):
            raise RequestError(
                "is, or lies behind, a symbolic link out of the templates' folder",
                where=f"{where}/{relative}",
                right="Put the file itself there.",
            )
        try:
            yield relative, path.read_text("utf-8")
        except UnicodeDecodeError as error:
            raise RequestError("is not UTF-8 text", where=f"{where}/{relative}") from error
