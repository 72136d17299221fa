"""What strangers write and what notebooks give out does nothing but be shown.

Those attacks of the list in issue 4 that need no server: text in every place where a person or a
notebook can put it, with the real command, a real kernel and GitHub's own Markdown parser.
"""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from conftest import Repository
from github_page import Page, github_page
from samples import DECLARED, EXCURSION, unbegun

from bot.actions.artifact import Artifact, read_artifact
from bot.actions.clean import take_secrets_out
from bot.actions.folder import ArtifactRefusedError
from bot.commands.run import publication
from bot.commands.start import asked_template
from bot.errors import RequestError
from bot.forge.marker import read_marker, write_marker
from bot.log.redact import Secrets
from bot.log.run_entry import run_entry
from bot.template import built_in_templates, find_template
from runner.records import RunResult, Status, read_request, read_result

FORGED = '<!-- excursion {"key": "answer", "text": "forged"} -->'
SHOWN = [
    "@everyone and @team/maintainers",
    "see #1 and owner/repo#1 and GH-1",
    "fixes #1",
    "closes https://github.com/o/r/issues/1",
    "0123456789abcdef0123456789abcdef01234567",
    FORGED,
    "![](https://tracker.example/pixel.png)",
    "<img src='https://tracker.example/x.png' onerror='alert(1)'>",
    "</details></td></table><script>alert(1)</script>",
    "[click](javascript:alert(1))",
    "``` \n~~~\n# heading\n| a | b |\n|---|---|",
    "\x1b[2J\x1b[31mred\x1b]8;;https://evil.example\x07click\x1b]8;;\x07",
    "\u202eexe.gnp\u202c zero\u200bwidth @\u2060ada",
    "::set-output name=count::9\n::add-mask::x\n##[error]x",
    "${{ github.token }} {{ config }} {% include 'x' %}",
]
TITLES = [
    "Fixes #1 for @everyone? ${{ github.event.issue.title }} {{ 7 * 191 }} {% for x in y %}",
    "$(touch pwned) `touch pwned`; touch pwned & touch pwned | x ::set-output name=x::y EOF",
    "%time !touch pwned x' \"\"\" \\ import os; os.system('touch pwned') #",
    f"Why {FORGED} </h1><script>alert(1)</script> ![](https://tracker.example/x.png)?",
    "../../etc/passwd -rf --upload-pack=touch .git/config [x](javascript:alert(1))",
]
# Words that GitHub acts upon in a commit's message.
ACTED_ON = re.compile(r"@[a-z0-9]|#\d|\bgh-\d|https?://", re.IGNORECASE)


def body_of(file: Path) -> str:
    """An entry without the front matter that the local forge puts above it."""
    return file.read_text("utf-8").split("---\n", 2)[2]


def assert_only_shown(page: Page, *, pictures: int = 0) -> None:
    assert page.links == []
    assert len(page.pictures) == pictures
    assert all(source.startswith("runs/1/figures/") for source in page.pictures)
    assert page.attributes == set()
    assert page.linked == []
    assert not {"script", "iframe", "style", "form", "h1"} & set(page.tags)


@pytest.fixture(scope="module")
def notebook() -> list[str]:
    """The cells of a notebook that gives out every attack in every way that there is."""
    return [
        "from runner.notebook import caption, record\n"
        "import matplotlib.pyplot as plt\n"
        "from IPython.display import HTML, display\n"
        f"attacks = {SHOWN!r}\n"
        "everything = '\\n'.join(attacks)",
        "print(everything)",
        "for n, attack in enumerate(attacks):\n"
        "    record(**{attack[:90]: attack, f'plain_{n}': n})",
        "plt.plot([1, 2])\ncaption(everything)\nplt.show()",
        "import html\n"
        "rows = ''.join(f'<tr><td>{html.escape(a)}</td></tr>' for a in attacks)\n"
        "display(HTML(f'<table><tr><th>{html.escape(attacks[5])}</th></tr>{rows}</table>'))",
        "display(HTML('<table><tr><td><script>alert(1)</script><img src=x onerror=y></td></tr>'))",
        "raise ValueError(everything)",
    ]


@pytest.fixture
def attacked(repository: Repository, notebook: list[str]) -> Repository:
    """A repository whose first run gave out every attack."""
    repository.ask()
    repository.commit_notebook(*notebook)
    done = repository.excursion("run", "1")
    assert done.status == 1, done.err
    return repository


def test_what_a_notebook_gives_out_is_shown_and_does_nothing(attacked: Repository) -> None:
    """In the thread here; and from the same folder, as an artifact, in the thread on GitHub."""
    thread = Path(attacked.top, ".excursions/1")
    result = read_result(attacked.git("show", "refs/excursions/1/1:result.json"))
    assert (result.status, len(result.figures), len(result.tables)) == (Status.FAILED, 1, 2)
    assert len(result.metrics) == 2 * len(SHOWN)
    entry = body_of(next(thread.glob("*-run-1-1.md")))
    page = github_page(entry)
    assert_only_shown(page, pictures=1)
    key, _ = read_marker(entry) or ("", {})
    assert (key, len(page.comments)) == ("run:1.1", 1)
    assert "@\u200beveryone" in page.text
    folder = thread / "runs/1"
    request = read_request((folder / "request.json").read_bytes())
    source = attacked.git("show", f"{request.commit}:{request.notebook}") + "\n"
    artifact = read_artifact(folder, request, source.encode())
    assert artifact.notes == ()
    body = as_on_github(artifact)
    assert_only_shown(github_page(body), pictures=1)
    ours = write_marker("run:1.1", {"status": "failed"})
    assert read_marker(f"{body}\n\n{ours}") == ("run:1.1", {"status": "failed"})
    with pytest.raises(ArtifactRefusedError, match="of another run"):
        read_artifact(folder, request.model_copy(update={"run_id": "2.1", "issue": 2}))


def as_on_github(artifact: Artifact) -> str:
    """The entry that the publishing job makes of an artifact."""
    assert artifact.result is not None
    safe, publishing = publication(artifact.result, artifact.files, Secrets())
    assert (safe, dict(publishing.files)) == (artifact.result, artifact.files)  # safe already
    return entry_of(safe)


def entry_of(result: RunResult) -> str:
    return run_entry(
        result,
        excursion=EXCURSION,
        declared=DECLARED,
        predictions=(),
        figures_at="runs/1/figures/",
    )


def test_no_title_and_no_hypothesis_with_html_does_more_than_be_shown(
    repository: Repository,
) -> None:
    before = repository.git("ls-files")
    for number, title in enumerate(TITLES, start=1):
        assert repository.ask(title, "--hypothesis", f"It is so. {title} <b>") == number
    for row, title in zip(repository.json("list"), TITLES, strict=True):
        number, branch = row["issue"], row["branch"]
        assert re.fullmatch(rf"{number}(-[a-z0-9-]+)?", branch)
        assert row["question"] == title
        changed = repository.git("diff", "--name-only", f"main...{branch}").split("\n")
        assert all(path.startswith(f"excursions/demos/{branch}/") for path in changed)
        readme = repository.git("show", f"{branch}:{row['folder']}/README.md")
        page = github_page(readme)
        assert (page.pictures, page.links, page.linked) == ([], [], [])
        assert page.attributes == set()
        assert page.tags.count("h1") == 1
        welcome = next(Path(repository.top, f".excursions/{number}").glob("*-welcome.md"))
        assert_only_shown(github_page(body_of(welcome)))
        assert not ACTED_ON.search(repository.git("log", "-1", "--format=%B", branch))
        cells = json.loads(repository.git("show", f"{branch}:{row['folder']}/notebook.ipynb"))
        code = [c["source"] for c in cells["cells"] if c["cell_type"] == "code"]
        assert "1337" not in readme + "".join("".join(c) for c in code)
        for source in code:
            assert "pwned" not in "".join(source)
    assert repository.git("ls-files") == before
    assert not list(repository.top.rglob("pwned"))


COMMENTS = [
    "/run seed=$(touch pwned)",
    "/run seed=1;touch pwned",
    "/run seed=1 --dirty",
    "/run __import__('os').system('touch pwned')=1",
    "/run seed='1\nimport os'",
    "/run timeout=$(touch pwned)",
    "/run ${{ github.token }}",
    "> /run",
    "```\n/run\n```",
    "<!-- /run -->",
    f"{FORGED}\n/run seed=x",
    "::stop-commands::x\n/run seed=@everyone",
]


def test_no_comment_begins_a_run_by_what_it_smuggles(repository: Repository) -> None:
    repository.ask()
    for comment in COMMENTS:
        done = repository.excursion("comment", "1", comment)
        assert done.status in (0, 2), comment
        assert "Traceback" not in done.err
        assert not any(line.lstrip().startswith("::") for line in done.err.splitlines())
    assert repository.git("for-each-ref", "refs/excursions") == ""
    assert not list(repository.top.rglob("pwned"))


def test_a_parameter_is_that_text_for_notebook_shell_and_entry(repository: Repository) -> None:
    repository.ask()
    repository.commit_notebook(
        "from runner.notebook import record\nrecord(got=note)", parameters="seed = 0\nnote = ''"
    )
    declaration = repository.folder() / "excursion.toml"
    with declaration.open("a") as file:
        file.write('\n[parameters.note]\ntype = "str"\ndefault = ""\n')
    folder = str(repository.folder())
    repository.git("-C", folder, "commit", "-qam", "Declare a note")
    text = "'\"; import os; os.system('touch pwned') # $(touch pwned) {{ 7*7 }} @everyone <b>"
    repository.must("run", "1", "-p", f"note={text}")
    result = read_result(repository.git("show", "refs/excursions/1/1:result.json"))
    assert result.parameters["note"] == text
    assert result.metrics == {"got": text}
    assert not list(repository.top.rglob("pwned"))
    entry = body_of(next(Path(repository.top, ".excursions/1").glob("*-run-1-1.md")))
    assert_only_shown(github_page(entry))
    again = next(line for line in entry.split("\n") if line.startswith("excursion run 1 "))
    assert f"note={text}" in shlex.split(again)


@pytest.mark.parametrize(
    "name",
    ["../../etc", "/etc/passwd", "demos/../../x", "{{ x }}", "blank\n", "$(id)", "\u202eknalb", ""],
)
def test_no_label_names_a_template_outside_of_the_templates(name: str) -> None:
    asked = asked_template(unbegun(labels=("excursion", f"template:{name}")))
    with pytest.raises(RequestError):
        find_template(asked, None, (built_in_templates(),))


def test_secrets_of_the_machine_that_executes_are_not_uploaded(repository: Repository) -> None:
    repository.ask()
    repository.commit_notebook("print('left by an execution')")
    repository.must("run", "1")
    folder = Path(repository.top, ".excursions/1/runs/1")
    result = read_result((folder / "result.json").read_bytes())
    untouched = files_of(folder)
    assert take_secrets_out(folder, result, Secrets()) == result
    assert files_of(folder) == untouched
    clean = take_secrets_out(folder, result, Secrets.of({"SITE_KEY": "left by an execution"}))
    assert "[redacted SITE_KEY]" in clean.stdout_tail
    for content in files_of(folder).values():
        assert b"left by an execution" not in without_code(content)
    request = read_request((folder / "request.json").read_bytes())
    assert read_artifact(folder, request).result == clean


def files_of(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def without_code(content: bytes) -> bytes:
    """A notebook's outputs; any other file as it is. The code is in git, whatever is done here."""
    try:
        cells: list[dict[str, Any]] = json.loads(content)["cells"]
    except (ValueError, KeyError, TypeError):
        return content
    return json.dumps([cell.get("outputs") for cell in cells]).encode()
