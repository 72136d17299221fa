"""Declared parameters: what a notebook may be given, and text ─► checked values, never by guess."""

from __future__ import annotations

import keyword
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from bot.errors import RequestError, did_you_mean, nearest
from bot.strict_toml import Strict

Value = bool | int | float | str
ParameterType = Literal["int", "float", "bool", "str"]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_SET_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_INT = re.compile(r"[+-]?[0-9]{1,18}")
_FLOAT = re.compile(r"[+-]?([0-9]{1,30}(\.[0-9]{0,30})?|\.[0-9]{1,30})([eE][+-]?[0-9]{1,3})?")
_LONGEST_TEXT = 10_000


class Declaration(Strict):
    """What a parameter may be: type, default, bounds and description.

    Names are checked where declarations are collected, since papermill writes them into the
    notebook unescaped.
    """

    type: ParameterType
    default: Annotated[bool, Field(strict=True)] | int | float | str
    minimum: int | float | None = None
    maximum: int | float | None = None
    choices: tuple[int | float | str, ...] | None = Field(default=None, strict=False)
    description: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        """Hold bounds, choices and the default against the type."""
        numeric = self.type in {"int", "float"}
        if not numeric and (self.minimum is not None or self.maximum is not None):
            raise ValueError(f"a {self.type} has no minimum or maximum")
        if self.type == "bool" and self.choices is not None:
            raise ValueError("a bool has no choices")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"minimum {self.minimum} is above maximum {self.maximum}")
        for bound in (self.minimum, self.maximum):
            if bound is not None and not _is_finite(bound):
                raise ValueError(f"the bound {bound} is not a finite number")
        for choice in self.choices or ():
            problem = _problem(self, choice)
            if problem:
                raise ValueError(f"the choice {choice!r} {problem}")
        problem = _problem(self, self.default)
        if problem:
            right = "" if self.allowed in problem else f"; it must be {self.allowed}"
            raise ValueError(f"the default {self.default!r} {problem}{right}")
        return self

    @property
    def allowed(self) -> str:
        """Say in words what values are allowed."""
        if self.choices is not None:
            return f"one of {', '.join(str(choice) for choice in self.choices)}"
        noun = {
            "int": "a whole number",
            "float": "a number",
            "bool": "true or false",
            "str": "text",
        }[self.type]
        if self.minimum is not None and self.maximum is not None:
            return f"{noun} from {self.minimum} to {self.maximum}"
        if self.minimum is not None:
            return f"{noun}, at least {self.minimum}"
        if self.maximum is not None:
            return f"{noun}, at most {self.maximum}"
        return noun


class ParameterSet(Strict):
    """Values that belong together, such as those of a published result, under one name."""

    description: str = Field(min_length=1)
    values: dict[str, bool | int | float | str] = Field(min_length=1)


Declarations = Mapping[str, Declaration]
Sets = Mapping[str, ParameterSet]
SET = "set"  # `set=recording` names one; no parameter is called so
# What commands take with the same `name=value`, and therefore no parameter is called either.
OPTIONS = ("timeout", "cell_timeout", "runner", "jobs")


def written(value: object) -> str:
    """Write a value as a person gives it: `true`, `0.003`, `text`."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def check_names(names: Iterable[str]) -> None:
    """Refuse names that could be more than a name once they stand in a notebook.

    Raises:
        ValueError: A name is no ASCII identifier, or a word of Python.
    """
    for name in names:
        if not _NAME.fullmatch(name) or len(name) > 64:
            raise ValueError(
                f"parameter name {name!r} is not an identifier (letters, digits and _, "
                "beginning with a letter, at most 64)"
            )
        if name == SET:
            raise ValueError(f"parameter name {SET!r} is taken: it names a set of values")
        if name in OPTIONS:
            raise ValueError(
                f"parameter name {name!r} is taken: /run {name}=… says how it is executed; call it "
                f"something else, such as {name}_value"
            )
        if keyword.iskeyword(name) or keyword.issoftkeyword(name):
            raise ValueError(f"parameter name {name!r} is a word of Python")


def check_sets(sets: Sets, declared: Declarations) -> None:
    """Refuse sets whose values the parameters do not allow.

    Raises:
        ValueError: A set's name is no slug, or it gives a value that its parameter may not have.
    """
    for name, chosen in sets.items():
        if not _SET_NAME.fullmatch(name) or len(name) > 64:
            raise ValueError(f"the set's name {name!r} is not lower-case words joined by '-'")
        for parameter, value in chosen.values.items():
            if parameter not in declared:
                right = did_you_mean(parameter, declared, noun="parameters")
                raise ValueError(f"the set {name!r} names no parameter: {parameter!r}. {right}")
            problem = _problem(declared[parameter], value)
            if problem:
                allowed = declared[parameter].allowed
                right = "" if allowed in problem else f"; it must be {allowed}"
                raise ValueError(
                    f"the set {name!r} has {parameter} = {value!r}, which {problem}{right}"
                )


def split_assignments(given: Iterable[str], *, where: str = "-p") -> dict[str, str]:
    """Split `name=value` texts at their first `=`.

    Raises:
        RequestError: One has no `=`, or a name is given twice.
    """
    pairs: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or not name:
            raise RequestError(
                f"{text!r} does not name a value", where=where, right="Write it as name=value."
            )
        if name in pairs:
            raise RequestError(
                f"{name!r} is given twice", where=where, right="Give each parameter once."
            )
        pairs[name] = value
    return pairs


def bind(
    declared: Declarations, given: Mapping[str, str], *, where: str, sets: Sets | None = None
) -> dict[str, Value]:
    """Give every declared parameter its value: as given, else of the set that is given, or default.

    Args:
        declared: What the notebook may be given.
        given: Parameter ─► its value as a person wrote it, and `set` ─► the name of a set.
        where: What the values were given with, for messages.
        sets: The sets that there are.

    Raises:
        RequestError: An unknown name, a wrong type or a value out of bounds; the message says the
            nearest valid name or what is allowed.
    """
    for name in given:
        if name not in declared and name != SET:
            raise RequestError(
                f"there is no parameter {name!r}",
                where=where,
                right=_meant(name, declared),
                culprit=name,
            )
    chosen = _chosen(given[SET], sets or {}, where) if SET in given else {}
    values: dict[str, Value] = {}
    for name, declaration in declared.items():
        values[name] = (
            convert(name, declaration, given[name], where=where)
            if name in given
            else _as_declared(declaration, chosen.get(name, declaration.default))
        )
    return values


def _meant(name: str, declared: Declarations) -> str:
    """Name the nearest parameter, or the option of the commands that was meant."""
    option = nearest(name, OPTIONS) if nearest(name, declared) is None else None
    return (
        f"Did you mean {option!r}?" if option else did_you_mean(name, declared, noun="parameters")
    )


def _chosen(name: str, sets: Sets, where: str) -> Mapping[str, Value]:
    """Give the values of a set."""
    name = name.strip()
    if name not in sets:
        known = f"Known sets: {', '.join(sorted(sets))}." if sets else "There are no sets here."
        meant = nearest(name, sets)
        raise RequestError(
            f"there is no set {name!r}",
            where=where,
            right=f"Did you mean {meant!r}? {known}" if meant else known,
            culprit=f"{SET}=",
        )
    return sets[name].values


def convert(name: str, declaration: Declaration, text: str, *, where: str) -> Value:
    """Convert one value by its declaration.

    Raises:
        RequestError: The text is not of the type, or the value is out of bounds.
    """
    value = _parse(declaration.type, text)
    problem = f"is not {declaration.allowed}" if value is None else _problem(declaration, value)
    if problem or value is None:
        shown = text if len(text) <= 60 else f"{text[:57]}..."
        raise RequestError(
            f"{name}={shown!r} {problem}",
            where=where,
            right=f"{name} is {declaration.allowed}"
            + (f": {declaration.description}" if declaration.description else "."),
            culprit=f"{name}=",
        )
    return _as_declared(declaration, value)


def _parse(kind: ParameterType, text: str) -> Value | None:
    """Read text as a value of the type; None if it is no such value."""
    stripped = text.strip()
    if kind == "int":
        return int(stripped) if _INT.fullmatch(stripped) else None
    if kind == "float":
        return float(stripped) if _FLOAT.fullmatch(stripped) else None
    if kind == "bool":
        return {"true": True, "false": False}.get(stripped.lower())
    return text


def _as_declared(declaration: Declaration, value: Any) -> Value:
    """Give the value the declared Python type, so that `1` declared float is `1.0`."""
    typed: Value = float(value) if declaration.type == "float" else value
    return typed


def _problem(declaration: Declaration, value: Any) -> str:
    """Say what is wrong with a value of any type; empty when it is allowed."""
    fits = {
        "int": isinstance(value, int) and not isinstance(value, bool),
        "float": isinstance(value, int | float) and not isinstance(value, bool),
        "bool": isinstance(value, bool),
        "str": isinstance(value, str),
    }[declaration.type]
    if not fits:
        return f"is not {declaration.allowed}"
    if declaration.type == "float" and not _is_finite(value):
        return "is not a finite number"
    if isinstance(value, str):
        if len(value) > _LONGEST_TEXT:
            return f"is longer than {_LONGEST_TEXT} characters"
        if any(unicodedata.category(c) in {"Cc", "Cs"} and c not in "\n\t" for c in value):
            return "contains control characters"
    if declaration.choices is not None and value not in declaration.choices:
        return f"is not {declaration.allowed}"
    below = declaration.minimum is not None and value < declaration.minimum
    above = declaration.maximum is not None and value > declaration.maximum
    return "is out of bounds" if below or above else ""


def _is_finite(value: float) -> bool:
    """Say whether a number is finite as a float; a whole number may be too large for one."""
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
