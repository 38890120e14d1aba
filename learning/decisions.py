"""Write down what was decided, and find it again."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from typing import Any

from helpdesk.models import Message, Ticket
from learning.masking import mask
from learning.models import Decision
from learning.models.decision import CONTROL
from learning.question import Question, Ranking

QUESTION_LIMIT = 2_000


def log(
    *,
    ticket: Ticket | None,
    message: Message | None,
    question: Question,
    ranking: Ranking,
    at: dt.datetime,
    kind: str = "",
    latency_ms: dict[str, float] | None = None,
) -> Decision:
    """One row with all that is needed to explain the decision and to judge another policy by it.

    `kind="draft"` for what was prepared for an agent; otherwise the ranking's action. What is answered counts as shown.
    """
    first = ranking.first
    kind = kind or ranking.action
    return Decision.objects.create(
        ticket=ticket,
        message=message,
        customer=ticket.customer if ticket else None,
        source_id=first.source_id if first else None,
        kind=kind,
        confidence=ranking.confidence,
        raw=first.raw if first else 0.0,
        threshold=ranking.threshold,
        candidates=ranking.as_json(),
        features=_features(ranking),
        logodds=_rounded(first.logodds) if first else {},
        similar=asdict(ranking.similar),
        control=_control(ranking),
        policy=ranking.policy,
        propensity=ranking.propensity,
        instead=dict(ranking.instead),
        reason=ranking.reason[:200],
        vector=question.vector,
        question=mask(question.text[: 2 * QUESTION_LIMIT])[:QUESTION_LIMIT],
        page=question.page[:200],
        segment=dict(question.segment),
        latency_ms=latency_ms or {},
        shown=kind == Decision.Kind.ANSWER,
        at=at,
    )


def withdraw(decision: Decision, reason: str) -> None:
    """It was to be answered, but could not be: the passages did not say it, or the model failed."""
    decision.kind, decision.shown, decision.reason = Decision.Kind.HAND_OFF, False, reason[:200]
    decision.save(update_fields=["kind", "shown", "reason"])


def _features(ranking: Ranking) -> dict[str, Any]:
    """Of the first source; with them how far its threshold had moved, where it had."""
    if ranking.first is None or ranking.policy == CONTROL:  # nothing is fitted on what the control decided
        return {}
    moved = {"shift": round(ranking.shift, 4)} if ranking.shift else {}
    return {**ranking.first.features, "none": ranking.none, **moved}


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 6) for name, value in values.items()}


def _control(ranking: Ranking) -> dict[str, Any]:
    control = ranking.control
    return {
        "source": control.source_id,
        "score": round(control.score, 6),
        "kind": control.action,
        "threshold": control.threshold,
    }
