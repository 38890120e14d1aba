"""Why a decision was taken, in numbers: from what was logged with it, and from what similar questions came to."""

from __future__ import annotations

from dataclasses import dataclass

from pgvector.django import CosineDistance

from learning.models import Decision, Episode

SIMILAR = 0.6  # cosine from which a past question counts as similar
LOOK_BACK = 50


@dataclass(frozen=True)
class Similar:
    """Past questions like this one that its source was tried on: how many it solved, and how many of each were asked on the same page."""

    solved: int
    tried: int
    solved_here: int
    tried_here: int
    taught: int


@dataclass(frozen=True)
class Evidence:
    """`factors`: what counted for (> 0) and against (< 0) the first source, in log-odds, by size. `rivals`: the next sources and their scores."""

    confidence: float
    threshold: float
    policy: str
    factors: list[tuple[str, float]]
    features: dict[str, float]
    similar: Similar
    rivals: list[tuple[int, float]]


def evidence(decision: Decision) -> Evidence:
    """One query; the rest was logged."""
    factors = sorted(decision.logodds.items(), key=lambda item: -abs(item[1]))
    return Evidence(
        confidence=decision.confidence,
        threshold=decision.threshold,
        policy=decision.policy,
        factors=[(name, value) for name, value in factors if abs(value) >= 0.05],
        features=decision.features,
        similar=similar(decision),
        rivals=[(each["source"], each["score"]) for each in decision.candidates[1:4]],
    )


def similar(decision: Decision) -> Similar:
    """What was known when the decision was taken, not what came after."""
    if decision.vector is None or decision.source_id is None:
        return Similar(0, 0, 0, 0, 0)
    before = Episode.objects.filter(source=decision.source_id, at__lt=decision.at).exclude(credit=0).exclude(decision=decision)
    nearest = before.annotate(distance=CosineDistance("vector", decision.vector)).order_by("distance")
    rows = list(nearest.values_list("distance", "credit", "page", "by_agent")[:LOOK_BACK])
    near = [row for row in rows if 1 - row[0] >= SIMILAR]
    here = [row for row in near if decision.page and row[2] == decision.page]
    return Similar(
        solved=sum(row[1] > 0 for row in near),
        tried=len(near),
        solved_here=sum(row[1] > 0 for row in here),
        tried_here=len(here),
        taught=sum(row[3] and row[1] > 0 for row in near),
    )
