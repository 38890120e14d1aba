"""How much sooner or later to answer from one source than from the others: learned from what its hand-offs and answers turned out to be.

A source that agents kept demonstrating after it had been ranked first, and held back, should have been answered; one whose answers near the
threshold kept failing hides questions that need people. Both are a mean residual (what is believed now, less the confidence then) of the
decisions near the threshold. It is shrunk to zero (empirical Bayes: Morris, JASA 1983) and counts only beyond its own standard error.
Pure functions over arrays.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BELOW = 0.35  # how far under the threshold a decision says something of it
COUNT = 8.0  # judged decisions at which a source's own residual counts half
SOONER, LATER = 0.15, 0.10  # the most that the threshold moves for one source
HIGHEST = 0.98  # and never further than this: what is never answered from can never show that it is right again
LEAST = 0.01


def shifts(sources: Ints, confidence: Floats, believed: Floats, weights: Floats, threshold: float) -> dict[int, float]:
    """For each source, how far its threshold moves, in [-SOONER, LATER] and to HIGHEST at most; sources that nothing certain is known of are left out.

    `sources`, `confidence`, `believed`, `weights`: (n,) the source ranked first, calibrated P(right) when it was ranked, P(right) now that
    its signals are in, and how much the decision counts (> 0).
    """
    near = confidence >= threshold - BELOW
    found = {}
    for source in np.unique(sources[near]):
        mine = near & (sources == source)
        shift = -shrunk(believed[mine] - confidence[mine], weights[mine])
        if abs(shift) >= LEAST:
            found[int(source)] = round(_within(shift, threshold), 4)
    return found


def without_each(sources: Ints, confidence: Floats, believed: Floats, weights: Floats, threshold: float) -> Floats:
    """(n,) the shift of each decision's source as all its other decisions give it."""
    near = confidence >= threshold - BELOW
    result = np.zeros(len(sources))
    for source in np.unique(sources):
        mine = np.flatnonzero(sources == source)
        for place in mine:
            kept = mine[near[mine] & (mine != place)]
            result[place] = _within(-shrunk(believed[kept] - confidence[kept], weights[kept]), threshold)
    return np.where(np.abs(result) >= LEAST, result, 0.0)


def shrunk(residuals: Floats, weights: Floats) -> float:
    """The mean of residuals in [-1, 1], less its standard error towards zero, and shrunk by how few they are. 0 when n = 0."""
    if len(residuals) == 0:
        return 0.0
    share = weights / weights.sum()
    count = 1 / float((share**2).sum())  # Kish's effective sample size
    mean = float(share @ residuals)
    # One more residual of the other extreme: two that agree have no spread, and are no proof.
    spread = (float(share @ (residuals - mean) ** 2) * count + 0.25) / (count + 1)
    beyond = max(abs(mean) - (spread / count) ** 0.5, 0.0)
    return float(np.sign(mean)) * beyond * count / (count + COUNT)


def _within(shift: float, threshold: float) -> float:
    return float(np.clip(shift, -SOONER, max(min(LATER, HIGHEST - threshold), 0.0)))


def of(sources: Ints, moved: Mapping[int, float]) -> Floats:
    """(n,) the shift of each source."""
    return np.array([moved.get(source, 0.0) for source in sources.tolist()], np.float64)
