"""When to answer and when to leave it to people. Pure functions over arrays.

The threshold is the lowest at which a one-sided 95 % lower bound of the precision of what would be answered still holds the target. The
estimate is prediction-powered (Angelopoulos et al., Science 2023): the mean calibrated confidence of all recent decisions above the
threshold, corrected by what the judged ones among them turned out to be.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CAUTIOUS = 0.90  # the threshold before there is enough to choose one by
STRICT_CAUTIOUS = 0.96
VALID_FROM = 150  # judged decisions above the threshold
ONE_SIDED_95 = 1.645
HIGHEST, LOWEST = 0.995, 0.5
STEPS = np.linspace(0.9, 0.0, 181)  # of the recent confidences, looked at from the top


def lower_bound(recent: Floats, judged: Floats, labels: Floats, weights: Floats) -> float:
    """95 % lower bound of the precision of a set of answers, in [0, 1].

    `recent`: (m,) confidences of all decisions in the set. `judged`, `labels`, `weights`: (n,) confidence, posterior that it was right, and
    how many decisions each stands for. 0 when n < VALID_FROM: the bound says nothing yet.
    """
    if len(judged) < VALID_FROM or len(recent) == 0:
        return 0.0
    mean, error = estimate(recent, judged, labels, weights)
    return float(np.clip(mean - ONE_SIDED_95 * error, 0.0, 1.0))


def estimate(recent: Floats, judged: Floats, labels: Floats, weights: Floats) -> tuple[float, float]:
    """Precision of a set of answers and its standard error; arguments as of `lower_bound`, at least one decision in `recent`."""
    if len(judged) == 0:
        return float(recent.mean()), 0.0
    share = weights / weights.sum()
    residuals = labels - judged
    correction = float(share @ residuals)
    spread = float(share @ (residuals - correction) ** 2)
    return float(recent.mean()) + correction, math.sqrt(spread * float((share**2).sum()))


def threshold(recent: Floats, judged: Floats, labels: Floats, weights: Floats, target: float, cautious: float = CAUTIOUS) -> float:
    """The lowest threshold whose answers hold `target`; `cautious` while none can be shown to."""
    shown = lowest(recent, judged, labels, weights, target)
    return cautious if shown is None else shown


def lowest(recent: Floats, judged: Floats, labels: Floats, weights: Floats, target: float) -> float | None:
    """The lowest threshold whose answers hold `target`, looking down from the top; None while none can be shown to.

    Steps downwards in quantiles of the recent confidences and stops at the first that fails, so that a lucky pocket of low scores cannot
    open the gate.
    """
    chosen = None
    for level in np.quantile(recent, STEPS) if len(recent) else []:
        above = judged >= level
        if int(above.sum()) < VALID_FROM:
            continue
        if lower_bound(recent[recent >= level], judged[above], labels[above], weights[above]) < target:
            break
        chosen = float(level)
    return None if chosen is None else float(np.clip(chosen, LOWEST, HIGHEST))
