"""The GitHub forge: one issue's thread, the repository's branches, and the refs of runs."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from bot.forge.github_parts import GithubParts
from bot.forge.github_runs import GithubRuns
from bot.forge.github_threads import GithubThreads


class GithubForge(GithubThreads, GithubParts, GithubRuns):
    """A repository on GitHub, as one job about one issue works with it."""

    def lock(self) -> AbstractContextManager[None]:
        """Lock nothing: jobs of one issue follow one another, by the workflow's `concurrency`."""
        return nullcontext()
