"""Why a decision was taken, in numbers: from what was logged with it."""

from __future__ import annotations

from dataclasses import dataclass

from learning.models import Decision
from learning.votes import Similar


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
    """All of it as it was known when the decision was taken."""
    factors = sorted(decision.logodds.items(), key=lambda item: -abs(item[1]))
    return Evidence(
        confidence=decision.confidence,
        threshold=decision.threshold,
        policy=decision.policy,
        factors=[(name, value) for name, value in factors if abs(value) >= 0.05],
        features=decision.features,
        similar=Similar(**decision.similar),
        rivals=[(each["source"], each["score"]) for each in decision.served[1:4]],
    )
