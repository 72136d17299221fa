"""A GitHub of our own on 127.0.0.1, for the tests of whatever speaks to GitHub.

`emulate` (npm) keeps issues, comments, labels, pull requests and users. Our supplement adds what it
lacks: reactions, roles, linked branches and other GraphQL, sub-issues, pins; and all that is git's
(objects, refs, contents, comparisons, pushes) on one bare repository on disk, so that the API and
`git push` agree. Every exchange is recorded, and when a test is over all of its requests, and the
supplement's replies, must keep to GitHub's published OpenAPI and GraphQL schema.

    def test_a_reaction_is_set_once(github: Server) -> None:        # the fixture is in conftest.py
        github.bare.commit_files("main", "First", {"README.md": "# Ours\n"})
        issue = github.open_issue("ada", "Does it settle?", "body", "excursion")
        token = github.job_token(issues="write", contents="write")  # github-actions[bot]
        forge = Github(base_url=github.origin, auth=Auth.Token(token), …)
        …
        assert github.state()["issues"][issue]["reactions"] == [("github-actions[bot]", "eyes")]
        assert len(github.api_exchanges()) <= 8  # each has a __str__ to print

- People and roles: `ROLES` in server.py (ada admin, max maintain, wes write, tri triage, rea read,
  eve none); `github.token("wes")` is a personal token. A job's token can do what its permissions
  say, and gets 403 otherwise.
- `github.origin` is GITHUB_API_URL, GITHUB_SERVER_URL and, with `/graphql`, GITHUB_GRAPHQL_URL.
  `github.clone_url(token)` is for `git push`; `/O/R/raw/<sha>/path` shows a file.
- `github.fault(at=3, kind=Fault.RESET_AFTER)`: the third request from now meets it. Requests of git
  itself count as well: a push is two or three.
- `github.state()` tells all that there is without identifiers and times, to compare two worlds;
  `github.renew(folder)` starts the next world within a test.
- `rigs/events.py` makes the payloads; `github.document("/issues/1")` is what goes into them.
- What the rig does not have it answers with 501, or an error that says so in GraphQL.
"""

from rigs.github.exchange import Exchange, GitHubError
from rigs.github.faults import Fault
from rigs.github.people import BOT
from rigs.github.server import NAME, OWNER, ROLES, Server

__all__ = ["BOT", "NAME", "OWNER", "ROLES", "Exchange", "Fault", "GitHubError", "Server"]
