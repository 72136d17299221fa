"""A runner that is a Slurm cluster, on a machine that knows nothing of Slurm."""

from __future__ import annotations

import shutil
from pathlib import Path

from conftest import Repository


def test_a_machine_without_slurm_says_what_to_do_before_anything_is_allotted(
    repository: Repository, tmp_path: Path
) -> None:
    (repository.top / "excursions.toml").write_text('[runners.local]\nengine = "slurm"\n')
    repository.git("commit", "-qam", "Run on the cluster")
    repository.ask("Does it scale?")
    programs = tmp_path / "programs"
    programs.mkdir()
    git = shutil.which("git")
    assert git is not None
    (programs / "git").symlink_to(git)

    done = repository.excursion("run", "1", PATH=str(programs))

    assert done.status == 3
    assert "nothing can be given to Slurm here: sbatch, squeue, scancel, srun" in done.err
    assert "pip install 'excursions[slurm]'" in done.err
    assert repository.git("for-each-ref", "refs/excursions") == ""
