"""Trying on purpose, now and then, what would not have been done: without it nobody learns what another policy would come to. Pure functions.

In a share of turns the weights are drawn from what is known of them instead of taken as they are likeliest, and what the draw would do is done
(Thompson 1933; Chapelle & Li, NeurIPS 2011; for logistic models Russo et al. 2018, 4.2). Utilities are linear in the weights, so that how often
a draw answers with another source has a closed form, and the probability of what was done can be kept for off-policy estimates. Never where a
strict category is among the candidates, and never what hardly any draw would do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from learning.question import Scored

TOP = 3
LEAST_CHANCE = 0.05  # of a draw: what comes seldomer is not tried


@dataclass(frozen=True)
class Choice:
    """What is done: answer with `place` of the ranking, or, with None, as the ranking says. `propensity`: how likely that was, in (0, 1]."""

    place: int | None
    propensity: float


def chance(gap: float, toward: NDArray[np.float64], covariance: NDArray[np.float64]) -> float:
    """How often drawn weights close a gap of log-odds, in [0, 1]. `toward`: (f,) how the gap closes with each weight, `covariance`: (f, f) of them."""
    spread = math.sqrt(max(float(toward @ covariance @ toward), 0.0))
    return NormalDist(0, spread).cdf(-gap) if spread > 0 else 0.0


def plausible(scored: Sequence[Scored], chances: Sequence[float]) -> list[int]:
    """Places that may be tried instead of what the ranking says; none where a strict source is among the first three.

    `chances`: of each of the first, how likely a draw would answer with it instead.
    """
    if any(each.candidate.is_strict for each in scored[:TOP]):
        return []
    return [place for place, likely in enumerate(chances[:TOP]) if likely >= LEAST_CHANCE]


def choose(scored: Sequence[Scored], chances: Sequence[float], share: float, draw: float) -> Choice:
    """With probability `share` in [0, 0.5] what one draw of the weights would do. `draw`: uniform in [0, 1)."""
    left = draw
    others = plausible(scored, chances) if share > 0 else []
    for place in others:
        if left < share * chances[place]:
            return Choice(place, share * chances[place])
        left -= share * chances[place]
    return Choice(None, 1.0 - share * sum(chances[place] for place in others))
