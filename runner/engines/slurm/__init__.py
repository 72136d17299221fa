"""The Slurm engine: Jobs ─► one Slurm job, or one array ─► RunResults as they end.

What executes on the node is the very `python -m runner` that the local engine starts, over a file
system that the node shares with us. Slurm keeps the queue, and executes on when we are gone: the
run's folder remembers the Slurm job, so that whoever comes back waits for it.
"""

from runner.engines.slurm.engine import cancel, execute, goes_on, recover
from runner.engines.slurm.submission import missing

__all__ = ["cancel", "execute", "goes_on", "missing", "recover"]
