"""What the most similar past questions say of each source. Pure functions over arrays.

A kernel-weighted nearest-neighbour vote (Nadaraya 1964; Watson 1964) in which each neighbour counts by the credit its answer earned, for
(credit > 0) or against (credit < 0) its source, shrunk towards what search alone thinks (pseudo-count `Weights.prior_count`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WIDTH = 0.06  # of the kernel, in cosine; chosen on BANKING77, flat between .05 and .08
SCALE = 10.0  # an episode with the same words weighs this many pseudo-observations
OTHER_PAGE = 0.75  # a neighbour from another page counts for less ...
OTHER_SEGMENT = 0.85  # ... and so does one from another plan or lifecycle


@dataclass(frozen=True)
class Neighbours:
    """k past questions, most similar first: cosine in [-1, 1], credit in [-1, 1], whether page and segment agree, in [0, 1]."""

    source_ids: Ints
    cosine: Floats
    credit: Floats
    same_page: Floats
    same_segment: Floats
    accounts: list[str]
    by_agent: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.source_ids)


@dataclass(frozen=True)
class Tally:
    """Votes by source: the weight for it and against it, both >= 0."""

    positive: Mapping[int, float]
    negative: Mapping[int, float]

    @property
    def total_positive(self) -> float:
        return sum(self.positive.values())

    @property
    def total(self) -> float:
        return self.total_positive + sum(self.negative.values())


def agreement(mine: Mapping[str, str], theirs: Mapping[str, str]) -> float:
    """Share of the keys known on both sides that agree, in [0, 1]; 1 when there is nothing to compare."""
    shared = [key for key in mine if mine[key] and theirs.get(key)]
    return sum(mine[key] == theirs[key] for key in shared) / len(shared) if shared else 1.0


def weights(neighbours: Neighbours) -> Floats:
    """(k,) kernel weights in (0, SCALE]: similarity, damped where page or segment differ."""
    near = np.exp((neighbours.cosine - 1) / WIDTH) * SCALE
    page = OTHER_PAGE + (1 - OTHER_PAGE) * neighbours.same_page
    segment = OTHER_SEGMENT + (1 - OTHER_SEGMENT) * neighbours.same_segment
    result: Floats = near * page * segment
    return result


def tally(neighbours: Neighbours) -> Tally:
    """Add up the votes. One account has one vote in a neighbourhood for each source and direction: its strongest.

    An agent's word is not subject to that cap. This is what keeps one customer from talking a source up or down by repetition.
    """
    positive: dict[int, float] = {}
    negative: dict[int, float] = {}
    heard: set[tuple[int, str, bool]] = set()
    votes = weights(neighbours) * neighbours.credit
    for place in np.argsort(-np.abs(votes), kind="stable"):
        source, vote = int(neighbours.source_ids[place]), float(votes[place])
        voice = (source, neighbours.accounts[place], vote > 0)
        if not neighbours.by_agent[place]:
            if voice in heard:
                continue
            heard.add(voice)
        side = positive if vote > 0 else negative
        side[source] = side.get(source, 0.0) + abs(vote)
    return Tally(positive, negative)
