"""What each measure of the dashboard draws, and what it says of itself: a title, the numbers, and what they rest on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from helpdesk.models import SiteSettings
from learning import estimates, trends
from learning.charts import percent
from learning.estimates import Share
from learning.trends import Line

if TYPE_CHECKING:
    from learning.dashboard import Dashboard


@dataclass(frozen=True)
class Drawing:
    """What a measure puts into its chart. `lines`: css and line, the first the one that the title is about."""

    lines: list[tuple[str, Line]]
    unit: str
    what: str  # that its lines are shares of
    target: float | None = None
    has_bands: bool = True


@dataclass(frozen=True)
class Words:
    """`title` and `says` are sentences with numbers in them, `basis` says what these rest on."""

    title: str
    says: str
    basis: str


def _interval(share: Share) -> str:
    return f"95% interval {max(share.low[-1], 0) * 100:.1f} to {share.high[-1] * 100:.1f}"


def _day_one(of: Dashboard) -> Words:
    lift = of.proof.lift
    value, low, high = (float(part[-1]) * 100 for part in (lift.share.value, lift.share.low, lift.share.high))
    more = f"{abs(value):.1f} points {'more' if value > 0 else 'fewer'}"
    title = f"It answers {more} questions rightly than on day one" if low > 0 or high < 0 else "No clear difference from day one yet"
    if not lift.enough[-1]:
        title = "Too little to compare with day one yet"
    asked = int(lift.number[-1])
    return Words(
        title,
        f"{value:+.1f} points, 95% interval {low:.1f} to {high:.1f}, on the same {asked:,} questions.".replace("-", "−"),
        "The frozen day-one policy is put the same questions and serves nobody. Where both do the same, the outcome is the same. Where they differ, "
        "signals say how often its answer was right, and agents’ own answers and audits whether day one’s would have been"
        + (f" (not known yet for {int(of.proof.unjudged[-1])})." if of.proof.unjudged[-1] else "."),
    )


def _resolved(of: Dashboard) -> Words:
    share = of.line("resolved").share
    confirmed, assumed = (of.line(name).share.value[-1] * 100 for name in ("confirmed", "assumed"))
    return Words(
        f"It resolves {percent(float(share.value[-1]))} of questions",
        f"{confirmed:.1f} confirmed by the customer, {assumed:.1f} assumed from silence. {_interval(share)}, of {of.asked:,} questions.",
        "Resolved means that no person was needed and the customer said so, or did not come back until the window closed. "
        "Leaving without a word is not a resolution. A resolution that is taken back counts no more.",
    )


def _endings(of: Dashboard) -> Words:
    deflected, resolved = (of.line(name).share.value[-1] for name in ("deflected", "resolved"))
    return Words(
        f"{percent(float(deflected))} of questions need no person",
        f"{resolved * 100:.1f} are resolved, {(deflected - resolved) * 100:.1f} left without a word. Deflection counts both, resolution only the first.",
        "How each question stands today: confirmed by the customer, assumed from silence, left without a word, or handed to people at once or later. "
        "What is taken back moves on.",
    )


def _answered(of: Dashboard) -> Words:
    share, frozen = of.line("answered").share, of.line("frozen_answered").share
    return Words(
        f"It answers {percent(float(share.value[-1]))} of questions at once",
        f"On day one it would have answered {percent(float(frozen.value[-1]))}. {_interval(share)}, of {of.asked:,} questions.",
        "Counted, not estimated: what it did on the first message of each ticket. A question asked back is not an answer. "
        "What it answers later, after asking back, can be resolved without counting here.",
    )


def _handed_over(of: Dashboard) -> Words:
    share = of.line("handed_over").share
    return Words(
        f"{percent(float(share.value[-1]))} of questions go to people",
        f"{_interval(share)}, of {of.asked:,} questions.",
        "At once or later, because it was not sure, because the customer asked for a person, or because a colleague stepped in.",
    )


def _precision(of: Dashboard) -> Words:
    line = of.line("precision")
    judged, right = (int(part[-1]) for part in trends.audited(of.history))
    told = estimates.wilson(np.array([right], np.float64), np.array([judged], np.float64))
    audits = (
        f"Audits alone: {right} of {judged} right, so {told.low[0] * 100:.0f} to {told.high[0] * 100:.0f}%."
        if judged
        else "No audit of these answers has been judged yet."
    )
    return Words(
        f"About {percent(float(line.share.value[-1]))} of its answers are right",
        f"{_interval(line.share)}, from signals on {int(line.number[-1]):,} answers. {audits}",
        "Estimated, as nobody checks every answer: the share of right answers under which the signals that came are likely. It takes the rates at "
        "which right and wrong answers bring signals for true. How sure it was of an answer takes no part.",
    )


def _calibration(of: Dashboard) -> Words:
    line = of.line("calibration")
    floor = float(line.floor[-1]) if line.floor is not None else 0.0
    return Words(
        f"How sure it is and how often it is right lie {line.share.value[-1] * 100:.1f} points apart",
        f"On {int(line.number[-1]):,} judged decisions a perfectly calibrated assistant would read about {floor * 100:.1f}, by chance alone.",
        "Decisions are put into groups of equal size by confidence. The error is the mean gap between the confidence of a group and the share of right "
        "ones in it, as signals tell it.",
    )


WORDS: dict[str, Callable[[Dashboard], Words]] = {
    "day-one": _day_one,
    "resolved": _resolved,
    "endings": _endings,
    "answered": _answered,
    "handed-over": _handed_over,
    "precision": _precision,
    "calibration": _calibration,
}
TABS = {
    "day-one": "Against day one",
    "resolved": "Resolved",
    "endings": "How they end",
    "answered": "Answered",
    "handed-over": "Handed over",
    "precision": "Precision",
    "calibration": "Calibration",
}
OF_QUESTIONS = "% of questions"
DRAWINGS: dict[str, Callable[[Dashboard], Drawing]] = {
    "day-one": lambda of: Drawing([("learned", of.proof.learned), ("frozen", of.proof.frozen)], "% answered rightly", "questions"),
    "resolved": lambda of: Drawing([("learned", of.line("resolved")), ("second", of.line("confirmed"))], OF_QUESTIONS, "questions"),
    "answered": lambda of: Drawing([("learned", of.line("answered")), ("frozen", of.line("frozen_answered"))], OF_QUESTIONS, "questions"),
    "handed-over": lambda of: Drawing([("learned", of.line("handed_over"))], OF_QUESTIONS, "questions"),
    "precision": lambda of: Drawing([("learned", of.line("precision"))], "% of answers", "spoken", SiteSettings.load().answer_target),
    "calibration": lambda of: Drawing(
        [("learned", of.line("calibration")), ("frozen", _floor(of.line("calibration")))], " apart", "judged", has_bands=False
    ),
}


def _floor(line: Line) -> Line:
    """What a perfectly calibrated assistant would read, as a line of its own."""
    floor = line.floor if line.floor is not None else np.zeros_like(line.number)
    return Line("floor", "Chance alone", Share(floor, floor, floor), line.number)
