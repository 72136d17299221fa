"""A run in a forked kernel shows what it shows in one that was started: output for output."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Repository
from rigs.warm import Executed, execute, succeeded, zygote
from templates.quick import QUICK

from runner.records import Status, Warm

# What each cell is about ─► its source. They are run as one notebook, in this order.
CELLS = {
    "printing": (
        "import sys\n"
        "for number in range(3):\n"
        "    print('out', number)\n"
        "    print('err', number, file=sys.stderr)\n"
        "sys.stdout.write('no newline'); sys.stderr.write('nor here')"
    ),
    "the last value": "[1, 'two', {3: None}]",
    "imports": (
        "import matplotlib.pyplot as plt, numpy as np, pandas as pd, torch, einops\n"
        "from transformer_lens import TransformerBridge, TransformerBridgeConfig\n"
        "from tqdm.auto import tqdm, trange"
    ),
    "a plot": "plt.plot(np.sin(np.arange(50)))\nplt.title('A wave')\nplt.xlabel('time (s)');",
    "plots by hand": (
        "from IPython.display import display\n"
        "figure, axes = plt.subplots(1, 2)\n"
        "axes[0].imshow(np.arange(9).reshape(3, 3)); axes[1].hist(np.random.rand(100))\n"
        "display(figure); plt.close(figure); figure"
    ),
    "a recorded plot": (
        "from runner.notebook import caption, record\n"
        "caption('A line', alt='It rises')\nplt.plot([1, 2])\nplt.show()\nrecord(accuracy=0.25)"
    ),
    "a table": (
        "table = pd.DataFrame({'a': range(80), 'b': np.random.rand(80), 'c': 'x' * 90})\ntable"
    ),
    "a wide table": "display(pd.DataFrame(np.zeros((2, 40))), table.describe())",
    "random numbers": (
        "import random\n"
        "print(random.random(), np.random.rand(), torch.rand(2), torch.randperm(4).tolist())"
    ),
    "a model": (
        "torch.manual_seed(0)\n"
        "config = TransformerBridgeConfig(d_model=16, d_head=8, n_heads=2, n_layers=1, n_ctx=8,"
        " d_vocab=11, attn_only=True, normalization_type=None, seed=0)\n"
        "model = TransformerBridge.boot_native(config)\n"
        "print(model(torch.arange(8)[None])[0, -1])\n"
        "print(torch.get_num_threads(), torch.get_default_dtype(), torch.is_grad_enabled())"
    ),
    "training": (
        "net = torch.nn.Linear(4, 1)\n"
        "adam = torch.optim.Adam(net.parameters(), 0.1)\n"
        "for step in range(20):\n"
        "    loss = net(torch.ones(8, 4)).square().mean()\n"
        "    adam.zero_grad(); loss.backward(); adam.step()\n"
        "print(loss.item(), net)"
    ),
    "a progress bar": (
        "print(tqdm.__module__)\n"
        "plain = '{l_bar}{bar}|{n_fmt}/{total_fmt}'\n"
        "for _ in tqdm(range(3), mininterval=0, bar_format=plain): pass"
    ),
    "logging": (
        "import logging\n"
        "logging.warning('of the root')\n"
        "logging.getLogger('ours').error('of ours')\n"
        "print([type(handler).__name__ for handler in logging.root.handlers], logging.root.level)\n"
        "import transformers\n"
        "transformers.logging.get_logger('transformers.ours').warning('of a library')"
    ),
    "warnings": (
        "import warnings\n"
        "warnings.warn('ours')\nwarnings.warn('old', DeprecationWarning)\n"
        "print([each[0] for each in warnings.filters if each[0] == 'error'])"
    ),
    "a traceback": (
        "def fail(depth): return fail(depth - 1) if depth else [][1]\n"
        "try: fail(2)\nexcept IndexError: get_ipython().showtraceback()"
    ),
    "a traceback from a library": (
        "try: np.zeros(2) @ np.zeros(3)\nexcept ValueError: get_ipython().showtraceback()\n"
        "try: pd.DataFrame()['no']\nexcept KeyError as error: print(repr(error))"
    ),
    "a syntax error": "get_ipython().run_cell('1 +').success",
    "children": (
        "import os, subprocess\n"
        "print(subprocess.run(['echo', 'a child'], capture_output=True, text=True).stdout)\n"
        "!echo of the shell; echo to err >&2\n"
        "subprocess.run(['true']).returncode, os.system('exit 3')"
    ),
    "the shell's list": "words = !printf 'a\\nb'\nwords",
    "processes that are forked": (
        "import multiprocessing\n"
        "def square(number): return number * number\n"
        "with multiprocessing.get_context('fork').Pool(2) as pool:\n"
        "    print(pool.map(square, range(4)))"
    ),
    "processes that are spawned": (
        "import math\n"
        "with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "    print(pool.map(math.factorial, range(4)))\n"
        "print(multiprocessing.current_process().name, multiprocessing.get_start_method())"
    ),
    "workers of a data loader": (
        "data = torch.utils.data.TensorDataset(torch.arange(6.0))\n"
        "loader = torch.utils.data.DataLoader(data, batch_size=3, num_workers=2)\n"
        "[batch[0].tolist() for batch in loader]"
    ),
    "threads": (
        "import threading\nfrom concurrent.futures import ThreadPoolExecutor\n"
        "thread = threading.Thread(target=print, args=('in a thread',))\nthread.start()\n"
        "thread.join()\n"
        "with ThreadPoolExecutor(2) as pool: print(list(pool.map(abs, [-1, -2])))\n"
        "print(threading.current_thread().name, threading.main_thread().name)"
    ),
    "await": (
        "import asyncio\n"
        "async def soon(): await asyncio.sleep(0); return 'later'\n"
        "print(await soon(), await asyncio.gather(soon(), soon()))\n"
        "print(type(asyncio.get_running_loop()).__module__)"
    ),
    "magics": "%matplotlib inline\n%precision 3\n3.14159265",
    "more magics": (
        "%env OURS=1\n%who_ls str\n%pwd\n"
        "get_ipython().run_cell_magic('capture', 'caught', 'print(1)')\n"
        "print(repr(caught.stdout))\n"
        "%config InlineBackend.figure_format"
    ),
    "a cell for bash": "%%bash\necho $OURS; echo err >&2; exit 0",
    "a file that is written": "%%writefile beside.py\nvalue = 5",
    "a module beside": "import beside\nprint(beside.value, beside.__file__)\n%run beside.py\nvalue",
    "displays that change": (
        "shown = display('first', display_id='ours')\nshown.update('second')\n"
        "from IPython.display import HTML, JSON, Latex, Markdown, clear_output\n"
        "print('gone'); clear_output(); print('kept')\n"
        "display(HTML('<b>b</b>'), Markdown('*m*'), Latex('$l$'), JSON({'j': 1}))\n"
        "display({'text/plain': 'raw', 'text/html': '<i>'}, raw=True)"
    ),
    "our own classes": (
        "import pickle, copy, dataclasses\n"
        "@dataclasses.dataclass\n"
        "class Point:\n"
        "    x: int\n"
        "    def _repr_html_(self): return f'<p>{self.x}</p>'\n"
        "print(pickle.dumps(Point(1)), pickle.loads(pickle.dumps(Point(2))), Point.__module__)\n"
        "torch.save(Point(3), 'point.pt')\n"
        "print(torch.load('point.pt', weights_only=False), __name__)\n"
        "Point(4)"
    ),
    "input": (
        "import getpass\n"
        "for ask in (input, getpass.getpass):\n"
        "    try: ask('?')\n"
        "    except Exception as error: print(type(error).__name__, error)"
    ),
    "sources": ("import inspect\nprint(inspect.getsource(square))\nsquare?\nhelp(square)"),
    "the interpreter": (
        "import gc, locale, signal, faulthandler\n"
        "print(sys.executable, sys.flags, sys.path, sys.getrecursionlimit(), sys.stdout.encoding)\n"
        "print(sys.getfilesystemencoding(), locale.getlocale())\n"
        "print(gc.isenabled(), gc.get_threshold())\n"
        "print(sys.argv[0], sys.argv[1:2], len(sys.argv), sys.orig_argv[1:3], sys.warnoptions)\n"
        "print(faulthandler.is_enabled(), sys.stdin.isatty(), sys.stdout.isatty())\n"
        "handlers = {each.name: str(signal.getsignal(each)) for each in signal.valid_signals()"
        " if isinstance(each, signal.Signals)}\n"
        # where coverage is measured it has a handler of its own in what is started, not forked
        "print({name: '0' if 'Coverage' in text else text for name, text in handlers.items()})\n"
        "print(sys.excepthook.__qualname__, sys.displayhook.__class__.__name__, type(sys.stdout))"
    ),
    "the process": (
        "import resource\n"
        "umask = os.umask(0); os.umask(umask)\n"
        "print(umask, os.getcwd(), os.getpgid(0) == os.getpid(), os.nice(0))\n"
        "limits = [name for name in dir(resource) if 'RLIMIT' in name]\n"
        "print({name: resource.getrlimit(getattr(resource, name)) for name in limits})\n"
        "print(os.sched_getaffinity(0), os.getgroups(), os.get_inheritable(1))\n"
        "print(signal.pthread_sigmask(signal.SIG_BLOCK, ()))"
    ),
    "variables": "print('\\n'.join(sorted(f'{n}={v}' for n, v in os.environ.items())))",
    "settings of libraries": (
        "print(plt.get_backend(), plt.isinteractive(), dict(plt.rcParams))\n"
        "print(pd.get_option('display.max_columns'), pd.get_option('display.width'))\n"
        "print(np.get_printoptions(), np.geterr(), torch.__config__.parallel_info())\n"
        "print(torch.cuda.is_available(), torch.are_deterministic_algorithms_enabled())"
    ),
    "threads of others": "print(sorted(thread.name for thread in threading.enumerate()))",
    "objects kept from the collector": "gc.get_freeze_count() > 0",
    "modules that nobody here imported": "'papermill' in sys.modules, 'bs4' in sys.modules",
    "hashes of strings": "hash('excursion')",
    "at exit": "import atexit\natexit.register(print, 'at exit');",
    "an error": "raise ValueError('the end')",
}


# The cells whose outputs are others in a forked kernel, each with the reason. No more differ.
KNOWN = {
    "imports": "tqdm.auto warns when it is imported, which happened in the zygote",
    "variables": "JPY_PARENT_PID names the parent that a started kernel ends with, where a forked "
    "one has its lifeline; TORCHINDUCTOR_CACHE_DIR and PYDEVD_USE_FRAME_EVAL were set, for their "
    "own sake, by modules that the zygote imported",
    "threads of others": "one waits for the end of the lifeline, none for that of the parent",
    "objects kept from the collector": "those of the zygote, so that forks share their memory",
    "modules that nobody here imported": "they are there already",
    "hashes of strings": "random for each interpreter that is started, so one for each zygote; "
    "with PYTHONHASHSEED they are the same, warm and cold",
}

_OF_THIS_PROCESS = re.compile(
    r"(?<=ipykernel_)\d+|(?<=excursions-ipython-)\w+|(?<=circuits-vis-)[0-9a-f-]+|0x[0-9a-f]+"
    r"|(?<=passed)\S* in [\d.]+s"
)


@pytest.fixture(scope="module")
def runtime_of_the_full_one() -> Iterator[str]:
    with zygote(Warm()):
        yield os.environ["XDG_RUNTIME_DIR"]


@pytest.fixture
def full(runtime_of_the_full_one: str, monkeypatch: pytest.MonkeyPatch) -> Warm:
    """A zygote with all that it imports by default: torch, TransformerLens and the like."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", runtime_of_the_full_one)
    for name in ("EXCURSIONS_WARM", "CI"):
        monkeypatch.delenv(name, raising=False)
    return Warm()


def shown(executed: Executed) -> list[list[dict[str, Any]]]:
    """Give what each cell shows, without what tells one process from another."""
    text = _OF_THIS_PROCESS.sub("", json.dumps(executed.outputs))
    cells: list[list[dict[str, Any]]] = json.loads(text)
    for outputs in cells:
        for output in outputs:
            if "text" in output:  # in lines, or as it came
                output["text"] = "".join(output["text"])
    return cells


def told(executed: Executed) -> dict[str, Any]:
    """Give what the runner tells of a run, but for where and how long it ran."""
    only = {"status", "error", "metrics", "figures", "tables"}
    return executed.result.model_dump(include=only)


def pictures(executed: Executed) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (executed.folder / "figures").iterdir()}


def both_ways(
    folder: Path, full: Warm, *cells: str, beside: Path | None = None, **options: Any
) -> tuple[Executed, Executed]:
    """Execute the same in a forked kernel and in a started one, in the same place."""
    work = folder / "work"
    found = []
    for name, warm in (("warm", full), ("cold", None)):
        if beside is None:
            work.mkdir()
        else:
            shutil.copytree(beside, work)
        found.append(execute(folder / name, *cells, warm=warm, workdir=work, **options))
        shutil.rmtree(work)
    assert [each.started for each in found] == ["warm", "cold"]
    return found[0], found[1]


def test_cells_of_many_kinds_show_the_same(full: Warm, tmp_path: Path) -> None:
    warm, cold = both_ways(tmp_path, full, *CELLS.values(), seed=5)
    pairs = zip(CELLS, shown(warm), shown(cold), strict=True)
    different = {name: (ours, plain) for name, ours, plain in pairs if ours != plain}
    for name, pair in different.items():
        if name not in KNOWN:
            print(name, *pair, sep="\n")
    assert set(different) == set(KNOWN)
    variables = [
        {line.partition("=")[0] for line in text.split()}
        for text in (run.printed(list(CELLS).index("variables")) for run in (warm, cold))
    ]
    assert all(name in KNOWN["variables"] for name in variables[0] ^ variables[1])
    assert told(warm) == told(cold)
    assert warm.result.status is Status.FAILED  # its last cell raises
    assert warm.result.metrics == {"accuracy": 0.25}
    assert pictures(warm) == pictures(cold)
    assert len(pictures(warm)) == 4


# One of each sort: interactive, of numpy alone, training by hand, training transformers, a library.
@pytest.mark.parametrize(
    "name",
    [
        "demos/attention-patterns",
        "demos/blank",
        "demos/grokking",
        "demos/induction-heads",
        "libs/prototype",
    ],
)
def test_templates_show_the_same(
    name: str, full: Warm, repository: Repository, tmp_path: Path
) -> None:
    repository.ask("Is it the same?", "--template", name)
    for run in ("warm", "cold"):
        (tmp_path / run).mkdir()
        shutil.copy(repository.folder() / "notebook.ipynb", tmp_path / run / "source.ipynb")
    quick: dict[str, Any] = QUICK[name]
    warm, cold = both_ways(tmp_path, full, beside=repository.folder(), seed=3, **quick)
    assert warm.result.status is Status.SUCCEEDED
    assert shown(warm) == shown(cold)
    assert told(warm) == told(cold)
    assert warm.result.metrics
    assert pictures(warm) == pictures(cold)
    assert pictures(warm)


def test_two_kernels_draw_different_numbers_from_torch(full: Warm, tmp_path: Path) -> None:
    cell = "import torch\nprint(torch.rand(3), torch.initial_seed())"
    one, two = (
        succeeded(execute(tmp_path / name, cell, warm=full)).printed() for name in ("one", "two")
    )
    assert one != two


def test_torch_uses_as_many_threads_as_are_asked_for_and_does_not_hang(
    full: Warm, tmp_path: Path
) -> None:
    cell = (
        "import torch\nprint(torch.get_num_threads())\n"
        "a = torch.ones(600, 600, requires_grad=True)\n(a @ a).sum().backward()\n"
        "print(a.grad[0, 0].item(), torch.linalg.svdvals(a.detach())[0].round().item())"
    )
    for threads in ("1", "2"):
        given = {"OMP_NUM_THREADS": threads}
        found = succeeded(execute(tmp_path / threads, cell, warm=full, environment=given))
        assert found.printed() == f"{threads}\n1200.0 600.0\n"
