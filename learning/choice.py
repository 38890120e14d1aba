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
    counted = data.weights[:, None, None] * data.features

    def objective(weights: Floats) -> tuple[float, Floats]:
        likelihood, slopes = _likelihood(data, weights)
        away = weights - shipped
        loss = strength / 2 * float(away @ away) - float(data.weights @ likelihood)
        return loss, -np.einsum("nm,nmf->f", slopes, counted) + strength * away

    found = minimize(objective, shipped if start is None else start, jac=True, method="L-BFGS-B", options={"maxiter": iterations})
    result: Floats = found.x
    return result


def covariance(data: Choices, weights: Floats, strength: float = PRIOR_STRENGTH) -> Floats:
    """(f, f) of the weights given the data: a Gaussian around the likeliest (Laplace), for drawing from; without data what the prior leaves open.

    The information is the sum of the outer products of each decision's slope (Berndt, Hall, Hall & Hausman 1974): as good as the second
    derivatives at the likeliest weights, and never negative where the truth is summed out.
    """
    _, slopes = _likelihood(data, weights)
    each = np.sqrt(data.weights)[:, None] * np.einsum("nm,nmf->nf", slopes, data.features)
    result: Floats = np.linalg.inv(each.T @ each + strength * np.eye(len(weights)))
    return result


def _likelihood(data: Choices, weights: Floats) -> tuple[Floats, Floats]:
    """(n,) log-likelihood of each decision, and (n, m) its slopes in the utilities."""
    known = data.target != UNKNOWN
    rows, targets = np.flatnonzero(known), data.target[known]
    logs = log_probabilities(data.features, weights, data.present)
    odds = np.exp(logs)
    first = np.clip(odds[~known, 0], 1e-9, 1 - 1e-9)
    told = np.log(first / (1 - first)) + np.clip(data.evidence[~known], -SURE, SURE)
    surprise = (expit(told) - first) / (1 - first)
    likelihood, slopes = np.empty(len(data)), -odds
    likelihood[known] = np.maximum(logs[rows, targets], -50)
    likelihood[~known] = np.log1p(-first) + np.logaddexp(told, 0)
    slopes[rows, targets] += 1
    slopes[~known] *= surprise[:, None]
    slopes[~known, 0] += surprise
    return likelihood, slopes
