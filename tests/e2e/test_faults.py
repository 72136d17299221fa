"""Bad input and faults: one clear message, the right exit status, nothing lost or half-made."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Done, Here, Repository, Wait

from runner.capacity import read_capacity


def refused(done: Done, *words: str, status: int = 2) -> None:
    """One message of a few lines, no traceback, with these words in it."""
    assert done.status == status, done.err
    assert done.out == ""
    assert done.err.startswith(("excursion: ", "Usage: "))
    assert "Traceback" not in done.err
    assert len(done.err.splitlines()) <= 6
    for word in words:
        assert word in done.err


def test_outside_of_a_repository(tmp_path: Path) -> None:
    place = Repository(tmp_path)
    for words in (("init",), ("ask", "Does it?"), ("list",), ("run", "1")):
        refused(place.excursion(*words), "not a git repository", "git init")
    assert [path.name for path in tmp_path.iterdir()] == ["gitconfig"]


def test_a_repository_that_is_not_set_up(empty_repository: Repository) -> None:
    before = empty_repository.state()
    refused(empty_repository.excursion("ask", "Does it?"), "excursion init")
    assert empty_repository.state() == before


def test_a_bare_repository(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path / "bare")], check=True)
    refused(Repository(tmp_path / "bare").excursion("init"), "bare")


def test_no_commits_yet(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path / "new")], check=True)
    place = Repository(tmp_path / "new")
    done = place.excursion("init")
    assert done.status == 0
    assert "no commit yet" in done.err
    refused(place.excursion("ask", "Does it?"), "no commit yet", "git commit")
    assert place.json("list") == []
    assert place.git("for-each-ref") == ""


def test_a_dirty_checkout_is_left_alone_by_everything_but_an_answer(repository: Repository) -> None:
    (repository.top / "README.md").write_text("# Changed\n")
    (repository.top / "staged.txt").write_text("staged\n")
    repository.git("add", "staged.txt")
    status = repository.git("status", "--short")

    repository.ask()
    repository.must("run", "1")
    assert repository.git("status", "--short") == status
    main = repository.git("rev-parse", "main")
    refused(repository.excursion("answer", "1", "It does."), "README.md", "Commit or stash")
    assert repository.git("rev-parse", "main") == main
    assert repository.git("status", "--short") == status
    assert repository.json("status", "1")["state"] == "open"

    repository.git("commit", "-qam", "Done")
    repository.must("answer", "1", "It does.")
    assert repository.git("status", "--short") == ""


def test_a_file_in_the_way_of_the_answer(repository: Repository) -> None:
    repository.ask()
    mine = repository.top / "excursions/demos/1-does-it-settle/README.md"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine\n")
    main = repository.git("rev-parse", "main")
    refused(repository.excursion("answer", "1", "It does."), "in the way", "README.md")
    assert mine.read_text() == "mine\n"
    assert repository.git("rev-parse", "main") == main


def test_a_branch_of_that_name_that_is_somebody_elses(repository: Repository) -> None:
    repository.git("branch", "1-does-it-settle")
    before = repository.state()
    refused(repository.excursion("ask", "Does it settle?"), "1-does-it-settle", "git branch -m")
    after = repository.state()
    assert after["refs"] == before["refs"]
    assert repository.json("list") == []


@pytest.mark.parametrize(
    ("title", "word"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("x" * 300, "300"),
        ("🧠🔬", "no words"),
        ("a\x07b", "U+0007"),
        ("a\nb", "U+000A"),
        ("a\u202eb", "U+202E"),
    ],
)
def test_a_title_that_is_no_question(repository: Repository, title: str, word: str) -> None:
    refused(repository.excursion("ask", title), word)
    assert repository.json("list") == []


def test_an_unknown_template_names_the_nearest(repository: Repository) -> None:
    refused(repository.excursion("ask", "Does it?", "--template", "blnak"), "'blank'")
    done = repository.excursion("ask", "Does it?", "--template", "blank", "--kind", "docs")
    refused(done, "demos")
    assert repository.json("list") == []


def test_an_unknown_command_names_the_nearest(repository: Repository) -> None:
    refused(repository.excursion("anwser", "1", "It does."), "'answer'")


@pytest.mark.parametrize(
    "words",
    [
        ("run", "7"),
        ("predict", "7", "It will"),
        ("answer", "7", "It does."),
        ("log", "7", "Hm"),
        ("comment", "7", "/run"),
        ("show", "7"),
        ("status", "7"),
        ("params", "7"),
        ("start", "7"),
    ],
)
def test_an_issue_that_does_not_exist(repository: Repository, words: tuple[str, ...]) -> None:
    repository.ask()
    refused(repository.excursion(*words), "no issue 7", "issue 1")


@pytest.mark.parametrize(
    "words",
    [("run", "1"), ("predict", "1", "It will"), ("answer", "1", "Otherwise."), ("start", "1")],
)
def test_an_issue_that_is_closed(repository: Repository, words: tuple[str, ...]) -> None:
    repository.ask()
    repository.must("answer", "1", "It does.")
    before = repository.state()
    refused(repository.excursion(*words), "closed", "excursion reopen 1", "sk a new question")
    assert repository.state() == before


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("sede=1", ("'seed'",)),
        ("seed=x", ("whole number", "4294967295")),
        ("seed=-1", ("out of bounds", "from 0")),
        ("seed=1.0", ("whole number",)),
        ("seed", ("name=value",)),
        ("x; import os=1", ("there is no parameter",)),
    ],
)
def test_a_parameter_that_is_not_declared_so(
    repository: Repository, given: str, words: tuple[str, ...]
) -> None:
    repository.ask()
    refused(repository.excursion("run", "1", "-p", given), *words)
    refused(repository.excursion("ask", "Another?", "-p", given), *words)
    assert repository.json("status", "1")["runs"] == []
    assert "refs/excursions" not in repository.git("for-each-ref")
    assert len(repository.json("list")) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("[parameters.seed]", "[parameters.seed"), ("not valid TOML", "line")),
        (("runner =", "runer ="), ("'runer'", "'runner'")),
        (("default = 0", "default = -5"), ("-5", "from 0")),
        (("[parameters.seed]", '[parameters."x; import os"]'), ("not an identifier",)),
        (("type = ", "tipe = "), ("tipe'", "'type'")),
        (('runner = "local"', 'runner = "moon"'), ("'moon'", "local")),
    ],
)
def test_a_broken_excursion_toml(
    repository: Repository, change: tuple[str, str], words: tuple[str, ...]
) -> None:
    repository.ask()
    file = repository.folder() / "excursion.toml"
    assert change[0] in file.read_text()
    file.write_text(file.read_text().replace(*change, 1))
    repository.git("-C", str(file.parent), "commit", "-qam", "Break it")
    refused(repository.excursion("run", "1"), "excursion.toml", *words)
    assert "refs/excursions" not in repository.git("for-each-ref")


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("{", "not a notebook"),
        ("[]", "no JSON object"),
        ("", "the file is empty"),
        ('{"cells": [], "nbformat": 5, "metadata": {}}', "format 5"),
        (
            '{"cells": [], "nbformat": 4, "metadata": '
            '{"kernelspec": {"name": "ir", "language": "R"}}}',
            "another language, R",
        ),
        (
            '{"cells": [], "nbformat": 4, "metadata": {"language_info": {"name": "julia"}}}',
            "another language, julia",
        ),
        (
            '{"cells": [], "nbformat": 4, "metadata": {"kernelspec": {"name": "ir"}}}',
            "language, ir",
        ),
        ('{"cells": [], "nbformat": 3, "metadata": {}}', "format 3"),
        ('{"cells": [], "nbformat": 4, "metadata": {}}', "parameters"),
        ('{"cells": 5, "nbformat": 4}', "not a notebook"),
    ],
)
def test_a_broken_notebook(repository: Repository, content: str, word: str) -> None:
    repository.ask()
    file = repository.folder() / "notebook.ipynb"
    file.write_text(content)
    repository.git("-C", str(file.parent), "commit", "-qam", "Break it")
    refused(repository.excursion("run", "1"), "notebook.ipynb", word)
    assert "refs/excursions" not in repository.git("for-each-ref")


@pytest.mark.parametrize("name", ["python3", "my-env", "conda-env-torch-py"])
def test_a_python_kernel_may_have_any_name(repository: Repository, name: str) -> None:
    repository.ask()
    file = repository.folder() / "notebook.ipynb"
    notebook = json.loads(file.read_text())
    notebook["metadata"] = {"kernelspec": {"name": name, "display_name": "Mine"}}
    file.write_text(json.dumps(notebook))
    assert repository.excursion("run", "1", "--dirty", "--dry-run").status == 0


@pytest.mark.parametrize("options", [(), ("--dirty",)])
def test_a_notebook_that_is_a_link_out_of_the_repository(
    repository: Repository, tmp_path: Path, options: tuple[str, ...]
) -> None:
    repository.ask()
    file = repository.folder() / "notebook.ipynb"
    elsewhere = tmp_path / "elsewhere.ipynb"
    file.rename(elsewhere)
    file.symlink_to(elsewhere)
    if not options:
        repository.git("-C", str(file.parent), "commit", "-qam", "Link it")
    refused(
        repository.excursion("run", "1", *options),
        "notebook.ipynb",
        "symbolic link out of the repository" if options else "the file begins with '/",
    )
    assert "refs/excursions" not in repository.git("for-each-ref")


@pytest.mark.parametrize("place", ["my {notes} {0}/re po", "a%s $HOME 'b'"])
def test_a_repository_at_an_odd_path_runs(tmp_path: Path, place: str) -> None:
    top = tmp_path / place
    top.mkdir(parents=True)
    odd = Repository(top)
    odd.git("init", "-q")
    odd.git("commit", "-q", "--allow-empty", "-m", "First")
    odd.must("init")
    odd.git("add", "-A")
    odd.git("commit", "-qm", "Set up")
    odd.ask()
    odd.commit_notebook("print('fine')")
    assert odd.must("run", "1") == "1.1"


def test_runs_asked_for_at_once_each_get_a_number_and_their_turn(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, none_left: Here
) -> None:
    """A hundred such processes were tried by hand; they take minutes on two cores."""
    monkeypatch.delenv("EXCURSIONS_TURNS")
    repository.ask()
    marks = repository.top.parent / "marks"
    marks.mkdir()
    repository.commit_notebook(
        "import os, pathlib, time\n"
        f"marks = pathlib.Path({str(marks)!r})\n"
        "(marks / f'now-{seed}').touch()\n"
        "at_once = len(list(marks.glob('now-*')))\n"
        "time.sleep(0.3)\n"
        "(marks / f'now-{seed}').unlink()\n"
        "(marks / f'most-{seed}').write_text(str(at_once))",
    )
    words = [sys.executable, "-m", "bot", "run", "1", "-p"]
    processes = [
        subprocess.Popen(
            [*words, f"seed={seed}"],
            cwd=repository.top,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for seed in range(8)
    ]
    done = [process.communicate(timeout=300) for process in processes]

    assert [process.returncode for process in processes] == [0] * 8, [err for _, err in done]
    assert {out.strip() for out, _ in done} == {f"1.{number}" for number in range(1, 9)}
    runs = repository.json("status", "1")["runs"]
    assert [run["status"] for run in runs] == ["succeeded"] * 8
    most = [int(path.read_text()) for path in marks.glob("most-*")]
    assert len(most) == 8
    assert max(most) <= max(1, read_capacity().cores)
    if read_capacity().cores < 8:
        assert any("Waiting for a turn" in err for _, err in done)


def test_a_zygote_killed_during_a_run_takes_nothing_along(
    repository: Repository,
    monkeypatch: pytest.MonkeyPatch,
    none_left: Here,
    wait_until: Wait,
) -> None:
    monkeypatch.delenv("EXCURSIONS_WARM")
    monkeypatch.setenv("CI", "yes")  # no other is to start by itself
    config = repository.top / "excursions.toml"
    config.write_text(config.read_text() + '\n[warm]\npreload = ["matplotlib.pyplot"]\n')
    repository.git("commit", "-qam", "Preload little")
    repository.ask()
    go_on = repository.top.parent / "go-on"
    repository.commit_notebook(
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
        f"import pathlib, time\nwhile not pathlib.Path({str(go_on)!r}).exists(): time.sleep(0.05)",
    )
    repository.must("warm", "start")
    (zygote,) = repository.json("warm", "status")
    command = [sys.executable, "-m", "bot", "run", "1"]
    process = subprocess.Popen(command, cwd=repository.top, stderr=subprocess.PIPE, text=True)
    journal = repository.top / ".excursions/1/runs/1/journal.jsonl"
    wait_until(lambda: journal.exists() and '"cell": 3' in journal.read_text())
    os.kill(zygote["pid"], signal.SIGKILL)
    go_on.touch()
    _, err = process.communicate(timeout=60)

    assert process.returncode == 0, err
    result = json.loads(repository.git("show", "refs/excursions/1/1:result.json"))
    assert (result["status"], result["kernel"], len(result["figures"])) == ("succeeded", "warm", 1)
    # Its socket is left over: the next run starts cold, and says so.
    assert Path(zygote["socket"]).exists()
    done = repository.excursion("run", "1", "--force")
    assert done.status == 0, done.err
    assert "started cold" in done.err
    repository.must("warm", "start")
    assert len(repository.json("warm", "status")) == 1


def test_a_broken_configuration_names_the_nearest_key(repository: Repository) -> None:
    (repository.top / "excursions.toml").write_text('rot = "src"\n')
    refused(repository.excursion("ask", "Does it?"), "excursions.toml", "'rot'", "'root'")


def test_a_thread_file_that_was_damaged_by_hand_is_named(repository: Repository) -> None:
    repository.ask()
    (repository.top / ".excursions/1/issue.md").write_text("oops")
    refused(repository.excursion("show", "1"), "issue.md", status=3)


def test_a_run_that_fails_is_logged_and_ends_with_one(repository: Repository) -> None:
    repository.ask()
    repository.commit_notebook("1 / 0", "print('never')")
    done = repository.excursion("run", "1")
    assert done.status == 1
    assert "ZeroDivisionError" in done.err
    run = repository.json("status", "1")["runs"][0]
    assert run["status"] == "failed"
    text = next(repository.top.glob(".excursions/1/*-run-1-1.md")).read_text()
    assert "2 of 4 code cells completed, 1 never ran" in text
    assert "| 3 | pending |" in text


def test_a_run_past_its_time_limit_ends_with_one(repository: Repository) -> None:
    repository.ask()
    repository.commit_notebook("import time; time.sleep(600)")
    done = repository.excursion("run", "1", "--timeout", "6s")
    assert done.status == 1
    assert "timed out" in done.err
    assert repository.json("status", "1")["runs"][0]["status"] == "timed_out"
    refused(repository.excursion("run", "1", "--timeout", "soon"), "30m")


def test_another_branch_in_the_excursions_worktree(repository: Repository) -> None:
    repository.ask()
    folder = repository.folder()
    repository.git("-C", str(folder), "checkout", "-qb", "elsewhere")
    refused(repository.excursion("run", "1"), "another branch is checked out", "git -C")
    assert repository.json("status", "1")["runs"] == []
    assert "refs/excursions" not in repository.git("for-each-ref")


def test_an_installation_that_cannot_execute_notebooks(repository: Repository) -> None:
    repository.ask()
    hide = repository.top.parent / "hide"
    hide.mkdir()
    (hide / "sitecustomize.py").write_text(
        "import importlib.util as u\n"
        "find = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'papermill' else find(name, *rest)\n"
    )
    done = repository.excursion("run", "1", PYTHONPATH=str(hide))
    refused(done, "papermill", "excursions[notebooks]", status=3)
    assert repository.json("status", "1")["runs"] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_in_the_middle_of_a_run_keeps_what_was_made(
    repository: Repository, wait_until: Wait, number: signal.Signals
) -> None:
    repository.ask()
    repository.commit_notebook(
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
        "print('waiting')\nimport time\ntime.sleep(600)",
        "print('never')",
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "run", "1"],
        cwd=repository.top,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    journal = repository.top / ".excursions/1/runs/1/journal.jsonl"
    wait_until(lambda: journal.exists() and '"cell": 3' in journal.read_text())
    os.killpg(process.pid, number)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 3
    assert "cancelled" in err
    assert "again" in err
    assert "Traceback" not in err
    result = json.loads(repository.git("show", "refs/excursions/1/1:result.json"))
    assert result["status"] == "cancelled"
    assert [cell["status"] for cell in result["cells"]][-2:] == ["cancelled", "pending"]
    assert len(result["figures"]) == 1
    thread = repository.json("show", "1")
    assert thread["state"] == "open"
    assert "excursion:running" not in thread["labels"]


@pytest.mark.parametrize(
    ("words", "numbers"),
    [(("run", "1"), ["1.1"]), (("sweep", "1", "-p", "seed=1..2", "--jobs", "1"), ["1.1", "1.2"])],
)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_is_stopped_before_anything_is_executed_keeps_its_number(
    repository: Repository,
    tmp_path: Path,
    wait_until: Wait,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    numbers: list[str],
    number: signal.Signals,
) -> None:
    slow, mark = tmp_path / "slow", tmp_path / "mark"
    slow.mkdir()
    (slow / "nbformat.py").write_text(  # the first who imports it stands still
        f"import pathlib, sys, time\nmark = pathlib.Path({str(mark)!r})\n"
        "if not mark.exists():\n    mark.touch()\n    time.sleep(600)\n"
        f"sys.path.remove({str(slow)!r})\ndel sys.modules['nbformat']\nimport nbformat\n"
    )
    repository.ask()
    repository.commit_notebook("print('at last')")
    monkeypatch.setenv("PYTHONPATH", f"{slow}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", *words],
        cwd=repository.top,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(mark.exists)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 3, err
    assert "Give the command again" in err
    assert "died" not in err

    assert repository.must(*words) == "1.1"
    runs = repository.json("status", "1")["runs"]
    assert [(run["run_id"], run["status"]) for run in runs] == [(n, "succeeded") for n in numbers]


def test_an_interrupted_run_is_shown_as_such_until_it_is_settled(
    repository: Repository, wait_until: Wait
) -> None:
    repository.ask()
    repository.commit_notebook("import time; time.sleep(600)")
    process = subprocess.Popen([sys.executable, "-m", "bot", "run", "1"], cwd=repository.top)
    journal = repository.top / ".excursions/1/runs/1/journal.jsonl"
    wait_until(lambda: journal.exists() and '"cell": 2' in journal.read_text())
    assert repository.json("list")[0]["state"] == "running"
    refused(repository.excursion("answer", "1", "It does."), "run 1.1 is still going")
    process.kill()
    process.wait()
    wait_until(lambda: repository.json("list")[0]["state"] == "interrupted")

    repository.must("answer", "1", "Nobody knows.", "--outcome", "abandoned")
    run = repository.json("status", "1")["runs"][0]
    assert run["status"] in ("cancelled", "died")
    assert repository.json("list")[0]["state"] == "abandoned"


@pytest.fixture
def small(repository: Repository, tmp_path: Path) -> Iterator[Repository]:
    """The repository, cloned to a real file system of a few megabytes."""
    place = tmp_path / "small"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)]
    if subprocess.run(words, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a small file system needs root")
    try:
        subprocess.run(["git", "clone", "-q", str(repository.top), str(place / "r")], check=True)
        yield Repository(place / "r")
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_disk_that_is_full(small: Repository) -> None:
    small.ask()
    before = small.state()
    filler = small.top.parent / "filler"
    with filler.open("wb") as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 65536)
            file.flush()
    for words in (("ask", "Another?"), ("predict", "1", "It will"), ("run", "1")):
        refused(small.excursion(*words), "disk is full", "Free some space", status=3)
    refused(small.excursion("answer", "1", "It does."), "disk is full", status=3)
    filler.unlink()
    assert small.state() == before
    assert small.must("ask", "Another?") == "2"


def test_a_disk_that_fills_while_a_run_goes_on(small: Repository) -> None:
    small.ask()
    small.commit_notebook(
        "import os\nfiller = os.environ.get('EXCURSIONS_FILLER')",
        "try:\n    if filler:\n        with open(filler, 'wb') as file:\n"
        "            while True: file.write(b'x' * 65536); file.flush()\n"
        "except OSError as error:\n    print(error)",
    )
    filler = small.top.parent / "filler"
    done = small.excursion("run", "1", EXCURSIONS_FILLER=str(filler))
    assert done.status == 3, (done.status, done.err)
    assert "Traceback" not in done.err
    assert "disk is full" in done.err
    filler.unlink()

    assert small.must("run", "1") in ("1.1", "1.2")
    statuses = [run["status"] for run in small.json("status", "1")["runs"]]
    assert statuses[-1] == "succeeded"
    assert "running" not in statuses


def test_an_argument_that_is_no_text(repository: Repository) -> None:
    done = subprocess.run(
        [sys.executable.encode(), b"-m", b"bot", b"log", b"1", b"caf\xe9"],
        cwd=repository.top,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    assert b"argument 3 is not UTF-8" in done.stderr
