"""Runs GitHub Actions workflows here; `run.py` says how."""

from rigs.workflows.language import Language, WorkflowError
from rigs.workflows.records import Interruption, JobRun, StepRun, WorkflowRun
from rigs.workflows.run import Workflows

__all__ = [
    "Interruption",
    "JobRun",
    "Language",
    "StepRun",
    "WorkflowError",
    "WorkflowRun",
    "Workflows",
]
