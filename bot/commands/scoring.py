"""Predictions and what runs recorded, in the world that knows both ─► entries that say so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bot.commands.run import declared_if_readable
from bot.commands.world import World
from bot.effects import UpsertEntry
from bot.errors import nearest
from bot.log.answer import Judged
from bot.log.predictions import prediction_entry, read_predictions
from bot.log.spoiler import FOLDED, is_folded, spoilers_fold
from bot.scoring import Prediction, Score, name_of, score
from bot.thread import Thread
from runner.records import RunResult

_MOST_LISTED = 8  # metrics, where none is near


def scored_predictions(world: World, ended: Iterable[RunResult] = ()) -> tuple[UpsertEntry, ...]:
    """Have every prediction with a condition say what runs have said of it so far.

    All is read back from markers and refs, so that an entry that somebody edited is mended, too.

    Args:
        world: The thread and its runs.
        ended: Results that the world does not know yet.
    """
    predictions = [p for p in read_predictions(world.thread) if p.condition is not None]
    if not predictions:
        return ()
    results = results_of(world, ended)
    effects = (scored_entry(p, world, results) for p in predictions)
    return tuple(effect for effect in effects if not _is_there(world.thread, effect))


def scored_entry(prediction: Prediction, world: World, results: Sequence[RunResult]) -> UpsertEntry:
    """Give the entry of a prediction as it stands after these runs."""
    scored = score(prediction, results)
    key = f"prediction:{prediction.number}"
    warning = odd_metric(prediction, world, results)
    body = prediction_entry(prediction, scored, warning=warning)
    # What was open before results were to be folded stays so, until a folded one adds to it.
    folds = spoilers_fold(world.thread) and not _is_open(world.thread, key, body)
    if folds:
        body = prediction_entry(prediction, scored, warning=warning, folded=True)
    memory = prediction_memory(prediction, scored)
    if folds and is_scored(memory):
        memory[FOLDED] = True
    return UpsertEntry(world.thread.number, key, body, memory)


def is_scored(memory: Mapping[str, object] | None) -> bool:
    """Say whether runs have said anything of the prediction whose entry remembers this."""
    return bool({"decided_by", "late"} & set(memory or ()))


def _is_open(thread: Thread, key: str, body: str) -> bool:
    """Say whether just this was posted of a prediction before results were to be folded."""
    there = thread.entry(key)
    if there is None or there.body != body.strip("\n"):
        return False
    return is_scored(there.data) and not is_folded(there.data)


def prediction_memory(prediction: Prediction, scored: Score) -> dict[str, object]:
    """Give what a prediction's entry remembers; what came of it is there for others to read."""
    memory: dict[str, object] = {
        "text": prediction.text,
        "author": prediction.author,
        "stamped": prediction.stamped,
        "confidence": prediction.confidence,
    }
    if prediction.condition is not None:
        memory["condition"] = str(prediction.condition)
    if scored.first is not None:
        memory |= {"decided_by": scored.first.name, "true": scored.first.share}
    if scored.late is not None:
        memory["late"] = scored.late.run_id
    return memory


def judged_by(name: str, world: World) -> tuple[Judged, ...]:
    """Hold the predictions against what an answer rests on.

    Args:
        name: The run or the sweep, as `Verdict` names it; empty where there is none.
        world: The thread and its runs.
    """
    results = results_of(world)
    ran = next((result for result in results if name == f"run {result.run_id}"), None)
    if ran is not None:  # one that was answered from another says what that one said
        name = next((name_of(r) for r in results if r.run_id == ran.answered_from), name)
    scores = (score(prediction, results) for prediction in read_predictions(world.thread))
    return tuple(Judged(each, each.of(name)) for each in scores)


def results_of(world: World, ended: Iterable[RunResult] = ()) -> tuple[RunResult, ...]:
    """Give the results of all runs, those that ended just now in their places."""
    known = {run.result.run_id: run.result for run in world.runs if run.result is not None}
    known |= {result.run_id: result for result in ended}
    return tuple(result for result in known.values() if not result.code)  # an eval proves nothing


def metric_names(world: World, results: Iterable[RunResult]) -> tuple[str, ...]:
    """Name the metrics that are declared, or that some run recorded."""
    declared = declared_if_readable(world)
    names: list[str] = []
    if declared is not None:
        metrics = declared.metrics
        names += [metrics.main, *metrics.headline, *metrics.tolerance, *metrics.descriptions]
    names += [name for result in results for name in result.metrics]
    for entry in world.thread.entries("run"):
        recorded = (entry.data or {}).get("metrics")
        names += list(recorded) if isinstance(recorded, dict) else []
    return tuple(dict.fromkeys(name for name in names if name))


def odd_metric(prediction: Prediction, world: World, results: Sequence[RunResult]) -> str:
    """Say that nobody knows a prediction's metric, and which was probably meant; else nothing."""
    condition = prediction.condition
    known = metric_names(world, results)
    if condition is None or condition.metric in known or not known:
        return ""
    odd = f"No run has recorded {condition.metric!r}, and it is not declared."
    meant = nearest(condition.metric, known)
    if meant:
        again = f"{condition}".replace(condition.metric, meant, 1)
        return f"{odd} Did you mean {meant!r}? Then predict again: {again}."
    return f"{odd} Known are {', '.join(known[:_MOST_LISTED])}."


def _is_there(thread: Thread, effect: UpsertEntry) -> bool:
    there = thread.entry(effect.key)
    wanted = (effect.body.strip("\n"), dict(effect.data))
    return there is not None and (there.body.strip("\n"), there.data or {}) == wanted
