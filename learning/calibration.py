"""From scores to honest probabilities. Pure functions over arrays.

Platt's logistic calibration (1999) on soft labels: the label of a decision is the posterior that it was right, given all its signals, so
that the channels' noise is already taken out of it. A Gaussian prior keeps it at the shipped line while there is little to learn from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

Floats = NDArray[np.float64]

PRIOR_STRENGTH = 10.0


@dataclass(frozen=True)
class Line:
    """p = sigmoid(offset + slope * score)."""

    offset: float
    slope: float

    def __call__(self, scores: Floats) -> Floats:
        result: Floats = expit(self.offset + self.slope * scores)
        return result

    def one(self, score: float) -> float:
        return float(expit(self.offset + self.slope * score))


DAY_ONE = Line(0.0, 1.0)


def fit(scores: Floats, labels: Floats, weights: Floats, prior: Line = DAY_ONE) -> Line:
    """The line that explains n soft labels in [0, 1] best, shrunk to `prior`; with n = 0 it is the prior. The slope stays > 0."""

    def objective(at: Floats) -> tuple[float, Floats]:
        offset, slope = at
        p = np.clip(expit(offset + slope * scores), 1e-9, 1 - 1e-9)
        loss = -float((weights * (labels * np.log(p) + (1 - labels) * np.log(1 - p))).sum())
        loss += PRIOR_STRENGTH / 2 * ((offset - prior.offset) ** 2 + (slope - prior.slope) ** 2)
        residual = weights * (p - labels)
        gradient = np.array([residual.sum(), (residual * scores).sum()])
        return loss, gradient + PRIOR_STRENGTH * (at - np.array([prior.offset, prior.slope]))

    found = minimize(objective, np.array([prior.offset, prior.slope]), jac=True, method="L-BFGS-B", bounds=[(-20, 20), (0.05, 20)])
    return Line(float(found.x[0]), float(found.x[1]))


def expected_calibration_error(confidence: Floats, right: Floats, bins: int = 10) -> float:
    """Mean gap between confidence and accuracy over bins of equal mass (Naeini et al. 2015; Nixon et al. 2019), in [0, 1]. NaN when n = 0."""
    if len(confidence) == 0:
        return float("nan")
    order = np.argsort(confidence, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    gaps = [abs(confidence[part].mean() - right[part].mean()) * len(part) for part in parts]
    return float(sum(gaps) / len(confidence))
