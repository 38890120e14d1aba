"""The two calls of a turn: what solved such questions before, and which candidate is likely to solve this one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from learning.question import Candidate, Control, Question, Ranking, Scored

POLICY = "v1"


@dataclass(frozen=True)
class Recall:
    """What is remembered of similar questions. `source_ids`: sources worth considering, best first."""

    source_ids: list[int] = field(default_factory=list)


def recall(question: Question) -> Recall:
    """Look up the most similar past questions. One query."""
    return Recall()


def rank(question: Question, candidates: Sequence[Candidate], recalled: Recall | None = None) -> Ranking:
    """Order the candidates by the probability that they resolve the question, and decide what to do."""
    ordered = sorted(candidates, key=lambda each: -each.dense)
    scored = [Scored(each, p=max(each.dense, 0.0), raw=each.dense, features={"dense": each.dense}, logodds={}) for each in ordered]
    first = scored[0] if scored else None
    action = "answer" if first and first.p >= 0.6 else "hand_off"
    control = Control(first.source_id if first else None, first.p if first else 0.0, action, 0.6)
    return Ranking(scored, action, 0.6, control, POLICY)
