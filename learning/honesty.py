"""Whose word is mostly the opposite of what is found. Pure functions.

A rater with an error rate of their own (Dawid & Skene 1979), of two kinds: one whose signals mean what they say, as noisy as everybody's, and
one who says the contrary. What others show of the same answers, agents above all and else the confidence it was given with, tells them
apart. One conversation never condemns anybody: each is judged by the others of the same customer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from learning.credit import logit, sigmoid

CONTRARY = 0.05  # of customers, before anything is known of one
LOUDEST = 3.0  # nats that one conversation says of its customer
SURE = 12.0


def tells(p: float, evidence: float) -> float:
    """How much one conversation speaks for a customer who says the contrary, in nats, in [-LOUDEST, LOUDEST].

    `p`: P(right) as others show it, in (0, 1). `evidence`: log P(signals | right) / P(signals | wrong) of what this customer said.
    """
    against = math.exp(-min(max(evidence, -SURE), SURE))
    found = math.log((p * against + 1 - p) / (p + (1 - p) * against))
    return min(max(found, -LOUDEST), LOUDEST)


def doubts(told: Sequence[float]) -> list[float]:
    """For each conversation of one customer, how far the others raise the doubt in their word above what holds for anybody, in [0, 1)."""
    total = logit(CONTRARY) + math.fsum(told)
    return [max(0.0, (sigmoid(total - own) - CONTRARY) / (1 - CONTRARY)) for own in told]


def heard(evidence: float, doubt: float) -> float:
    """The share in [0, 1] of a signal's weight that is left: that of the mixture of both kinds of customer, never turned around.

    `evidence`: its weight in nats. `doubt`: P(the customer says the contrary), in [0, 1].
    """
    if evidence == 0 or doubt <= 0:
        return 1.0
    odds = math.exp(abs(evidence))
    left = math.log(((1 - doubt) * odds + doubt) / ((1 - doubt) + doubt * odds))
    return min(max(left, 0.0) / abs(evidence), 1.0)
