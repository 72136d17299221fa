"""`/predict text [confidence=70%] [metric<0.5]`: stamp what somebody thinks will happen.

Where the text holds a condition on a metric, runs that record it decide whether it came true.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.command import Predict
from bot.commands.scoring import results_of, scored_entry
from bot.commands.spec import Spec
from bot.commands.words import write_line, write_pairs, write_text
from bot.commands.world import World
from bot.condition import find_condition
from bot.effects import Effect
from bot.errors import RequestError
from bot.events import Role
from bot.log.predictions import read_predictions
from bot.moments import timestamp
from bot.scoring import Prediction

OPTIONS = ("confidence",)
_LONGEST = 2_000
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,3})?)\s*%")
_LOOSE = re.compile(r"\bconfidence\s*=", re.IGNORECASE)
_FRACTION = re.compile(r"[01](?:\.[0-9]{1,5})?|\.[0-9]{1,5}")


def parse(words: tuple[str, ...], named: Mapping[str, str]) -> Predict:
    """Read the command's words.

    Raises:
        RequestError: Nothing is predicted, or the confidence is no confidence.
    """
    for name in named:
        if name != "confidence":
            raise RequestError(f"predict knows no {name!r}", right="It knows confidence=70%.")
    confidence = parse_confidence(named["confidence"]) if "confidence" in named else None
    return Predict(" ".join(words), confidence)


def parse_confidence(text: str) -> float:
    """Read a confidence such as `70%` or `0.7` as a fraction.

    Raises:
        RequestError: It is neither, or not from 0 % to 100 %.
    """
    stripped = text.strip()
    percent = _PERCENT.fullmatch(stripped)
    if percent:
        value = round(float(percent[1]) / 100, 6)
    elif _FRACTION.fullmatch(stripped):
        value = float(stripped)
    else:
        value = -1.0
    if not 0 <= value <= 1:
        raise RequestError(
            f"{text!r} is not a confidence",
            where="confidence",
            right="Write how sure you are from 0% to 100%: confidence=70%.",
            culprit="confidence=",
        )
    return value


def decide(command: Predict, world: World) -> tuple[Effect, ...]:
    """Decide what follows: one entry; the same words of the same person are stamped once.

    Raises:
        RequestError: Nothing or too much is predicted, or the issue is closed.
    """
    text = command.text.strip()
    if not text:
        raise RequestError(
            "the prediction is empty",
            right="Say what will happen: "
            + world.surroundings.example("predict", world.thread.number, "…"),
        )
    if _LOOSE.search(text):
        raise RequestError(
            "the confidence is not understood",
            where=text[:80],
            right="Write it without blanks, as in confidence=70%.",
        )
    if len(text) > _LONGEST:
        raise RequestError(f"the prediction has {len(text)} characters, {_LONGEST} at most")
    if not world.thread.is_open:
        raise RequestError(
            f"issue {world.thread.number} is closed: it is too late to predict",
            right=world.ask_anew,
        )
    condition = find_condition(text)
    known = read_predictions(world.thread)
    wanted = (text, world.actor, command.confidence)
    if any((p.text, p.author, p.confidence) == wanted for p in known):
        return ()
    number = max((p.number for p in known), default=0) + 1
    stamped = timestamp(world.now)
    prediction = Prediction(number, text, world.actor, stamped, command.confidence, condition)
    return (scored_entry(prediction, world, results_of(world)),)


def write(command: Predict) -> str:
    """Write the command as people do."""
    sure = None if command.confidence is None else f"{command.confidence * 100:.6g}%"
    text = write_text(command.text, OPTIONS)
    return write_line("predict", text, write_pairs({"confidence": sure}))


SPEC = Spec(
    word="predict",
    command=Predict,
    role=Role.READ,
    usage="/predict text [confidence=70%] [metric<0.5]",
    summary="Stamp what you think will happen, before it does.",
    example="/predict One layer will be enough: accuracy>0.9 confidence=70%",
    parse=parse,
    write=write,
    decide=decide,
    options=OPTIONS,
    text=True,
    details="Shown beside what runs record from then on.\n\nWith a condition on a metric, as "
    "`accuracy>0.9`, `loss <= 0.5` or `0.3<loss<0.5` anywhere in the text, each run that begins "
    "later and records that metric says whether it came true; with a confidence, the answer "
    "gives a Brier score.",
)
