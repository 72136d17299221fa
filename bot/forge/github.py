"""The GitHub forge: one issue's thread, the repository's branches, and the refs of runs."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext

from bot.forge.github_api import Api
from bot.forge.github_remote import Remote
from bot.forge.github_runs import GithubRuns
from bot.forge.github_threads import GithubThreads


class GithubForge(GithubThreads, GithubRuns):
    """A repository on GitHub, as one job about one issue works with it."""

    def __init__(
        self,
        api: Api,
        issue: int,
        *,
        bot: str,
        remote: Remote,
        moment: str,
        expected: Iterable[str] = (),
        spent_since: str = "",
    ) -> None:
        """Read nothing yet; see `GithubPlace`."""
        super().__init__(
            api,
            issue,
            bot=bot,
            remote=remote,
            moment=moment,
            expected=expected,
            spent_since=spent_since,
        )
        self._begun = {}
        self._numbers = set()
        self._kept = {}
        self._listed = None

    def lock(self) -> AbstractContextManager[None]:
        """Lock nothing: jobs of one issue follow one another, by the workflow's `concurrency`."""
        return nullcontext()
