"""`excursion.toml`, the declaration in an excursion's folder: text ◄─► ExcursionFile."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, model_validator

from bot.config import Duration
from bot.parameters import Declaration, ParameterSet, check_names, check_sets
from bot.strict_toml import Strict, load
from bot.template import Metrics

FILE_NAME = "excursion.toml"
NOTEBOOK = "notebook.ipynb"

_HEADER = (
    "What this excursion runs, and which values its notebook may be given.",
    "Change defaults, bounds or limits here; the next run on this branch uses them.",
)
_TEXTS = ("question", "template", "notebook", "runner", "timeout", "cell_timeout", "time_box")


class ExcursionFile(Strict):
    """What an excursion declares about its runs."""

    question: str
    template: str
    notebook: str = ""  # empty for a write-up, which has none
    runner: str = "local"
    timeout: Duration | None = None
    cell_timeout: Duration | None = None
    time_box: str = ""
    data: tuple[str, ...] = Field(default=(), strict=False)  # files that the notebook reads
    requirements: tuple[str, ...] = Field(default=(), strict=False)
    key_figure: int = Field(default=1, ge=1)  # which of a run's pictures stands in the answer
    parameters: dict[str, Declaration] = Field(default_factory=dict)
    sets: dict[str, ParameterSet] = Field(default_factory=dict)  # values that belong together
    metrics: Metrics = Field(default_factory=Metrics)

    @model_validator(mode="after")
    def _names_are_identifiers(self) -> Self:
        check_names(self.parameters)
        check_sets(self.sets, self.parameters)
        if self.notebook not in ("", NOTEBOOK):
            raise ValueError(f"notebook must be {NOTEBOOK!r}, or empty where there is none")
        return self


def read_excursion_file(text: str | bytes, *, where: str) -> ExcursionFile:
    """Read the text of an `excursion.toml`.

    Raises:
        RequestError: It does not parse, has an unknown key or an impossible value.
    """
    return load(ExcursionFile, text, where=where)


def write_excursion_file(file: ExcursionFile) -> str:
    """Write the declaration as TOML that a person would have written."""
    import tomlkit  # here, since only a new excursion writes one

    document = tomlkit.document()
    for line in _HEADER:
        document.add(tomlkit.comment(line))
    document.add(tomlkit.nl())
    for key in (
        "question",
        "template",
        "notebook",
        "runner",
        "timeout",
        "cell_timeout",
        "time_box",
    ):
        value = getattr(file, key)
        if value:
            document.add(key, value)
    if file.notebook:
        document.add("key_figure", file.key_figure)
    document.add("data", list(file.data))
    document.add("requirements", list(file.requirements))
    parameters = tomlkit.table(is_super_table=True)
    for name, declaration in file.parameters.items():
        parameters.add(name, _table(declaration.model_dump(exclude_none=True)))
    if file.parameters:
        document.add("parameters", parameters)
    sets = tomlkit.table(is_super_table=True)
    for name, chosen in file.sets.items():
        sets.add(name, _table(chosen.model_dump()))
    if file.sets:
        document.add("sets", sets)
    metrics = file.metrics.model_dump(exclude_defaults=True)
    if metrics:
        document.add("metrics", _table(metrics))
    return tomlkit.dumps(document)


def _table(data: dict[str, Any]) -> Any:
    """Make a TOML table of plain values, tuples as arrays."""
    import tomlkit

    table = tomlkit.table()
    for key, value in data.items():
        if isinstance(value, dict):
            table.add(key, _table(value))
        else:
            table.add(key, list(value) if isinstance(value, tuple) else value)
    return table
