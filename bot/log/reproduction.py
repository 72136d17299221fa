"""A reproduction beside its original ─► a verdict, and metric by metric how it comes to it."""

from __future__ import annotations

from bot.agreement import Agreement, MetricPair, Verdict
from bot.log.predictions import short_moment
from bot.log.safety import clip, code, inline, plain
from bot.log.tables import WIDEST, number, table
from runner.records import Metric, RunResult, Status

_MOST_METRICS = 60
_MOST_DIFFERENCES = 40  # between two environments


def verdict_line(result: RunResult, original: RunResult, agreement: Agreement) -> str:
    """Say in one line of plain text whether a run could be reproduced."""
    pair = f"Run {result.run_id} {{}} run {original.run_id}"
    if agreement.ends is Verdict.DIFFERENT:
        ours, theirs = _end(result), _end(original)
        return f"{pair.format('differs from')}: it {ours}, the original {theirs}"
    if agreement.verdict is Verdict.DIFFERENT:
        return f"{pair.format('differs from')}: {_counted(agreement)}"
    if result.status is Status.SUCCEEDED:
        return f"{pair.format('reproduces')}: {_counted(agreement)}"
    verb = "fails" if result.status is Status.FAILED else "ends"
    same = f"{pair.format(f'{verb} in the same way as')}: it {_end(result)}"
    return f"{same}; {_counted(agreement)}" if agreement.metrics else same


def metric_lines(agreement: Agreement) -> list[str]:
    """Say metric by metric, in plain text, how two runs compare."""
    lines = []
    for pair in agreement.metrics:
        one, other = _values(pair)
        both = one if pair.verdict is Verdict.IDENTICAL else f"{one}, now {other}"
        lines.append(plain(f"{clip(pair.name, WIDEST)}: {_judged(pair)} ({both})"))
    return lines


def surroundings_lines(agreement: Agreement) -> list[str]:
    """Say in plain text what differs in what two runs ran on."""
    lines = [plain(f"{what}: {one}, now {other}") for what, one, other in agreement.surroundings]
    left = len(lines) - _MOST_DIFFERENCES
    return [*lines[:_MOST_DIFFERENCES], f"and {left} more differences"] if left > 0 else lines


def reproduction_parts(result: RunResult, original: RunResult, agreement: Agreement) -> list[str]:
    """Render what leads a reproduction's entry: metrics, pictures, surroundings."""
    parts = [_metrics(result, original, agreement), _pictures(agreement)]
    return [part for part in [*parts, _surroundings(original, agreement)] if part]


def _end(result: RunResult) -> str:
    """Say how a run ended: `succeeded`, `failed with ValueError in cell 3`."""
    said = {Status.TIMED_OUT: "ran out of time"}.get(result.status, result.status.value)
    if result.status is Status.SUCCEEDED or result.error is None:
        return said
    place = f" in cell {result.error.cell}" if result.error.cell is not None else ""
    cause = f" with {clip(plain(result.error.name), WIDEST)}"
    return f"{said}{cause if result.status is Status.FAILED else ''}{place}"


def _counted(agreement: Agreement) -> str:
    """Count the metrics by how well they agree."""
    if not agreement.metrics:
        return f"no metric was recorded; {_counted_pictures(agreement)}"
    total = len(agreement.metrics)
    counts = {each: sum(p.verdict is each for p in agreement.metrics) for each in Verdict}
    if counts[Verdict.IDENTICAL] == total:
        return f"all {total} metrics identical" if total > 1 else "its metric is identical"
    if total == 1:
        return f"its metric is {agreement.metrics[0].verdict.words}"
    said = [f"{count} {each.words}" for each, count in counts.items() if count]
    return f"of {total} metrics, {', '.join(said)}"


def _counted_pictures(agreement: Agreement) -> str:
    total, same = len(agreement.figures), sum(same for _, same in agreement.figures)
    if not total:
        return "no picture was made"
    if total == 1:
        return f"its picture is {'identical' if same else 'different'}"
    return (
        f"all {total} pictures identical" if same == total else f"{total - same} of {total} differ"
    )


def _judged(pair: MetricPair) -> str:
    """Say how two values of a metric compare."""
    if pair.first is None or pair.second is None:
        return "recorded only now" if pair.first is None else "not recorded any more"
    if pair.difference is None or pair.verdict is Verdict.IDENTICAL:
        return pair.verdict.words
    allowed = "" if pair.tolerance is None else f", {pair.tolerance:g} allowed"
    return f"{pair.verdict.words} by {pair.difference:+.3g}{allowed}"


def _values(pair: MetricPair) -> tuple[str, str]:
    """Write two values as short as they can be told apart."""
    one, other = _written(pair.first), _written(pair.second)
    if one == other and pair.verdict is not Verdict.IDENTICAL:
        return clip(str(pair.first), WIDEST), clip(str(pair.second), WIDEST)
    return one, other


def _written(value: Metric | None) -> str:
    return "not recorded" if value is None else number(value)


def _metrics(result: RunResult, original: RunResult, agreement: Agreement) -> str:
    rows = []
    worst_first = sorted(agreement.metrics, key=lambda pair: -pair.verdict)
    for pair in worst_first[:_MOST_METRICS]:
        one, other = (inline(value) for value in _values(pair))
        judged = inline(_judged(pair))
        differs = pair.verdict is Verdict.DIFFERENT
        name = code(clip(pair.name, WIDEST))
        rows.append([name, one, other, f"**{judged}**" if differs else judged])
    if not rows:
        return ""
    header = ("metric", f"run {original.run_id}", f"run {result.run_id}", "compared")
    text = table(header, rows, right=(1, 2))
    left = len(agreement.metrics) - len(rows)
    return f"{text}\n\n*{left} more are in the run's files.*" if left > 0 else text


def _pictures(agreement: Agreement) -> str:
    if not agreement.figures:
        return ""
    other = [name for name, same in agreement.figures if not same]
    if not other:
        return "**Pictures:** identical, to the byte."
    named = ", ".join(code(name) for name in other[:10])
    return f"**Pictures:** {len(other)} of {len(agreement.figures)} differ in their bytes: {named}."


def _surroundings(original: RunResult, agreement: Agreement) -> str:
    if original.environment is None:
        return f"*What run {original.run_id} ran on is not known.*"
    if not agreement.surroundings:
        return f"**Ran on the same** as run {original.run_id}: packages, Python, hardware."
    shown = agreement.surroundings[:_MOST_DIFFERENCES]
    rows = [[inline(clip(text, WIDEST)) for text in row] for row in shown]
    moment = short_moment(original.started)
    text = table(("ran on", f"run {original.run_id}, {moment}", "now"), rows)
    left = len(agreement.surroundings) - len(shown)
    return f"{text}\n\n*{left} more differences are in the runs' files.*" if left > 0 else text
