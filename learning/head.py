"""The slow learner: multinomial logistic regression from question vectors to sources, on credit-weighted episodes. Pure functions.

Softmax regression with an L2 penalty (the MAP under a Gaussian prior), by L-BFGS with a warm start, so that a refit costs about a second.
With few questions a source the penalty that finds the best order makes probabilities far too even: a temperature (Guo et al., ICML 2017), chosen
on questions that the weights have not seen, sets that right.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar

Matrix = NDArray[np.float32]
Ints = NDArray[np.int64]

PENALTY = 0.1  # 1 / C; vectors of length one need large weights
BIAS = 0.3  # the constant input beside a unit vector
ITERATIONS = 40
USUAL_TEMPERATURE, TEMPERATURE_SPREAD = 0.6, 0.5  # before any is measured; in its logarithm
COLDEST, HOTTEST = 0.2, 3.0
JUDGED_BY = 100  # unseen episodes; with fewer the last temperature stands
HALF_TRUSTED = 5.0  # episodes of a source at which what the head says of it counts half


@dataclass(frozen=True)
class Head:
    """`source_ids`: (K,) the classes. `weights`: (d + 1, K), the last row for the bias. `counts`: (K,) > 0, what it has seen of each, in credit.
    `temperature` > 0: scores are divided by it. `newest`: the number of the last episode it was fitted on."""

    source_ids: Ints
    weights: Matrix
    counts: NDArray[np.float64]
    temperature: float = 1.0
    newest: int = 0

    @cached_property
    def trust(self) -> dict[int, float]:
        """In (0, 1), by source: how far it is to be believed of it. Of what it has hardly seen others know more."""
        return dict(zip(self.source_ids.tolist(), (self.counts / (self.counts + HALF_TRUSTED)).tolist(), strict=True))

    def scores(self, vectors: Matrix) -> Matrix:
        """(..., K) of (..., d), before the temperature."""
        return vectors.astype(np.float32) @ self.weights[:-1] + BIAS * self.weights[-1]

    def likely(self, vectors: Matrix) -> NDArray[np.float64]:
        """(..., K) P(source | question) of (..., d), as far as it is to be believed of each; each row sums to one."""
        scores = self.scores(vectors) / self.temperature
        odds = np.exp(scores - scores.max(axis=-1, keepdims=True)) * self.counts / (self.counts + HALF_TRUSTED)
        result: NDArray[np.float64] = odds / odds.sum(axis=-1, keepdims=True)
        return result

    def probabilities(self, vector: Matrix) -> dict[int, float]:
        """`likely` of one question, by source."""
        return dict(zip(self.source_ids.tolist(), self.likely(vector).tolist(), strict=True))

    def to_bytes(self) -> bytes:
        file = io.BytesIO()
        np.savez(
            file, source_ids=self.source_ids, weights=self.weights, counts=self.counts, temperature=self.temperature, newest=self.newest
        )
        return file.getvalue()

    @classmethod
    def from_bytes(cls, stored: bytes) -> Head:
        with np.load(io.BytesIO(stored), allow_pickle=False) as data:
            told = {name: data[name].item() for name in ("temperature", "newest") if name in data}
            seen = data["counts"] if "counts" in data else np.full(len(data["source_ids"]), 1e9)
            return cls(data["source_ids"], data["weights"], seen, **told)


def learn(vectors: Matrix, sources: Ints, weights: NDArray[np.float64], numbers: Ints, before: Head | None) -> Head:
    """`fit`, with the temperature that what came after the last fit asks for; the first time, what one half makes of the other.

    `numbers`: (n,) of the episodes, rising with time.
    """
    fitted = fit(vectors, sources, weights, before)
    if before is None or before.newest == 0:
        judge, unseen = fit(vectors[::2], sources[::2], weights[::2]), np.arange(len(sources)) % 2 == 1
    else:
        judge, unseen = before, numbers > before.newest
    told = before.temperature if before is not None and before.newest else USUAL_TEMPERATURE
    if int(np.isin(sources[unseen], judge.source_ids).sum()) >= JUDGED_BY:
        told = temperature(judge, vectors[unseen], sources[unseen], weights[unseen])
    return replace(fitted, temperature=told, newest=int(numbers.max()))


def temperature(head: Head, vectors: Matrix, sources: Ints, weights: NDArray[np.float64]) -> float:
    """The likeliest on n episodes that it was not fitted on, in [COLDEST, HOTTEST]; with none the usual one. Sources it does not know are passed over."""
    known = np.isin(sources, head.source_ids)
    scores, places = head.scores(vectors[known]).astype(np.float64), np.searchsorted(head.source_ids, sources[known])
    rows, share = np.arange(len(places)), weights[known]
    scores = scores - scores.max(axis=1, keepdims=True, initial=-np.inf)

    def loss(log_temperature: float) -> float:
        cooled = scores / np.exp(log_temperature)
        misses = np.log(np.exp(cooled).sum(axis=1)) - cooled[rows, places]
        away = (log_temperature - np.log(USUAL_TEMPERATURE)) / TEMPERATURE_SPREAD
        return float(share @ misses) + 0.5 * float(away**2)

    found = minimize_scalar(loss, bounds=(np.log(COLDEST), np.log(HOTTEST)), method="bounded")
    return float(np.exp(found.x))


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
    counts = np.bincount(targets, weights=weights, minlength=len(classes)).clip(1e-9)
    return Head(classes.astype(np.int64), found.x.reshape(shape).astype(np.float32), counts)


def _begin(classes: Ints, shape: tuple[int, int], start: Head | None) -> NDArray[np.float64]:
    begin = np.zeros(shape)
    if start is not None and start.weights.shape[0] == shape[0]:
        known = {source: column for column, source in enumerate(start.source_ids.tolist())}
        for column, source in enumerate(classes.tolist()):
            if source in known:
                begin[:, column] = start.weights[:, known[source]]
    return begin
