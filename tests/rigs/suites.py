"""Another project's test suite and a kernel ─► the outcome of each of its cases.

The suites come from the projects' source distributions, unpacked anew for each run. They run with
their authors' settings in a pytest of their own, without the network.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rigs.packages import HERE, downloaded, installed

ARGV = (sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}")
_LIMIT_S = 900
_NOT_PASSED_ON = ("COVERAGE_", "COV_CORE_", "PYTEST_")  # they belong to the pytest that runs this


@dataclass(frozen=True)
class Suite:
    """A test suite.

    Attributes:
        name: The project and its version, as its source distribution is named.
        tests: The folder of its tests.
        floor: How many cases pass; fewer would mean that some were not even found.
        forks: How many kernels the passing cases start, at least.
        known: The cases that cannot pass here, each with the reason.
    """

    name: str
    tests: str
    floor: int
    forks: int
    known: Mapping[str, str]


NO_AZURE = "imports Azure's libraries, for its cloud storage; starts no kernel"
NO_GCSFS = "imports gcsfs, for Google's cloud storage; starts no kernel"
NO_BOTO = "imports boto3 and moto, for Amazon's cloud storage; starts no kernel"
IPYTHON_9 = "its notebook imports IPython.core.display.display, which IPython 9 has no more"
_GCS = "papermill/tests/test_gcs.py::GCSTest::test_gcs_"

PAPERMILL = Suite(
    name="papermill-2.7.0",
    tests="papermill/tests",
    floor=510,
    forks=34,
    known={
        "papermill/tests/test_abs.py": NO_AZURE,
        "papermill/tests/test_adl.py": NO_AZURE,
        "papermill/tests/test_s3.py": NO_BOTO,
        _GCS + "fallback_retry_unknown_failure_code": NO_GCSFS,
        _GCS + "handle_exception": NO_GCSFS,
        _GCS + "retry": NO_GCSFS,
        _GCS + "retry_older_exception": NO_GCSFS,
        "papermill/tests/test_execute.py::TestBrokenNotebook2::test": IPYTHON_9,
    },
)
NBCLIENT = Suite(name="nbclient-0.11.0", tests="tests", floor=127, forks=66, known={})


@dataclass(frozen=True)
class Bench:
    """Where suites run: a place of its own for kernels, settings and sockets.

    Attributes:
        folder: Everything is in it. Its path is short, since sockets are in it as well.
        environment: The variables that the suites get.
    """

    folder: Path
    environment: Mapping[str, str]

    def run(self, suite: Suite, cases: Iterable[str] = ()) -> dict[str, str]:
        """Run a suite, or some of its cases, and give each one's outcome by its name."""
        with tempfile.TemporaryDirectory(dir=self.folder) as temporary:
            with tarfile.open(downloaded("suites.txt") / f"{suite.name}.tar.gz") as archive:
                archive.extractall(temporary, filter="data")
            outcomes = Path(temporary, "outcomes.json")
            plugins = ("-p", "rigs.offline", "-p", "rigs.outcomes", f"--outcomes={outcomes}")
            settings = ("-o", "asyncio_default_fixture_loop_scope=function")
            rest = ("-p", "no:cacheprovider", "-q", "--continue-on-collection-errors")
            done = subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "pytest",
                    *plugins,
                    *settings,
                    *rest,
                    *(cases or [suite.tests]),
                ],
                cwd=Path(temporary, suite.name),
                env=dict(self.environment),
                capture_output=True,
                text=True,
                check=False,
                timeout=_LIMIT_S,
            )
            print(done.stdout, done.stderr)  # shown by our pytest where a test fails
            assert outcomes.exists(), "pytest did not get as far as running anything"
            found: dict[str, str] = json.loads(outcomes.read_text("utf-8"))
            return found


def bench(folder: Path, provisioner: str | None) -> Bench:
    """Set up a place where `python3` names a kernel that the provisioner starts."""
    spec: dict[str, object] = {"argv": ARGV, "display_name": "Python 3", "language": "python"}
    if provisioner is not None:
        spec["metadata"] = {"kernel_provisioner": {"provisioner_name": provisioner}}
    kernel = folder / "jupyter" / "kernels" / "python3"
    kernel.mkdir(parents=True)
    (kernel / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    path = (installed("suites-need.txt"), HERE.parent, os.environ.get("PYTHONPATH"))
    kept = {k: v for k, v in os.environ.items() if not k.startswith(_NOT_PASSED_ON)}
    own = {
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_PATH": str(folder / "jupyter"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONPATH": os.pathsep.join(str(place) for place in path if place),
        "XDG_RUNTIME_DIR": str(folder),
    }
    return Bench(folder, kept | own)
