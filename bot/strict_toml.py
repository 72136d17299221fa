"""TOML text ─► a validated record; every mistake named with its place and what would be right."""

from __future__ import annotations

import tomllib
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.errors import RequestError, did_you_mean


class Strict(BaseModel):
    """A frozen record that refuses unknown keys and silent conversions."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


Model = TypeVar("Model", bound=BaseModel)


def load(model: type[Model], text: str | bytes, *, where: str) -> Model:
    """Read `text` as a `model`.

    Raises:
        RequestError: The text is no UTF-8, no TOML, or does not fit the model; the message names
            file, line or key, and the nearest known key.
    """
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8")
        data = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise RequestError(f"is not UTF-8 text (byte {error.start})", where=where) from error
    except (ValueError, RecursionError) as error:  # also a number or a nesting without end
        raise RequestError(
            f"is not valid TOML: {error}", where=where, right="Mend the file and try again."
        ) from error
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise _explain(model, error, where=where) from error


def _explain(model: type[BaseModel], error: ValidationError, *, where: str) -> RequestError:
    """Turn pydantic's first finding into a sentence, an unknown key before a missing one."""
    findings = error.errors(include_url=False)
    finding = next((f for f in findings if f["type"] == "extra_forbidden"), findings[0])
    place = [str(part) for part in finding["loc"]]
    key = ".".join(place)
    if finding["type"] == "extra_forbidden":
        known = _keys_at(model, place[:-1])
        right = did_you_mean(place[-1], known, noun="keys")
        return RequestError(f"unknown key {key!r}", where=where, right=right)
    if finding["type"] == "missing":
        return RequestError(f"the key {key!r} is missing", where=where, right="Add it.")
    message = finding["msg"].removeprefix("Value error, ")
    if finding["type"] == "tuple_type":
        message = 'must be a list, as in ["one", "two"]'
    given = "" if isinstance(finding.get("input"), dict) else f" (it is {finding.get('input')!r})"
    head = f"{key}: " if key else ""
    return RequestError(f"{head}{message}{given}", where=where, right="Mend the file.")


def _keys_at(model: type[BaseModel], path: list[str]) -> list[str]:
    """List the keys that the model knows at a place, following fields and mappings of models."""
    here: Any = model
    for part in path:
        fields = getattr(here, "model_fields", None)
        if fields is None:
            continue
        if part not in fields:
            continue
        here = _model_inside(fields[part].annotation)
    fields = getattr(here, "model_fields", {})
    return [field.alias or name for name, field in fields.items()]


def _model_inside(annotation: Any) -> Any:
    """Find the record type inside an annotation such as `dict[str, Runner]` or `Runner | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _model_inside(inner)
        if found is not None:
            return found
    return None
