"""A repository on GitHub and the labels it needs ─► those it lacks, and their making."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from urllib.parse import quote

from bot.errors import RequestError
from bot.forge.github_api import Api, RefusedError
from bot.setup.labels import Label


def missing_labels(api: Api, wanted: Iterable[Label]) -> tuple[Label, ...]:
    """List the labels that the repository lacks; GitHub tells names apart whatever their case.

    Raises:
        RequestError: There is no such repository for this token, or GitHub does not know the token.
        ForgeError: GitHub cannot be reached.
    """
    try:
        there = {label["name"].casefold() for label in api.pages("/labels")}
    except RefusedError as error:
        raise _wrong_token(api, error) from error
    return tuple(label for label in wanted if label.name.casefold() not in there)


def make_label(api: Api, label: Label) -> None:
    """Make a label; one that somebody made meanwhile is left as it is.

    Raises:
        RequestError: The token may not make labels.
        ForgeError: GitHub cannot be reached.
    """

    def there() -> object:
        answer = api.get(f"/labels/{quote(label.name, safe='')}", allowed=(404,))
        return answer.data if answer.status == 200 else None

    try:
        api.write("POST", "/labels", asdict(label), happened=there)
    except RefusedError as error:
        raise _wrong_token(api, error) from error


def by_hand(repository: str, labels: Iterable[Label]) -> str:
    """Write the commands of GitHub's own command line that make labels."""
    return "\n".join(
        f"  gh label create '{label.name}' --color {label.color} "
        f"--description {_quoted(label.description)}"
        + (f" --repo {repository}" if repository else "")
        for label in labels
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _wrong_token(api: Api, error: RefusedError) -> Exception:
    if error.status not in (401, 403, 404):
        return error
    return RequestError(
        f"GitHub will not let this token see or make labels of {api.repository} "
        f"({error.status}: {error.message})",
        where="GITHUB_TOKEN",
        right="Use a token with access to the repository and `Issues: read and write`, "
        "or give --no-labels.",
    )
