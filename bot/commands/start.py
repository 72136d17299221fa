"""`ask` and `start`: a question becomes an issue, a branch and a folder to work in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.command import Start
from bot.commands.run import declared_if_readable
from bot.commands.spec import Spec
from bot.commands.welcome import excursion_memory, welcome_now
from bot.commands.words import write_line, write_pairs, write_word
from bot.commands.world import World
from bot.config import Config
from bot.effects import CommitFiles, CreateBranch, Effect, OpenIssue, SetLabels, UpsertEntry
from bot.errors import RequestError
from bot.events import Asked, Role
from bot.excursion import (
    LABEL,
    Excursion,
    Kind,
    branch_name,
    check_title,
    folder_name,
    read_excursion,
    template_label,
)
from bot.excursion_file import FILE_NAME, read_excursion_file
from bot.forge.marker import read_marker, write_marker
from bot.issue_form import read_form
from bot.log.safety import unlinked
from bot.log.welcome import welcome_entry
from bot.parameters import bind
from bot.surroundings import LOCAL, Surroundings
from bot.template import Template
from bot.thread import WELCOME, Thread

ASKED = "asked"
_TEMPLATE = "template"


def decide_ask(
    event: Asked,
    *,
    threads: tuple[Thread, ...],
    next_issue: int,
    taken_branches: frozenset[str],
    base: str | None,
    template: Template,
    config: Config,
) -> tuple[int, tuple[Effect, ...]]:
    """Decide what follows from a question: the issue's number, and what should happen.

    The same question, still open, is the same issue: a command that was interrupted and is given
    again goes on where it stopped.

    Raises:
        RequestError: The question, a parameter or a name is not possible; nothing was changed.
    """
    title = check_title(event.title)
    asked = {
        "template": template.full_name,
        "hypothesis": event.hypothesis,
        "parameters": dict(event.parameters),
    }
    manifest = template.manifest
    bind(manifest.parameters, event.parameters, where="-p", sets=manifest.sets)
    again = next((t for t in threads if t.is_open and t.title == title), None)
    if again is not None and _asked(again) != asked:
        raise RequestError(
            f"issue {again.number} asks this already, with another template, hypothesis or "
            "parameters",
            right=f"Run it with other parameters (excursion run {again.number} -p …), answer it, "
            "or put the new question in other words.",
        )
    number = again.number if again else next_issue
    branch = branch_name(number, title)
    if again is None and taken_branches:
        taken = sorted(taken_branches)[0]
        raise RequestError(
            f"there is a branch {taken} already, which is not an excursion's",
            where=branch,
            right=f"Rename it (git branch -m {taken} another-name) or ask in other words.",
        )
    body = "\n\n".join(
        part for part in (event.hypothesis.strip(), write_marker(ASKED, asked)) if part
    )
    labels = (LABEL, template.kind.label, template_label(template.name))
    opening = OpenIssue(number, title, body, labels, event.actor.name)
    thread = again or Thread(number, title, body, "open", labels, event.actor.name, "")
    rest = _begin(thread, template, event.parameters, event.hypothesis, base=base, config=config)
    return number, rest if again else (opening, *rest)


def parse(words: tuple[str, ...], named: Mapping[str, str]) -> Start:
    """Read the command's words: at most a template, and parameters.

    Raises:
        RequestError: There is more than one word.
    """
    if len(words) > 1:
        raise RequestError(
            f"start does not know the word {words[1]!r}",
            right="Write a template's name, and parameters as name=value.",
            culprit=words[1],
        )
    if words or _TEMPLATE not in named:
        return Start(words[0] if words else None, dict(named))
    rest = {name: value for name, value in named.items() if name != _TEMPLATE}
    return Start(named[_TEMPLATE], rest)  # as on the command line


def decide(command: Start, world: World) -> tuple[Effect, ...]:
    """Decide what follows from `/start`: nothing new where the excursion has begun.

    Raises:
        RequestError: The issue is closed, or was begun with another template.
    """
    thread = world.thread
    if not thread.is_open:
        raise RequestError(f"issue {thread.number} is closed", right=world.ask_anew)
    begun = world.excursion
    template = world.template
    if begun and command.template and command.template not in (begun.template, begun.template_name):
        raise RequestError(
            f"issue {thread.number} was begun with the template {begun.template}",
            right="Ask a new question for another template.",
        )
    if begun and command.parameters:
        _check_defaults(command, world)
    if template is None:
        return ()
    if begun is not None and read_excursion(thread) is None:
        return _welcome_again(begun, template, world)
    asked = _asked(thread)
    parameters = dict(asked["parameters"]) | dict(command.parameters)
    return _begin(
        thread,
        template,
        parameters,
        asked["hypothesis"],
        base=world.base,
        config=world.config,
        surroundings=world.surroundings,
    )


def _check_defaults(command: Start, world: World) -> None:
    """Refuse parameters that an excursion which has begun would not have; given again they are.

    Raises:
        RequestError: Its notebook has other defaults, or no such parameters.
    """
    declared = declared_if_readable(world)
    if declared is None:
        return
    parameters, sets = declared.parameters, declared.sets
    wanted = bind(parameters, command.parameters, where="-p", sets=sets)
    if wanted != bind(parameters, {}, where="-p", sets=sets):
        issue, given = world.thread.number, command.parameters
        raise RequestError(
            f"excursion {issue} has begun, with other parameters",
            right=f"Run it with these: {world.surroundings.command('run', issue, given)}",
        )


def asked_template(thread: Thread) -> str | None:
    """Give the template that the issue was opened with, if it says one."""
    name: str | None = _asked(thread)["template"] or next(
        (x.partition(":")[2] for x in thread.labels if x.startswith("template:")), None
    )
    return name


def asked_kind(thread: Thread) -> Kind | None:
    """Give the kind that the issue's labels ask for, or else its form; None where neither does.

    A template has a kind of its own.
    """
    labelled = next((kind for kind in Kind if kind.label in thread.labels), None)
    return labelled or (None if asked_template(thread) else read_form(thread.body).kind)


def _begin(
    thread: Thread,
    template: Template,
    parameters: Mapping[str, str],
    hypothesis: str,
    *,
    base: str | None,
    config: Config,
    surroundings: Surroundings = LOCAL,
) -> tuple[Effect, ...]:
    """Make branch, folder and welcome, each of which may be there already."""
    if base is None:
        raise RequestError(
            f"the branch {config.default_branch} has no commit yet",
            right="Make one: git commit --allow-empty -m 'First commit'. Or name another "
            "default_branch in excursions.toml.",
        )
    known = read_excursion(thread)
    if known is not None:
        return ()
    branch = branch_name(thread.number, check_title(thread.title))
    excursion = Excursion(
        issue=thread.number,
        question=_question(thread),
        kind=template.kind,
        template=template.full_name,
        branch=branch,
        folder=folder_name(config.root, template.kind, branch),
    )
    from bot.scaffold import scaffold  # here, since few commands need a template's machinery

    manifest = template.manifest
    values = bind(manifest.parameters, parameters, where="-p", sets=manifest.sets)
    files = scaffold(
        template, excursion, parameters=values, hypothesis=hypothesis, runner=config.runner
    )
    declared = read_excursion_file(files[FILE_NAME], where=FILE_NAME)
    at = {f"{excursion.folder}/{name}": content for name, content in files.items()}
    message = f"Begin excursion {thread.number}\n\n{unlinked(thread.title)}\n"
    return (
        CreateBranch(branch, base),
        CommitFiles(branch, at, message, keep=True),
        SetLabels(thread.number, (LABEL, template.kind.label, template_label(template.name))),
        UpsertEntry(
            thread.number,
            WELCOME,
            welcome_entry(
                excursion,
                declared,
                prompt=template.manifest.prediction,
                surroundings=surroundings,
            ),
            excursion_memory(excursion),
        ),
    )


def _welcome_again(excursion: Excursion, template: Template, world: World) -> tuple[Effect, ...]:
    """Make the welcome anew that somebody deleted or damaged, and leave the files alone."""
    labels = (LABEL, excursion.kind.label, template_label(excursion.template_name))
    return (
        *((CreateBranch(excursion.branch, world.base),) if world.base and world.head else ()),
        SetLabels(world.thread.number, labels),
        welcome_now(world, template.manifest.prediction),
    )


def _question(thread: Thread) -> str:
    """Give the question: as the form puts it, where it is one that could be a title."""
    try:
        return check_title(read_form(thread.body).question)
    except RequestError:
        return thread.title


def _asked(thread: Thread) -> dict[str, Any]:
    """Read what was asked for when the issue was opened."""
    marker = read_marker(thread.body)  # anybody may have written it
    form = read_form(thread.body)
    written = {
        "template": form.template,
        "hypothesis": form.hypothesis,
        "parameters": dict(form.parameters),
    }
    data = marker[1] if marker and marker[0] == ASKED else written
    template, hypothesis = data.get("template"), data.get("hypothesis")
    parameters = data.get("parameters")
    pairs = parameters.items() if isinstance(parameters, dict) else ()
    return {
        "template": template if isinstance(template, str) else None,
        "hypothesis": hypothesis if isinstance(hypothesis, str) else "",
        "parameters": {name: value for name, value in pairs if isinstance(value, str)},
    }


def write(command: Start) -> str:
    """Write the command as people do."""
    template = write_word(command.template) if command.template is not None else ""
    return write_line("start", template, write_pairs(command.parameters))


SPEC = Spec(
    word="start",
    command=Start,
    role=Role.WRITE,
    usage="/start [template] [name=value…]",
    summary="Begin the excursion: branch, folder, first files.",
    example="/start blank seed=3",
    parse=parse,
    write=write,
    decide=decide,
    options=None,
    details="Without a template, the issue's labels and form choose one. `/templates` lists them. "
    "Parameters become the notebook's defaults.",
)
