"""From noisy signals to credit. Pure functions; the ledger wraps them.

Posterior credit: with prior p (the model's own confidence when it decided) and independent signals s, the log-odds that the source was right
are logit(p) + sum log P(s | right) / P(s | wrong). This is the Dawid-Skene view (1979) of a rater with known error rates.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

PRIOR_FLOOR, PRIOR_CEILING = 0.05, 0.95  # what is believed of a decision starts from its own confidence ...
UNDECIDED_FLOOR, UNDECIDED_CEILING = 0.3, 0.8  # ... but what is remembered of it must not be its own confidence come back


def logit(p: float) -> float:
    """Log-odds of a probability; p is clipped to [1e-6, 1 - 1e-6]."""
    p = min(max(p, 1e-6), 1 - 1e-6)
    return math.log(p / (1 - p))


def sigmoid(x: float) -> float:
    """The inverse of `logit`, in (0, 1); no overflow for any finite x."""
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    return math.exp(x) / (1 + math.exp(x))


def evidence(signals: Iterable[tuple[str, float]]) -> float:
    """Total weight of evidence in nats of (family, llr) pairs: within a family only the strongest counts.

    The order does not matter, and of two equally strong ones that disagree the negative counts.
    """
    strongest: dict[str, float] = {}
    for family, llr in signals:
        held = strongest.get(family, 0.0)
        if (abs(llr), -llr) > (abs(held), -held):
            strongest[family] = llr
    return math.fsum(strongest[family] for family in sorted(strongest))


def belief(prior: float, signals: Iterable[tuple[str, float]]) -> float:
    """P(right | signals) in (0, 1), starting from the confidence at decision time clipped to [0.05, 0.95]."""
    return sigmoid(logit(min(max(prior, PRIOR_FLOOR), PRIOR_CEILING)) + evidence(signals))


def credit(probability: float) -> float:
    """2p - 1: +1 surely right, -1 surely wrong, 0 says nothing."""
    return 2 * probability - 1


def earned(prior: float, signals: Iterable[tuple[str, float]]) -> float:
    """The credit of an episode, in [-1, 1]: the prior counts only within [0.3, 0.8], so that one complaint outweighs any confidence.

    Evidence against never raises a source, and no evidence is no credit, however sure the prior.
    """
    found = list(signals)
    weight = evidence(found)
    if weight == 0:
        return 0.0
    result = credit(belief(min(max(prior, UNDECIDED_FLOOR), UNDECIDED_CEILING), found))
    return result if weight > 0 else min(result, 0.0)
