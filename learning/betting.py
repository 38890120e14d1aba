"""Tests that may be looked at after every outcome. Pure functions over arrays.

Somebody bets against the hypothesis, never with more than they have; were it true, their money would not be expected to grow. By Ville's
inequality (1939) the chance that it ever reaches 1 / alpha is at most alpha, however often one looks and whenever one stops
(Ramdas, Grünwald, Vovk & Shafer, Statistical Science 2023; Waudby-Smith & Ramdas, JRSS-B 2024, for means of bounded outcomes).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST = 700.0  # of the logarithm of the money: more is no number
STAKES: Floats = np.array([0.05, 0.1, 0.2, 0.4, 0.8])  # shares of the money; who bets spreads it over these


def wealth(outcomes: Floats, expected: Floats, stakes: Floats = STAKES) -> Floats:
    """(n,) money after each outcome, of a start of 1, against "the mean of outcome i is at most expected i, whatever came before".

    `outcomes`: (n,) in [0, 1], in the order in which they came. `expected`: (n,) in (0, 1], fixed before its outcome. A stake s wins
    s (x - e) / e, so that it loses at most s of what it has.
    """
    if len(outcomes) == 0:
        return np.zeros(0)
    gains = (outcomes - expected) / expected
    result: Floats = np.exp(np.minimum(np.cumsum(np.log1p(stakes[:, None] * gains), axis=1), MOST)).mean(axis=0)
    return result


def exposure(mean: float, expected: float, alpha: float, stakes: Floats = STAKES) -> float:
    """How many outcomes come at most, on average, before the money reaches 1 / alpha, when their mean is `mean` instead.

    For independent outcomes of 0 or 1. `mean` in [0, 1]; `expected` and `alpha` in (0, 1). In [1, inf]; inf where no stake grows. By Wald's
    identity (1944), for the stake that gets there first by itself: it must win 1 / alpha for all of them, and overshoots by one win at most.
    """
    won, lost = np.log1p(stakes * (1 - expected) / expected), np.log1p(-stakes)
    growth = mean * won + (1 - mean) * lost
    needed = np.log(len(stakes) / alpha) + won
    with np.errstate(divide="ignore"):
        return float(np.where(growth > 0, needed / growth, np.inf).min())


def difference(first: Floats, second: Floats, margin: float = 0.0, stakes: Floats = STAKES) -> Floats:
    """(n,) money against "the first of each pair is on average at least as good as the second, less `margin`".

    `first`, `second`: (n,) in [0, 1], pairs in the order in which they came. `margin` in [0, 1).
    """
    worse = (second - first + 1) / 2  # in [0, 1], at most (1 + margin) / 2 on average under the hypothesis
    return wealth(worse, np.full(len(worse), (1 + margin) / 2), stakes)
