"""How noisy each kind of signal turns out to be. Pure functions over arrays.

The shipped rates of `channels.TABLE` are what customers elsewhere were like. Yours confirm more, or are silent more. The confusion rates of a
rater nobody can check are found by expectation and maximisation (Dawid and Skene, 1979), with what is known of each decision beside the
rater's word as the prior (Raykar et al., 2010): here its calibrated confidence, and the truth itself where an audit or a demonstration
has shown it. A Dirichlet prior worth PSEUDO_COUNT outcomes keeps the rates near the shipped ones while there is little to learn from.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PSEUDO_COUNT = 20.0  # outcomes that the shipped rates are worth, for right answers and for wrong ones
ROUNDS = 30
UNKNOWN = np.nan


def rates(
    confidence: Floats,
    outcome: Ints,
    elsewhere: Floats,
    truth: Floats,
    weights: Floats,
    shipped: Floats,
    pseudo_count: float = PSEUDO_COUNT,
) -> Floats:
    """(2, K) P(outcome | right) and P(outcome | wrong), each row summing to one.

    `confidence`: (n,) calibrated P(right) before any signal, in (0, 1). `outcome`: (n,) which of K mutually exclusive ones came.
    `elsewhere`: (n,) what signals of other kinds weigh, in nats. `truth`: (n,) 1 or 0 where it is known, else NaN.
    `weights`: (n,) what each counts for. `shipped`: (2, K) the rates to start from, rows summing to one. With n = 0 it is `shipped`.
    """
    found = shipped.copy()
    known = ~np.isnan(truth)
    before = logit(np.clip(confidence, 1e-6, 1 - 1e-6)) + elsewhere
    for _ in range(ROUNDS):
        believed = np.where(known, truth, expit(before + np.log(found[0, outcome] / found[1, outcome])))
        counted = [np.bincount(outcome, weights * share, minlength=shipped.shape[1]) for share in (believed, 1 - believed)]
        new = np.stack(counted) + pseudo_count * shipped
        new /= new.sum(axis=1, keepdims=True)
        if np.abs(new - found).max() < 1e-6:
            return new
        found = new
    return found
