"""A scripted conversation ─► the thread that it leaves, on the local forge or the emulated GitHub.

On both, an execution is the same recorded outcome, and the clock shows the same time: each line of
the script is said seven minutes after the one before it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import pytest
from bench import Bench, Leave, succeed
from rigs import events
from rigs.github.people import BOT as GITHUB_BOT

from bot import conversation, handle
from bot.cli.execution import LocalExecutor
from bot.cli.progress import Progress
from bot.command import Start
from bot.config import read_config
from bot.errors import ExcursionError
from bot.events import Actor, Commanded, Role
from bot.forge.git import Git
from bot.forge.github_api import Api
from bot.forge.local import LocalForge
from bot.forge.marker import read_marker
from bot.forge.thread_files import read_thread, remove_comment, rewrite_comment
from bot.shell import Outlook, Shell
from bot.template import built_in_templates
from runner.records import Cell, CellStatus, RunError, RunRequest, RunResult, Status, read_result

ISSUE = 1
_BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)
_BETWEEN = timedelta(minutes=7)
_WIDEST = 50
_UNLUCKY = 13
_SIGNS = {"eyes": "👀", "rocket": "🚀", "-1": "👎", "confused": "😕", "": ""}


# -- what a script is made of ------------------------------------------------------------------


@dataclass(frozen=True)
class Says:
    """Somebody comments.

    Attributes:
        who: Who.
        text: What.
        seen: What is to be seen then: the reaction, `+` an entry, `~` an edited one, `-` one that
            is gone, each by its first line; and `now:` what the welcome says from then on.
        meanwhile: What happens while the run goes on that this asks for; `seen` is before that.
        ends: What is to be seen when it has ended.
        merges: Whether the pull request is then merged; at home an answer is merged at once.
        dies: After so many writes the machine dies at which GitHub delivers the comment; it is
            delivered again then. At home nothing is delivered.
    """

    who: str
    text: str
    seen: tuple[str, ...] = ()
    meanwhile: tuple[Step, ...] = ()
    ends: tuple[str, ...] = ()
    merges: bool = False
    dies: int = 0


@dataclass(frozen=True)
class Labels:
    """Somebody puts the label on the issue with which an excursion begins."""

    who: str
    seen: tuple[str, ...] = ()


@dataclass(frozen=True)
class Edits:
    """Somebody edits the comment in which they said something that begins so."""

    who: str
    begins: str
    text: str
    seen: tuple[str, ...] = ()


@dataclass(frozen=True)
class Deletes:
    """Somebody deletes a comment that begins so: their own, or anyone's, or an entry."""

    who: str
    begins: str
    seen: tuple[str, ...] = ()


@dataclass(frozen=True)
class Again:
    """GitHub delivers once more the comment that begins so; at home nothing is delivered."""

    begins: str
    seen: tuple[str, ...] = ()


Step = Says | Labels | Edits | Deletes | Again


def comments_of(script: Iterable[Step]) -> list[Says]:
    """Give all that is said in a script."""
    found = []
    for step in script:
        if isinstance(step, Says):
            found += [step, *comments_of(step.meanwhile)]
    return found


# -- where it is played ------------------------------------------------------------------------


@dataclass(frozen=True)
class Post:
    """A comment or an entry as people see it."""

    number: int
    author: str  # empty for us
    body: str
    reaction: str = ""


class Stage(Protocol):
    """A forge on which a script is played."""

    now: datetime

    def ask(self, who: str, title: str, body: str) -> None:
        """Open the issue."""

    def label(self, who: str) -> None:
        """Put the label on it."""

    def say(self, step: Says, meanwhile: Callable[[], None]) -> None:
        """Comment, and call `meanwhile` while a run goes on."""

    def edit(self, who: str, post: Post, text: str) -> None:
        """Edit a comment."""

    def delete(self, who: str, post: Post) -> None:
        """Delete a comment or an entry."""

    def deliver(self, post: Post) -> None:
        """Deliver a comment once more."""

    def state(self) -> list[str]:
        """Say whether the issue is open or closed, and name its labels."""

    def posts(self) -> list[Post]:
        """Read the thread, links and commands as on GitHub."""


def play(stage: Stage, title: str, body: str, script: Sequence[Step]) -> Played:
    """Play a script; give what was seen at each step, and the thread."""
    return _Play(stage).whole(title, body, script)


@dataclass(frozen=True)
class Played:
    """What a script left.

    Attributes:
        seen: Each step, what was to be seen of it, and what was.
        thread: All of it, as Markdown.
    """

    seen: list[tuple[str, tuple[str, ...], tuple[str, ...]]]
    thread: str


class _Play:
    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._posts: list[Post] = []
        self._now = ""
        self._state = ["open"]
        self._seen: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = []

    def whole(self, title: str, body: str, script: Sequence[Step]) -> Played:
        self._stage.now = _BEGIN
        self._stage.ask("max", title, body)
        self._state = self._stage.state()
        for step in script:
            self._step(step)
        head = [f"# {title}", f"**max** asks · *{', '.join(self._stage.state())}*", body]
        parts = ["\n\n".join(head)]
        for post in self._stage.posts():
            said = f"**{post.author}** {_SIGNS[post.reaction]}".rstrip()
            parts.append(f"{said}\n\n{post.body}" if post.author else post.body)
        return Played(self._seen, uncommitted("\n\n---\n\n".join(parts)) + "\n")

    def _step(self, step: Step) -> None:
        stage = self._stage
        stage.now += _BETWEEN
        name = f"{stage.now:%H:%M} {type(step).__name__} "
        match step:
            case Says():
                name += f"{step.who}: {step.text!r}"
                went_on = []

                def meanwhile() -> None:
                    went_on.append(True)
                    if not step.meanwhile:
                        return
                    self._look(name, step.seen, _last(stage.posts(), step))
                    for each in step.meanwhile:
                        self._step(each)

                stage.say(step, meanwhile)
                assert went_on or not step.meanwhile, f"nothing went on: {name}"
                last = _last(stage.posts(), step)
                self._look(f"{name} ended", step.ends if step.meanwhile else step.seen, last)
                return
            case Labels():
                stage.label(step.who)
            case Edits():
                stage.edit(step.who, self._post(step.begins), step.text)
                name += step.begins
            case Deletes():
                stage.delete(step.who, self._post(step.begins))
                name += step.begins
            case Again():
                stage.deliver(self._post(step.begins))
                name += step.begins
        self._look(name, step.seen, None)

    def _post(self, begins: str) -> Post:
        [found] = [post for post in self._stage.posts() if post.body.startswith(begins)]
        return found

    def _look(self, name: str, wanted: tuple[str, ...], said: Post | None) -> None:
        """See what has changed since the last look."""
        posts = self._stage.posts()
        before = {post.number: post for post in self._posts}
        after = {post.number: post for post in posts}
        seen = [_SIGNS[said.reaction]] if said and said.reaction else []
        seen += [f"- {_title(p)}" for n, p in before.items() if n not in after and not p.author]
        seen += [
            f"~ {_title(p)}"
            for n, p in after.items()
            if n in before and not p.author and before[n].body != p.body
        ]
        seen += [f"+ {_title(p)}" for n, p in after.items() if n not in before and not p.author]
        now = next((_now(post.body) for post in posts if _now(post.body)), "")
        if now != self._now:
            seen = [each for each in seen if not each.startswith("~ 🧭")] + [f"now: {now}"]
        state = self._stage.state()
        seen += [f"issue: {state[0]}"] if state[0] != self._state[0] else []
        seen += [f"+ label {label}" for label in state[1:] if label not in self._state]
        seen += [f"- label {label}" for label in self._state[1:] if label not in state]
        self._posts, self._now, self._state = posts, now, state
        self._seen.append((name, wanted, tuple(seen)))


def _last(posts: list[Post], step: Says) -> Post:
    """Give the comment of a step: the last that says so."""
    return [post for post in posts if (post.author, post.body) == (step.who, step.text)][-1]


def _title(post: Post) -> str:
    first = post.body.partition("\n")[0].removeprefix("### ").partition(":**")[0]
    words = first.replace("**", "")
    return words if len(words) <= _WIDEST else f"{words[:_WIDEST].rpartition(' ')[0]} …"


def _now(body: str) -> str:
    found = re.search(r"^\*\*Now:\*\* (.*)$", body, re.MULTILINE)
    return found[1] if found else ""


# -- the local forge ---------------------------------------------------------------------------


class _Recorded(LocalExecutor):
    """Leaves what was recorded, where a run would be executed."""

    def __init__(self, forge: LocalForge, leave: Leave) -> None:
        super().__init__(forge, Progress(), None)  # type: ignore[arg-type]  # nothing is kept warm
        self._leave = leave
        self.meanwhile: Callable[[], None] = lambda: None

    def prepare(self, *_: object) -> None:
        """Need nothing."""

    def identify(self, asked: Sequence[Any], **_: object) -> list[RunRequest]:
        """Know of nothing that the outcome depends on, as on GitHub."""
        return [request for request, _ in asked]

    def execute(
        self,
        requests: Iterable[RunRequest],
        slots: int,
        ended: Callable[[RunResult], None],
        outlook: Outlook | None = None,
    ) -> bool:
        """Execute nothing."""
        for request in requests:
            self.meanwhile()
            folder = self._folder(request)
            self._leave(request, folder)
            ended(read_result((folder / "result.json").read_bytes()))
        return True


class AtHome:
    """The local forge."""

    def __init__(self, top: Path, roles: dict[str, str], leave: Leave) -> None:
        self.now = _BEGIN
        self._roles = {name: Role[role.upper()] for name, role in roles.items()}
        self._forge = LocalForge(Git(top), top, clock=lambda: self.now)
        self._executor = _Recorded(self._forge, leave)
        self._shell = Shell(
            forge=self._forge,
            config=read_config((top / "excursions.toml").read_bytes()),
            template_roots=(built_in_templates(),),
            clock=lambda: self.now,
            executor=self._executor,
        )

    def _actor(self, who: str) -> Actor:
        return Actor(who, self._roles[who])

    def ask(self, who: str, title: str, body: str) -> None:
        with self._forge.lock():
            self._forge.open_issue(ISSUE, title, body, (), who)

    def label(self, who: str) -> None:
        self._forge.set_labels(ISSUE, ("excursion",), ())
        handle.command(self._shell, Commanded(self._actor(who), ISSUE, Start()))

    def say(self, step: Says, meanwhile: Callable[[], None]) -> None:
        if step.meanwhile:
            self._executor.meanwhile = self._once(meanwhile)
        with suppress(ExcursionError):  # which the thread tells
            conversation.comment(self._shell, self._actor(step.who), ISSUE, step.text)

    def _once(self, meanwhile: Callable[[], None]) -> Callable[[], None]:
        def now() -> None:
            self._executor.meanwhile = lambda: None
            meanwhile()

        return now

    def edit(self, who: str, post: Post, text: str) -> None:
        comments = self._forge.thread(ISSUE).comments
        there = next(comment for comment in comments if comment.number == post.number)
        rewrite_comment(
            self._forge.root, ISSUE, replace(there, body=text), reaction=self._reaction(post.number)
        )

    def delete(self, who: str, post: Post) -> None:
        remove_comment(self._forge.root, ISSUE, post.number)

    def deliver(self, post: Post) -> None:
        """Do nothing."""

    def state(self) -> list[str]:
        thread = self._forge.thread(ISSUE)
        return [thread.state, *sorted(thread.labels)]

    def posts(self) -> list[Post]:
        thread = read_thread(self._forge.root, ISSUE)
        assert thread is not None
        return [
            Post(
                comment.number,
                "" if comment.is_entry else comment.author,
                as_in_a_comment(unlinked(comment.body)) if comment.is_entry else comment.body,
                self._reaction(comment.number),
            )
            for comment in thread.comments
        ]

    def _reaction(self, number: int) -> str:
        [file] = (self._forge.root / str(ISSUE)).glob(f"{number:04d}-*.md")
        found = re.search(r"^reaction: '?(.*?)'?$", file.read_text(), re.MULTILINE)
        return found[1] if found else ""


# -- GitHub ------------------------------------------------------------------------------------


class DiedError(BaseException):
    """The machine is gone."""


@dataclass
class OnGitHub:
    """The emulated GitHub."""

    bench: Bench
    leave: Leave
    now: datetime = _BEGIN
    _said: dict[int, tuple[str, dict[str, Any]]] = field(default_factory=dict)

    def _moment(self) -> str:
        return self.now.strftime("%Y-%m-%dT%H:%M:%SZ")

    def ask(self, who: str, title: str, body: str) -> None:
        number = self.bench.github.open_issue(who, title, body)
        assert number == ISSUE

    def label(self, who: str) -> None:
        name, payload = self.bench.label(ISSUE, sender=who)
        payload["issue"]["created_at"] = self._moment()
        assert self.bench.triage(name, payload) == []

    def say(self, step: Says, meanwhile: Callable[[], None]) -> None:
        name, payload = self.bench.say(ISSUE, step.text, step.who)
        payload["comment"]["created_at"] = self._moment()
        self._said[payload["comment"]["id"]] = (name, payload)
        if step.dies:
            with dying(after=step.dies), pytest.raises(DiedError):
                self.bench.triage(name, payload)
        elements = self.bench.triage(name, payload)
        if elements:
            meanwhile()
            self.bench.publish(elements, self.bench.leave(elements, self.leave))
        if step.merges:
            [pull] = self.bench.github.as_person(step.who, "GET", "/pulls?state=open")
            self.bench.github.merge(pull["number"])

    def edit(self, who: str, post: Post, text: str) -> None:
        path = f"/issues/comments/{post.number}"
        comment = self.bench.github.as_person(who, "PATCH", path, {"body": text})
        edited = events.commented(self.bench.issue(ISSUE), comment, sender=who, action="edited")
        assert self.bench.triage("issue_comment", edited) == []

    def delete(self, who: str, post: Post) -> None:
        path = f"/issues/comments/{post.number}"
        comment = self.bench.github.document(path)
        self.bench.github.as_person(who, "DELETE", path)
        gone = events.commented(self.bench.issue(ISSUE), comment, sender=who, action="deleted")
        assert self.bench.triage("issue_comment", gone) == []

    def deliver(self, post: Post) -> None:
        elements = self.bench.triage(*self._said[post.number])
        if elements:
            self.bench.publish(elements, self.bench.leave(elements, self.leave))

    def state(self) -> list[str]:
        issue = self.bench.issue(ISSUE)
        return [issue["state"], *sorted(label["name"] for label in issue["labels"])]

    def posts(self) -> list[Post]:
        comments = list(self.bench.github.world.every(f"/issues/{ISSUE}/comments"))
        for comment in comments:
            self.bench.github.world.said.setdefault(comment["id"], self._moment())
        return [self._post(comment) for comment in comments]

    def _post(self, comment: dict[str, Any]) -> Post:
        number, body = comment["id"], comment["body"]
        given = [
            each.content
            for each in self.bench.github.world.reactions
            if each.subject == f"/issues/comments/{number}"
        ]
        if comment["user"]["login"] != GITHUB_BOT:
            reaction = next((each for each in reversed(given) if each != "eyes"), "".join(given))
            return Post(number, comment["user"]["login"], body, reaction)
        assert read_marker(body) is not None
        return Post(number, "", as_in_a_comment(self._shown(body)))

    def _shown(self, body: str) -> str:
        """Leave out what people cannot see, and links; of pull requests, that there is one."""
        text = unlinked(body.rstrip().rpartition("\n")[0].strip("\n"))
        return _BROUGHT.sub(r"\1 is merged into \2", text)


class dying:  # noqa: N801  # reads as a verb
    """Have the machine die after so many writes to GitHub."""

    def __init__(self, after: int) -> None:
        self._left = after

    def __enter__(self) -> None:
        """Count from now on."""
        write = self._write = Api.write

        def counted(api: Api, *given: Any, **options: Any) -> Any:
            done = write(api, *given, **options)
            self._left -= 1
            if self._left == 0:
                raise DiedError
            return done

        Api.write = counted  # type: ignore[assignment,method-assign]

    def __exit__(self, *_: object) -> None:
        """Count no more."""
        Api.write = self._write  # type: ignore[method-assign]


# -- what is the same but for links, and the way commands are written --------------------------


_LINK = re.compile(r"(!?)\[((?:[^\[\]\\]|\\.)*)\]\([^()\s]*\)")
_ONLY_LINKS = re.compile(rf"^(?:{_LINK.pattern}(?: · )?)+$\n*", re.MULTILINE)
_BROUGHT = re.compile(
    r"A pull request brings (`.*?`) to (`.*?`), and closes this issue when it is merged"
)
_COMMIT = re.compile(r"commit `([0-9a-f]{10})`|--detach \S+ ([0-9a-f]{40})$", re.MULTILINE)
_COMMAND = re.compile(rf"excursion ([a-z]+) (?:{ISSUE}|N)((?: [^`\n]*)?)(?=`|$|\. )", re.MULTILINE)


def unlinked(body: str) -> str:
    """Leave of links their words, and nothing of paragraphs that hold nothing else."""
    kept = "".join(
        part if part.startswith("!") or not _ONLY_LINKS.fullmatch(part) else ""
        for part in re.split(r"(?<=\n\n)", body)
    )
    return _LINK.sub(lambda m: f"![{m[2]}]" if m[1] else m[2], kept)


def uncommitted(thread: str) -> str:
    """Name the commits that a thread is about `commit-1`, `commit-2` …, in their order."""
    named = [match[1] or match[2][:10] for match in _COMMIT.finditer(thread)]
    for place, name in enumerate(dict.fromkeys(named), 1):
        thread = re.sub(rf"\b{name}[0-9a-f]*\b", f"commit-{place}", thread)
    return thread


def as_in_a_comment(body: str) -> str:
    """Write commands that are given at home, `excursion run 1 -p seed=3`, as in a comment."""
    body = body.replace('excursion ask "…?"', "open an issue").replace("```sh\n", "```\n")
    return _COMMAND.sub(_in_a_comment, body)


def _in_a_comment(match: re.Match[str]) -> str:
    words, flags, said = shlex.split(match[2]), [], []
    while words:
        word = words.pop(0)
        if word == "-p":
            said.append(words.pop(0))
        elif word == "--force":
            flags.append("force")
        elif word.startswith("--"):
            said.append(f"{word.removeprefix('--').replace('-', '_')}={words.pop(0)}")
        else:
            said.append(word)
    return " ".join([f"/{match[1]}", *flags, *said])


# -- what executions leave ---------------------------------------------------------------------


def recorded(request: RunRequest, folder: Path) -> None:
    """Leave what was recorded: all succeeds but for the seed 13, before somebody tries again."""
    changes: dict[str, Any] = {"cells": (_cell(0, CellStatus.COMPLETED),)}
    seed = float(request.parameters.get("seed", 0))
    changes["metrics"] = {"share_of_heads": 0.5 + seed / 100, "share_of_heads_control": 0.7}
    if request.code:
        changes |= {"metrics": {}, "value": "0.5"}
    if seed == _UNLUCKY and not (request.retries or request.code):
        words = "the draws do not add up"
        changes |= {
            "status": Status.FAILED,
            "metrics": {},
            "cells": (_cell(0, CellStatus.COMPLETED), _cell(1, CellStatus.FAILED)),
            "error": RunError(
                cell=1, name="ValueError", message=words, traceback=f"ValueError: {words}"
            ),
        }
    succeed(1 if changes["metrics"] else 0, **changes)(request, folder)


def _cell(index: int, status: CellStatus) -> Cell:
    return Cell(index=index, status=status, duration_s=1.5)
