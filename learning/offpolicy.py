"""How another policy would have done, from what was logged under this one. Pure functions over arrays.

The doubly robust estimate (Dudík, Langford & Li, ICML 2011): the outcome that a model predicts for what the other policy would have done,
corrected, where both did the same, by how far the model was off, weighted by how likely this policy was to do it. It is right on average
when either the model or the logged propensities are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

ONE_SIDED_95 = 1.645
HEAVIEST = 50.0  # a weight is clipped here: a little bias for much less variance
ENOUGH = 50.0  # effective sample; below it nothing is concluded


@dataclass(frozen=True)
class Estimate:
    """`value`: mean outcome in the unit of the outcomes. `error`: its standard error. `effective`: of how many outcomes' worth the matches are."""

    value: float
    error: float
    effective: float

    @property
    def lower(self) -> float:
        """One-sided 95 % lower bound."""
        return self.value - ONE_SIDED_95 * self.error

    @property
    def is_enough(self) -> bool:
        return self.effective >= ENOUGH


def doubly_robust(outcome: Floats, propensity: Floats, matches: Booleans, predicted_taken: Floats, predicted_other: Floats) -> Estimate:
    """The other policy's mean outcome over n logged decisions.

    `outcome`: (n,) what came of the action taken. `propensity`: (n,) P(action taken), in (0, 1]. `matches`: (n,) whether the other policy
    would have taken it too. `predicted_taken`, `predicted_other`: (n,) what a model expects of the action taken, and of the other policy's.
    Raises ValueError for n = 0 or a propensity outside (0, 1].
    """
    return _estimate(predicted_other + _correction(outcome, propensity, matches, predicted_taken), propensity, matches)


def gain(outcome: Floats, propensity: Floats, matches: Booleans, predicted_taken: Floats, predicted_other: Floats) -> Estimate:
    """The other policy's mean outcome less that of the one in use, over the same decisions: bounding the difference is much sharper."""
    other = predicted_other + _correction(outcome, propensity, matches, predicted_taken)
    return _estimate(other - outcome, propensity, matches)


def _correction(outcome: Floats, propensity: Floats, matches: Booleans, predicted: Floats) -> Floats:
    if len(outcome) == 0 or (propensity <= 0).any() or (propensity > 1).any():
        raise ValueError("Off-policy estimates need decisions, each with a propensity in (0, 1].")
    result: Floats = _weights(propensity, matches) * (outcome - predicted)
    return result


def _weights(propensity: Floats, matches: Booleans) -> Floats:
    result: Floats = np.where(matches, np.minimum(1 / np.clip(propensity, 1e-12, 1), HEAVIEST), 0.0)
    return result


def _estimate(values: Floats, propensity: Floats, matches: Booleans) -> Estimate:
    weights = _weights(propensity, matches)
    effective = float(weights.sum() ** 2 / (weights**2).sum()) if weights.any() else 0.0
    spread = float(values.std(ddof=1)) if len(values) > 1 else float("inf")
    return Estimate(float(values.mean()), spread / math.sqrt(len(values)), effective)
