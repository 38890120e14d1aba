"""Which of several candidates, or none: a conditional logit over named features. Pure functions over arrays.

McFadden's conditional logit (1974): P(k) is the softmax of the utilities w . x_k, "none of these" being one of the alternatives. Fitted by
maximum a posteriori under a Gaussian prior around the shipped weights, on two kinds of observation: a decision whose right source people
have shown, and one of which only noisy signals on the first candidate are known, with the truth summed out as in `calibration`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Booleans = NDArray[np.bool_]

PRIOR_STRENGTH = 30.0  # of the shipped weights, in inverse variance
SURE = 12.0  # nats of evidence; more is as good as the truth
UNKNOWN = -1  # no target: only evidence
ITERATIONS = 60


@dataclass(frozen=True)
class Choices:
    """n decisions of at most m alternatives, the last place of each being "none of these".

    `features`: (n, m, f). `present`: (n, m) which alternatives there were. `target`: (n,) the place of the right one, or UNKNOWN.
    `evidence`: (n,) where the target is unknown, log P(signals | first right) - log P(signals | first wrong), in nats.
    `weights`: (n,) what each counts for, > 0.
    """

    features: Floats
    present: Booleans
    target: Ints
    evidence: Floats
    weights: Floats

    def __len__(self) -> int:
        return len(self.target)

    def only(self, rows: Ints | Booleans) -> Choices:
        return Choices(self.features[rows], self.present[rows], self.target[rows], self.evidence[rows], self.weights[rows])


def log_probabilities(features: Floats, weights: Floats, present: Booleans | None = None) -> Floats:
    """(..., m) log P of each alternative from (..., m, f) features and (f,) weights; -inf where there was none."""
    utility = features @ weights
    if present is not None:
        utility = np.where(present, utility, -np.inf)
    utility = utility - utility.max(axis=-1, keepdims=True)
    result: Floats = utility - np.log(np.exp(utility).sum(axis=-1, keepdims=True))
    return result


def fit(
    data: Choices, shipped: Floats, start: Floats | None = None, strength: float = PRIOR_STRENGTH, iterations: int = ITERATIONS
) -> Floats:
    """(f,) weights: the likeliest under the data and a Gaussian of inverse variance `strength` around `shipped`; without data, `shipped`."""
    if len(data) == 0:
        return shipped.copy()
    known = data.target != UNKNOWN
    rows = np.arange(len(data))[known]
    targets, evidence = data.target[known], np.clip(data.evidence[~known], -SURE, SURE)
    counted = data.weights[:, None, None] * data.features

    def objective(weights: Floats) -> tuple[float, Floats]:
        logs = log_probabilities(data.features, weights, data.present)
        odds = np.exp(logs)
        slope = np.zeros_like(odds)  # of the log-likelihood, in the utilities
        slope[known] = -odds[known]
        slope[rows, targets] += 1
        first = np.clip(odds[~known, 0], 1e-9, 1 - 1e-9)
        likelihood = np.logaddexp(np.log(first) + evidence, np.log1p(-first))
        surprise = (expit(np.log(first / (1 - first)) + evidence) - first) / (1 - first)
        slope[~known] = -odds[~known] * surprise[:, None]
        slope[~known, 0] += surprise
        away = weights - shipped
        loss = -float(data.weights[known] @ np.maximum(logs[rows, targets], -50)) - float(data.weights[~known] @ likelihood)
        return loss + strength / 2 * float(away @ away), -np.einsum("nm,nmf->f", slope, counted) + strength * away

    found = minimize(objective, shipped if start is None else start, jac=True, method="L-BFGS-B", options={"maxiter": iterations})
    result: Floats = found.x
    return result
