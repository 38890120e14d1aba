"""From scores to honest probabilities. Pure functions over arrays.

Platt's logistic calibration (1999) where nobody knows which answers were right: what is known are signals, through noisy channels. The
line is the one under which the signals that came are likeliest, with the truth summed out (learning from noisy labels; Natarajan et al.
2013; the E-step of Dawid and Skene, 1979, is `posterior`). So it does not listen to its own confidence, as fitting to beliefs would.
A Gaussian prior keeps it at the shipped line while there is little to learn from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

Floats = NDArray[np.float64]

PRIOR_STRENGTH = 10.0
SURE = 12.0  # nats; more is as good as the truth


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


def posterior(line: Line, scores: Floats, evidence: Floats) -> Floats:
    """(n,) P(right | score, signals): the calibrated score as the prior, and what the signals weigh, in nats."""
    result: Floats = expit(line.offset + line.slope * scores + evidence)
    return result


def fit(scores: Floats, evidence: Floats, weights: Floats, prior: Line = DAY_ONE) -> Line:
    """The line under which the evidence is likeliest, shrunk to `prior`; with n = 0 it is the prior. The slope stays > 0.

    `scores`: (n,) log-odds before calibration. `evidence`: (n,) summed log P(signals | right) / P(signals | wrong), in nats; +-inf where the
    truth is known. `weights`: (n,) how many decisions each stands for.
    """

    def objective(at: Floats) -> tuple[float, Floats]:
        line = Line(float(at[0]), float(at[1]))
        p, believed = line(scores), posterior(line, scores, held)
        likelihood = np.logaddexp(np.log(np.clip(p, 1e-12, 1)) + held, np.log(np.clip(1 - p, 1e-12, 1)))
        loss = -float((weights * likelihood).sum())
        loss += PRIOR_STRENGTH / 2 * ((at[0] - prior.offset) ** 2 + (at[1] - prior.slope) ** 2)
        residual = weights * (p - believed)
        gradient = np.array([residual.sum(), (residual * scores).sum()])
        return loss, gradient + PRIOR_STRENGTH * (at - np.array([prior.offset, prior.slope]))

    held = np.clip(evidence, -SURE, SURE)
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
