"""What the most similar past questions say of each source. Pure functions over arrays.

A kernel-weighted nearest-neighbour vote (Nadaraya 1964; Watson 1964) in which each neighbour counts by the credit its answer earned, for
(credit > 0) or against (credit < 0) its source, shrunk towards what search alone thinks (pseudo-count `Weights.prior_count`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WIDTH = 0.06  # of the kernel, in cosine; chosen on BANKING77, flat between .05 and .08
SCALE = 10.0  # an episode with the same words weighs this many pseudo-observations
CONTEXT: Mapping[str, float] = {"page": 0.75, "plan": 0.92, "lifecycle": 0.92}  # what a neighbour counts for where it differs in this
UNKNOWN = 0.5
LONE = 0.3  # what the loudest account against a source counts for: one that denies alone must not take an answer from all others ...
LOUDEST = 0.3  # ... and at most, in the very same words: three who were helped outweigh it
SIMILAR = 0.6  # cosine from which a past question is called similar


@dataclass(frozen=True)
class Neighbours:
    """k past questions, most similar first: cosine in [-1, 1], credit in [-1, 1].

    `same`: by key of CONTEXT that the question has, (k,) whether they agree: 1, 0, or UNKNOWN.
    """

    source_ids: Ints
    cosine: Floats
    credit: Floats
    same: Mapping[str, Floats]
    accounts: list[str]
    by_agent: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.source_ids)


@dataclass(frozen=True)
class Tally:
    """Votes by source: the weight for it and against it, both >= 0. `agreeing`: of them, those from the same page, plan, lifecycle.
    `elsewhere`: of the weight for it, what was asked on another page.
    """

    positive: Mapping[int, float]
    negative: Mapping[int, float]
    agreeing: Mapping[str, Tally] = field(default_factory=dict)
    elsewhere: Mapping[int, float] = field(default_factory=dict)

    @property
    def total_positive(self) -> float:
        return sum(self.positive.values())

    @property
    def total(self) -> float:
        return self.total_positive + sum(self.negative.values())

    def fading(self, kept: Mapping[int, float], *, but_for: str) -> Tally:
        """With a share in [0, 1] of the weight for each of these sources; what agrees in `but_for` keeps all of it."""
        positive = {source: weight * kept.get(source, 1.0) for source, weight in self.positive.items()}
        agreeing = {key: part if key == but_for else part.fading(kept, but_for="") for key, part in self.agreeing.items()}
        return replace(self, positive=positive, agreeing=agreeing)


def agreement(mine: str, theirs: str | None) -> float:
    """1 or 0; UNKNOWN where theirs is not known."""
    return float(mine == theirs) if theirs else UNKNOWN


def weights(neighbours: Neighbours) -> Floats:
    """(k,) kernel weights in (0, SCALE]: similarity, damped where page, plan or lifecycle differ."""
    result: Floats = np.exp((neighbours.cosine - 1) / WIDTH) * SCALE
    for key, same in neighbours.same.items():
        result = result * (CONTEXT[key] + (1 - CONTEXT[key]) * same)
    return result


def tally(neighbours: Neighbours) -> Tally:
    """Add up the votes. One account has one vote in a neighbourhood for each source and direction: its strongest.

    An agent's word is not subject to that cap. This is what keeps one customer from talking a source up or down by repetition. Of those
    against a source the loudest counts LONE, so that it takes two accounts, or an agent, to stop an answer.
    """
    positive: dict[int, float] = {}
    negative: dict[int, float] = {}
    agreeing: dict[str, tuple[dict[int, float], dict[int, float]]] = {key: ({}, {}) for key in neighbours.same}
    heard: set[tuple[int, str, bool]] = set()
    denied: set[int] = set()
    elsewhere: dict[int, float] = {}
    is_elsewhere = neighbours.same["page"] == 0 if "page" in neighbours.same else np.zeros(len(neighbours), bool)
    votes = weights(neighbours) * neighbours.credit
    for place in np.argsort(-np.abs(votes), kind="stable"):
        source, vote = int(neighbours.source_ids[place]), float(votes[place])
        voice = (source, neighbours.accounts[place], vote > 0)
        if not neighbours.by_agent[place]:
            if voice in heard:
                continue
            heard.add(voice)
            if vote < 0 and source not in denied:
                denied.add(source)
                vote = max(vote * LONE, -LOUDEST)
        side = positive if vote > 0 else negative
        side[source] = side.get(source, 0.0) + abs(vote)
        if vote > 0 and is_elsewhere[place]:
            elsewhere[source] = elsewhere.get(source, 0.0) + vote
        for key, same in neighbours.same.items():
            part = agreeing[key][vote <= 0]
            part[source] = part.get(source, 0.0) + abs(vote) * float(same[place])
    return Tally(positive, negative, {key: Tally(*parts) for key, parts in agreeing.items()}, elsewhere)


@dataclass(frozen=True)
class Similar:
    """Past questions like this one that a source was tried on: how many it solved, how many of each on the same page, how many people taught."""

    solved: int = 0
    tried: int = 0
    solved_here: int = 0
    tried_here: int = 0
    taught: int = 0


def similar(neighbours: Neighbours, source_id: int) -> Similar:
    """Of the neighbours that voted on this source, those that are near enough to be told about."""
    near = (neighbours.source_ids == source_id) & (neighbours.cosine >= SIMILAR)
    solved, here = near & (neighbours.credit > 0), near & (neighbours.same["page"] == 1 if "page" in neighbours.same else False)
    return Similar(*(int(np.count_nonzero(each)) for each in (solved, near, solved & here, near & here, solved & neighbours.by_agent)))
