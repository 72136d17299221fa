"""The prototype: its tests pass, and would not where its function were wrong."""

from __future__ import annotations

import subprocess

from conftest import Repository

from templates.trials import Trials


def test_a_prototype_s_own_tests_pass(trial: Trials) -> None:
    for done in trial("prototype"):
        # Three tests, and one for each of three impossible temperatures; whatever the seed.
        assert done.number("tests_passed") == 6
        assert done.number("tests_failed") == 0


def test_they_fail_where_the_function_is_wrong(repository: Repository) -> None:
    repository.ask("Does it hold?", "--template", "prototype")
    folder = repository.folder()
    (module,) = folder.glob("src/*/__init__.py")
    text = module.read_text()
    overflowing = text.replace("math.exp((logit - highest) / temperature)", "math.exp(logit)")
    assert overflowing != text
    module.write_text(overflowing)
    subprocess.run(["git", "commit", "-qam", "Forget the temperature"], cwd=folder, check=True)

    assert repository.excursion("run", "1").status == 1

    (run,) = repository.json("show", "1")["runs"]
    # Large logits overflow, and no temperature flattens; sums and refusals are as they were.
    assert (run["metrics"]["tests_passed"], run["metrics"]["tests_failed"]) == (4, 2)
