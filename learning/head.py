"""The slow learner: multinomial logistic regression from question vectors to sources, on credit-weighted episodes. Pure functions.

Softmax regression with an L2 penalty (the MAP under a Gaussian prior), by L-BFGS with a warm start, so that a refit costs about a second.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Matrix = NDArray[np.float32]
Ints = NDArray[np.int64]

PENALTY = 0.1  # 1 / C; vectors of length one need large weights
BIAS = 0.3  # the constant input beside a unit vector
ITERATIONS = 40


@dataclass(frozen=True)
class Head:
    """`source_ids`: (K,) the classes. `weights`: (d + 1, K), the last row for the bias."""

    source_ids: Ints
    weights: Matrix

    def probabilities(self, vector: Matrix) -> dict[int, float]:
        """P(source | question) over the classes it knows; sums to one."""
        scores = vector.astype(np.float32) @ self.weights[:-1] + BIAS * self.weights[-1]
        odds = np.exp(scores - scores.max())
        return dict(zip(self.source_ids.tolist(), (odds / odds.sum()).tolist(), strict=True))

    def to_bytes(self) -> bytes:
        file = io.BytesIO()
        np.savez(file, source_ids=self.source_ids, weights=self.weights)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, stored: bytes) -> Head:
        with np.load(io.BytesIO(stored), allow_pickle=False) as data:
            return cls(data["source_ids"], data["weights"])


def fit(
    vectors: Matrix,
    sources: Ints,
    weights: NDArray[np.float64],
    start: Head | None = None,
    *,
    penalty: float = PENALTY,
    iterations: int = ITERATIONS,
) -> Head:
    """Fit on n episodes: (n, d) unit vectors, (n,) source ids, (n,) weights >= 0. Raises ValueError with fewer than two sources.

    `start`: a former head; its weights are where the search begins, for the classes that are still there.
    """
    classes, targets = np.unique(sources, return_inverse=True)
    if len(classes) < 2:
        raise ValueError("A head tells sources apart: it needs at least two.")
    inputs = np.hstack([vectors, np.full((len(vectors), 1), BIAS, np.float32)]).astype(np.float32)
    share = (weights / weights.sum() * len(weights)).astype(np.float32)
    shape = (inputs.shape[1], len(classes))
    rows = np.arange(len(inputs))

    def objective(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        matrix = flat.reshape(shape).astype(np.float32)
        scores = inputs @ matrix
        scores -= scores.max(axis=1, keepdims=True)
        odds = np.exp(scores)
        totals = odds.sum(axis=1, keepdims=True)
        loss = -float(share @ (scores[rows, targets] - np.log(totals[:, 0]))) + penalty / 2 * float((matrix**2).sum())
        residual = odds / totals
        residual[rows, targets] -= 1
        slope = inputs.T @ (residual * share[:, None]) + penalty * matrix
        return loss / len(inputs), (slope / len(inputs)).astype(np.float64).ravel()

    found = minimize(
        objective,
        _begin(classes, shape, start).ravel(),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": iterations},
    )
    return Head(classes.astype(np.int64), found.x.reshape(shape).astype(np.float32))


def _begin(classes: Ints, shape: tuple[int, int], start: Head | None) -> NDArray[np.float64]:
    begin = np.zeros(shape)
    if start is not None and start.weights.shape[0] == shape[0]:
        known = {source: column for column, source in enumerate(start.source_ids.tolist())}
        for column, source in enumerate(classes.tolist()):
            if source in known:
                begin[:, column] = start.weights[:, known[source]]
    return begin
