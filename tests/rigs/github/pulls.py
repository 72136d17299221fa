"""What emulate does not know of pull requests: their branches, and what merging does."""

from __future__ import annotations

import re
from typing import Any

from rigs.github.documents import emulated
from rigs.github.exchange import GitHubError
from rigs.github.world import World


def check_pull(world: World, asked: dict[str, Any]) -> None:
    """Refuse a pull request as GitHub does, which knows the branches; emulate would make them.

    Raises:
        GitHubError: 422 with GitHub's words.
    """
    head = str(asked.get("head", "")).rpartition(":")[2]
    base = str(asked.get("base", ""))
    tips = [world.bare.refs().get(f"refs/heads/{name}") for name in (head, base)]
    if None in tips:
        raise GitHubError(422, "Validation Failed: head or base does not exist")
    if world.bare.is_ancestor(str(tips[0]), str(tips[1])):
        raise GitHubError(422, f"No commits between {base} and {head}")
    query = f"state=open&head={world.owner}:{head}&base={base}"
    if world.ask("GET", f"/repos/{world.full_name}/pulls?{query}", None).json():
        raise GitHubError(422, f"A pull request already exists for {world.owner}:{head}.")


# https://docs.github.com/issues/tracking-your-work-with-issues/using-issues/linking-a-pull-request-to-an-issue
_CLOSES = re.compile(r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):? #(\d+)\b", re.IGNORECASE)


def merge(world: World, number: int) -> str:
    """Merge a pull request and close the issues that its text says; the merge commit.

    Raises:
        GitHubError: 405, if it cannot be merged.
    """
    pull = emulated(world, f"/pulls/{number}")
    base, head = (world.bare.refs()[f"refs/heads/{pull[end]['ref']}"] for end in ("base", "head"))
    try:
        tree = world.bare.git("merge-tree", "--write-tree", base, head)
    except GitHubError:
        raise GitHubError(405, "Pull Request is not mergeable") from None
    owner = {"name": world.owner, "email": f"{world.owner}@users.noreply.github.com"}
    message = f"Merge pull request #{number} from {world.owner}/{pull['head']['ref']}"
    sha = world.bare.write_commit(tree, [base, head], message, owner, owner)
    world.bare.git("update-ref", f"refs/heads/{pull['base']['ref']}", sha, base)
    top = f"/repos/{world.full_name}"
    merged = world.ask("PUT", f"{top}/pulls/{number}/merge", {})
    if merged.status != 200:
        raise GitHubError(merged.status, merged.body.decode())
    for issue in _CLOSES.findall(pull["body"] or ""):
        closed = {"state": "closed", "state_reason": "completed"}
        world.ask("PATCH", f"{top}/issues/{issue}", closed)
    return sha
