"""Episodes in the database: the nearest of a question, and those that follow from a decision's ledger."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from django.db.models import Exists, F, OuterRef
from pgvector.django import CosineDistance

from learning import credit
from learning.channels import channel
from learning.models import Decision, Episode, Signal, Suspicion
from learning.models.episode import DOUBTED
from learning.question import Question
from learning.votes import Neighbours, agreement

NEAREST = 40
LEAST_PRIOR = 0.05


def nearest(question: Question, k: int = NEAREST, *, but_for: int | None = None) -> Neighbours:
    """The k most similar past questions whose answer has earned credit, for or against, most similar first. One query.

    `but_for`: a ticket whose questions are left out.
    """
    rows = []
    if question.vector is not None:
        distance = CosineDistance("vector", question.vector)
        found = Episode.objects.exclude(credit=0).annotate(distance=distance).order_by("distance")
        if but_for is not None:
            found = found.exclude(decision__ticket=but_for)
        rows = list(found.values_list("source_id", "distance", F("credit") * F("trust"), "page", "segment", "account", "by_agent")[:k])
    return Neighbours(
        source_ids=np.array([row[0] for row in rows], np.int64),
        cosine=np.array([1 - row[1] for row in rows], np.float64),
        credit=np.array([row[2] for row in rows], np.float64),
        same={
            key: np.array([agreement(value, row[3] if key == "page" else row[4].get(key)) for row in rows], np.float64)
            for key, value in question.context.items()
        },
        accounts=[row[5] for row in rows],
        by_agent=np.array([row[6] for row in rows], np.bool_),
    )


def settle(decision: Decision, account: str) -> bool:
    """Write the decision's belief and its episodes anew from the signals in force. Twice is once; the order of signals does not matter.

    True when it says something of whether the first source is still right: somebody spoke against it, or it is suspect or being tested.
    """
    doubts = {"of_first": F("decision__source__suspect_since"), "of_named": F("source__suspect_since")}
    watched = Exists(Suspicion.objects.standing().filter(source=OuterRef("decision__source")))
    signals = list(Signal.objects.in_force().filter(decision=decision).annotate(**doubts, watched=watched))
    by_source: dict[int, list[Signal]] = {}
    for signal in signals:
        source_id = signal.source_id or decision.source_id
        if source_id is not None:
            by_source.setdefault(source_id, []).append(signal)
    if decision.vector is not None and by_source:
        _write(decision, account, by_source)
    first = by_source.get(decision.source_id or 0)
    belief = credit.belief(decision.confidence, _evidence(first)) if first else None
    Decision.objects.filter(pk=decision.pk).update(belief=belief)
    return any(signal.llr < 0 or signal.watched for signal in first or ())


def forget(decision: Decision) -> None:
    """Before settling anew what has been reversed: a source without signals has no episode."""
    Episode.objects.filter(decision=decision).delete()


def _write(decision: Decision, account: str, by_source: dict[int, list[Signal]]) -> None:
    Episode.objects.bulk_create(
        [
            Episode(
                decision=decision,
                source_id=source_id,
                vector=decision.vector,
                credit=round(credit.earned(_prior(decision, source_id), _evidence(signals)), 9),
                page=decision.page,
                segment=decision.segment,
                account=account,
                by_agent=any(channel(signal.kind).family == "agent" for signal in signals),
                trust=_trust(decision, signals[0]),
                at=decision.at,
            )
            for source_id, signals in by_source.items()
        ],
        update_conflicts=True,
        unique_fields=["decision", "source"],
        update_fields=["credit", "by_agent", "trust"],
    )


def _trust(decision: Decision, signal: Any) -> float:
    since = signal.of_named if signal.source_id else signal.of_first
    return DOUBTED if since and decision.at < since else 1.0


def _evidence(signals: Iterable[Signal]) -> list[tuple[str, float]]:
    return [(channel(signal.kind).family, signal.llr) for signal in signals]


def _prior(decision: Decision, source_id: int) -> float:
    """How likely the decision held this source to be; the logged scores are fixed, whatever the ranker thinks today."""
    if source_id == decision.source_id:
        return decision.confidence
    return max([each["score"] for each in decision.candidates if each["source"] == source_id], default=LEAST_PRIOR)
