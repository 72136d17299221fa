"""`/eval [after=TAG]` and a fenced block: execute that code, and post what came of it.

Without `after` the block is all that is executed; with it, the notebook's cells come before, up to
the one that has this tag. A formula in LaTeX is not executed, but logged and shown as one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from bot.command import Block, Eval
from bot.commands.notebook_check import cell_tags, check_notebook
from bot.commands.request import Limits, new_request
from bot.commands.run import FORCE, REQUEST, SOURCE, request_effects
from bot.commands.spec import Spec
from bot.commands.words import write_line, write_pairs
from bot.commands.world import World
from bot.effects import Effect, UpsertEntry
from bot.errors import RequestError, did_you_mean, nearest
from bot.events import Role
from bot.excursion_file import NOTEBOOK
from bot.log.eval_entry import formula_entry
from bot.log.safety import plain
from bot.parameters import bind
from runner.records import to_json

OPTIONS = ("after", "timeout", "runner")
_PYTHON = ("python", "py", "python3", "ipython", "ipython3")
_LATEX = ("math", "latex", "tex")
_MOST = 8_000  # bytes; an entry shows the block, and its marker remembers it meanwhile
_FOLLOWS = (
    "Write code right below the line, between ```python and ```, or a formula between ```math "
    "and ```."
)
_DELIMITERS = re.compile(
    r"\s*(?:\$\$(?P<a>.*)\$\$|\\\[(?P<b>.*)\\\]|\\\((?P<c>.*)\\\)|\$(?P<d>[^$]*)\$)\s*", re.DOTALL
)


def parse(words: tuple[str, ...], named: Mapping[str, str]) -> Eval:
    """Read the command's words.

    Raises:
        RequestError: A word is not `force`.
    """
    unknown = [word for word in words if word != FORCE]
    if unknown:
        raise RequestError(
            f"eval does not know the word {unknown[0]!r}", right=_FOLLOWS, culprit=unknown[0]
        )
    after, timeout, runner = (named.get(name) for name in OPTIONS)
    return Eval(None, after, timeout, runner, FORCE in words)


def decide(command: Eval, world: World) -> tuple[Effect, ...]:
    """Decide what follows: the block's execution with a number and an entry, or a formula's entry.

    Raises:
        RequestError: There is no block, or none that can be executed so; nothing was changed.
    """
    world.open_excursion()
    block = _checked(command.block)
    if block.language.lower() in _LATEX:
        return _formula(block, command, world)
    excursion, declared = world.open_excursion(), world.declared()
    source, parameters = b"", {}
    if command.after is not None:
        source = _context(command.after, world)
        parameters = bind(declared.parameters, {}, where="-p")
    request = new_request(
        world,
        declared,
        Limits(command.timeout, None, command.runner),
        notebook=f"{excursion.folder}/{NOTEBOOK}",
        notebook_sha256=hashlib.sha256(source).hexdigest(),
        parameters=parameters,
        code=block.text,
        after=command.after or "",
    )
    return request_effects(request, {REQUEST: to_json(request), SOURCE: source})


def _checked(block: Block | None) -> Block:
    """Hold a block against what can be executed."""
    if block is None:
        raise RequestError("no block of code follows", right=_FOLLOWS)
    if block.more:
        raise RequestError(
            "more than one block follows, and an eval has one",
            right="Put all of it into one block, or write /eval above each.",
        )
    language = block.language.lower()
    if language not in ("", *_PYTHON, *_LATEX):
        near = nearest(language, [*_PYTHON, *_LATEX])
        hint = f"Did you mean {near}? " if near else ""
        raise RequestError(
            f"a block in {block.language!r} cannot be executed",
            right=f"{hint}Python is, written ```python; a formula is shown, written ```math. "
            "In Python, a line that begins with ! goes to the shell.",
        )
    if not block.text.strip():
        raise RequestError("the block is empty", right=_FOLLOWS)
    size = len(block.text.encode(errors="replace"))
    if size > _MOST:
        raise RequestError(
            f"the block has {size} bytes, {_MOST} at most",
            right="Put it into a file on the branch, and import that in the block.",
        )
    if block.text != block.text.encode("utf-8", "ignore").decode():
        raise RequestError("the block is no text", right="Write it in UTF-8.")
    return block


def _context(tag: str, world: World) -> bytes:
    """Find the notebook whose cells come before the block."""
    excursion, declared = world.begun(), world.declared()
    where = f"{excursion.folder}/{NOTEBOOK}"
    if not declared.notebook:
        raise RequestError(
            f"excursion {excursion.issue} is a write-up: it has no notebook, and no cell {tag!r}",
            right="Write /eval without after=.",
            culprit="after=",
        )
    notebook = world.files.get(NOTEBOOK)
    if notebook is None:
        raise RequestError("is not on the excursion's branch", where=where, right="Restore it.")
    check_notebook(notebook, declared, where=where)
    known = cell_tags(notebook)
    if tag not in known:
        hint = did_you_mean(tag, known, noun="tags") if known else "No cell has a tag."
        raise RequestError(
            f"no cell is tagged {tag!r} at {(world.head or '')[:10]}",
            where=where,
            right=f"{hint} Tags are set in Jupyter's property inspector, or in the script as "
            '# %% tags=["…"].',
            culprit="after=",
        )
    return notebook


def _formula(block: Block, command: Eval, world: World) -> tuple[Effect, ...]:
    """Log a formula; the same one of the same person stands in the thread once."""
    for name in OPTIONS:
        if getattr(command, name) is not None:
            raise RequestError(
                f"a formula is not executed, so {name} says nothing",
                right="Leave it out, or write the block in Python.",
                culprit=f"{name}=",
            )
    text = plain(_bare(block.text)).strip("\n")
    digest = hashlib.sha256(f"{world.actor}\n{text}".encode()).hexdigest()[:16]
    key = f"formula:{digest}"
    if world.thread.entry(key):
        return ()
    return (UpsertEntry(world.thread.number, key, formula_entry(text, world.actor, world.now)),)


def _bare(text: str) -> str:
    """Take a formula out of the signs between which LaTeX has it."""
    match = _DELIMITERS.fullmatch(text)
    return next(inside for inside in match.groups() if inside is not None) if match else text


def write(command: Eval) -> str:
    """Write the command as people do, with its block."""
    force = FORCE if command.force else ""
    pairs = {name: getattr(command, name) for name in OPTIONS}
    line = write_line("eval", force, write_pairs(pairs))
    if command.block is None:
        return line
    runs = re.findall(r"`+", command.block.text)
    ticks = "`" * max(3, 1 + max(map(len, runs), default=0))
    return f"{line}\n{ticks}{command.block.language}\n{command.block.text}\n{ticks}"


SPEC = Spec(
    word="eval",
    command=Eval,
    role=Role.WRITE,
    usage="/eval [after=TAG] [runner=NAME] [timeout=5m] [force]",
    summary="Execute the block of code that follows, and post what came of it.",
    example="/eval after=load\n```python\nmodel.cfg.n_layers\n```",
    parse=parse,
    write=write,
    decide=decide,
    executes=True,
    options=OPTIONS,
    details="The value of the last expression, what is printed, plots and tables are posted. With "
    "`after` the notebook's cells are executed before, up to the one with that tag, as the branch "
    "has them, with their default parameters. A block of LaTeX (```` ```math ````) is shown as a "
    "formula. No answer rests on an eval, and no `/compare` or `/reproduce` takes one.",
    block=True,
)
