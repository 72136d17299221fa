"""A sweep as a researcher meets it: a grid, real kernels, one entry, and what may go wrong."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from conftest import Done, Repository, Wait

from bot.excursion_file import FILE_NAME, read_excursion_file, write_excursion_file
from bot.parameters import Declaration
from bot.template import Metrics
from runner.records import RunResult, read_result

PARAMETERS = "seed = 0\nlayer = 0"
RECORD = "from runner.notebook import record\n"
COUNT = (  # which points were executed, kept where git does not look
    "import os, pathlib\n"
    "out = pathlib.Path('outputs'); out.mkdir(exist_ok=True)\n"
    "with (out / 'count').open('a') as count: count.write(f'{layer},{seed}\\n')"
)
ACCURACY = f"{RECORD}record(accuracy=(11 - abs(layer - 7)) / 11 + seed / 1000)"
PARAMETERS_OF_A_SWEEP = {
    "layer": Declaration(
        type="int", default=0, minimum=0, maximum=11, description="Layer that is patched"
    ),
    "n": Declaration(type="int", default=0, description="Heads"),
}
STOP_AT_2 = (  # the first time that this point is executed, its command gets a signal
    "if layer == 2 and not (out / 'stopped').exists():\n"
    "    (out / 'stopped').touch()\n"
    "    os.kill(int((out / 'command').read_text()), int(os.environ['STOP_BY']))\n"
    "    import time; time.sleep(600)"
)
WAIT_AT_1 = "import time\nwhile layer == 1 and not (out / 'go').exists():\n    time.sleep(0.02)"


@pytest.fixture
def asked(repository: Repository) -> Repository:
    """A repository with an excursion whose notebook has layers and seeds."""
    repository.ask()
    file = repository.folder() / FILE_NAME
    declared = read_excursion_file(file.read_text(), where=FILE_NAME)
    metrics = Metrics(main="accuracy", descriptions={"accuracy": "share that is right"})
    parameters = declared.parameters | PARAMETERS_OF_A_SWEEP
    changed = declared.model_copy(update={"parameters": parameters, "metrics": metrics})
    file.write_text(write_excursion_file(changed))
    notebook(repository, COUNT, ACCURACY)
    return repository


@pytest.fixture(autouse=True)
def no_process_is_left_behind(tmp_path: Path, wait_until: Wait) -> Iterator[None]:
    """Nothing that worked in this test's folders outlives it."""
    yield
    wait_until(lambda: not at_work_below(tmp_path))


def at_work_below(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if str(folder) in f"{process.cwd()} {' '.join(process.cmdline())}":
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            pass
    return [process for process in found if process.pid != os.getpid()]


def notebook(repository: Repository, *cells: str) -> None:
    repository.commit_notebook(*cells, parameters=f"{PARAMETERS}\nn = 0")


def sweep(repository: Repository, *words: str, **environment: str) -> Done:
    return repository.excursion("sweep", "1", *words, cwd=None, **environment)


def given(repository: Repository, *words: str, **options: Any) -> subprocess.Popen[str]:
    """Give a sweep's command and do not wait for it; its process id is where notebooks look."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "sweep", "1", *words],
        cwd=repository.top,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | options,
    )
    outputs(repository).mkdir(exist_ok=True)
    (outputs(repository) / "command").write_text(str(process.pid))
    return process


def outputs(repository: Repository) -> Path:
    return repository.folder() / "outputs"


def executed(repository: Repository) -> Counter[str]:
    """How often each point was executed, by its layer and seed."""
    return Counter((outputs(repository) / "count").read_text().split())


def results(repository: Repository) -> dict[str, RunResult | None]:
    """What is kept under the ref of each run, None where it has no outcome."""
    refs = repository.git("for-each-ref", "--format=%(refname)", "refs/excursions/1/").split()
    runs = sorted((ref for ref in refs if ref.rpartition("/")[2].isdigit()), key=len)
    found: dict[str, RunResult | None] = {}
    for ref in runs:
        text = repository.git("show", f"{ref}:result.json", check=False)
        found[f"1.{ref.rpartition('/')[2]}"] = read_result(text.encode()) if text else None
    return dict(sorted(found.items(), key=lambda item: int(item[0].partition(".")[2])))


def statuses(repository: Repository) -> dict[str, str]:
    return {
        run: result.status.value if result else "not run"
        for run, result in results(repository).items()
    }


def entry(repository: Repository, first: int = 1) -> str:
    """The one entry of a sweep."""
    (path,) = repository.top.glob(f".excursions/1/*-sweep-1-{first}.md")
    return path.read_text()


def rows(repository: Repository, first: int = 1) -> list[dict[str, str]]:
    """The table over all points, as the sweep's ref has it."""
    text = repository.git("show", f"refs/excursions/1/sweep-{first}:points.csv")
    return list(csv.DictReader(io.StringIO(text)))


def all_succeeded_once(repository: Repository, layers: int) -> None:
    """Each point has one good outcome, in the grid's order, and one entry tells of all."""
    table = rows(repository)
    assert [row["layer"] for row in table] == [str(layer) for layer in range(layers)]
    assert {row["status"] for row in table} == {"succeeded"}
    good = [r.parameters["layer"] for r in results(repository).values() if r and r.metrics]
    assert sorted(good) == list(range(layers))
    assert f"all {layers} points succeeded" in entry(repository)
    keys = [post["entry"] for post in repository.json("show", "1")["posts"]]
    assert keys.count("sweep:1.1") == 1
    assert not [key for key in keys if key and key.startswith("run:")]
    thread = repository.json("show", "1")
    assert thread["state"] == "open"
    assert "excursion:running" not in thread["labels"]


def refused(done: Done, *words: str) -> None:
    assert done.status == 2, done.err
    assert done.out == ""
    assert "Traceback" not in done.err
    for word in words:
        assert word in done.err


@pytest.fixture
def warm(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Kernels are forked, so that a large grid costs little."""
    with tempfile.TemporaryDirectory(prefix="sweep-") as folder:  # short: a socket is in it
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        monkeypatch.delenv("EXCURSIONS_WARM")
        yield


def test_a_grid_of_ranges_and_lists_is_one_entry_with_all_that_is_to_see(
    asked: Repository, warm: None
) -> None:
    with (asked.top / "excursions.toml").open("a") as config:
        config.write('\n[warm]\npreload = ["json"]\n')
    asked.git("commit", "-qam", "Import little")
    fails = "if layer == 5 and seed == 2: raise ValueError('no such head')"
    notebook(asked, COUNT, fails, ACCURACY)
    asked.must("warm", "start")
    try:
        done = sweep(asked, "-p", "layer=0..11", "-p", "seed=[1,2,3]", "--jobs", "2")
        before = asked.state()
        again = sweep(asked, "-p", "seed=[1,2,3]", "-p", "layer=[0..11]", "--jobs", "1")
        after = asked.state()
    finally:
        asked.must("warm", "stop")

    assert done.status == 1, done.err  # a point failed, and was logged
    assert done.out == "1.1\n"
    assert "Sweep 1.1: 36 points, 2 at a time." in done.err
    assert "point 36 of 36: " in done.err
    assert "layer=7 seed=3 · accuracy 1.003 · run 1.24" in done.err
    assert "layer=5 seed=2 · failed: ValueError: no such head · run 1.17" in done.err
    assert "Sweep 1.1: 35 of 36 points succeeded, 1 failed." in done.err

    text = entry(asked)
    assert "### ⚠️ Sweep 1.1: 35 of 36 points succeeded, 1 failed" in text
    assert "Over `layer=0..11`, `seed=1..3`" in text
    assert "**Best accuracy (highest): 1.003** at `layer=7 seed=3`, run 1.24." in text.replace(
        "`accuracy`", "accuracy"
    )
    assert "Best mean over 3 seeds: **1.002** at `layer=7` (1.001 to 1.003)." in text
    assert "**ValueError: no such head** in cell 3: `layer=5 seed=2` (run 1.17)" in text
    assert len(re.findall(r"^\| 1\.\d+ \|", text, re.MULTILINE)) == 36
    assert "![Line plot of accuracy by layer, mean of 3 seeds" in text
    assert "](sweeps/1/figures/sweep.png)" in text
    assert (asked.top / ".excursions/1/sweeps/1/figures/sweep.png").read_bytes()[:4] == b"\x89PNG"

    table = rows(asked)
    assert [(row["layer"], row["seed"]) for row in table] == [
        (str(layer), str(seed)) for layer in range(12) for seed in (1, 2, 3)
    ]
    assert executed(asked) == Counter(f"{row['layer']},{row['seed']}" for row in table)
    status = asked.json("status", "1")
    assert status["sweeps"][0]["best"]["run_id"] == "1.24"
    assert [run["run_id"] for run in status["runs"]] == [f"1.{n}" for n in range(1, 37)]

    assert (again.status, again.out) == (1, "1.1\n")
    assert "was complete already; nothing was run" in again.err
    assert "--retry-failed" in again.err
    assert after == before


def test_a_sweep_that_is_not_possible_is_refused_and_changes_nothing(asked: Repository) -> None:
    before = asked.state()
    refused(sweep(asked, "-p", "n=1..300"), "300 points, 256 at most")
    refused(sweep(asked, "-p", "layer=0..11", "-p", "n=1..30"), "360 points", "layer has 12")
    refused(sweep(asked, "-p", "lyer=0..3"), "no parameter 'lyer'", "Did you mean 'layer'?")
    refused(sweep(asked, "-p", "layer=0..12"), "layer='12'", "from 0 to 11")
    refused(sweep(asked, "-p", "layer=[1,two]"), "layer='two'", "whole number")
    refused(sweep(asked, "-p", "layer=0..x"), "not a range", "0..11")
    refused(sweep(asked, "-p", "layer"), "layer", "name=value")
    refused(sweep(asked, "-p", "layer=0..1", "-p", "layer=3"), "layer", "twice")
    refused(sweep(asked, "-p", "layer=0..1", "--jobs", "0"), "--jobs")
    refused(sweep(asked, "-p", "layer=0..1", "--timeout", "soon"), "soon")
    refused(asked.excursion("sweep", "7", "-p", "layer=0..1"), "7")
    assert asked.state() == before


def test_a_dry_run_says_what_would_happen_and_changes_nothing(asked: Repository) -> None:
    asked.must("run", "1", "-p", "layer=1")
    before = asked.state()
    done = sweep(asked, "-p", "layer=0..2", "--jobs", "1", "--dry-run")
    assert done.status == 0, done.err
    lines = done.out.splitlines()
    names = [line.partition("  ")[0] for line in lines]
    runs = ["request run", "answer run", "request run"]
    assert names == [*runs, "publish files", "post entry", "set labels"]
    assert lines[1] == "answer run  1.3 at once, from run 1.1"
    assert "layer=2" in lines[2]
    assert asked.state() == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_stopped_half_way_and_given_again_only_the_missing_points_run(
    asked: Repository, wait_until: Wait, number: signal.Signals
) -> None:
    notebook(asked, COUNT, STOP_AT_2, ACCURACY)
    words = ("-p", "layer=0..4", "--jobs", "1")
    process = given(asked, *words, STOP_BY=str(int(number)))
    _, err = process.communicate(timeout=120)
    wait_until(lambda: not at_work_below(asked.top))
    if number is signal.SIGKILL:
        assert process.returncode == -signal.SIGKILL
        assert asked.json("list")[0]["state"] == "interrupted"
    else:
        assert process.returncode == 3, err
        assert "Traceback" not in err
        assert "Give the command again" in err
        assert "### ⏸️ Sweep 1.1 was stopped: 2 of 5 points done" in entry(asked)
        assert "excursion sweep 1 -p layer=0..4" in entry(asked)
        stopped = ["succeeded", "succeeded", "cancelled", "not run", "not run"]
        assert list(statuses(asked).values()) == stopped

    done = sweep(asked, *words, STOP_BY="0")
    assert done.status == 0, done.err
    assert done.out == "1.1\n"
    counted = {"0,0": 1, "1,0": 1, "2,0": 2, "3,0": 1, "4,0": 1}
    assert executed(asked) == Counter(counted)  # the last two kept the numbers that they had
    assert list(statuses(asked)) == [f"1.{run}" for run in range(1, 7)]
    assert [row["run"] for row in rows(asked)] == ["1.1", "1.2", "1.6", "1.4", "1.5"]
    all_succeeded_once(asked, 5)


def test_ctrl_c_right_after_a_point_began_costs_it_nothing(
    asked: Repository, wait_until: Wait
) -> None:
    words = ("-p", "layer=0..2", "--jobs", "1")
    process = given(asked, *words)
    wait_until((asked.top / ".excursions/1/runs/2/runner.log").exists)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert "died" not in err
    assert "died" not in entry(asked)
    assert "Killed" not in entry(asked)
    assert statuses(asked)["1.2"] in ("not run", "cancelled", "succeeded")

    assert sweep(asked, *words).status == 0
    all_succeeded_once(asked, 3)


def test_a_point_that_fails_dies_or_takes_too_long_stops_no_other(asked: Repository) -> None:
    declaration = asked.folder() / "excursion.toml"
    text = declaration.read_text().replace(
        'runner = "local"', 'runner = "local"\ncell_timeout = "8s"'
    )
    declaration.write_text(text)
    bad = (
        "again = (out / 'again').exists()\n"
        "mark = out / f'once {layer}'; first = not mark.exists(); mark.touch()\n"
        "import signal, time\n"
        "if layer == 0 and not again: raise KeyError('head')\n"
        "if layer == 1 and first: os.kill(os.getpid(), signal.SIGKILL)\n"
        "if layer == 2 and not again: time.sleep(600)"
    )
    notebook(asked, COUNT, bad, ACCURACY)
    words = ("-p", "layer=0..3", "--jobs", "2")
    done = sweep(asked, *words)
    assert done.status == 1, done.err
    assert list(statuses(asked).values()) == ["failed", "died", "timed_out", "succeeded"]
    text = entry(asked)
    assert "1 of 4 points succeeded, 3 failed" in text
    assert "**KeyError: head** in cell 3: `layer=0` (run 1.1)" in text.replace("'head'", "head")
    for point in ("`layer=1` (run 1.2)", "`layer=2` (run 1.3)"):
        assert point in text

    second = sweep(asked, *words)  # what died has no outcome of its own
    assert second.status == 1, second.err
    assert statuses(asked)["1.5"] == "succeeded"
    assert [row["run"] for row in rows(asked)] == ["1.1", "1.5", "1.3", "1.4"]

    (outputs(asked) / "again").touch()
    third = sweep(asked, *words, "--retry-failed")
    assert third.status == 0, third.err
    assert [row["run"] for row in rows(asked)] == ["1.6", "1.5", "1.7", "1.4"]
    assert executed(asked) == Counter({"0,0": 2, "1,0": 2, "2,0": 2, "3,0": 1})
    all_succeeded_once(asked, 4)


def test_points_that_were_run_before_are_answered_at_once_unless_forced(asked: Repository) -> None:
    asked.must("run", "1", "-p", "layer=1")
    # One at a time, since a run with half of the cores' threads may come to other last digits.
    done = sweep(asked, "-p", "layer=0..1", "--jobs", "1")
    assert done.status == 0, done.err
    assert done.out == "1.2\n"
    assert "2 points, 1 of them known" in done.err
    answered = results(asked)["1.3"]
    assert answered is not None
    assert answered.answered_from == "1.1"
    assert "that of run 1.1" in entry(asked, 2)
    assert executed(asked) == Counter({"1,0": 1, "0,0": 1})

    forced = sweep(asked, "-p", "layer=0..1", "--jobs", "1", "--force")
    assert forced.status == 0, forced.err
    assert forced.out == "1.4\n"
    assert executed(asked) == Counter({"1,0": 2, "0,0": 2})
    assert [row["run"] for row in rows(asked, 4)] == ["1.4", "1.5"]
    assert [row["run"] for row in rows(asked, 2)] == ["1.2", "1.3"]


def test_results_are_told_as_they_come_and_others_may_work_meanwhile(
    asked: Repository, wait_until: Wait
) -> None:
    notebook(asked, COUNT, WAIT_AT_1, ACCURACY)
    process = given(asked, "-p", "layer=0..2", "--jobs", "2")
    wait_until(lambda: bool(list(asked.top.glob(".excursions/1/*-sweep-1-1.md"))))
    same = given(asked, "-p", "layer=0..2")
    wait_until(lambda: "1 of 3 points done" in entry(asked) or "2 of 3 points done" in entry(asked))
    assert "⏳ Sweep 1.1 is running" in entry(asked)
    assert "| 1.1 | `0` | " in entry(asked)
    assert asked.json("list")[0]["state"] == "running"
    refused(asked.excursion("answer", "1", "It does."), "sweep 1.1 is still going")

    other = sweep(asked, "-p", "layer=[8,9]", "--jobs", "1")
    assert (other.status, other.out) == (0, "1.4\n"), other.err
    alone = asked.excursion("run", "1", "-p", "layer=10")
    assert (alone.status, alone.out) == (0, "1.6\n"), alone.err
    assert "excursion:running" in asked.json("show", "1")["labels"]
    out, err = same.communicate(timeout=60)
    assert (same.returncode, out) == (2, "")
    assert "sweep 1.1 is being executed by another process" in err

    (outputs(asked) / "go").touch()
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (0, "1.1\n"), err
    assert executed(asked) == Counter(f"{layer},0" for layer in (0, 1, 2, 8, 9, 10))
    assert "all 3 points succeeded" in entry(asked)
    assert "all 2 points succeeded" in entry(asked, 4)
    assert "excursion:running" not in asked.json("show", "1")["labels"]


def test_a_comment_can_ask_for_a_sweep(asked: Repository) -> None:
    done = asked.excursion("comment", "1", "Let us see.\n\n/sweep layer=0..1 seed=[4] jobs=2")
    assert done.status == 0, done.err
    assert [(row["layer"], row["seed"]) for row in rows(asked)] == [("0", "4"), ("1", "4")]
    posts = asked.json("show", "1")["posts"]
    assert [post["entry"] for post in posts] == ["welcome", None, "sweep:1.1"]
    refused(asked.excursion("comment", "1", "/sweep layer=0..99"), "layer", "0 to 11")


def on_a_terminal(repository: Repository, *words: str) -> str:
    """Give a command as on a terminal of 120 columns; what it showed there."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", *words],
        cwd=repository.top,
        stdout=theirs,
        stderr=theirs,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "120"},
    )
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # once nobody holds the other end
        while chunk := os.read(ours, 4096):
            shown += chunk
    os.close(ours)
    assert process.wait() == 0, shown
    return shown.decode()


def test_on_a_terminal_a_bar_goes_over_the_points_and_folds_are_folded(asked: Repository) -> None:
    shown = on_a_terminal(asked, "sweep", "1", "-p", "layer=0..1", "--jobs", "1")
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    assert text != shown
    assert re.search(r"Sweep 1\.1 .*1/2 points", text)
    assert re.search(r"Sweep 1\.1 .*2/2 points", text)
    assert "layer=1 · accuracy" in text

    packages = "papermill=="
    assert packages in asked.must("show", "1")
    assert packages in on_a_terminal(asked, "show", "1", "--all")
    folded = on_a_terminal(asked, "show", "1")
    assert packages not in folded
    assert "▸ Environment" in folded
    assert "| 1.2 | `1` |" in folded


def test_memory_decides_how_many_run_at_once_unless_jobs_are_given(asked: Repository) -> None:
    config = asked.top / "excursions.toml"
    text = config.read_text()
    config.write_text(text.replace("[runners.local]", '[runners.local]\nmemory = "9000GB"'))
    asked.git("commit", "-qam", "A run takes much")
    alone = sweep(asked, "-p", "layer=0..1")
    assert alone.status == 0, alone.err
    assert "2 points, 1 at a time." in alone.err
    both = sweep(asked, "-p", "layer=2..3", "--jobs", "2")
    assert "2 points, 2 at a time." in both.err or os.cpu_count() == 1


def test_an_answer_rests_on_the_sweep_where_that_is_the_newest_good_thing(
    asked: Repository,
) -> None:
    plot = "import matplotlib.pyplot as plt\nplt.plot([layer, seed])\nplt.show()"
    notebook(asked, COUNT, "if layer == 8: raise ValueError('no')", plot, ACCURACY)
    asked.must("run", "1", "-p", "layer=3")
    assert sweep(asked, "-p", "layer=6..8", "-p", "seed=[1,2]", "--jobs", "2").status == 1
    done = asked.excursion("answer", "1", "It peaks at 7.", "--outcome", "confirmed")
    assert done.status == 0, done.err

    folder = f"excursions/demos/{asked.folder().name}"
    kept = asked.git("ls-tree", "-r", "--name-only", "main", f"{folder}/").splitlines()
    names = {path.removeprefix(f"{folder}/") for path in kept}
    assert names >= {"points.csv", "figures/sweep.png", "figures/figure-01.png", "result.json"}
    best = json.loads(asked.git("show", f"main:{folder}/result.json"))
    assert (best["run_id"], best["parameters"]["layer"], best["parameters"]["seed"]) == (
        *("1.5", 7, 2),
    )
    executed_notebook = asked.git("show", f"main:{folder}/notebook.ipynb")
    assert "layer = 7" in executed_notebook
    readme = asked.git("show", f"main:{folder}/README.md")
    assert "](figures/sweep.png)" in readme
    assert "at `layer=7 seed=2`, run 1.5." in readme
    assert "over 2 seeds: **1.002** at `layer=7` (1.001 to 1.002)" in readme
    assert "[points.csv](points.csv)" in readme
    posted = next(p for p in asked.json("show", "1")["posts"] if p["entry"] == "answer")
    assert "sweep 1.2" in posted["body"]


def test_an_answer_may_name_another_run(asked: Repository) -> None:
    assert sweep(asked, "-p", "layer=6..7", "--jobs", "2").status == 0
    asked.must("answer", "1", "It does.", "--run", "1")
    folder = f"excursions/demos/{asked.folder().name}"
    kept = asked.git("ls-tree", "-r", "--name-only", "main", f"{folder}/")
    assert "points.csv" not in kept
    assert json.loads(asked.git("show", f"main:{folder}/result.json"))["run_id"] == "1.1"
