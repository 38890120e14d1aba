"""From which confidence on to answer, and how much sooner or later from single sources. Pure functions over arrays."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from learning import abstention, calibration, leeway
from learning.credit import logit
from learning.experience import Judged

CAUTIOUS, STRICT_CAUTIOUS = abstention.CAUTIOUS, abstention.STRICT_CAUTIOUS
MARGIN = 0.01  # under the target that is put up with while nothing can be shown
Floats = calibration.Floats


@dataclass(frozen=True)
class Thresholds:
    """`shifts`: of the normal one, by source; what is strict moves up only."""

    normal: float = CAUTIOUS
    strict: float = STRICT_CAUTIOUS
    shifts: dict[int, float] = field(default_factory=dict)


def choose(judged: Judged, line: calibration.Line, target: float) -> Thresholds:
    """The lowest that hold `target`; the strict one half the error that it allows.

    The threshold is chosen with the shifts in place, so that the bound holds for what is then answered; each judged decision is looked at with
    the shift that the others of its source give, so that none vouches for itself. Where no threshold is shown to hold, sources only move up.
    """
    confidence, recent = line(judged.scores), line(judged.recent)
    believed = calibration.posterior(line, judged.scores, judged.evidence)
    strict = abstention.threshold(recent, confidence, believed, judged.weights, (1 + target) / 2, STRICT_CAUTIOUS)
    plain = abstention.lowest(recent, confidence, believed, judged.weights, target)
    level = cautious(line, recent, confidence, believed, judged.weights, target) if plain is None else plain
    data = (judged.sources, confidence, believed, judged.weights, level)
    moved = leeway.shifts(*data)
    held, coming = confidence - leeway.without_each(*data), recent - leeway.of(judged.recent_sources, moved)
    shown = None if plain is None else abstention.lowest(coming, held, believed, judged.weights, target)
    if shown is None:
        return Thresholds(data[-1], strict, {source: shift for source, shift in moved.items() if shift > 0})
    return Thresholds(shown, strict, moved)


def cautious(line: calibration.Line, recent: Floats, confidence: Floats, believed: Floats, weights: Floats, target: float) -> float:
    """While none can be shown to hold: the shipped one. A line that was fitted calls the same score by another number; as long as what is known
    so far speaks for the answers above that score, it stays where it was, lest the first refits answer less for no reason.
    """
    moved = line.one(logit(CAUTIOUS))
    coming, above = recent[recent >= moved], confidence >= moved
    if moved >= CAUTIOUS or len(coming) == 0:
        return CAUTIOUS
    found, _ = abstention.estimate(coming, confidence[above], believed[above], weights[above])
    return float(np.clip(moved, abstention.LOWEST, CAUTIOUS)) if found >= target - MARGIN else CAUTIOUS
