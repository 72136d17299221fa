"""Where an excursion stands ─► a few lines of Markdown: state, branch, last runs, what is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.budget import Usage
from bot.config import Budget
from bot.durations import coarse
from bot.excursion import Excursion
from bot.log.predictions import percent
from bot.log.run_entry import SIGNS
from bot.log.safety import clip, code, inline
from bot.log.spoiler import is_folded
from bot.log.tables import WIDEST, number, table
from bot.scoring import Prediction
from bot.surroundings import Surroundings
from bot.thread import Comment
from runner.records import Status

_MOST_RUNS = 5
_MOST_PREDICTIONS = 3
_LONGEST = 200  # characters of a prediction that is shown


@dataclass(frozen=True)
class Standing:
    """What there is to say.

    Attributes:
        issue: The excursion's issue.
        title: The question.
        state: In a word: `open`, `running`, `confirmed`, `closed` ….
        excursion: What was begun; None if nothing was.
        head: The branch's commit; None if the branch is gone.
        posted: The entries of runs and sweeps, the oldest first.
        metric: The name of the metric that matters most; empty if none is declared.
        budget: What runs may take.
        usage: What they took and take; None where that is not counted.
        time_box: As it is declared; empty if there is none.
        used_s: How long ago the excursion began, in seconds.
        box_s: The time box in seconds; None where it is not understood.
        predictions: Those that still wait for what comes out.
        folds: Whether results are posted folded.
        is_damaged: Whether the entry that began the excursion is missing.
    """

    issue: int
    title: str
    state: str
    excursion: Excursion | None = None
    head: str | None = None
    posted: tuple[Comment, ...] = ()
    metric: str = ""
    budget: Budget | None = None
    usage: Usage | None = None
    time_box: str = ""
    used_s: float = 0.0
    box_s: float | None = None
    predictions: tuple[Prediction, ...] = ()
    folds: bool = False
    is_damaged: bool = False


def status_text(standing: Standing, surroundings: Surroundings) -> str:
    """Render where an excursion stands."""
    parts = [
        f"### 🧭 Excursion {standing.issue} is {standing.state}",
        f"**{inline(standing.title)}**",
        _place(standing, surroundings),
        _runs(standing, surroundings),
        _left(standing),
        _predictions(standing.predictions),
        _damage(standing, surroundings),
    ]
    return "\n\n".join(part for part in parts if part)


def _place(standing: Standing, surroundings: Surroundings) -> str:
    excursion = standing.excursion
    if excursion is None:
        how = code(surroundings.example("start", standing.issue))
        return f"It has not begun; {how} begins it."
    name = code(excursion.branch)
    if standing.head and surroundings.is_github:
        name = f"[{name}]({surroundings.page}/tree/{excursion.branch})"
    where = f"Branch {name}" if standing.head else f"Branch {name}, which is gone"
    facts = [where, f"{excursion.kind.form} from {code(excursion.template)}"]
    facts += ["🙈 results are posted folded"] if standing.folds else []
    return " · ".join(facts)


def _runs(standing: Standing, surroundings: Surroundings) -> str:
    """Tell of the last runs and sweeps, the newest first."""
    last = standing.posted[-_MOST_RUNS:][::-1]
    if not last:
        return "Nothing was run yet." if standing.excursion else ""
    metric = code(clip(standing.metric, WIDEST)) if standing.metric else "result"
    rows = [_row(entry, standing.metric, surroundings) for entry in last]
    earlier = len(standing.posted) - len(last)
    more = f"\n\n*{earlier} earlier.*" if earlier else ""
    return table(("run", "status", metric, "commit"), rows, right=(2,)) + more


def _row(entry: Comment, metric: str, surroundings: Surroundings) -> list[str]:
    data = entry.data or {}
    word, _, name = entry.key.partition(":")
    shown = f"sweep {name}" if word == "sweep" else name
    shown = f"eval {name}" if data.get("eval") is True else shown
    status = str(data.get("status", "unknown"))
    known = {each.value: SIGNS[each][0] for each in Status} | {"running": "⏳", "stopped": "⏸️"}
    said = f"{known.get(status, '❔')} {inline(status.replace('_', ' '))}"
    if word == "sweep" and isinstance(data.get("points"), int):
        said += f", {_count(data.get('succeeded'))} of {data['points']} points"
    value = "*folded*" if is_folded(data) else _value(data, word, metric)
    return [inline(shown), said, value, _commit(data.get("commit"), surroundings)]


def _value(data: Mapping[str, Any], word: str, metric: str) -> str:
    """Give the metric that matters, with its name where it is another than the table's."""
    if word == "sweep":
        best = data.get("best")
        found = {best.get("metric"): best.get("value")} if isinstance(best, dict) else {}
    else:
        metrics = data.get("metrics")
        found = metrics if isinstance(metrics, dict) else {}
    name = metric if metric in found else next(iter(found), "")
    value = found.get(name)
    if not isinstance(value, bool | int | float | str):
        return ""
    said = inline(number(value))
    return said if name == metric else f"{code(clip(str(name), WIDEST))} {said}"


def _commit(commit: object, surroundings: Surroundings) -> str:
    if not isinstance(commit, str) or not commit.isalnum():
        return ""
    shown = code(commit[:10])
    return f"[{shown}]({surroundings.page}/commit/{commit})" if surroundings.is_github else shown


def _left(standing: Standing) -> str:
    """Say what is left of the budget and of the time box."""
    lines = []
    budget, usage = standing.budget, standing.usage
    if budget and usage and budget.gpu_minutes_per_week is not None:
        taken = usage.gpu_minutes + usage.reserved_minutes
        left = max(0.0, budget.gpu_minutes_per_week - taken)
        reserved = usage.reserved_minutes
        held = f" and {reserved:.0f} are taken by runs that go on" if reserved else ""
        lines.append(
            f"**Budget:** {left:.0f} of {budget.gpu_minutes_per_week:.0f} GPU minutes are left; "
            f"within a week {usage.gpu_minutes:.0f} were spent{held}."
        )
    if budget and usage and budget.runs_at_once is not None:
        lines.append(f"**At once:** {usage.running} of {budget.runs_at_once} runs.")
    if standing.time_box:
        lines.append(f"**Time box:** {inline(standing.time_box)}{_of_time_box(standing)}.")
    return "  \n".join(lines)


def _of_time_box(standing: Standing) -> str:
    if standing.box_s is None:
        return ""
    left = standing.box_s - standing.used_s
    rest = f"{coarse(left)} left" if left >= 0 else f"over by {coarse(-left)}"
    return f", {coarse(standing.used_s)} used, {rest}"


def _predictions(predictions: Sequence[Prediction]) -> str:
    if not predictions:
        return ""
    lines = []
    for prediction in predictions[-_MOST_PREDICTIONS:]:
        sure = f" ({percent(prediction.confidence)})" if prediction.confidence is not None else ""
        text = inline(clip(prediction.text, _LONGEST))
        lines.append(f"- **{inline(prediction.author)}**{sure}: {text}")
    many = len(predictions)
    noun = "prediction" if many == 1 else "predictions"
    which = f", the last {_MOST_PREDICTIONS}" if many > _MOST_PREDICTIONS else ""
    return f"🔮 {many} open {noun}{which}:\n\n" + "\n".join(lines)


def _damage(standing: Standing, surroundings: Surroundings) -> str:
    if not standing.is_damaged:
        return ""
    how = code(surroundings.example("start", standing.issue))
    return f"*The entry that began it was deleted or damaged; {how} makes it anew.*"


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0
