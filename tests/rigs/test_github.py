"""The GitHub of the tests does as GitHub does, as PyGithub and git meet it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import github as pygithub
import pytest
import requests
from github.Repository import Repository as Forge

from rigs.github import BOT, Fault, Server


def forge(server: Server, token: str) -> Forge:
    client = pygithub.Github(
        base_url=server.origin,
        auth=pygithub.Auth.Token(token),
        retry=None,
        timeout=5,
        lazy=True,
        seconds_between_requests=None,
        seconds_between_writes=None,
    )
    return client.get_repo(server.repository)


def bot(server: Server, **permissions: str) -> Forge:
    return forge(
        server, server.job_token(**(permissions or {"issues": "write", "contents": "write"}))
    )


def test_a_comment_is_the_bots_own(github: Server) -> None:
    issue = github.open_issue("ada", "Does it settle?", "We wonder.", "excursion")
    comment = bot(github).get_issue(issue).create_comment("Welcome")
    assert (comment.user.login, comment.user.type) == (BOT, "Bot")
    assert comment.html_url.startswith(f"{github.origin}/{github.repository}/issues/{issue}")
    assert github.state()["issues"][issue]["comments"][0]["author"] == BOT


def test_a_second_reaction_is_the_first(github: Server) -> None:
    issue = github.open_issue("ada", "Q")
    bot(github).get_issue(issue).create_reaction("eyes")
    bot(github).get_issue(issue).create_reaction("eyes")
    comment = github.comment("ada", issue, "/run")
    bot(github).get_issue(issue).get_comment(comment["id"]).create_reaction("rocket")
    statuses = [each.reply.status for each in github.exchanges if each.request.method == "POST"]
    assert statuses == [201, 200, 201]
    found = bot(github).get_issue(issue).get_reactions()
    assert [(each.user.login, each.content) for each in found] == [(BOT, "eyes")]
    assert github.state()["issues"][issue]["comments"][0]["reactions"] == [(BOT, "rocket")]


@pytest.mark.parametrize(
    ("login", "permission", "role"),
    [
        ("ada", "admin", "admin"),
        ("max", "write", "maintain"),
        ("wes", "write", "write"),
        ("tri", "read", "triage"),
        ("rea", "read", "read"),
        ("eve", "read", "read"),
    ],
)
def test_a_role_has_two_names(github: Server, login: str, permission: str, role: str) -> None:
    bot(github).get_collaborator_role_name(login)
    asked = github.exchanges[-1].reply.json()
    assert (asked["permission"], asked["role_name"]) == (permission, role)


def test_what_is_pushed_and_what_the_api_makes_is_one(github: Server, tmp_path: Path) -> None:
    first = github.bare.commit_files("main", "First", {"README.md": "# Ours\n"})
    repository = bot(github)
    blob = repository.create_git_blob("aGk=", "base64")
    element = pygithub.InputGitTreeElement("a/b.txt", "100644", "blob", sha=blob.sha)
    tree = repository.create_git_tree([element], repository.get_git_tree(first))
    commit = repository.create_git_commit("Scaffold", tree, [repository.get_git_commit(first)])
    repository.create_git_ref("refs/heads/1-q", commit.sha)

    clone = tmp_path / "clone"
    url = github.clone_url(github.job_token(contents="write"))
    subprocess.run(["git", "clone", "-q", "-b", "1-q", url, str(clone)], check=True)
    assert (clone / "a" / "b.txt").read_text() == "hi"
    (clone / "plot.png").write_bytes(b"\x89PNG")
    for words in (
        ["add", "-A"],
        ["commit", "-qm", "Run"],
        ["push", "-q", "origin", "HEAD:refs/excursions/1/1"],
    ):
        subprocess.run(["git", *words], cwd=clone, check=True)

    ref = repository.get_git_ref("excursions/1/1")
    page = f"{github.origin}/{github.repository}/raw/{ref.object.sha}/plot.png"
    assert requests.get(page, timeout=5).content == b"\x89PNG"
    assert [each.ref for each in repository.get_git_matching_refs("excursions/1")] == [ref.ref]
    assert repository.compare("main", "1-q").ahead_by == 1
    assert repository.get_contents("a/b.txt", ref="1-q").decoded_content == b"hi"  # type: ignore[union-attr]
    assert set(github.state()["refs"]["refs/excursions/1/1"]["files"]) == {
        "README.md",
        "a/b.txt",
        "plot.png",
    }


def test_refs_are_made_once_and_moved_forward_only(github: Server) -> None:
    first = github.bare.commit_files("main", "First", {"a": "1"})
    second = github.bare.commit_files("main", "Second", {"a": "2"})
    repository = bot(github)
    ref = repository.create_git_ref("refs/heads/x", second)
    with pytest.raises(pygithub.GithubException, match="Reference already exists"):
        repository.create_git_ref("refs/heads/x", second)
    with pytest.raises(pygithub.GithubException, match="not a fast forward"):
        ref.edit(first)
    ref.edit(first, force=True)
    ref.edit(second)
    ref.delete()
    assert set(github.state()["refs"]) == {"refs/heads/main"}


def test_a_linked_branch_is_made_and_seen(github: Server) -> None:
    tip = github.bare.commit_files("main", "First", {"a": "1"})
    number = github.open_issue("ada", "Q")
    repository = bot(github)
    issue = repository.get_issue(number)
    made = {"issueId": issue.raw_data["node_id"], "oid": tip, "name": "1-q"}
    query = "linkedBranch{id ref{name target{oid}}}"
    for expected in ("1-q", None):
        _, data = repository.requester.graphql_named_mutation("createLinkedBranch", made, query)
        branch = data["linkedBranch"]
        assert (branch and branch["ref"]["name"]) == expected
    assert github.state()["issues"][number]["linked"] == ["1-q"]
    assert github.bare.resolve("1-q") == tip


def test_a_job_can_do_what_its_permissions_say(github: Server) -> None:
    tip = github.bare.commit_files("main", "First", {"a": "1"})
    issue = github.open_issue("ada", "Q")
    reader = bot(github, contents="read")
    with pytest.raises(pygithub.GithubException, match="not accessible by integration"):
        reader.create_git_ref("refs/heads/x", tip)
    with pytest.raises(pygithub.GithubException, match="not accessible by integration"):
        reader.get_issue(issue).create_comment("no")
    url = github.clone_url(github.job_token(contents="read"))
    pushed = subprocess.run(
        ["git", "push", url, f"{tip}:refs/heads/x"],
        cwd=github.bare.path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "403" in pushed.stderr


def test_no_job_changes_a_workflow(github: Server) -> None:
    github.bare.commit_files("main", "First", {"a": "1"})
    path = ".github/workflows/evil.yml"
    sha = github.bare.commit_files("other", "Evil", {path: "on: push"})
    with pytest.raises(pygithub.GithubException, match="not accessible by integration"):
        bot(github).create_git_ref("refs/heads/x", sha)
    for token, status in ((github.job_token(contents="write"), 1), (github.token("wes"), 0)):
        words = ["git", "push", "-q", github.clone_url(token), f"{sha}:refs/heads/y"]
        assert subprocess.run(words, cwd=github.bare.path, check=False).returncode == status


def test_lists_come_in_pages_with_pull_requests_among_issues(github: Server) -> None:
    github.bare.commit_files("main", "First", {"a": "1"})
    github.bare.git("branch", "x", "main")
    github.bare.commit_files("x", "More", {"b": "2"})
    issues = [github.open_issue("ada", f"Q{number}") for number in range(3)]
    for login in ("ada", "max", "wes", "tri"):
        github.as_person(login, "POST", "/issues/1/reactions", {"content": "+1"})
    client = bot(github, issues="write", contents="read", pull_requests="write")
    pull = client.create_pull(base="main", head="x", title="X", body="")
    client.requester.per_page = 2
    found = list(client.get_issues(state="all", direction="asc"))
    assert [issue.number for issue in found] == [*issues, pull.number]
    assert [bool(issue.pull_request) for issue in found] == [False, False, False, True]
    assert len(list(found[0].get_reactions())) == 4
    assert found[0].raw_data["reactions"]["+1"] == 4


def test_a_job_does_not_learn_its_own_name_and_no_text_is_endless(github: Server) -> None:
    issue = github.open_issue("ada", "Q")
    client = bot(github)
    with pytest.raises(pygithub.GithubException, match="not accessible by integration"):
        client.requester.requestJsonAndCheck("GET", "/user")
    with pytest.raises(pygithub.GithubException, match="too long"):
        client.get_issue(issue).create_comment("x" * 65537)


def test_settings_are_for_those_who_administer(github: Server) -> None:
    github.world.private = True
    for client in (bot(github, contents="write"), forge(github, github.token("wes"))):
        with pytest.raises(pygithub.GithubException, match=r"not accessible|push access"):
            list(client.get_self_hosted_runners())


def test_a_merged_pull_request_closes_what_it_says(github: Server) -> None:
    github.bare.commit_files("main", "First", {"a": "1"})
    github.bare.git("branch", "1-q", "main")
    github.bare.commit_files("1-q", "Answer", {"b": "2"})
    issue = github.open_issue("ada", "Q")
    repository = bot(github, pull_requests="write", contents="write")
    pull = repository.create_pull(base="main", head="1-q", title="Q", body=f"Closes #{issue}")
    with pytest.raises(pygithub.GithubException, match="already exists"):
        repository.create_pull(base="main", head="1-q", title="Q", body="again")
    assert pull.head.sha == github.bare.resolve("1-q")
    github.merge(pull.number)
    state = github.state()
    assert state["issues"][issue]["state"] == "closed"
    assert state["pulls"][pull.number]["merged"]
    assert set(state["refs"]["refs/heads/main"]["files"]) == {"a", "b"}


@pytest.mark.parametrize("kind", list(Fault))
def test_a_fault_meets_the_request_that_it_is_for(github: Server, kind: Fault) -> None:
    issue = github.open_issue("ada", "Q")
    client = requests.Session()
    client.headers["Authorization"] = f"Bearer {github.job_token(issues='write')}"
    url = f"{github.origin}/repos/{github.repository}/issues/{issue}/comments"
    github.fault(at=2, kind=kind)
    assert client.get(url, timeout=5).status_code == 200
    try:
        told = client.post(url, json={"body": "once"}, timeout=0.3).status_code
    except requests.RequestException:
        told = 0
    assert str(told) == (kind.value[:3] if kind.value[0].isdigit() else "0")
    assert client.get(url, timeout=5).status_code == 200
    comments = github.state()["issues"][issue]["comments"]
    assert len(comments) == (1 if kind.acts else 0)


def test_two_worlds_that_tell_the_same_are_equal(github: Server, tmp_path: Path) -> None:
    states = []
    for world in ("one", "two"):
        (tmp_path / world).mkdir()
        github.renew(tmp_path / world)
        if world == "two":
            github.open_issue("ada", "x")
            github.comment("ada", 1, "takes an identifier")
            (tmp_path / "three").mkdir()
            github.renew(tmp_path / "three")
        sha = github.bare.commit_files("main", "First", {"a": "1"})
        issue = github.open_issue("ada", "Q")
        github.comment("wes", issue, f"Ran at {sha[:10]} on 2026-11-21 12:00 UTC")
        states.append(github.state())
    assert states[0] == states[1]


def test_a_request_against_the_contract_is_found(github_server: Server, tmp_path: Path) -> None:
    github_server.renew(tmp_path)
    issue = github_server.open_issue("ada", "Q")
    headers = {"Authorization": f"Bearer {github_server.token('ada')}"}
    top = f"{github_server.origin}/repos/{github_server.repository}"
    requests.post(
        f"{top}/issues/{issue}/reactions", json={"content": "wow"}, headers=headers, timeout=5
    )
    requests.post(f"{top}/git/trees", json={"tree": "no list"}, headers=headers, timeout=5)
    query = {"query": "{ viewer { loginX } }"}
    (tmp_path / "next").mkdir()
    github_server.renew(tmp_path / "next")
    headers = {"Authorization": f"Bearer {github_server.token('ada')}"}
    requests.post(f"{github_server.origin}/graphql", json=query, headers=headers, timeout=5)
    assert len(github_server.breaches()) == 3
    assert github_server.breaches() == []
